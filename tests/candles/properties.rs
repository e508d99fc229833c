//! Whatever the order of ticks and gaps: every tick is in one candle or counted.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use feedline::market::{Candle, CandleState, EmptyIntervals, Interval, Trade};
use feedline::{Decimal, Event, FeedExt, Gap, Symbol, Timestamp};
use proptest::prelude::*;

use super::events::{Item, at, data, outage, trade};
use super::{all, live, minutes, ready};

fn ticks() -> impl Strategy<Value = Vec<Trade>> {
    let tick = (0..3_usize, -90..90_i64, 1..10_000_i64, 1..10_000_i64);
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

type Key = (Symbol, i64);

fn key(symbol: &Symbol, time: Timestamp) -> Key {
    (symbol.clone(), time.as_secs().div_euclid(60) * 60)
}

/// What a candle of these ticks must say, in whatever order they came.
fn agrees(candle: &Candle, ticks: &[Trade]) -> Result<(), TestCaseError> {
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
    let vwap = candle.vwap.unwrap();
    prop_assert!(candle.low <= vwap && vwap <= candle.high);
    prop_assert!((vwap - turnover / volume).abs() < Decimal::new(1, 8));
    Ok(())
}

proptest! {
    /// Tick after tick: each changes exactly the candle it belongs to, or the count of late ones.
    #[test]
    fn every_tick_is_in_one_candle_or_counted_as_late(
        ticks in ticks(),
        grace in prop::sample::select(vec![0_u64, 20, 300]),
        repeat in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let _guard = runtime.enter();
        let empty = if repeat { EmptyIntervals::Repeat } else { EmptyIntervals::Skip };
        let (feed, stream) = live::<Trade>();
        let mut candles = stream
            .candles(Interval::minutes(1))
            .grace(Duration::from_secs(grace))
            .empty(empty);
        let mut told: BTreeMap<Key, Candle> = BTreeMap::new();
        let mut taken: HashMap<Key, Vec<Trade>> = HashMap::new();
        let mut newest = i64::MIN;
        for tick in &ticks {
            let late = candles.late();
            feed.unbounded_send(data(tick.clone())).unwrap();
            newest = newest.max(tick.time.as_secs());
            let own = key(&tick.symbol, tick.time);
            let before = told.get(&own).and_then(|candle| candle.state);
            let events = ready(&mut candles);
            if candles.late() == late {
                taken.entry(own.clone()).or_default().push(tick.clone());
            } else {
                prop_assert_eq!(candles.late(), late + 1);
                prop_assert!(own.1 + 59 + grace as i64 <= newest, "late too early");
            }
            for event in events {
                let candle = event.unwrap().data().unwrap();
                let key = key(&candle.symbol, candle.start);
                match taken.get(&key) {
                    Some(ticks) => agrees(&candle, ticks)?,
                    None => {
                        prop_assert!(repeat, "a candle without ticks");
                        prop_assert_eq!((candle.trades, candle.volume), (Some(0), Some(Decimal::ZERO)));
                    }
                }
                let last = told.get(&key).and_then(|candle| candle.state);
                let allowed = match last {
                    None => true,
                    Some(CandleState::Partial) => candle.state != Some(CandleState::Revised),
                    Some(_) => candle.state == Some(CandleState::Revised) && grace > 0,
                };
                prop_assert!(allowed, "{:?} after {:?}", candle.state, last);
                told.insert(key, candle);
            }
            if candles.late() > late {
                prop_assert!(before != Some(CandleState::Partial), "its candle was open");
            } else {
                agrees(&told[&own], &taken[&own])?;
            }
        }
        drop(feed);
        for event in ready(&mut candles) {
            let candle = event.unwrap().data().unwrap();
            told.insert(key(&candle.symbol, candle.start), candle);
        }
        let in_candles: u64 = told.values().map(|candle| candle.trades.unwrap()).sum();
        prop_assert_eq!(in_candles + candles.late(), ticks.len() as u64);
        for (key, ticks) in &taken {
            agrees(&told[key], ticks)?;
        }
        if repeat {
            // From the first to the last candle of a symbol none is missing.
            let mut by_symbol: HashMap<Symbol, Vec<i64>> = HashMap::new();
            for (symbol, start) in told.keys() {
                by_symbol.entry(symbol.clone()).or_default().push(*start);
            }
            for (symbol, starts) in by_symbol {
                let first = ticks.iter().find(|tick| tick.symbol == symbol).unwrap();
                let first = key(&symbol, first.time).1;
                let starts: Vec<_> = starts.into_iter().filter(|start| *start >= first).collect();
                prop_assert!(starts.windows(2).all(|pair| pair[1] - pair[0] == 60), "{:?}", starts);
            }
        }
    }

    #[test]
    fn a_tainted_candle_touches_a_gap_and_the_others_touch_none(
        ticks in ticks(),
        gaps in prop::collection::vec((0..100_usize, 0..200_i64, 0..100_i64), 0..6),
        grace in prop::sample::select(vec![0_u64, 10_000]),
    ) {
        let mut items: Vec<Item<Trade>> = ticks.into_iter().map(data).collect();
        for (number, (place, from, length)) in gaps.into_iter().enumerate() {
            let from = 1_000 + from;
            let gap = outage(number as u64, from, from + length);
            items.insert(place.min(items.len()), Ok(gap.into()));
        }
        let mut told: Vec<Gap> = Vec::new();
        let mut last: HashMap<Key, bool> = HashMap::new();
        let touched = |told: &[Gap], start: i64| {
            told.iter()
                .filter_map(Gap::range)
                .any(|(from, to)| from < at(start + 60) && at(start) <= to)
        };
        for event in all(&mut minutes(items).grace(Duration::from_secs(grace))) {
            match event {
                Event::Gap(gap) => told.push(gap),
                Event::Data(candle) => {
                    let start = candle.start.as_secs();
                    prop_assert_eq!(candle.tainted, touched(&told, start));
                    last.insert((candle.symbol, start), candle.tainted);
                }
                Event::Status(_) => {}
            }
        }
        if grace > 0 {
            for ((_, start), tainted) in last {
                prop_assert_eq!(tainted, touched(&told, start));
            }
        }
    }
}
