//! Intervals in which nothing was traded.

use std::time::Duration;

use feedline::market::{Calendar, EmptyIntervals, Interval, Trade};
use feedline::{Cause, FeedExt, Gap, GapId, Scope};
use tokio::time::advance;

use super::events::{Item, at, data, interrupted, outage, quote, trade};
use super::{all, all_told, live, minutes, ready_told, told};

fn repeated(items: Vec<Item<Trade>>) -> Vec<String> {
    all_told(minutes(items).empty(EmptyIntervals::Repeat).partials(false))
}

#[test]
fn they_repeat_the_last_close_with_nothing_traded() {
    assert_eq!(
        repeated(vec![
            data(trade("A", 0, "5", "1")),
            data(trade("A", 59, "7", "1")),
            data(trade("A", 180, "6", "1")),
            data(trade("A", 240, "8", "1")),
        ]),
        [
            "A 0 Final 5 7 5 7 v2 n2",
            "A 1 Final 7 7 7 7 v0 n0",
            "A 2 Final 7 7 7 7 v0 n0",
            "A 3 Final 6 6 6 6 v1 n1",
            "A 4 Partial 8 8 8 8 v1 n1",
        ]
    );
    let mut candles = minutes(vec![
        data(quote("A", 0, "5", Some("6"))),
        data(quote("A", 120, "5", Some("6"))),
    ])
    .empty(EmptyIntervals::Repeat);
    let empty = all(&mut candles).remove(2).data().unwrap();
    assert_eq!((empty.volume, empty.trades, empty.vwap), (None, None, None));
    assert_eq!((empty.first_time, empty.last_time), (None, None));
}

#[test]
fn they_are_tainted_by_gaps_as_others_are() {
    assert_eq!(
        repeated(vec![
            data(trade("A", 0, "5", "1")),
            Ok(outage(1, 130, 190).into()),
            data(trade("A", 300, "6", "1")),
        ]),
        [
            "gap",
            "A 0 Final 5 5 5 5 v1 n1",
            "A 1 Final 5 5 5 5 v0 n0",
            "A 2 Final 5 5 5 5 v0 n0 tainted",
            "A 3 Final 5 5 5 5 v0 n0 tainted",
            "A 4 Final 5 5 5 5 v0 n0",
            "A 5 Partial 6 6 6 6 v1 n1",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_clock_tells_them_one_after_the_other() {
    let (feed, ticks) = live::<Trade>();
    let candles = ticks.candles(Interval::minutes(1));
    let mut candles = candles.empty(EmptyIntervals::Repeat).partials(false);
    feed.unbounded_send(data(trade("A", 0, "5", "1"))).unwrap();
    assert!(ready_told(&mut candles).is_empty());
    advance(Duration::from_secs(62)).await;
    assert_eq!(ready_told(&mut candles), ["A 0 Final 5 5 5 5 v1 n1"]);
    advance(Duration::from_secs(120)).await;
    assert_eq!(
        ready_told(&mut candles),
        ["A 1 Final 5 5 5 5 v0 n0", "A 2 Final 5 5 5 5 v0 n0"]
    );
    feed.unbounded_send(data(trade("A", 170, "6", "1")))
        .unwrap();
    feed.unbounded_send(data(trade("A", 300, "6", "1")))
        .unwrap();
    assert_eq!(
        ready_told(&mut candles),
        ["A 3 Final 5 5 5 5 v0 n0", "A 4 Final 5 5 5 5 v0 n0"]
    );
    assert_eq!(candles.late(), 1, "its interval was told as empty");
    // While the feed is down nobody knows whether they are empty.
    feed.unbounded_send(Ok(interrupted().into())).unwrap();
    assert_eq!(ready_told(&mut candles), ["status"]);
    advance(Duration::from_secs(600)).await;
    assert!(ready_told(&mut candles).is_empty());
}

#[test]
fn a_late_tick_revises_an_empty_one() {
    let candles = minutes(vec![
        data(trade("A", 0, "5", "1")),
        data(trade("A", 120, "6", "1")),
        data(trade("A", 70, "9", "2")),
    ]);
    assert_eq!(
        all_told(
            candles
                .empty(EmptyIntervals::Repeat)
                .grace(Duration::from_secs(60))
        )[1..],
        [
            "A 0 Final 5 5 5 5 v1 n1",
            "A 1 Final 5 5 5 5 v0 n0",
            "A 2 Partial 6 6 6 6 v1 n1",
            "A 1 Revised 9 9 9 9 v2 n1",
            "A 2 Partial 6 6 6 6 v1 n1",
        ]
    );
}

#[test]
fn a_closed_market_has_none() {
    let calendar = Calendar::utc().session("Mon-Fri 09:00-17:00".parse().unwrap());
    let friday = 1_772_784_000; // 2026-03-06T08:00:00Z
    let hour = |hour: i64| friday + hour * 3_600;
    let mut candles = futures_util::stream::iter(vec![
        data(trade("A", hour(7), "5", "1")),
        data(trade("A", hour(12), "6", "1")),
        data(trade("A", hour(1 + 3 * 24) + 3_600, "7", "1")),
    ])
    .candles(Interval::hours(1))
    .calendar(calendar)
    .empty(EmptyIntervals::Repeat)
    .partials(false);
    let events = all(&mut candles);
    let starts: Vec<_> = events
        .iter()
        .map(|event| event.clone().data().unwrap().start)
        .collect();
    assert_eq!(
        starts,
        [hour(7), hour(8), hour(1 + 3 * 24), hour(2 + 3 * 24)].map(at)
    );
    assert_eq!(candles.outside(), 1);
    assert_eq!(
        told(&events[1]).split_once(" Final ").unwrap().1,
        "5 5 5 5 v0 n0"
    );
}

#[test]
fn a_late_quote_revises_an_empty_one_as_a_trade_does() {
    let candles = minutes(vec![
        data(quote("A", 0, "5", Some("5"))),
        data(quote("A", 120, "6", Some("6"))),
        data(quote("A", 70, "9", Some("9"))),
    ]);
    let told = all_told(
        candles
            .empty(EmptyIntervals::Repeat)
            .grace(Duration::from_secs(60)),
    );
    assert_eq!(told[4], "A 1 Revised 9.0 9.0 9.0 9.0");
}

#[test]
fn a_late_gap_taints_what_was_told_as_empty() {
    let told = all_told(
        minutes(vec![
            data(trade("A", 0, "5", "1")),
            data(trade("A", 120, "6", "1")),
            Ok(outage(1, 70, 80).into()),
        ])
        .empty(EmptyIntervals::Repeat)
        .grace(Duration::from_secs(60))
        .partials(false),
    );
    assert_eq!(told[2..4], ["gap", "A 1 Revised 5 5 5 5 v0 n0 tainted"]);
}

#[test]
fn a_gap_that_does_not_say_when_taints_the_empty_one_that_is_open() {
    let cause = Cause::Overflow {
        from: None,
        to: None,
    };
    let told = repeated(vec![
        data(trade("A", 0, "5", "1")),
        data(trade("B", 62, "5", "1")),
        Ok(Gap::new(GapId::new(1), cause, Scope::All).into()),
        data(trade("B", 182, "5", "1")),
    ]);
    let of_a: Vec<_> = told.iter().filter(|told| told.starts_with('A')).collect();
    assert_eq!(
        of_a,
        [
            "A 0 Final 5 5 5 5 v1 n1",
            "A 1 Final 5 5 5 5 v0 n0 tainted",
            "A 2 Final 5 5 5 5 v0 n0",
        ]
    );
}
