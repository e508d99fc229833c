//! What a change costs does not depend on what is held (C24).

use super::toy::LOOKS;
use super::venue::Venue;
use super::{hub, prices, settle, spec};
use crate::Symbol;
use crate::feed::Spec;

fn many() -> Spec {
    let mut spec = spec();
    spec.topics_per_request = 1_000;
    spec.outstanding = 100;
    spec
}

fn names(count: usize) -> Vec<Symbol> {
    (0..count).map(|n| Symbol::new(format!("S{n}"))).collect()
}

/// How often topics were hashed or compared meanwhile, by the client and its tasks.
async fn looks<R>(call: impl AsyncFnOnce() -> R) -> (R, usize) {
    let before = LOOKS.get();
    let result = call().await;
    settle().await;
    (result, LOOKS.get() - before)
}

/// Looks a topic of subscribing, and of adding, removing, resyncing one and dropping all.
async fn costs(count: usize) -> [usize; 6] {
    let venue = Venue::new(1);
    let hub = hub(&venue, many(), |_| ());
    let (feed, subscribe) = looks(async || prices(&hub, names(count)).await.unwrap()).await;
    let control = feed.control();
    let ((), add) = looks(async || control.add(["one"]).await.unwrap()).await;
    let ((), resync) = looks(async || control.resync("one").unwrap()).await;
    let ((), remove) = looks(async || control.remove(["one"]).unwrap()).await;
    let half = names(count / 2);
    let ((), remove_half) = looks(async || control.remove(half.clone()).unwrap()).await;
    let ((), drop) = looks(async || drop(feed)).await;
    assert_eq!(venue.topics(), [""; 0]);
    let a_topic = |looks: usize| looks / (count / 2);
    [
        a_topic(subscribe),
        add,
        resync,
        remove,
        a_topic(remove_half),
        a_topic(drop),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_change_costs_the_same_however_many_topics_are_held() {
    let (few, many) = (costs(200).await, costs(20_000).await);
    for (few, many) in few.into_iter().zip(many) {
        assert!(many <= few + few / 4 + 4, "{few} looks, of many {many}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_costs_the_same_however_many_connections_there_are() {
    let mut spec = many();
    spec.topics_per_connection = 1;
    spec.connects = crate::Rate::new(1_000, std::time::Duration::from_secs(1));
    let venue = Venue::new(1);
    let hub = hub(&venue, spec, |_| ());
    let mut feeds = Vec::new();
    let mut added = Vec::new();
    for name in names(300) {
        let begun = LOOKS.get();
        feeds.push(prices(&hub, [name]).await.unwrap());
        added.push(LOOKS.get() - begun);
    }
    assert_eq!(venue.sockets(), 300);
    assert!(added[299] <= added[1] + 4, "{added:?}");
}
