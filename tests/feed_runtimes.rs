//! A connection is not tied to the runtime in which it was opened (C30).
//!
//! Runtimes here have a thread each and the real clock, whose only waits are those for the venue.

#![cfg(all(feature = "gate", feature = "sim"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are test code")]

mod support;

use std::time::Duration;

use feedline::feed::Backoff;
use feedline::market::Side;
use feedline::sim::Fault;
use feedline::sim::gate::GateSim;
use feedline::venue::gate::{Spot, SpotBuilder, Trade};
use feedline::{Decimal, ErrorKind, Event, Overflow, State, Subscription};
use futures_util::{FutureExt, StreamExt};
use support::{bounded, word};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}

/// A venue in a runtime of its own, and a client made in none.
struct World {
    home: Runtime,
    sim: GateSim,
    gate: Spot,
}

impl World {
    fn new(set: impl FnOnce(SpotBuilder) -> SpotBuilder) -> Self {
        let home = runtime();
        let sim = home.block_on(async { GateSim::builder().rate(0.0).in_memory().unwrap() });
        let backoff = Backoff {
            first: Duration::from_millis(5),
            cap: Duration::from_millis(50),
            ..Backoff::default()
        };
        let gate = Spot::builder().url(sim.url()).dial(sim.dialer());
        let gate = set(gate.backoff(backoff)).build().unwrap();
        Self { home, sim, gate }
    }

    fn subscribe(&self, at: &Runtime, symbols: &[&str]) -> Subscription<Trade> {
        at.block_on(self.gate.trades(symbols.to_vec()).into_future())
            .unwrap()
    }

    fn trade(&self, symbol: &str) -> String {
        let one = Decimal::ONE;
        let trade = self.sim.publish_trade(symbol, one, one, Side::Buy).unwrap();
        format!("{symbol} {}", trade.id)
    }
}

/// The next `count` events, read in this runtime.
fn words(at: &Runtime, feed: &mut Subscription<Trade>, count: usize) -> Vec<String> {
    at.block_on(async {
        let mut words = Vec::new();
        for _ in 0..count {
            let next = tokio::time::timeout(Duration::from_secs(30), feed.next());
            let event = next.await.expect("it comes").expect("it goes on");
            words.push(word(&event.expect("without an error")));
        }
        words
    })
}

/// Waits until a runtime has taken note that its tasks have ended.
fn until_empty(at: &Runtime) {
    let begun = std::time::Instant::now();
    while at.metrics().num_alive_tasks() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "a task is left");
        std::thread::yield_now();
    }
}

const MOVED: [&str; 3] = [
    "interrupted: other (all symbols)",
    "gap(outage, ?, all symbols)",
    "resumed (all symbols)",
];

#[test]
fn a_connection_goes_on_in_the_runtime_of_another_handle() {
    let world = World::new(|gate| gate);
    let (a, b) = (runtime(), runtime());
    let mut first = world.subscribe(&a, &["BTC_USDT"]);
    let mut second = world.subscribe(&b, &["BTC_USDT", "ETH_USDT"]);
    assert_eq!(world.sim.sessions().len(), 1, "it is one connection");
    drop(a);
    for feed in [&mut first, &mut second] {
        assert_eq!(words(&b, feed, 3), MOVED);
    }
    let traded = world.trade("BTC_USDT");
    for feed in [&mut first, &mut second] {
        assert_eq!(words(&b, feed, 1), [traded.as_str()]);
    }
    // What came into being there ends there.
    b.block_on(second.close()).unwrap();
    assert_eq!(
        Vec::from_iter(world.sim.active_topics()),
        ["spot.trades BTC_USDT"]
    );
    drop(first);
    b.block_on(world.gate.shutdown(Duration::from_secs(10)))
        .unwrap();
    // The task tells that it is over with the last of its breaths.
    b.block_on(bounded(async {
        while b.metrics().num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    }));
}

#[test]
fn a_connection_goes_on_where_its_only_handle_is_read() {
    let world = World::new(|gate| gate);
    let (a, b) = (runtime(), runtime());
    let mut feed = world.subscribe(&a, &["BTC_USDT"]);
    b.block_on(async {
        assert!(feed.next().now_or_never().is_none(), "nothing has come");
    });
    drop(a);
    assert_eq!(words(&b, &mut feed, 3), MOVED);
    let traded = world.trade("BTC_USDT");
    assert_eq!(words(&b, &mut feed, 1), [traded]);
}

#[test]
fn without_a_living_runtime_the_stream_says_so_and_the_next_subscription_works() {
    let world = World::new(|gate| gate);
    let (a, b) = (runtime(), runtime());
    let mut feed = world.subscribe(&a, &["BTC_USDT"]);
    let traded = world.trade("BTC_USDT");
    assert_eq!(words(&a, &mut feed, 1), [traded]);
    drop(a);
    let ended = b.block_on(feed.next()).unwrap().unwrap_err();
    assert_eq!(ended.kind(), &ErrorKind::RuntimeEnded);
    assert!(ended.is_retryable(), "{ended}");
    assert_eq!(ended.venue(), Some("gate"));
    assert!(b.block_on(feed.next()).is_none());
    assert_eq!(world.gate.state().current(), State::Idle);
    let mut again = world.subscribe(&b, &["BTC_USDT"]);
    let traded = world.trade("BTC_USDT");
    assert_eq!(words(&b, &mut again, 1), [traded]);
}

#[test]
fn a_runtime_that_has_ended_too_is_passed_over() {
    let world = World::new(|gate| gate);
    let (a, c) = (runtime(), runtime());
    let mut feeds = vec![world.subscribe(&a, &["BTC_USDT"])];
    for _ in 0..20 {
        let b = runtime();
        feeds.push(world.subscribe(&b, &["BTC_USDT"]));
    }
    feeds.push(world.subscribe(&c, &["BTC_USDT"]));
    drop(a);
    for feed in &mut feeds {
        assert_eq!(words(&c, feed, 3), MOVED);
    }
    let traded = world.trade("BTC_USDT");
    for feed in &mut feeds {
        assert_eq!(words(&c, feed, 1), [traded.as_str()]);
    }
}

#[test]
fn every_connection_of_a_client_goes_on() {
    let world = World::new(|gate| gate.topics_per_connection(1));
    let (a, b) = (runtime(), runtime());
    let first = world.subscribe(&a, &["BTC_USDT", "ETH_USDT", "SOL_USDT"]);
    let mut second = world.subscribe(&b, &["SOL_USDT", "XRP_USDT"]);
    drop(a);
    drop(first);
    // One of its connections ran there, the other did not.
    let told = words(&b, &mut second, 3);
    let expected = [
        "interrupted: other (SOL_USDT)",
        "gap(outage, ?, SOL_USDT)",
        "resumed (SOL_USDT)",
    ];
    assert_eq!(told, expected);
    let traded = [world.trade("XRP_USDT"), world.trade("SOL_USDT")];
    let mut came = words(&b, &mut second, 2);
    came.sort_unstable();
    assert_eq!(came, [traded[1].as_str(), traded[0].as_str()]);
}

#[test]
fn whoever_waits_for_an_answer_gets_it_from_the_connection_that_goes_on() {
    let world = World::new(|gate| gate);
    let (a, b) = (runtime(), runtime());
    let first = world.subscribe(&a, &["BTC_USDT"]);
    let second = world.subscribe(&b, &["BTC_USDT"]);
    world.sim.inject(Fault::NoAck { times: Some(2) });
    let (gate, control) = (world.gate.clone(), second.control());
    // Both are asked for, and not answered.
    let asked = |count| {
        while world.sim.subscribe_requests().len() < count {
            std::thread::yield_now();
        }
    };
    asked(1);
    let subscribing = b.spawn(async move { gate.trades(["ETH_USDT"]).await.map(drop) });
    asked(2);
    let adding = b.spawn(async move { control.add(["NO_PE", "SOL_USDT"]).await });
    asked(3);
    drop(a);
    let subscribed = b.block_on(subscribing).unwrap();
    assert!(subscribed.is_ok(), "{subscribed:?}");
    let refused = b.block_on(adding).unwrap().unwrap_err();
    assert_eq!(refused.rejections().len(), 1, "{refused}");
    assert_eq!(refused.rejections()[0].topic, "NO_PE");
    assert_eq!(second.symbols(), ["BTC_USDT", "SOL_USDT"]);
    drop(first);
}

#[test]
fn a_stall_that_was_told_before_is_taken_back_after() {
    let world = World::new(|gate| gate);
    let (a, b) = (runtime(), runtime());
    let slow = world.gate.trades(["BTC_USDT"]).overflow(Overflow::Wait);
    let mut slow = a.block_on(slow.capacity(1).into_future()).unwrap();
    let mut other = world.subscribe(&b, &["ETH_USDT"]);
    let traded = world.trade("BTC_USDT");
    let stale = "stale: waiting for spot.trades #1, which is full (all symbols)";
    assert_eq!(words(&b, &mut other, 1), [stale]);
    drop(a);
    assert_eq!(words(&b, &mut other, 1), [MOVED[0]]);
    assert_eq!(words(&b, &mut slow, 2), [traded.as_str(), MOVED[0]]);
    let mut told = words(&b, &mut other, 3);
    told.sort_unstable();
    assert_eq!(told, ["fresh (all symbols)", MOVED[1], MOVED[2]]);
}

#[test]
fn a_client_whose_runtime_ended_shuts_down_in_another() {
    let world = World::new(|gate| gate);
    let (a, b) = (runtime(), runtime());
    let first = world.subscribe(&a, &["BTC_USDT"]);
    let mut second = world.subscribe(&b, &["ETH_USDT"]);
    drop(a);
    let ended = b.block_on(async {
        world.gate.shutdown(Duration::from_secs(10)).await.unwrap();
        let rest = second.by_ref().filter(|event| {
            let data = matches!(event, Ok(Event::Data(_)) | Err(_));
            std::future::ready(data)
        });
        rest.count().await
    });
    assert_eq!(ended, 0, "it ends as its user asked");
    until_empty(&b);
    drop((first, world.home));
}
