//! `candles()` makes candles of ticks, and tells which of them may lack something.
#![allow(clippy::unwrap_used, reason = "a failed test is the aim")]

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::task::{Context, Poll};

use feedline::adapters::Candles;
use feedline::market::{Candle, CandleState, Interval, Tick, Trade};
use feedline::{
    Cause, Decimal, Error, ErrorKind, Event, FeedExt, Gap, GapId, Overflow, Scope, Symbol,
};
use futures_test::task::new_count_waker;
use futures_util::FutureExt;
use futures_util::stream::{self, FusedStream, Stream, StreamExt};
use proptest::prelude::*;

#[path = "support/events.rs"]
mod events;
use events::{Item, at, data, decimal, interrupted, of, outage, quote, trade};

type Ticks<T> = stream::Iter<std::vec::IntoIter<Item<T>>>;

fn minutes<T: Tick>(items: Vec<Item<T>>) -> Candles<Ticks<T>> {
    stream::iter(items).candles(Interval::minutes(1))
}

fn all<T: Tick>(candles: &mut Candles<Ticks<T>>) -> Vec<Event<Candle>> {
    let items: Vec<_> = candles.collect().now_or_never().unwrap();
    items.into_iter().map(Result::unwrap).collect()
}

/// A candle in few words: symbol, minute, state, prices, sums, flags.
fn told(event: &Event<Candle>) -> String {
    let candle = match event {
        Event::Data(candle) => candle,
        Event::Gap(_) => return "gap".to_owned(),
        Event::Status(_) => return "status".to_owned(),
    };
    let mut text = format!(
        "{} {} {:?} {} {} {} {}",
        candle.symbol,
        candle.start.as_secs() / 60,
        candle.state.unwrap(),
        candle.open,
        candle.high,
        candle.low,
        candle.close
    );
    if let (Some(volume), Some(trades)) = (candle.volume, candle.trades) {
        text += &format!(" v{volume} n{trades}");
    }
    for (flag, name) in [
        (candle.tainted, " tainted"),
        (candle.truncated, " truncated"),
    ] {
        text += if flag { name } else { "" };
    }
    text
}

fn story<T: Tick>(items: Vec<Item<T>>) -> Vec<String> {
    all(&mut minutes(items)).iter().map(told).collect()
}

#[test]
fn a_candle_has_all_that_its_ticks_tell() {
    let mut candles = minutes(vec![
        data(trade("A", 60, "5.0", "2")),
        data(trade("A", 90, "7", "1.5")),
        data(trade("A", 119, "4", "0.5")),
        data(trade("A", 120, "6", "1")),
    ]);
    let events = all(&mut candles);
    let last = Candle {
        symbol: "A".into(),
        interval: Interval::minutes(1),
        start: at(60),
        open: decimal("5.0"),
        high: decimal("7"),
        low: decimal("4"),
        close: decimal("4"),
        volume: Some(decimal("4.0")),
        turnover: Some(decimal("22.5")),
        trades: Some(3),
        vwap: Some(decimal("5.625")),
        state: Some(CandleState::Final),
        tainted: false,
        truncated: false,
        first_time: Some(at(60)),
        last_time: Some(at(119)),
        received: None,
        detail: (),
    };
    assert_eq!(events[3], Event::Data(last.clone()));
    let partial = Candle {
        vwap: None,
        state: Some(CandleState::Partial),
        ..last
    };
    assert_eq!(events[2], Event::Data(partial));
    assert_eq!(events.len(), 6);
    assert!(candles.is_terminated());
}

#[test]
fn every_tick_yields_a_partial_and_the_next_interval_a_final() {
    assert_eq!(
        story(vec![
            data(trade("A", 10, "5", "1")),
            data(trade("A", 50, "7", "1")),
            data(trade("B", 70, "1", "1")),
            data(trade("A", 130, "6", "1")),
        ]),
        [
            "A 0 Partial 5 5 5 5 v1 n1 truncated",
            "A 0 Partial 5 7 5 7 v2 n2 truncated",
            "B 1 Partial 1 1 1 1 v1 n1 truncated",
            "A 0 Final 5 7 5 7 v2 n2 truncated",
            "A 2 Partial 6 6 6 6 v1 n1",
            // The end: what is open, in the order in which the symbols came.
            "A 2 Partial 6 6 6 6 v1 n1",
            "B 1 Partial 1 1 1 1 v1 n1 truncated",
        ]
    );
}

#[test]
fn within_an_open_candle_ticks_may_come_in_any_order() {
    assert_eq!(
        story(vec![
            data(trade("A", 30, "5", "1")),
            data(trade("A", 10, "3", "1")),
            data(trade("A", 20, "9", "1")),
        ])
        .pop()
        .unwrap(),
        "A 0 Partial 3 9 3 5 v3 n3 truncated"
    );
}

#[test]
fn late_ticks_and_ticks_without_a_price_are_counted() {
    let mut late = minutes(vec![
        data(trade("A", 70, "5", "1")),
        data(trade("A", 59, "9", "1")),
        data(trade("B", 59, "9", "1")),
    ]);
    assert_eq!(all(&mut late).len(), 4);
    assert_eq!((late.late(), late.skipped()), (1, 0));

    let mut skipped = minutes(vec![
        data(quote("A", 1, "5", None)),
        data(quote("A", 2, "5", Some("6"))),
    ]);
    assert_eq!(
        all(&mut skipped).iter().map(told).collect::<Vec<_>>(),
        ["A 0 Partial 5.5 5.5 5.5 5.5 truncated"; 2]
    );
    assert_eq!((skipped.late(), skipped.skipped()), (0, 1));
}

#[test]
fn a_gap_taints_what_it_touches_and_nothing_else() {
    assert_eq!(
        story(vec![
            data(trade("A", 60, "1", "1")),
            data(trade("A", 130, "1", "1")),
            Ok(outage(1, 150, 250).into()),
            data(trade("A", 260, "1", "1")),
            data(trade("B", 290, "1", "1")),
            data(trade("A", 310, "1", "1")),
        ]),
        [
            "A 1 Partial 1 1 1 1 v1 n1",
            "A 1 Final 1 1 1 1 v1 n1",
            "A 2 Partial 1 1 1 1 v1 n1",
            "gap",
            "A 2 Final 1 1 1 1 v1 n1 tainted",
            "A 4 Partial 1 1 1 1 v1 n1 tainted",
            "B 4 Partial 1 1 1 1 v1 n1 tainted truncated",
            "A 4 Final 1 1 1 1 v1 n1 tainted",
            "A 5 Partial 1 1 1 1 v1 n1",
            "A 5 Partial 1 1 1 1 v1 n1",
            "B 4 Partial 1 1 1 1 v1 n1 tainted truncated",
        ]
    );
}

#[test]
fn a_quiet_symbols_candle_between_two_gaps_is_clean() {
    assert_eq!(
        story(vec![
            data(trade("A", 60, "1", "1")),
            Ok(outage(1, 100, 110).into()),
            data(trade("A", 180, "1", "1")),
            Ok(outage(2, 600, 610).into()),
            data(trade("A", 660, "1", "1")),
        ])[3..],
        [
            "A 3 Partial 1 1 1 1 v1 n1",
            "gap",
            "A 3 Final 1 1 1 1 v1 n1",
            "A 11 Partial 1 1 1 1 v1 n1",
            "A 11 Partial 1 1 1 1 v1 n1"
        ]
    );
}

#[test]
fn a_gap_taints_only_its_scope() {
    let mut gap = outage(1, 30, 40);
    gap.scope = of(&["A", "C"]);
    assert_eq!(
        story(vec![
            data(trade("A", 0, "1", "1")),
            data(trade("B", 0, "1", "1")),
            Ok(gap.into()),
            data(trade("C", 50, "1", "1")),
        ])[2..],
        [
            "gap",
            "C 0 Partial 1 1 1 1 v1 n1 tainted truncated",
            "A 0 Partial 1 1 1 1 v1 n1 tainted",
            "B 0 Partial 1 1 1 1 v1 n1",
            "C 0 Partial 1 1 1 1 v1 n1 tainted truncated",
        ]
    );
}

#[test]
fn a_gap_that_does_not_say_when_taints_what_is_open() {
    let cause = Cause::Overflow {
        from: None,
        to: None,
    };
    assert_eq!(
        story(vec![
            data(trade("A", 0, "1", "1")),
            Ok(Gap::new(GapId::new(1), cause, Scope::All).into()),
            data(trade("A", 60, "1", "1")),
            data(trade("B", 60, "1", "1")),
        ])[1..5],
        [
            "gap",
            "A 0 Final 1 1 1 1 v1 n1 tainted",
            "A 1 Partial 1 1 1 1 v1 n1",
            "B 1 Partial 1 1 1 1 v1 n1",
        ]
    );
}

#[test]
fn markers_keep_their_place_and_the_error_comes_last() {
    let mut candles = minutes(vec![
        data(trade("A", 60, "1", "1")),
        Ok(interrupted().into()),
        Err(ErrorKind::Closed.into()),
    ]);
    let mut next = || candles.next().now_or_never().unwrap();
    assert!(matches!(next().unwrap().unwrap(), Event::Data(_)));
    assert_eq!(next().unwrap().unwrap(), interrupted().into());
    assert!(matches!(next().unwrap().unwrap(), Event::Data(_)));
    assert_eq!(*next().unwrap().unwrap_err().kind(), ErrorKind::Closed);
    assert!(next().is_none());
    assert!(next().is_none());
}

#[test]
fn a_sum_that_does_not_fit_is_left_out_from_then_on() {
    let mut candles = minutes(vec![
        data(trade("A", 0, "1", "79228162514264337593543950335")),
        data(trade("A", 1, "2", "1")),
        data(trade("A", 2, "3", "1")),
    ]);
    let events = all(&mut candles);
    let Some(Event::Data(candle)) = events.last() else {
        panic!()
    };
    assert_eq!((candle.volume, candle.turnover), (None, None));
    assert_eq!((candle.trades, candle.close), (Some(3), 3.into()));
}

#[test]
fn lets_others_run_between_endless_late_ticks() {
    let first = stream::iter([data(trade("A", 60, "1", "1"))]);
    let late = stream::repeat_with(|| data(trade("A", 1, "1", "1")));
    let mut candles = pin!(first.chain(late).candles(Interval::minutes(1)));
    let (waker, woken) = new_count_waker();
    let mut cx = Context::from_waker(&waker);
    assert!(candles.as_mut().poll_next(&mut cx).is_ready());
    assert!(candles.as_mut().poll_next(&mut cx).is_pending());
    assert_eq!(woken.get(), 1);
    assert!(candles.late() > 0);
}

#[test]
fn a_slow_consumer_conflates_them_without_losing_a_final() {
    let ticks = (0..100).map(|number| data(trade("A", number * 6, "1", "1")));
    let mut candles = stream::iter(ticks)
        .candles(Interval::minutes(1))
        .buffer(16, Overflow::Conflate);
    let mut volume = Decimal::ZERO;
    let mut starts = Vec::new();
    while let Poll::Ready(Some(item)) =
        std::pin::Pin::new(&mut candles).poll_next(&mut futures_test::task::noop_context())
    {
        let Ok::<_, Error>(Event::Data(candle)) = item else {
            panic!()
        };
        volume += candle.volume.unwrap();
        starts.push(candle.start);
    }
    assert_eq!(volume, 100.into());
    assert_eq!(
        starts,
        (0..10).map(|minute| at(minute * 60)).collect::<Vec<_>>()
    );
}

fn ticks() -> impl Strategy<Value = Vec<Trade>> {
    let tick = (0..3_usize, -40..90_i64, 1..10_000_i64, 1..10_000_i64);
    prop::collection::vec(tick, 0..200).prop_map(|ticks| {
        let mut clock = 1_000;
        let mut trades = Vec::new();
        for (symbol, ahead, price, size) in ticks {
            let time = clock + ahead;
            clock += ahead.max(0) / 3;
            let mut trade = trade(["A", "B", "C"][symbol], time, "1", "1");
            trade.price = Decimal::new(price, 2);
            trade.size = Decimal::new(size, 3);
            trades.push(trade);
        }
        trades
    })
}

proptest! {
    #[test]
    fn every_tick_is_in_one_candle_or_counted_as_late(ticks in ticks()) {
        let mut candles = minutes(ticks.iter().cloned().map(data).collect());
        let events = all(&mut candles);

        // A candle's last state is the one that counts.
        let mut last: BTreeMap<(Symbol, i64), Candle> = BTreeMap::new();
        let mut finals: HashMap<(Symbol, i64), u32> = HashMap::new();
        for event in events {
            let candle = event.data().unwrap();
            prop_assert!(candle.low <= candle.open && candle.open <= candle.high);
            prop_assert!(candle.low <= candle.close && candle.close <= candle.high);
            let key = (candle.symbol.clone(), candle.start.as_secs());
            prop_assert!(!finals.contains_key(&key), "nothing follows the final");
            if candle.state == Some(CandleState::Final) {
                *finals.entry(key.clone()).or_default() += 1;
                let vwap = candle.vwap.unwrap();
                prop_assert!(candle.low <= vwap.round_dp(9) && vwap.round_dp(9) <= candle.high);
            }
            last.insert(key, candle);
        }

        // The naive account: late is what lies before the newest interval of its symbol.
        let mut newest: HashMap<Symbol, i64> = HashMap::new();
        let mut expected: BTreeMap<(Symbol, i64), Vec<&Trade>> = BTreeMap::new();
        let mut late = 0;
        for tick in &ticks {
            let start = tick.time.as_secs().div_euclid(60) * 60;
            let newest = newest.entry(tick.symbol.clone()).or_insert(start);
            if start < *newest {
                late += 1;
                continue;
            }
            *newest = start;
            expected.entry((tick.symbol.clone(), start)).or_default().push(tick);
        }
        prop_assert_eq!(candles.late(), late);
        prop_assert_eq!(last.len(), expected.len());
        for ((key, candle), (expected_key, ticks)) in last.iter().zip(&expected) {
            prop_assert_eq!(key, expected_key);
            let volume: Decimal = ticks.iter().map(|tick| tick.size).sum();
            let turnover: Decimal = ticks.iter().map(|tick| tick.size * tick.price).sum();
            prop_assert_eq!(candle.volume, Some(volume));
            prop_assert_eq!(candle.turnover, Some(turnover));
            prop_assert_eq!(candle.trades, Some(ticks.len() as u64));
            prop_assert_eq!(Some(candle.high), ticks.iter().map(|tick| tick.price).max());
            prop_assert_eq!(Some(candle.low), ticks.iter().map(|tick| tick.price).min());
            prop_assert_eq!(candle.first_time, ticks.iter().map(|tick| tick.time).min());
            prop_assert_eq!(candle.last_time, ticks.iter().map(|tick| tick.time).max());
            let open = ticks.iter().min_by_key(|tick| tick.time).unwrap();
            let close = ticks.iter().max_by_key(|tick| tick.time).unwrap();
            prop_assert_eq!((candle.open, candle.close), (open.price, close.price));
        }
    }

    #[test]
    fn a_tainted_candle_touches_a_gap_and_the_others_touch_none(
        ticks in ticks(),
        gaps in prop::collection::vec((0..100_usize, 0..200_i64, 0..100_i64), 0..6),
    ) {
        let mut items: Vec<Item<Trade>> = ticks.into_iter().map(data).collect();
        for (number, (place, from, length)) in gaps.into_iter().enumerate() {
            let from = 1_000 + from;
            let gap = outage(number as u64, from, from + length);
            items.insert(place.min(items.len()), Ok(gap.into()));
        }
        let mut told: Vec<Gap> = Vec::new();
        for event in all(&mut minutes(items)) {
            match event {
                Event::Gap(gap) => told.push(gap),
                Event::Data(candle) => {
                    let (start, end) = (candle.start, at(candle.start.as_secs() + 60));
                    let touched = told
                        .iter()
                        .filter_map(Gap::range)
                        .any(|(from, to)| from < end && start <= to);
                    prop_assert_eq!(candle.tainted, touched);
                }
                Event::Status(_) => {}
            }
        }
    }
}
