//! Symbols that have no tick after the end of their interval: the clock tells them.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use feedline::market::{EmptyIntervals, Interval, Trade};
use feedline::{FeedExt, Rejection, Scope, Staleness, Status, StatusKind, Timestamp};
use futures_test::task::new_count_waker;
use futures_util::stream::{self, Stream};
use tokio::time::advance;

use super::events::{at, data, interrupted, outage, trade};
use super::{live, ready, ready_told, story};

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
            "A 0 Final 1 1 1 1 v1 n1",
            "B 1 Partial 3 4 3 4 v2 n2",
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
        by: "another".into(),
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
        ["A 0 Partial 5 7 5 7 v2 n2 truncated", "status",]
    );
    // What comes now may have waited for as long as it was not read.
    feed.unbounded_send(data(trade("A", 59, "8", "1"))).unwrap();
    ready_told(&mut candles);
    advance(secs(3)).await;
    assert_eq!(
        ready_told(&mut candles),
        ["A 0 Final 5 8 5 8 v3 n3 truncated"]
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

#[tokio::test(start_paused = true)]
async fn a_consumer_that_was_slow_finds_no_candle_closed_over_what_is_still_to_be_read() {
    let (feed, ticks) = live::<Trade>();
    let mut candles = ticks.candles(Interval::minutes(1));
    feed.unbounded_send(data(trade("A", 50, "5", "1"))).unwrap();
    ready_told(&mut candles);
    // It does something else for a while. What came meanwhile fills its queue, which it empties,
    // and only then is more read.
    advance(secs(100)).await;
    for time in [55, 58] {
        feed.unbounded_send(data(trade("A", time, "6", "1")))
            .unwrap();
        assert_eq!(ready_told(&mut candles).len(), 1);
    }
    assert_eq!(candles.late(), 0);
    // From the latest of them on the clock goes on.
    advance(Duration::from_millis(2_990)).await;
    assert!(ready_told(&mut candles).is_empty());
    advance(Duration::from_millis(20)).await;
    assert_eq!(
        ready_told(&mut candles),
        ["A 0 Final 5 6 5 6 v3 n3 truncated"]
    );
}

#[tokio::test(start_paused = true)]
async fn events_that_are_not_newer_do_not_stop_the_clock() {
    let (feed, ticks) = live::<Trade>();
    let mut candles = ticks.candles(Interval::minutes(1)).partials(false);
    feed.unbounded_send(data(trade("A", 50, "5", "1"))).unwrap();
    for _ in 0..3 {
        assert!(ready_told(&mut candles).is_empty());
        advance(secs(4)).await;
        // Of a venue that is behind, or a candle whose time is its start.
        feed.unbounded_send(data(trade("B", 1, "5", "1"))).unwrap();
    }
    assert_eq!(
        ready_told(&mut candles),
        ["A 0 Final 5 5 5 5 v1 n1 truncated"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_is_down_for_long_is_not_remembered_interval_by_interval() {
    let (feed, ticks) = live::<Trade>();
    let candles = ticks.candles(Interval::seconds(1)).partials(false);
    let mut candles = candles.delay(secs(100_000));
    feed.unbounded_send(data(trade("A", 0, "5", "1"))).unwrap();
    feed.unbounded_send(Ok(interrupted().into())).unwrap();
    for time in 0..10_000 {
        feed.unbounded_send(data(trade("A", time, "5", "1")))
            .unwrap();
    }
    ready(&mut candles);
    let shown = format!("{candles:?}");
    assert!(shown.contains("awaited: 1,"), "{shown}");
    feed.unbounded_send(Ok(resumed().into())).unwrap();
    ready(&mut candles);
    advance(secs(100_001)).await;
    assert_eq!(ready_told(&mut candles), ["A 166 Final 5 5 5 5 v1 n1"]);
}

#[tokio::test(start_paused = true)]
async fn a_symbol_that_the_venue_refuses_after_an_outage_has_no_clean_candles() {
    let (feed, ticks) = live::<Trade>();
    let candles = ticks.candles(Interval::minutes(1)).partials(false);
    let mut candles = candles.empty(EmptyIntervals::Repeat);
    feed.unbounded_send(data(trade("A", 0, "5", "1"))).unwrap();
    feed.unbounded_send(data(trade("B", 0, "5", "1"))).unwrap();
    feed.unbounded_send(Ok(interrupted().into())).unwrap();
    ready_told(&mut candles);
    advance(secs(40)).await;
    // The gap is of the topics that are accepted again.
    let mut gap = outage(1, 10, 40);
    gap.scope = super::events::of(&["B"]);
    let refused = StatusKind::Rejected(Rejection::new("A", None, "delisted"));
    let refused = Status::new(refused, super::events::of(&["A"]));
    feed.unbounded_send(Ok(gap.into())).unwrap();
    feed.unbounded_send(Ok(refused.into())).unwrap();
    feed.unbounded_send(Ok(resumed().into())).unwrap();
    ready_told(&mut candles);
    advance(secs(82)).await;
    assert_eq!(
        ready_told(&mut candles),
        [
            "A 0 Final 5 5 5 5 v1 n1 tainted",
            "B 0 Final 5 5 5 5 v1 n1 tainted",
            "B 1 Final 5 5 5 5 v0 n0",
        ]
    );
    // It trades again later: what lies between is not known to be empty.
    feed.unbounded_send(data(trade("A", 130, "6", "1")))
        .unwrap();
    feed.unbounded_send(data(trade("A", 240, "6", "1")))
        .unwrap();
    let told = ready_told(&mut candles);
    let of_a: Vec<_> = told.iter().filter(|told| told.starts_with('A')).collect();
    assert_eq!(
        of_a,
        [
            "A 2 Final 6 6 6 6 v1 n1 truncated",
            "A 3 Final 6 6 6 6 v0 n0"
        ]
    );
}

#[test]
fn a_recording_may_tell_one_symbol_after_the_other() {
    for empty in [EmptyIntervals::Skip, EmptyIntervals::Repeat] {
        let day = |name: &'static str| {
            (0..40).map(move |number| data(trade(name, number * 20, "5", "1")))
        };
        let mut candles = stream::iter(day("A").chain(day("B")).collect::<Vec<_>>())
            .candles(Interval::minutes(1))
            .empty(empty)
            .partials(false);
        let told: Vec<_> = super::all(&mut candles).iter().map(super::told).collect();
        let of = |name: &str| -> Vec<String> {
            let own = told.iter().filter(|told| told.starts_with(name));
            own.map(|told| told[2..].to_owned()).collect()
        };
        assert_eq!(of("A").len(), 14);
        assert_eq!(of("A"), of("B"));
        assert_eq!(candles.late(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_symbol_that_comes_later_than_others_is_final_later() {
    let (feed, ticks) = live::<Trade>();
    let mut candles = ticks.candles(Interval::minutes(1)).partials(false);
    feed.unbounded_send(data(trade("A", 1_010, "5", "1")))
        .unwrap();
    feed.unbounded_send(data(trade("B", 100, "5", "1")))
        .unwrap();
    feed.unbounded_send(data(trade("B", 101, "6", "1")))
        .unwrap();
    assert!(ready_told(&mut candles).is_empty());
    advance(Duration::from_millis(11_010)).await;
    assert_eq!(
        ready_told(&mut candles),
        ["A 16 Final 5 5 5 5 v1 n1 truncated"]
    );
    // Its end by its own time: 910 s behind A's.
    advance(Duration::from_millis(9_980)).await;
    assert!(ready_told(&mut candles).is_empty());
    advance(Duration::from_millis(20)).await;
    assert_eq!(
        ready_told(&mut candles),
        ["B 1 Final 5 6 5 6 v2 n2 truncated"]
    );
    assert_eq!(candles.late(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_beneath_is_asked_again_before_the_clock_closes_a_candle() {
    // As candles do that these are made of: they look at the clock before these do.
    let (feed, ticks) = live::<Trade>();
    let mut ticks = Some(ticks);
    let mut polls = 0;
    let mut candles = stream::poll_fn(move |cx| {
        polls += 1;
        match (polls, &mut ticks) {
            (3, _) => Poll::Pending,
            (_, Some(ticks)) => Pin::new(ticks).poll_next(cx),
            (_, None) => Poll::Pending,
        }
    })
    .candles(Interval::minutes(1))
    .partials(false);
    feed.unbounded_send(data(trade("A", 50, "5", "1"))).unwrap();
    assert!(ready(&mut candles).is_empty());
    advance(secs(12)).await;
    feed.unbounded_send(data(trade("A", 49, "6", "1"))).unwrap();
    let told: Vec<_> = ready(&mut candles)
        .into_iter()
        .map(|item| super::told(&item.unwrap()))
        .collect();
    assert_eq!(told, ["A 0 Final 6 6 5 5 v2 n2 truncated"]);
    assert_eq!(candles.late(), 0);
}

#[test]
fn the_delay_is_over_one_nanosecond_after_its_end() {
    let nanos = |symbol, nanos| {
        let mut tick = trade(symbol, 0, "1", "1");
        tick.time = Timestamp::from_nanos(nanos);
        data(tick)
    };
    let finals = |time| {
        let told = story(vec![
            nanos("A", 0),
            nanos("B", 60_000_000_000),
            nanos("B", time),
        ]);
        // What the end of the feed makes final comes after the last tick's own.
        told[2..]
            .iter()
            .position(|told| told.starts_with("A 0 Final"))
    };
    assert_eq!(finals(60_999_999_999), Some(1));
    assert_eq!(finals(61_000_000_000), Some(0));
}
