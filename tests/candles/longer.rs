//! Candles made of shorter candles.

use std::time::Duration;

use feedline::market::{Candle, CandleState, Interval, Trade};
use feedline::{Decimal, FeedExt, Symbol};
use futures_util::stream;
use proptest::prelude::*;
use std::collections::BTreeMap;

use super::events::{Item, data, decimal, outage, trade};
use super::{all, all_told};

/// The last state of every candle.
type Last = BTreeMap<(Symbol, i64), Candle>;

fn last(candles: impl Iterator<Item = Candle>) -> Last {
    candles
        .map(|candle| ((candle.symbol.clone(), candle.start.as_secs()), candle))
        .collect()
}

fn candle(secs: i64, prices: [&str; 4], state: Option<CandleState>) -> Item<Candle> {
    let [open, high, low, close] = prices.map(decimal);
    data(Candle {
        symbol: "A".into(),
        interval: Interval::minutes(1),
        start: super::events::at(secs),
        open,
        high,
        low,
        close,
        volume: Some(Decimal::TWO),
        turnover: None,
        trades: None,
        vwap: None,
        state,
        tainted: false,
        truncated: false,
        first_time: None,
        last_time: None,
        received: None,
        detail: (),
    })
}

fn fives(items: Vec<Item<Candle>>) -> Vec<String> {
    all_told(stream::iter(items).candles(Interval::minutes(5)))
}

#[test]
fn a_newer_state_of_a_candle_replaces_the_older() {
    let mut candles = stream::iter(vec![
        candle(0, ["5", "6", "4", "5"], None),
        candle(0, ["5", "7", "4", "6"], None),
        candle(60, ["6", "6", "1", "2"], None),
    ])
    .candles(Interval::minutes(5));
    let volumes: Vec<_> = all(&mut candles)
        .into_iter()
        .map(|event| event.data().unwrap())
        .map(|candle| (candle.high, candle.close, candle.volume.unwrap()))
        .collect();
    let of = |high: &str, close: &str, volume: i64| (decimal(high), decimal(close), volume.into());
    assert_eq!(
        volumes,
        [
            of("6", "5", 2),
            of("7", "6", 2),
            of("7", "2", 4),
            of("7", "2", 4)
        ]
    );
}

#[test]
fn the_last_of_its_candles_ends_it() {
    let done = Some(CandleState::Final);
    assert_eq!(
        fives(vec![
            candle(180, ["5", "6", "4", "5"], done),
            candle(240, ["5", "6", "4", "5"], done),
            candle(300, ["5", "6", "4", "5"], done),
        ]),
        [
            "A 0 Partial 5 6 4 5 truncated",
            "A 0 Final 5 6 4 5 truncated",
            "A 5 Partial 5 6 4 5",
            "A 5 Partial 5 6 4 5",
        ]
    );
}

#[test]
fn a_candle_that_fits_into_no_interval_is_counted() {
    let mut candles =
        stream::iter(vec![candle(0, ["5", "6", "4", "5"], None)]).candles(Interval::seconds(30));
    assert!(all(&mut candles).is_empty());
    assert_eq!(candles.skipped(), 1);
}

#[test]
fn revisions_reach_it_within_its_grace() {
    let ticks = vec![
        data(trade("A", 0, "5", "1")),
        data(trade("A", 299, "6", "1")),
        data(trade("A", 300, "7", "1")),
        data(trade("A", 290, "9", "1")),
    ];
    let grace = Duration::from_secs(60);
    let mut candles = stream::iter(ticks)
        .candles(Interval::minutes(1))
        .grace(grace)
        .candles(Interval::minutes(5))
        .grace(grace)
        .partials(false);
    let told: Vec<_> = super::ready(&mut candles)
        .into_iter()
        .map(|event| super::told(&event.unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            "A 0 Final 5 6 5 6 v2 n2",
            "A 0 Revised 5 9 5 6 v3 n3",
            "A 5 Partial 7 7 7 7 v1 n1",
        ]
    );
}

fn ticks() -> impl Strategy<Value = Vec<Trade>> {
    let tick = (0..3_usize, 0..150_i64, 1..10_000_i64, 1..10_000_i64);
    prop::collection::vec(tick, 1..150).prop_map(|ticks| {
        let mut clock = 0;
        let trade = |(symbol, ahead, price, size)| {
            clock += ahead / 3;
            let mut trade = trade(["A", "B", "C"][symbol], clock, "1", "1");
            trade.price = Decimal::new(price, 2);
            trade.size = Decimal::new(size, 3);
            trade
        };
        ticks.into_iter().map(trade).collect()
    })
}

proptest! {
    #[test]
    fn minutes_made_into_five_equal_five_made_directly(
        ticks in ticks(),
        gaps in prop::collection::vec((0..150_usize, -60..120_i64, 0..60_i64), 0..4),
        partials in any::<bool>(),
    ) {
        let mut items: Vec<Item<Trade>> = ticks.into_iter().map(data).collect();
        for (number, (place, from, length)) in gaps.into_iter().enumerate() {
            let place = place.min(items.len() - 1);
            let Ok(feedline::Event::Data(next)) = &items[place] else { continue };
            let from = next.time.as_secs() + from;
            items.insert(place, Ok(outage(number as u64, from, from + length).into()));
        }
        let grace = Duration::from_secs(600);
        let mut direct = stream::iter(items.clone()).candles(Interval::minutes(5)).grace(grace);
        let direct = last(all(&mut direct).into_iter().filter_map(feedline::Event::data));
        let mut made = stream::iter(items)
            .candles(Interval::minutes(1))
            .partials(partials)
            .grace(Duration::from_secs(200))
            .candles(Interval::minutes(5))
            .grace(grace);
        let made_of = super::ready(&mut made);
        prop_assert_eq!((made.late(), made.skipped(), made.get_ref().late()), (0, 0, 0));
        let made = last(made_of.into_iter().filter_map(|event| event.unwrap().data()));
        prop_assert_eq!(made.keys().collect::<Vec<_>>(), direct.keys().collect::<Vec<_>>());
        for (key, made) in made {
            let direct = Candle { state: made.state, ..direct[&key].clone() };
            prop_assert_eq!(made, direct);
        }
    }
}

#[test]
fn the_last_of_its_candles_ends_it_even_if_it_is_the_only_one() {
    let done = Some(CandleState::Final);
    assert_eq!(
        fives(vec![
            candle(0, ["5", "6", "4", "5"], done),
            candle(540, ["5", "6", "4", "5"], done),
            candle(600, ["5", "6", "4", "5"], done),
        ]),
        [
            "A 0 Partial 5 6 4 5",
            "A 0 Final 5 6 4 5",
            "A 5 Final 5 6 4 5",
            "A 10 Partial 5 6 4 5",
            "A 10 Partial 5 6 4 5",
        ]
    );
}

#[test]
fn with_the_settings_that_there_are_without_any_no_final_candle_comes_late() {
    let ticks = |partials| {
        let candles = stream::iter(vec![
            data(trade("A", 250, "5", "1")),
            data(trade("B", 290, "5", "1")),
            data(trade("A", 299, "6", "1")),
            // Ends the minutes of both, and the five minutes of both.
            data(trade("B", 302, "7", "1")),
            data(trade("A", 303, "7", "1")),
        ]);
        let minutes = candles.candles(Interval::minutes(1)).partials(partials);
        minutes.candles(Interval::minutes(5))
    };
    for partials in [true, false] {
        let mut fives = ticks(partials);
        let finals: Vec<_> = super::ready(&mut fives)
            .into_iter()
            .map(|event| super::told(&event.unwrap()))
            .filter(|told| told.contains("Final"))
            .collect();
        assert_eq!(
            finals,
            [
                "B 0 Final 5 5 5 5 v1 n1 truncated",
                "A 0 Final 5 6 5 6 v2 n2 truncated"
            ]
        );
        assert_eq!(fives.late(), 0);
    }
}

#[test]
fn a_late_candle_in_an_empty_interval_taints_it_as_others_do() {
    let with = |minute: i64, state, tainted| {
        let Ok(feedline::Event::Data(mut candle)) =
            candle(minute * 60, ["5", "6", "4", "5"], Some(state))
        else {
            unreachable!()
        };
        (candle.tainted, candle.truncated) = (tainted, tainted);
        data(candle)
    };
    let told = all_told(
        stream::iter(vec![
            with(4, CandleState::Final, false),
            with(10, CandleState::Partial, false),
            with(7, CandleState::Revised, true),
        ])
        .candles(Interval::minutes(5))
        .empty(feedline::market::EmptyIntervals::Repeat)
        .grace(Duration::from_secs(600)),
    );
    assert!(
        told.contains(&"A 5 Revised 5 6 4 5 tainted truncated".to_owned()),
        "{told:?}"
    );
}

#[test]
fn a_late_candle_that_fits_into_no_interval_is_counted_too() {
    let done = Some(CandleState::Final);
    let Ok(feedline::Event::Data(mut long)) = candle(0, ["5", "6", "4", "5"], done) else {
        unreachable!()
    };
    long.interval = Interval::minutes(10);
    let mut candles = stream::iter(vec![
        candle(0, ["5", "6", "4", "5"], done),
        candle(300, ["5", "6", "4", "5"], done),
        data(long),
    ])
    .candles(Interval::minutes(5))
    .grace(Duration::from_secs(600));
    all(&mut candles);
    assert_eq!((candles.skipped(), candles.late()), (1, 0));
}

#[test]
fn a_candle_that_can_no_longer_be_told_apart_is_counted_as_late() {
    let open = |minute: i64| candle(minute * 60, ["5", "5", "5", "5"], None);
    let again = |minute: i64| candle(minute * 60, ["9", "9", "9", "9"], None);
    let minutes = (0..20).map(open).chain([again(0), again(4)]);
    let mut hours = stream::iter(minutes.collect::<Vec<_>>()).candles(Interval::hours(1));
    let events = all(&mut hours);
    let last = events.last().unwrap().clone().data().unwrap();
    assert_eq!(hours.late(), 1);
    assert_eq!(last.volume, Some(40.into()));
    assert_eq!(
        (last.open, last.high, last.close),
        (5.into(), 9.into(), 5.into())
    );
}

#[test]
fn the_number_of_trades_is_known_only_where_all_its_candles_say_it() {
    let Ok(feedline::Event::Data(mut counted)) = candle(0, ["5"; 4], None) else {
        unreachable!()
    };
    counted.trades = Some(3);
    let items = vec![data(counted), candle(60, ["5"; 4], None)];
    let mut fives = stream::iter(items).candles(Interval::minutes(5));
    let trades = all(&mut fives)
        .into_iter()
        .map(|event| event.data().unwrap().trades);
    assert_eq!(trades.collect::<Vec<_>>(), [Some(3), None, None]);
}
