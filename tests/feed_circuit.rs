//! An endpoint that fails is tried by one connection at a time, whoever would like to.

#![cfg(all(feature = "gate", feature = "sim"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are test code")]

mod support;

use std::time::Duration;

use feedline::feed::{Backoff, CircuitState};
use feedline::sim::Fault;
use feedline::venue::gate::{Spot, Trade};
use feedline::{Event, Interruption, State, StatusKind, Subscription, Timestamp};
use futures_util::future::join_all;
use support::{Rig, bounded, next, secs, word};
use tokio::time::Instant;

/// The venue's front answers, but the venue is down.
fn down(rig: &Rig) {
    rig.sim.inject(Fault::RejectUpgrade {
        status: 502,
        times: None,
    });
}

/// Other clients of the same venue, each with a subscription.
fn clients(rig: &Rig, count: u64) -> Vec<(Spot, Subscription<Trade>)> {
    let clients = (0..count).map(|seed| {
        let builder = Spot::builder().url(rig.sim.url()).dial(rig.sim.dialer());
        let gate = builder.clock(rig.sim.clock()).seed(seed).build().unwrap();
        let trades = gate.trades(["BTC_USDT"]).lazy().unwrap();
        (gate, trades)
    });
    clients.collect()
}

/// How many attempts the venue has seen in this time before now.
fn seen(rig: &Rig, within: Duration) -> usize {
    let since = rig.sim.clock().now().wall.saturating_sub(within);
    let connects = rig.sim.connects().into_iter();
    connects.filter(|at: &Timestamp| *at > since).count()
}

#[tokio::test(start_paused = true)]
async fn a_venue_that_is_down_sees_one_attempt_at_a_time_of_all_clients() {
    let rig = Rig::new();
    down(&rig);
    let clients = clients(&rig, 40);
    tokio::time::sleep(secs(120)).await;
    // One every ten seconds, and those of whoever failed last, by its own backoff.
    let minute = seen(&rig, secs(60));
    assert!((4..=12).contains(&minute), "{minute}");
    let circuit = clients[0].0.health().circuit;
    assert_ne!(circuit.state, CircuitState::Closed);
    assert!(circuit.failures >= 10, "{circuit:?}");
}

#[tokio::test(start_paused = true)]
async fn all_are_live_within_their_backoff_when_the_outage_ends() {
    let rig = Rig::new();
    let mut clients = clients(&rig, 40);
    tokio::time::sleep(secs(10)).await;
    down(&rig);
    rig.sim.inject(Fault::Cut);
    tokio::time::sleep(secs(300)).await;
    for (_, trades) in &mut clients {
        // That it is down each has heard before; why it waits is news.
        let Event::Status(status) = next(trades).await else {
            panic!()
        };
        let StatusKind::Interrupted { cause } = status.kind else {
            panic!("{status}")
        };
        assert!(matches!(cause, Interruption::CircuitOpen { .. }), "{cause}");
    }
    rig.sim.inject(Fault::Heal);
    let healed = Instant::now();
    let live = clients.iter().map(|(gate, _)| async {
        gate.state().reached(State::Live).await;
    });
    bounded(join_all(live)).await;
    let took = healed.elapsed();
    assert!(took <= Backoff::default().cap, "{took:?}");
    let circuit = clients[0].0.health().circuit;
    assert_eq!((circuit.state, circuit.failures), (CircuitState::Closed, 0));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_has_the_venue_to_itself_is_not_held_up() {
    for seed in 0..20 {
        let backoff = Backoff {
            cap: secs(5),
            ..Backoff::default()
        };
        let rig = Rig::with(|sim| sim, |gate| gate.backoff(backoff).seed(seed));
        let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
        down(&rig);
        rig.sim.inject(Fault::Cut);
        tokio::time::sleep(secs(600)).await;
        let circuit = rig.gate.health().circuit;
        assert_eq!(circuit.state, CircuitState::Open, "seed {seed}");
        rig.sim.inject(Fault::Heal);
        let healed = Instant::now();
        rig.reached(State::Live).await;
        assert!(healed.elapsed() <= backoff.cap, "seed {seed}");
        // The cause that it hears is its own.
        let Event::Status(status) = next(&mut trades).await else {
            panic!()
        };
        let StatusKind::Interrupted { cause } = status.kind else {
            panic!("{status}")
        };
        let text = cause.to_string();
        assert!(matches!(cause, Interruption::Connect { .. }), "{text}");
        assert!(text.contains("HTTP 502"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_while_it_is_open_is_told_why_it_waits_and_does_not_dial() {
    let rig = Rig::new();
    down(&rig);
    let first = rig.gate.trades(["BTC_USDT"]).lazy().unwrap();
    while rig.gate.health().circuit.state == CircuitState::Closed {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let attempts = rig.sim.connects().len();
    assert_eq!(attempts, 5);
    let (_other, mut trades) = clients(&rig, 1).remove(0);
    let event = next(&mut trades).await;
    let Event::Status(status) = &event else {
        panic!("{}", word(&event))
    };
    let StatusKind::Interrupted { cause } = &status.kind else {
        panic!("{status}")
    };
    let Interruption::CircuitOpen { failures, error } = cause else {
        panic!("{cause}")
    };
    assert_eq!(*failures, 5);
    assert!(error.contains("HTTP 502"), "{error}");
    assert_eq!(rig.sim.connects().len(), attempts);
    // It goes on its own when the venue is back.
    rig.sim.inject(Fault::Heal);
    let mut words = Vec::new();
    while words
        .last()
        .is_none_or(|word: &String| !word.starts_with("resumed"))
    {
        words.push(word(&next(&mut trades).await));
    }
    assert_eq!(words, ["resumed (all symbols)"]);
    drop(first);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_asks_for_nonsense_opens_no_circuit_for_others() {
    let rig = Rig::new();
    rig.sim.inject(Fault::RejectUpgrade {
        status: 404,
        times: Some(20),
    });
    for _ in 0..20 {
        assert!(rig.gate.trades(["BTC_USDT"]).await.is_err());
    }
    let circuit = rig.gate.health().circuit;
    assert_eq!((circuit.state, circuit.failures), (CircuitState::Closed, 0));
    let start = Instant::now();
    let _trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    assert!(start.elapsed() < secs(1));
}
