//! Symbols that have no tick after the end of their interval: the clock tells them.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use feedline::market::{Interval, Trade};
use feedline::{FeedExt, Scope, Staleness, Status, StatusKind};
use futures_test::task::new_count_waker;
use futures_util::Stream;
use tokio::time::advance;

use super::events::{at, data, interrupted, outage, trade};
use super::{live, ready_told, story};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn resumed() -> Status {
    let kind = StatusKind::Resumed {
        downtime: secs(1),
        attempts: 1,
    };
    Status::new(kind, Scope::All)
}

#[tokio::test(start_paused = true)]
async fn its_candle_is_final_when_the_clock_has_passed_the_end_and_the_delay() {
    let (feed, ticks) = live::<Trade>();
    let mut candles = ticks.candles(Interval::minutes(1)).delay(secs(2));
    feed.unbounded_send(data(trade("A", 50, "5", "1"))).unwrap();
    assert_eq!(
        ready_told(&mut candles),
        ["A 0 Partial 5 5 5 5 v1 n1 truncated"]
    );

    let (waker, woken) = new_count_waker();
    let mut cx = Context::from_waker(&waker);
    assert!(Pin::new(&mut candles).poll_next(&mut cx).is_pending());
    advance(Duration::from_millis(11_990)).await;
    assert_eq!(woken.get(), 0);
    assert!(Pin::new(&mut candles).poll_next(&mut cx).is_pending());
    advance(Duration::from_millis(15)).await;
    assert_eq!(woken.get(), 1, "the timer wakes the consumer");
    assert_eq!(
        ready_told(&mut candles),
        ["A 0 Final 5 5 5 5 v1 n1 truncated"]
    );

    // No more comes of itself, and the timer is off.
    assert!(Pin::new(&mut candles).poll_next(&mut cx).is_pending());
    advance(secs(1_000)).await;
    assert_eq!(woken.get(), 1);
    drop(feed);
    assert!(matches!(
        Pin::new(&mut candles).poll_next(&mut cx),
        Poll::Ready(None)
    ));
}

#[tokio::test(start_paused = true)]
async fn a_tick_after_that_is_late() {
    let (feed, ticks) = live::<Trade>();
    let mut candles = ticks.candles(Interval::minutes(1));
    feed.unbounded_send(data(trade("A", 50, "5", "1"))).unwrap();
    ready_told(&mut candles);
    advance(secs(12)).await;
    assert_eq!(
        ready_told(&mut candles),
        ["A 0 Final 5 5 5 5 v1 n1 truncated"]
    );
    feed.unbounded_send(data(trade("A", 59, "6", "1"))).unwrap();
    feed.unbounded_send(data(trade("A", 61, "7", "1"))).unwrap();
    assert_eq!(ready_told(&mut candles), ["A 1 Partial 7 7 7 7 v1 n1"]);
    assert_eq!(candles.late(), 1);
}

#[test]
fn the_event_time_of_other_symbols_is_a_clock_too() {
    assert_eq!(
        story(vec![
            data(trade("A", 0, "1", "1")),
            data(trade("B", 0, "2", "1")),
            data(trade("B", 60, "3", "1")),
            // A second after the end is within the delay, more is not.
            data(trade("B", 61, "4", "1")),
        ])[2..],
        [
            "B 0 Final 2 2 2 2 v1 n1",
            "B 1 Partial 3 3 3 3 v1 n1",
            "B 1 Partial 3 4 3 4 v2 n2",
            "A 0 Final 1 1 1 1 v1 n1",
            "B 1 Partial 3 4 3 4 v2 n2",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_candle_without_delay_stays_open_until_its_next_tick() {
    let (feed, ticks) = live::<Trade>();
    let candles = ticks.candles(Interval::minutes(1));
    let mut candles = candles.delay(Duration::MAX);
    feed.unbounded_send(data(trade("A", 0, "1", "1"))).unwrap();
    feed.unbounded_send(data(trade("B", 600, "2", "1")))
        .unwrap();
    assert_eq!(ready_told(&mut candles).len(), 2);
    advance(secs(10_000)).await;
    assert!(ready_told(&mut candles).is_empty());
    drop(feed);
    assert_eq!(
        ready_told(&mut candles),
        ["A 0 Partial 1 1 1 1 v1 n1", "B 10 Partial 2 2 2 2 v1 n1"]
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_final_by_the_clock_while_the_feed_is_down() {
    let (feed, ticks) = live::<Trade>();
    let mut candles = ticks.candles(Interval::minutes(1));
    feed.unbounded_send(data(trade("A", 30, "5", "1"))).unwrap();
    feed.unbounded_send(Ok(interrupted().into())).unwrap();
    ready_told(&mut candles);
    advance(secs(100)).await;
    assert!(ready_told(&mut candles).is_empty());
    // When it is back, the gap says what the candle lacks.
    feed.unbounded_send(Ok(outage(1, 31, 130).into())).unwrap();
    feed.unbounded_send(Ok(resumed().into())).unwrap();
    assert_eq!(
        ready_told(&mut candles),
        ["gap", "status", "A 0 Final 5 5 5 5 v1 n1 tainted truncated"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_is_fresh_again_may_still_be_down() {
    let (feed, ticks) = live::<Trade>();
    let mut candles = ticks.candles(Interval::minutes(1));
    feed.unbounded_send(data(trade("A", 30, "5", "1"))).unwrap();
    feed.unbounded_send(Ok(interrupted().into())).unwrap();
    let fresh = Status::new(StatusKind::Fresh, Scope::All);
    feed.unbounded_send(Ok(fresh.into())).unwrap();
    ready_told(&mut candles);
    advance(secs(100)).await;
    assert!(ready_told(&mut candles).is_empty());
    feed.unbounded_send(Ok(resumed().into())).unwrap();
    assert_eq!(
        ready_told(&mut candles),
        ["status", "A 0 Final 5 5 5 5 v1 n1 truncated"]
    );
}

#[tokio::test(start_paused = true)]
async fn nor_while_others_keep_it_from_being_read() {
    let (feed, ticks) = live::<Trade>();
    let mut candles = ticks.candles(Interval::minutes(1));
    let why = Staleness::Backpressure {
        by: "another".to_owned(),
    };
    let stale = Status::new(StatusKind::Stale { why }, super::events::of(&["A"]));
    feed.unbounded_send(data(trade("A", 30, "5", "1"))).unwrap();
    feed.unbounded_send(data(trade("B", 30, "6", "1"))).unwrap();
    feed.unbounded_send(Ok(stale.into())).unwrap();
    ready_told(&mut candles);
    advance(secs(100)).await;
    assert_eq!(
        ready_told(&mut candles),
        ["B 0 Final 6 6 6 6 v1 n1 truncated"]
    );
    let fresh = Status::new(StatusKind::Fresh, Scope::All);
    feed.unbounded_send(data(trade("A", 59, "7", "1"))).unwrap();
    feed.unbounded_send(Ok(fresh.into())).unwrap();
    assert_eq!(
        ready_told(&mut candles),
        [
            "A 0 Partial 5 7 5 7 v2 n2 truncated",
            "status",
            "A 0 Final 5 7 5 7 v2 n2 truncated"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn one_stamp_from_the_future_does_not_end_the_candles_of_all() {
    let (feed, ticks) = live::<Trade>();
    let mut candles = ticks.candles(Interval::minutes(1));
    let received = |mut trade: Trade, secs| {
        trade.received = Some(at(secs));
        data(trade)
    };
    feed.unbounded_send(received(trade("A", 10, "1", "1"), 10))
        .unwrap();
    feed.unbounded_send(received(trade("B", 99_999, "2", "1"), 11))
        .unwrap();
    feed.unbounded_send(received(trade("A", 12, "3", "1"), 12))
        .unwrap();
    assert_eq!(
        ready_told(&mut candles),
        [
            "A 0 Partial 1 1 1 1 v1 n1 truncated",
            "B 1666 Partial 2 2 2 2 v1 n1 truncated",
            "A 0 Partial 1 3 1 3 v2 n2 truncated",
        ]
    );
}

#[test]
fn no_runtime_is_needed_without_waiting() {
    assert_eq!(story(vec![data(trade("A", 0, "1", "1"))]).len(), 2);
}
