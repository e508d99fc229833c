//! Ticks and gaps that come after the end of their interval.

use std::time::Duration;

use feedline::market::{Interval, Trade};
use feedline::{Cause, FeedExt, Gap, GapId, Scope, Timestamp};
use futures_util::stream;
use tokio::time::advance;

use super::events::{Item, data, of, outage, trade};
use super::{all, live, minutes, ready_told, told};

const GRACE: Duration = Duration::from_secs(30);

fn graced(items: Vec<Item<Trade>>) -> (Vec<String>, u64) {
    let mut candles = minutes(items).grace(GRACE);
    let told = all(&mut candles).iter().map(told).collect();
    (told, candles.late())
}

#[test]
fn late_ticks_revise_a_candle_and_later_ones_are_counted() {
    let (told, late) = graced(vec![
        data(trade("A", 0, "5", "1")),
        data(trade("A", 60, "6", "1")),
        data(trade("A", 59, "9", "2")),
        data(trade("A", 89, "6", "1")),
        data(trade("A", 58, "1", "1")),
        data(trade("A", 90, "6", "1")),
        data(trade("A", 57, "7", "1")),
    ]);
    assert_eq!(
        told,
        [
            "A 0 Partial 5 5 5 5 v1 n1",
            "A 0 Final 5 5 5 5 v1 n1",
            "A 1 Partial 6 6 6 6 v1 n1",
            "A 0 Revised 5 9 5 9 v3 n2",
            "A 1 Partial 6 6 6 6 v2 n2",
            "A 0 Revised 5 9 1 9 v4 n3",
            "A 1 Partial 6 6 6 6 v3 n3",
            "A 1 Partial 6 6 6 6 v3 n3",
        ]
    );
    assert_eq!(late, 1);
}

#[test]
fn a_late_tick_may_be_the_first_of_its_interval() {
    let (told, late) = graced(vec![
        data(trade("A", 30, "5", "1")),
        data(trade("A", 120, "6", "1")),
        data(trade("A", 100, "7", "1")),
        data(trade("A", 101, "8", "1")),
        data(trade("B", 130, "1", "1")),
        data(trade("B", 119, "2", "1")),
    ]);
    assert_eq!(
        told,
        [
            "A 0 Partial 5 5 5 5 v1 n1 truncated",
            "A 0 Final 5 5 5 5 v1 n1 truncated",
            "A 2 Partial 6 6 6 6 v1 n1",
            "A 1 Revised 7 7 7 7 v1 n1",
            "A 1 Revised 7 8 7 8 v2 n2",
            "B 2 Partial 1 1 1 1 v1 n1 truncated",
            // The feed was seen from the middle of this one on.
            "B 1 Revised 2 2 2 2 v1 n1 truncated",
            "A 2 Partial 6 6 6 6 v1 n1",
            "B 2 Partial 1 1 1 1 v1 n1 truncated",
        ]
    );
    assert_eq!(late, 0);
}

#[test]
fn a_late_gap_taints_what_was_told() {
    let mut gap = outage(1, 50, 70);
    gap.scope = of(&["A"]);
    let (told, _) = graced(vec![
        data(trade("A", 0, "5", "1")),
        data(trade("B", 0, "5", "1")),
        data(trade("A", 60, "6", "1")),
        data(trade("B", 60, "6", "1")),
        Ok(gap.clone().into()),
        Ok(gap.into()),
        data(trade("A", 61, "7", "1")),
    ]);
    assert_eq!(
        told[6..],
        [
            "gap",
            "A 0 Revised 5 5 5 5 v1 n1 tainted",
            "gap",
            "A 1 Partial 6 7 6 7 v2 n2 tainted",
            "A 1 Partial 6 7 6 7 v2 n2 tainted",
            "B 1 Partial 6 6 6 6 v1 n1",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_time_of_grace_passes_by_the_clock_too() {
    let (feed, ticks) = live::<Trade>();
    let candles = ticks.candles(Interval::minutes(1));
    let mut candles = candles.grace(GRACE).partials(false);
    feed.unbounded_send(data(trade("A", 0, "5", "1"))).unwrap();
    assert!(ready_told(&mut candles).is_empty());
    advance(Duration::from_secs(62)).await;
    assert_eq!(ready_told(&mut candles), ["A 0 Final 5 5 5 5 v1 n1"]);
    advance(Duration::from_secs(27)).await;
    feed.unbounded_send(data(trade("B", 88, "5", "1"))).unwrap();
    assert!(ready_told(&mut candles).is_empty());
    feed.unbounded_send(data(trade("A", 10, "6", "1"))).unwrap();
    assert_eq!(ready_told(&mut candles), ["A 0 Revised 5 6 5 6 v2 n2"]);
    advance(Duration::from_secs(2)).await;
    assert!(ready_told(&mut candles).is_empty());
    feed.unbounded_send(data(trade("A", 11, "7", "1"))).unwrap();
    assert!(ready_told(&mut candles).is_empty());
    assert_eq!(candles.late(), 1);
}

#[test]
fn only_what_may_still_be_revised_is_kept() {
    let ticks = (0..100_000).map(|minute| data(trade("A", minute * 60, "5", "1")));
    let mut candles = stream::iter(ticks.collect::<Vec<_>>())
        .candles(Interval::minutes(1))
        .grace(Duration::from_secs(180));
    all(&mut candles);
    let shown = format!("{candles:?}");
    assert!(shown.contains("kept: 3"), "{shown}");
}

#[test]
fn a_gap_after_the_time_of_grace_changes_nothing() {
    let cause = Cause::Overflow {
        from: None,
        to: None,
    };
    let (told, _) = graced(vec![
        data(trade("A", 0, "5", "1")),
        data(trade("B", 62, "6", "1")),
        data(trade("B", 119, "6", "1")),
        Ok(outage(1, 50, 55).into()),
        Ok(Gap::new(GapId::new(2), cause, Scope::All).into()),
    ]);
    assert_eq!(
        told[4..],
        ["gap", "gap", "B 1 Partial 6 6 6 6 v2 n2 tainted truncated"]
    );
}

#[test]
fn the_time_of_grace_is_over_one_nanosecond_after_its_end() {
    let nanos = |symbol, nanos| {
        let mut tick = trade(symbol, 0, "5", "1");
        tick.time = Timestamp::from_nanos(nanos);
        data(tick)
    };
    let revised = |time, late: Item<Trade>| {
        let (told, count) = graced(vec![
            nanos("A", 0),
            nanos("A", 60_000_000_000),
            nanos("B", time),
            late,
        ]);
        let revised = told.iter().filter(|told| told.contains("Revised"));
        (revised.cloned().collect::<Vec<_>>(), count)
    };
    let tick = || data(trade("A", 59, "5", "1"));
    let last = 89_999_999_999;
    let twice = "A 0 Revised 5 5 5 5 v2 n2".to_owned();
    assert_eq!(revised(last, tick()), (vec![twice], 0));
    assert_eq!(revised(last + 1, tick()), (vec![], 1));
    let gap = || Ok(outage(1, 59, 59).into());
    let tainted = "A 0 Revised 5 5 5 5 v1 n1 tainted".to_owned();
    assert_eq!(revised(last, gap()), (vec![tainted], 0));
    assert_eq!(revised(last + 1, gap()), (vec![], 0));
}
