//! What it costs to lead one topic to several handles: processor time an event, with everything on
//! one thread from the socket to consumers that read in batches.
#![allow(clippy::print_stdout, reason = "a bench")]

mod firehose;

use std::time::Duration;

use feedline::venue::gate::{Spot, Trade};
use feedline::{Event, Overflow, Subscription};
use firehose::{Order, Server, Stopwatch};

const HANDLES: [usize; 4] = [1, 2, 10, 100];

fn main() {
    let (messages, rounds) = if firehose::is_bench() {
        (50_000, 5)
    } else {
        (2_000, 1)
    };
    firehose::pin_thread(0);
    let mut figures = HANDLES.map(|_| Vec::new());
    for _ in 0..rounds {
        for (handles, spent) in HANDLES.iter().zip(&mut figures) {
            spent.push(run(*handles, messages) / messages as f64);
        }
    }
    println!("{messages} messages, {rounds} rounds, medians of processor time");
    println!(
        "{:>7} {:>12} {:>14}",
        "handles", "ns an event", "ns a delivery"
    );
    for (handles, spent) in HANDLES.iter().zip(figures) {
        let median = firehose::median(spent);
        println!(
            "{handles:7} {median:12.0} {:14.1}",
            median / *handles as f64
        );
    }
}

/// Nanoseconds that the client's thread spent.
fn run(handles: usize, messages: usize) -> f64 {
    firehose::runtime().block_on(async {
        let server = Server::start();
        let spot = Spot::builder().url(&server.url).build().expect("a URL");
        let mut subscriptions = Vec::new();
        for _ in 0..handles {
            let trades = spot.trades([firehose::SYMBOL]).overflow(Overflow::Wait);
            subscriptions.push(trades.await.expect("it accepts"));
        }
        let stopwatch = Stopwatch::start();
        server.send(Order::Burst { messages });
        let readers = subscriptions
            .into_iter()
            .map(|trades| tokio::spawn(read(trades, messages)));
        let readers: Vec<_> = readers.collect();
        for reader in readers {
            reader.await.expect("it does not panic");
        }
        let spent = stopwatch.read().1;
        let ended = spot.shutdown(Duration::from_secs(5)).await;
        ended.expect("nothing had to be stopped");
        spent
    })
}

async fn read(mut trades: Subscription<Trade>, messages: usize) {
    let (mut batch, mut count) = (Vec::new(), 0);
    while count < messages {
        let read = trades.next_batch(&mut batch, 256).await.expect("no error");
        assert!(read > 0, "a stream without end");
        assert!(batch.iter().all(|event| !Event::is_marker(event)));
        count += read;
        batch.clear();
    }
    assert_eq!(count, messages);
}
