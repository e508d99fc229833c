//! What the venue holds never exceeds what it allows (C29).

use std::time::Duration;

use super::toy::{Price, Toy};
use super::venue::Venue;
use super::{hub, ms, prices, settle, spec};
use crate::feed::client::Hub;
use crate::{ErrorKind, Subscription, Symbol};

fn limited(venue: &Venue, topics: usize, connections: usize) -> Hub<Toy> {
    let mut spec = spec();
    spec.topics_per_connection = topics;
    spec.channel_limits = &[("candles", 3)];
    spec.connections = connections;
    hub(venue, spec, |_| ())
}

fn names(range: std::ops::Range<usize>) -> Vec<Symbol> {
    range.map(|n| Symbol::new(format!("S{n}"))).collect()
}

#[tokio::test(start_paused = true)]
async fn ninety_topics_one_after_the_other_never_stand_at_once_where_thirty_may() {
    let venue = Venue::new(1);
    let hub = limited(&venue, 30, 1);
    venue.answers_within(ms(2_000));
    for begin in [0, 30, 60] {
        let feed = prices(&hub, names(begin..begin + 30)).await.unwrap();
        assert_eq!(feed.symbols().len(), 30);
        drop(feed);
    }
    assert_eq!((venue.connects(), venue.most().0), (1, 30));
    assert_eq!(venue.faults(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn more_than_the_connections_hold_is_refused_however_much_is_being_released() {
    let venue = Venue::new(1);
    let hub = limited(&venue, 3, 1);
    let feed = prices(&hub, names(0..3)).await.unwrap();
    let error = prices(&hub, names(3..4)).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::TooManyTopics { limit: 3 });
    drop(feed);
    let error = prices(&hub, names(0..4)).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::TooManyTopics { limit: 3 });
    let _feed = prices(&hub, names(3..6)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refused_topic_gives_its_place_back() {
    let venue = Venue::new(1);
    let hub = limited(&venue, 3, 1);
    let feed = prices(&hub, ["A", "no1"]).allow_partial().await.unwrap();
    for n in 0..10 {
        feed.control().add([format!("no{n}")]).await.unwrap_err();
    }
    feed.control().add(["B", "C"]).await.unwrap();
    assert_eq!(venue.topics(), ["A", "B", "C"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_stops_waiting_for_a_place_leaves_nothing_behind() {
    let venue = Venue::new(1);
    let hub = limited(&venue, 3, 1);
    let keeps = prices(&hub, ["A"]).await.unwrap();
    let goes = prices(&hub, ["B", "C"]).await.unwrap();
    venue.answers_within(Duration::ZERO);
    venue.hold(true);
    drop(goes);
    settle().await;
    // Both places are still the venue's.
    let dropped = prices(&hub, ["D", "E"]).lazy().unwrap();
    settle().await;
    drop(dropped);
    let removed = tokio::spawn({
        let control = keeps.control();
        async move { control.add(["F"]).await }
    });
    let stays = tokio::spawn({
        let control = keeps.control();
        async move { control.add(["G"]).await }
    });
    settle().await;
    keeps.control().remove(["F"]).unwrap();
    settle().await;
    removed.await.unwrap().unwrap();
    assert!(!stays.is_finished());
    venue.hold(false);
    stays.await.unwrap().unwrap();
    assert_eq!(venue.topics(), ["A", "G"]);
    let asked = venue.requests().join(" ");
    assert!(!asked.contains(['D', 'E', 'F']), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passes_says_that_places_are_awaited() {
    let venue = Venue::new(1);
    let hub = limited(&venue, 2, 1);
    let goes = prices(&hub, ["A", "B"]).await.unwrap();
    venue.hold(true);
    drop(goes);
    let error = prices(&hub, ["C", "D"]).deadline(ms(5_000)).await;
    let error = error.unwrap_err().to_string();
    let why = "2 topics wait until the venue has released as many";
    assert!(error.contains(why), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_gives_every_place_back() {
    let venue = Venue::new(1);
    let hub = limited(&venue, 2, 1);
    let goes = prices(&hub, ["A", "B"]).await.unwrap();
    venue.hold(true);
    drop(goes);
    settle().await;
    let next = prices(&hub, ["C", "D"]).lazy().unwrap();
    settle().await;
    venue.hold(false);
    venue.cut();
    tokio::time::sleep(ms(30_000)).await;
    assert_eq!(venue.topics(), ["C", "D"]);
    drop(next);
}

/// Handles come, change and go at random, while answers take their time and sockets are cut: the
/// venue's set of each connection stays within the limits, and in the end it is what is wanted.
#[test]
fn the_venues_set_stays_within_its_limits_whatever_happens() {
    for seed in 0..60 {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().start_paused(true).build();
        runtime.unwrap().block_on(churn(seed));
    }
}

async fn churn(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let venue = Venue::new(seed);
    let (limit, connections) = (random.usize(2..9), random.usize(1..4));
    let hub = limited(&venue, limit, connections);
    venue.answers_within(ms(random.u64(0..3_000)));
    let name = |random: &mut fastrand::Rng| {
        let n = random.usize(..20);
        let kind = *random.choice(&["S", "S", "S", "c:", "no"]).unwrap();
        Symbol::new(format!("{kind}{n}"))
    };
    let mut feeds: Vec<Subscription<Price>> = Vec::new();
    for _ in 0..120 {
        let few: Vec<_> = (0..random.usize(1..6)).map(|_| name(&mut random)).collect();
        let at = random.usize(..feeds.len().max(1));
        match random.u8(..10) {
            0..=3 => feeds.extend(prices(&hub, few).lazy()),
            4..=6 if !feeds.is_empty() => drop(feeds.swap_remove(at)),
            7 if !feeds.is_empty() => {
                let control = feeds[at].control();
                tokio::spawn(async move { control.add(few).await });
            }
            8 if !feeds.is_empty() => {
                let _ = feeds[at].control().remove(few);
            }
            9 if random.u8(..8) == 0 => venue.cut(),
            _ => {}
        }
        tokio::time::sleep(ms(random.u64(..600))).await;
    }
    tokio::time::sleep(ms(120_000)).await;
    let (topics, candles) = venue.most();
    assert!(
        topics <= limit && candles <= 3,
        "seed {seed}: {topics} of {limit}, {candles}"
    );
    let held = feeds.iter().flat_map(Subscription::symbols);
    let wanted: std::collections::BTreeSet<_> = held.map(|symbol| symbol.to_string()).collect();
    assert_eq!(venue.topics(), Vec::from_iter(wanted), "seed {seed}");
    assert!(venue.most_sockets() <= connections, "seed {seed}");
    assert_eq!(venue.faults(), [""; 0], "seed {seed}");
    feeds.clear();
    hub.shutdown(ms(5_000)).await.unwrap();
    assert_eq!(venue.sockets(), 0, "seed {seed}");
}
