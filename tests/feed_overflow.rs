//! What a full queue does, to the last event.

#![cfg(all(feature = "gate", feature = "sim"))]

mod support;

use std::time::Duration;

use feedline::sim::Fault;
use feedline::venue::gate::Quote;
use feedline::{Cause, ErrorKind, Event, Overflow, State};
use futures_util::{FutureExt, StreamExt};
use support::{Rig, bounded, end, next, ready, settle, word, words};

#[tokio::test(start_paused = true)]
async fn drop_oldest_counts_exactly_what_it_drops() {
    let rig = Rig::new();
    let trades = rig.gate.trades(["BTC_USDT", "ETH_USDT"]).capacity(3);
    let mut trades = trades.overflow(Overflow::DropOldest).await.unwrap();
    let mut sent: Vec<_> = (0..6).map(|_| rig.trade("BTC_USDT")).collect();
    sent.push(rig.trade("ETH_USDT"));
    settle().await;
    assert_eq!(trades.dropped(), 4);
    let expected = ["gap(overflow, 4, BTC_USDT)", &sent[4], &sent[5], &sent[6]];
    assert_eq!(ready(&mut trades).await, expected);
    let later = rig.trade("BTC_USDT");
    assert_eq!(ready(&mut trades).await, [later]);
}

#[tokio::test(start_paused = true)]
async fn an_overflow_tells_the_time_range_of_what_it_dropped() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).capacity(1).await.unwrap();
    let begin = rig.sim.clock().now().wall;
    rig.trade("BTC_USDT");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let end = rig.sim.clock().now().wall;
    rig.trade("BTC_USDT");
    tokio::time::sleep(Duration::from_secs(5)).await;
    rig.trade("BTC_USDT");
    settle().await;
    let Event::Gap(gap) = next(&mut trades).await else {
        panic!("the gap comes first")
    };
    assert_eq!(gap.missed, Some(2));
    let Cause::Overflow {
        from: Some(from),
        to: Some(to),
    } = gap.cause
    else {
        panic!("{gap}")
    };
    assert_eq!(from, begin);
    assert!(
        to >= end && to.duration_since(end) < Duration::from_millis(100),
        "{gap}"
    );
}

#[tokio::test(start_paused = true)]
async fn wait_loses_nothing_and_pushes_back_to_the_socket() {
    let rig = Rig::new();
    let mut slow = rig
        .gate
        .trades(["BTC_USDT"])
        .overflow(Overflow::Wait)
        .capacity(10)
        .await
        .unwrap();
    let sent: Vec<_> = (0..5_000).map(|_| rig.trade("BTC_USDT")).collect();
    // Much longer than any deadline: backpressure is no reason to give the venue up.
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert!(slow.queued() <= 10, "{} queued", slow.queued());
    let mut came = Vec::new();
    while came.len() < sent.len() {
        came.push(word(&next(&mut slow).await));
    }
    assert_eq!(came, sent);
    assert_eq!(rig.sim.connects().len(), 1);
    assert_eq!(slow.dropped(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_full_wait_queue_is_named_to_the_others() {
    let rig = Rig::new();
    let mut full = rig
        .gate
        .trades(["BTC_USDT"])
        .overflow(Overflow::Wait)
        .capacity(1)
        .await
        .unwrap();
    let mut other = rig.gate.trades(["ETH_USDT"]).await.unwrap();
    let (a, _) = (rig.trade("BTC_USDT"), rig.trade("BTC_USDT"));
    let c = rig.trade("ETH_USDT");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(
        ready(&mut other).await,
        ["stale: waiting for spot.trades #1, which is full (all symbols)"]
    );
    let health = rig.gate.health();
    assert!(!health.ok);
    assert_eq!(health.waiting_for.as_deref(), Some("spot.trades #1"));
    let error = rig.gate.trades(["SOL_USDT"]).await.unwrap_err();
    assert!(
        error.to_string().contains("spot.trades #1 is full"),
        "{error}"
    );
    assert_eq!(word(&next(&mut full).await), a);
    settle().await;
    full.next().await;
    assert_eq!(ready(&mut other).await, ["fresh (all symbols)", c.as_str()]);
    assert!(rig.gate.health().ok);
}

#[tokio::test(start_paused = true)]
async fn conflate_keeps_the_latest_of_each_symbol() {
    let rig = Rig::with(|sim| sim.rate(200.0), |gate| gate);
    let symbols = ["BTC_USDT", "ETH_USDT", "SOL_USDT"];
    let quotes = rig
        .gate
        .book_ticker(symbols)
        .overflow(Overflow::Conflate)
        .capacity(8);
    let mut quotes = quotes.await.unwrap();
    let mut all = rig.gate.book_ticker(symbols).await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    rig.sim.pause_market();
    settle().await;
    let drain = |feed: &mut feedline::Subscription<Quote>| {
        let mut quotes = Vec::new();
        while let Some(Some(Ok(Event::Data(quote)))) = feed.next().now_or_never() {
            quotes.push(quote);
        }
        quotes
    };
    let every = drain(&mut all);
    let latest = drain(&mut quotes);
    assert_eq!(latest.len(), 3, "one a symbol");
    for quote in &latest {
        assert_eq!(
            every.iter().rfind(|other| other.symbol == quote.symbol),
            Some(quote)
        );
    }
    assert_eq!(quotes.merged() as usize, every.len() - latest.len());
}

#[tokio::test(start_paused = true)]
async fn fail_ends_with_an_error_after_what_was_queued() {
    let rig = Rig::new();
    let trades = rig
        .gate
        .trades(["BTC_USDT"])
        .overflow(Overflow::Fail)
        .capacity(2);
    let mut trades = trades.await.unwrap();
    let sent: Vec<_> = (0..4).map(|_| rig.trade("BTC_USDT")).collect();
    settle().await;
    assert_eq!(word(&next(&mut trades).await), sent[0]);
    assert_eq!(word(&next(&mut trades).await), sent[1]);
    let error = end(&mut trades).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Overflow { capacity: 2 });
}

#[tokio::test(start_paused = true)]
async fn gap_and_status_are_never_dropped() {
    for overflow in [Overflow::DropOldest, Overflow::Wait] {
        let rig = Rig::new();
        let trades = rig.gate.trades(["BTC_USDT"]).overflow(overflow).capacity(2);
        let mut trades = trades.await.unwrap();
        let a = rig.trade("BTC_USDT");
        settle().await;
        rig.sim.inject(Fault::Cut);
        rig.reached(State::Backoff).await;
        rig.reached(State::Live).await;
        settle().await;
        let sent: Vec<_> = (0..3).map(|_| rig.trade("BTC_USDT")).collect();
        settle().await;
        let interrupted = "interrupted: closed (all symbols)";
        let resumed = "resumed (all symbols)";
        let outage = "gap(outage, ?, all symbols)";
        let count = if overflow == Overflow::Wait { 7 } else { 5 };
        let mut came = words(&mut trades, count).await;
        if overflow == Overflow::DropOldest {
            // The dropped ones lie on both sides of the outage: one gap covers them all.
            let expected = [interrupted, resumed, outage, &sent[1], &sent[2]];
            came.sort();
            let mut sorted = expected.to_vec();
            sorted.sort_unstable();
            assert_eq!(came, sorted);
        } else {
            let expected = [
                &a,
                interrupted,
                outage,
                resumed,
                &sent[0],
                &sent[1],
                &sent[2],
            ];
            assert_eq!(came, expected);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_is_no_concern_of_the_others() {
    let rig = Rig::new();
    let mut slow = rig.gate.trades(["BTC_USDT"]).capacity(2).await.unwrap();
    let mut quick = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let sent: Vec<_> = (0..50).map(|_| rig.trade("BTC_USDT")).collect();
    assert_eq!(ready(&mut quick).await, sent);
    let expected = ["gap(overflow, 48, BTC_USDT)", &sent[48], &sent[49]];
    assert_eq!(ready(&mut slow).await, expected);
}

#[tokio::test(start_paused = true)]
async fn next_batch_takes_all_that_is_ready() {
    let rig = Rig::new();
    let mut trades = rig.gate.trades(["BTC_USDT"]).await.unwrap();
    let sent: Vec<_> = (0..300).map(|_| rig.trade("BTC_USDT")).collect();
    settle().await;
    let (mut came, mut calls) = (Vec::new(), 0);
    while came.len() < sent.len() {
        bounded(trades.next_batch(&mut came, 1_000)).await.unwrap();
        calls += 1;
    }
    assert_eq!(came.iter().map(word).collect::<Vec<_>>(), sent);
    assert!(calls <= 4, "{calls} calls");
    rig.gate.unsubscribe_all();
    assert_eq!(trades.next_batch(&mut came, 1_000).await.unwrap(), 0);
}
