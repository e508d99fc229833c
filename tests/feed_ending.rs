//! What a subscription says last, when its user ends it while it is not live.

#![cfg(all(feature = "gate", feature = "sim"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are test code")]

mod support;

use std::time::Duration;

use feedline::sim::Fault;
use feedline::venue::gate::Trade;
use feedline::{Cause, Event, Subscription, Timestamp};
use futures_util::StreamExt;
use support::{Rig, bounded, ready, settle};

/// A handle that is interrupted, and the time of its last trade.
async fn interrupted(rig: &Rig) -> (Subscription<Trade>, Timestamp) {
    let mut trades = rig.gate.trades(["BTC_USDT", "ETH_USDT"]).await.unwrap();
    rig.trade("BTC_USDT");
    let before = rig.sim.clock().now().wall;
    assert_eq!(ready(&mut trades).await.len(), 1);
    rig.sim.inject(Fault::RefuseConnect { times: None });
    rig.sim.inject(Fault::Cut);
    settle().await;
    (trades, before)
}

/// Everything up to the end.
async fn rest(trades: &mut Subscription<Trade>) -> Vec<Event<Trade>> {
    let mut rest = Vec::new();
    while let Some(event) = bounded(trades.next()).await {
        rest.push(event.unwrap());
    }
    rest
}

fn ends_with_its_gap(rest: &[Event<Trade>], before: Timestamp, now: Timestamp) {
    let [Event::Status(_), Event::Gap(gap)] = rest else {
        panic!("{rest:?}");
    };
    let Cause::Outage { from, to } = gap.cause else {
        panic!("{gap}");
    };
    assert_eq!(from, before, "from the last trade");
    assert!(
        to >= from && now.duration_since(to) < Duration::from_secs(1),
        "up to the end: {gap}"
    );
    assert_eq!(gap.missed, None);
}

#[tokio::test(start_paused = true)]
async fn unsubscribing_all_while_interrupted_ends_with_the_gap() {
    let rig = Rig::new();
    let (mut trades, before) = interrupted(&rig).await;
    rig.gate.unsubscribe_all();
    let rest = rest(&mut trades).await;
    ends_with_its_gap(&rest, before, rig.sim.clock().now().wall);
}

#[tokio::test(start_paused = true)]
async fn closing_by_the_control_while_interrupted_ends_with_the_gap() {
    let rig = Rig::new();
    let (mut trades, before) = interrupted(&rig).await;
    let control = trades.control();
    let closing = tokio::spawn(async move { control.close().await });
    let rest = rest(&mut trades).await;
    ends_with_its_gap(&rest, before, rig.sim.clock().now().wall);
    closing.abort();
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_while_interrupted_ends_with_the_gap() {
    let rig = Rig::new();
    let (mut trades, before) = interrupted(&rig).await;
    let _late = rig.gate.shutdown(Duration::from_secs(1)).await;
    let rest = rest(&mut trades).await;
    ends_with_its_gap(&rest, before, rig.sim.clock().now().wall);
}

/// One of two topics is not live again: the gap is about that one.
#[tokio::test(start_paused = true)]
async fn an_end_while_one_topic_is_pending_ends_with_its_gap() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT", "ETH_USDT"]).await.unwrap();
    rig.trade("BTC_USDT");
    rig.trade("ETH_USDT");
    ready(&mut trades).await;
    rig.sim.inject(Fault::Silent {
        symbol: Some("ETH_USDT".to_owned()),
        channel: None,
        times: None,
    });
    rig.sim.inject(Fault::Cut);
    tokio::time::sleep(Duration::from_secs(40)).await;
    rig.trade("BTC_USDT");
    let before = ready(&mut trades).await;
    rig.gate.unsubscribe_all();
    let rest = rest(&mut trades).await;
    let last = rest.last();
    let Some(Event::Gap(gap)) = last else {
        panic!("{before:?}, then {rest:?}");
    };
    assert!(
        gap.scope.contains("ETH_USDT") && !gap.scope.contains("BTC_USDT"),
        "{gap}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_live_subscription_ends_without_a_gap() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    rig.trade("BTC_USDT");
    ready(&mut trades).await;
    rig.gate.unsubscribe_all();
    assert_eq!(rest(&mut trades).await, []);
}

/// What was missed of a topic until it was taken out is said as it leaves.
#[tokio::test(start_paused = true)]
async fn a_topic_removed_while_interrupted_leaves_its_gap() {
    let rig = Rig::new();
    let (mut trades, before) = interrupted(&rig).await;
    let control = trades.control();
    control.remove(["ETH_USDT"]).unwrap();
    settle().await;
    rig.gate.unsubscribe_all();
    let rest = rest(&mut trades).await;
    // Nothing stands between what left and what was left.
    ends_with_its_gap(&rest, before, rig.sim.clock().now().wall);
    let [_, Event::Gap(gap)] = &rest[..] else {
        panic!("{rest:?}");
    };
    let both = ["BTC_USDT", "ETH_USDT"].map(feedline::Symbol::new);
    assert_eq!(gap.scope, feedline::Scope::of(both));
}

/// A topic that the venue refuses after an outage was missing since.
#[tokio::test(start_paused = true)]
async fn a_topic_refused_after_an_outage_leaves_its_gap_before_the_refusal() {
    let rig = Rig::new();
    let mut trades = rig
        .gate
        .trades(["BTC_USDT", "ETH_USDT"])
        .allow_partial()
        .await
        .unwrap();
    rig.sim.inject(Fault::Silent {
        symbol: Some("BTC_USDT".to_owned()),
        channel: None,
        times: None,
    });
    rig.sim.inject(Fault::Refuse {
        symbol: Some("ETH_USDT".to_owned()),
        channel: None,
        code: 2,
        text: None,
        times: None,
    });
    rig.sim.inject(Fault::Cut);
    let mut words = Vec::new();
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        words.extend(support::ready(&mut trades).await);
    }
    let of_eth: Vec<_> = words.iter().filter(|word| word.contains("ETH")).collect();
    assert_eq!(
        of_eth,
        ["gap(outage, ?, ETH_USDT)", "rejected ETH_USDT (ETH_USDT)"],
        "{words:?}"
    );
}
