//! Candles of a number of trades, a volume or a turnover.

use feedline::FeedExt;
use feedline::market::{CandleState, Interval, Trade};
use futures_util::stream;

use super::events::{Item, at, data, outage, quote, trade};
use super::{all, all_told};

fn by(interval: &str, items: Vec<Item<Trade>>) -> Vec<String> {
    all_told(stream::iter(items).candles(interval.parse().unwrap()))
}

fn trades() -> Vec<Item<Trade>> {
    vec![
        data(trade("A", 1, "5", "1")),
        data(trade("A", 2, "7", "2")),
        data(trade("B", 2, "1", "9")),
        data(trade("A", 3, "6", "4")),
        data(trade("A", 3, "4", "1")),
        data(trade("A", 9, "8", "1")),
    ]
}

#[test]
fn they_are_final_with_the_trade_that_fills_them() {
    assert_eq!(
        by("2t", trades()),
        [
            "A 0 Partial 5 5 5 5 v1 n1",
            "A 0 Final 5 7 5 7 v3 n2",
            "B 0 Partial 1 1 1 1 v9 n1",
            "A 0 Partial 6 6 6 6 v4 n1",
            "A 0 Final 6 6 4 4 v5 n2",
            "A 0 Partial 8 8 8 8 v1 n1",
            "A 0 Partial 8 8 8 8 v1 n1",
            "B 0 Partial 1 1 1 1 v9 n1",
        ]
    );
    assert_eq!(
        by("3v", trades())[..4],
        [
            "A 0 Partial 5 5 5 5 v1 n1",
            "A 0 Final 5 7 5 7 v3 n2",
            "B 0 Final 1 1 1 1 v9 n1",
            "A 0 Final 6 6 6 6 v4 n1",
        ]
    );
    assert_eq!(
        by("19.5q", trades())[..5],
        [
            "A 0 Partial 5 5 5 5 v1 n1",
            "A 0 Partial 5 7 5 7 v3 n2",
            "B 0 Partial 1 1 1 1 v9 n1",
            "A 0 Final 5 7 5 6 v7 n3",
            "A 0 Partial 4 4 4 4 v1 n1",
        ]
        .map(|line| if line.contains("v3") {
            "A 0 Partial 5 7 5 7 v3 n2"
        } else {
            line
        })
    );
}

#[test]
fn their_starts_differ_even_within_one_moment() {
    let ticks = (0..3)
        .map(|_| data(trade("A", 5, "1", "1")))
        .collect::<Vec<_>>();
    let mut candles = stream::iter(ticks).candles(Interval::trades(1));
    let starts: Vec<_> = all(&mut candles)
        .into_iter()
        .map(|event| event.data().unwrap().start.as_nanos() - at(5).as_nanos())
        .collect();
    assert_eq!(starts, [0, 1, 2]);
}

#[test]
fn ticks_may_come_in_any_order_and_none_is_late() {
    let mut candles = stream::iter(vec![
        data(trade("A", 9, "5", "1")),
        data(trade("A", 3, "6", "1")),
        data(trade("A", 12, "7", "1")),
        data(trade("A", 1, "8", "1")),
    ])
    .candles(Interval::trades(2))
    .partials(false);
    let candle = all(&mut candles).remove(0).data().unwrap();
    assert_eq!(candle.state, Some(CandleState::Final));
    assert_eq!((candle.open, candle.close), (6.into(), 5.into()));
    assert_eq!(
        (candle.first_time, candle.last_time),
        (Some(at(3)), Some(at(9)))
    );
    assert_eq!(candles.late(), 0);
}

#[test]
fn gaps_taint_the_one_that_is_open() {
    assert_eq!(
        by(
            "2t",
            vec![
                data(trade("A", 1, "5", "1")),
                Ok(outage(1, 2, 5).into()),
                data(trade("A", 6, "5", "1")),
                data(trade("A", 7, "5", "1")),
            ]
        )[2..],
        [
            "A 0 Final 5 5 5 5 v2 n2 tainted",
            "A 0 Partial 5 5 5 5 v1 n1",
            "A 0 Partial 5 5 5 5 v1 n1",
        ]
    );
}

#[test]
fn quotes_count_as_ticks_but_have_no_volume() {
    let quotes = || {
        vec![
            data(quote("A", 1, "5", Some("7"))),
            data(quote("A", 2, "6", Some("8"))),
        ]
    };
    let mut candles = stream::iter(quotes()).candles(Interval::trades(2));
    let events = all(&mut candles);
    let candle = events[1].clone().data().unwrap();
    assert_eq!((candle.open, candle.close), (6.into(), 7.into()));
    assert_eq!((candle.trades, candle.volume), (None, None));
    let mut candles = stream::iter(quotes()).candles("5v".parse().unwrap());
    assert!(all(&mut candles).is_empty());
    assert_eq!(candles.skipped(), 2);
}

#[test]
fn they_can_be_made_of_final_candles() {
    let ticks = (0..8)
        .map(|at| data(trade("A", at * 30, "5", "1")))
        .collect::<Vec<_>>();
    let mut candles = stream::iter(ticks)
        .candles(Interval::minutes(1))
        .candles(Interval::trades(4))
        .partials(false);
    let events: Vec<_> = super::ready(&mut candles);
    let trades: Vec<_> = events
        .into_iter()
        .map(|event| event.unwrap().data().unwrap())
        .map(|candle| (candle.state.unwrap(), candle.trades.unwrap()))
        .collect();
    // The last minute is still open at the end, so its trades are in no final candle.
    assert_eq!(trades, [(CandleState::Final, 4), (CandleState::Partial, 2)]);
}

#[test]
fn a_candle_that_comes_again_is_not_counted_twice() {
    let minute = |minute: i64| {
        let ticks = [0, 30, 60].map(|secs| data(trade("A", minute * 60 + secs, "5", "1")));
        let mut candles = super::minutes(ticks.to_vec()).partials(false);
        all(&mut candles).remove(0)
    };
    // After a reconnect a venue may send its last candles once more.
    let items = [0, 1, 0, 1, 2].map(|at| Ok(minute(at)));
    let mut candles = stream::iter(items.to_vec() as Vec<Item<_>>).candles(Interval::trades(6));
    let events = all(&mut candles);
    let last = events.last().unwrap().clone().data().unwrap();
    assert_eq!(
        (last.state, last.trades),
        (Some(CandleState::Final), Some(6))
    );
    assert_eq!(candles.late(), 2);
}

#[test]
fn they_are_tainted_and_truncated_as_the_candles_they_are_made_of() {
    let ticks = vec![
        data(trade("A", 0, "5", "1")),
        data(trade("A", 60, "5", "1")),
        Ok(outage(1, 70, 80).into()),
        data(trade("A", 120, "5", "1")),
        data(trade("A", 180, "5", "1")),
    ];
    let mut minutes = super::minutes(ticks);
    // Without the gap itself: the candles say it.
    let candles = all(&mut minutes)
        .into_iter()
        .filter(|event| !event.is_marker());
    let candles: Vec<Item<_>> = candles.map(Ok).collect();
    let told = all_told(
        stream::iter(candles)
            .candles(Interval::trades(3))
            .partials(false),
    );
    assert_eq!(told, ["A 0 Final 5 5 5 5 v3 n3 tainted"]);
}

#[test]
fn they_need_no_runtime_since_no_clock_ends_them() {
    let (feed, ticks) = super::live::<Trade>();
    let mut candles = ticks.candles(Interval::trades(2)).partials(false);
    feed.unbounded_send(data(trade("A", 1, "5", "1"))).unwrap();
    let fresh = feedline::Status::new(feedline::StatusKind::Fresh, feedline::Scope::All);
    feed.unbounded_send(Ok(fresh.into())).unwrap();
    assert_eq!(super::ready_told(&mut candles), ["status"]);
}
