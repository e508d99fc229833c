//! What a change of the wanted set costs as it grows: subscribe, add one topic, remove one, remove
//! all, drop. One table, of processor time on one thread: how long the call itself took, which is
//! what blocks its caller, and how long it was until the venue had done it and nothing was left to
//! do. The clock is tokio's paused one, so that the venue's pace costs nothing.
#![allow(clippy::print_stdout, reason = "a bench")]

#[path = "growth/venue.rs"]
mod venue;

use std::time::{Duration, Instant};

use feedline::Subscription;
use feedline::venue::gate::{Spot, Trade};
use venue::Venue;

/// Topics and handles. Each handle holds its share of the topics; where there are fewer topics than
/// handles, several hold the same one.
const SIZES: [(usize, usize); 10] = [
    (1_000, 1),
    (10_000, 1),
    (80_000, 1),
    (1_000, 100),
    (10_000, 100),
    (80_000, 100),
    (1_000, 4_000),
    (10_000, 4_000),
    (80_000, 4_000),
    (1, 4_000),
];
const OPERATIONS: [&str; 5] = ["subscribe", "add one", "remove one", "remove all", "drop"];

fn main() {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    println!("milliseconds of the call / until nothing is left to do");
    print!("{:>7} {:>7}", "topics", "handles");
    OPERATIONS.iter().for_each(|name| print!(" {name:>19}"));
    println!();
    for (topics, handles) in SIZES {
        // `cargo test` runs benches too, and then the smallest is enough.
        if is_bench || topics * handles <= 1_000 {
            let spent = run(topics, handles);
            print!("{topics:7} {handles:7}");
            spent
                .iter()
                .for_each(|(call, done)| print!(" {call:9.3}/{done:9.2}"));
            println!();
        }
    }
}

/// Milliseconds of each operation: the call, and until nothing is left to do.
fn run(topics: usize, handles: usize) -> [(f64, f64); 5] {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let venue = Venue::start();
        let spot = Spot::builder()
            .url(venue.url())
            .dial(venue.dialer())
            .topics_per_connection(200_000)
            .max_topics(200_000)
            .build()
            .expect("a URL");
        let shares = shares(topics, handles);
        let (mut feeds, subscribed) = timed(&venue, topics, || subscribe(&spot, &shares)).await;
        let first = feeds[0].control();
        let ((), add) = timed(&venue, topics + 1, || {
            let adding = first.clone();
            tokio::spawn(async move { adding.add(["NEW_USDT"]).await.expect("it accepts") });
        })
        .await;
        let ((), remove) = timed(&venue, topics, || {
            first.remove(["NEW_USDT"]).expect("it lives");
        })
        .await;
        let ((), remove_all) = timed(&venue, 0, || {
            for (feed, share) in feeds.iter().zip(&shares) {
                let all = share.iter().map(String::as_str);
                feed.control().remove(all).expect("it lives");
            }
        })
        .await;
        feeds.clear();
        let (feeds, _) = timed(&venue, topics, || subscribe(&spot, &shares)).await;
        let ((), drop) = timed(&venue, 0, || drop(feeds)).await;
        let ended = spot.shutdown(Duration::from_secs(5)).await;
        ended.expect("nothing had to be stopped");
        [subscribed, add, remove, remove_all, drop]
    })
}

fn subscribe(spot: &Spot, shares: &[Vec<String>]) -> Vec<Subscription<Trade>> {
    let lazily = |share: &Vec<String>| spot.trades(share.iter().map(String::as_str)).lazy();
    let feeds = shares.iter().map(lazily);
    feeds.collect::<Result<_, _>>().expect("it is open")
}

/// Each handle's symbols.
fn shares(topics: usize, handles: usize) -> Vec<Vec<String>> {
    let mut shares = vec![Vec::new(); handles];
    for n in 0..topics.max(handles) {
        shares[n % handles].push(format!("S{}_USDT", n % topics));
    }
    shares
}

/// Runs an operation and waits until the venue holds `count` topics and all tasks rest.
async fn timed<R>(venue: &Venue, count: usize, call: impl FnOnce() -> R) -> (R, (f64, f64)) {
    let begun = Instant::now();
    let result = call();
    let called = begun.elapsed();
    while venue.holds() != count {
        // Time only goes on when every task rests.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
    (result, (millis(called), millis(begun.elapsed())))
}
