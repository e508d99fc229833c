//! Whatever the order of ticks and gaps: every tick is in one candle or counted.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use feedline::market::{Calendar, Candle, CandleState, EmptyIntervals, Interval, Trade};
use feedline::{
    Cause, Decimal, Event, FeedExt, Gap, GapId, Rejection, Scope, Staleness, Status, StatusKind,
    Symbol, Timestamp,
};
use proptest::prelude::*;

use super::events::{Item, at, data, interrupted, of, outage, trade};
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

/// What may happen to a feed.
#[derive(Clone, Debug)]
enum Act {
    Tick(usize, i64),
    Gap(i64, i64, bool),
    Timeless,
    Status(usize, bool),
    Clock(u64),
    Poll,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (0..3_usize, -200..200_i64).prop_map(|(symbol, ahead)| Act::Tick(symbol, ahead)),
        1 => (-200..100_i64, 0..100_i64, any::<bool>()).prop_map(|(from, to, own)| Act::Gap(from, to, own)),
        1 => Just(Act::Timeless),
        1 => (0..5_usize, any::<bool>()).prop_map(|(kind, own)| Act::Status(kind, own)),
        1 => (1..150_u64).prop_map(Act::Clock),
        3 => Just(Act::Poll),
    ];
    prop::collection::vec(act, 0..150)
}

fn item(act: &Act, clock: &mut i64) -> Option<Item<Trade>> {
    let own = |own: &bool| if *own { of(&["A"]) } else { Scope::All };
    Some(match act {
        Act::Tick(symbol, ahead) => {
            let time = *clock + ahead;
            *clock += ahead.max(&0) / 3;
            data(trade(["A", "B", "C"][*symbol], time, "1", "1"))
        }
        Act::Gap(from, length, scope) => {
            let mut gap = outage(1, *clock + from, *clock + from + length);
            gap.scope = own(scope);
            Ok(gap.into())
        }
        Act::Timeless => {
            let (from, to) = (None, None);
            let cause = Cause::Overflow { from, to };
            Ok(Gap::new(GapId::new(2), cause, Scope::All).into())
        }
        Act::Status(kind, scope) => {
            let kind = match kind {
                0 => return Some(Ok(interrupted().into())),
                1 => StatusKind::Resumed {
                    downtime: Duration::ZERO,
                    attempts: 1,
                },
                2 => StatusKind::Stale {
                    why: Staleness::Backpressure { by: "".into() },
                },
                3 => StatusKind::Fresh,
                _ => StatusKind::Rejected(Rejection::new("A", None, "no")),
            };
            Ok(Status::new(kind, own(scope)).into())
        }
        Act::Clock(_) | Act::Poll => return None,
    })
}

proptest! {
    /// With everything at once: sessions, empty candles, grace, delays, gaps, statuses, the clock.
    #[test]
    fn whatever_happens_a_tick_is_in_one_candle_or_one_count(
        acts in acts(),
        grace in prop::sample::select(vec![0_u64, 20, 300, 100_000]),
        delay in prop::sample::select(vec![0_u64, 1, 90, u64::MAX]),
        (repeat, session, by_trades) in (any::<bool>(), any::<bool>(), any::<bool>()),
        longer in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (feed, stream) = live::<Trade>();
            let calendar = match session {
                true => Calendar::utc().session("00:05-00:25".parse().unwrap()),
                false => Calendar::utc(),
            };
            let interval = if by_trades { Interval::trades(3) } else { Interval::minutes(1) };
            let mut candles = stream
                .candles(interval)
                .calendar(calendar.clone())
                .grace(Duration::from_secs(grace))
                .delay(Duration::from_secs(delay))
                .empty(if repeat { EmptyIntervals::Repeat } else { EmptyIntervals::Skip });
            let (mut clock, mut ticks) = (1_000, 0_u64);
            let mut told: BTreeMap<(Symbol, Timestamp), Candle> = BTreeMap::new();
            let mut items: Vec<Item<Candle>> = Vec::new();
            for act in acts.iter().map(Some).chain([None]) {
                match act {
                    Some(Act::Clock(secs)) => tokio::time::advance(Duration::from_secs(*secs)).await,
                    Some(Act::Poll) | None => {}
                    Some(act) => {
                        ticks += u64::from(matches!(act, Act::Tick(..)));
                        feed.unbounded_send(item(act, &mut clock).unwrap()).unwrap();
                        continue;
                    }
                }
                if act.is_none() {
                    feed.close_channel();
                }
                for event in ready(&mut candles) {
                    items.push(event.clone());
                    let Event::Data(candle) = event.unwrap() else { continue };
                    let last = told.get(&(candle.symbol.clone(), candle.start)).and_then(|last| last.state);
                    let allowed = match last {
                        None => true,
                        Some(CandleState::Partial) => candle.state != Some(CandleState::Revised),
                        Some(_) => candle.state == Some(CandleState::Revised) && grace > 0,
                    };
                    prop_assert!(allowed, "{:?} after {:?}", candle, last);
                    told.insert((candle.symbol.clone(), candle.start), candle);
                }
            }
            let counted = candles.late() + candles.outside() + candles.skipped();
            let taken: u64 = told.values().map(|candle| candle.trades.unwrap()).sum();
            prop_assert_eq!(taken + counted, ticks);
            let shown = format!("{candles:?}");
            let awaited = shown.split_once("awaited: ").unwrap().1.split_once(',').unwrap().0;
            prop_assert!(awaited.parse::<u64>().unwrap() <= 3, "{}", shown);

            if longer && !by_trades {
                // All that was told, made into longer ones.
                let mut longer = futures_util::stream::iter(items)
                    .candles(Interval::minutes(5))
                    .calendar(calendar)
                    .grace(Duration::MAX)
                    .delay(Duration::MAX);
                let mut last: BTreeMap<(Symbol, Timestamp), u64> = BTreeMap::new();
                for event in all(&mut longer) {
                    if let Event::Data(candle) = event {
                        last.insert((candle.symbol, candle.start), candle.trades.unwrap());
                    }
                }
                prop_assert_eq!((longer.late(), longer.skipped(), longer.outside()), (0, 0, 0));
                prop_assert_eq!(last.values().sum::<u64>(), taken);
            }
            Ok(())
        })?;
    }
}
