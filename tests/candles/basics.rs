//! One interval after the other, from ticks that are there.

use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use feedline::market::{Calendar, Candle, CandleState, Interval};
use feedline::{
    Cause, Decimal, Error, ErrorKind, Event, FeedExt, Gap, GapId, Overflow, Scope, Timestamp,
};
use futures_test::task::new_count_waker;
use futures_util::FutureExt;
use futures_util::stream::{self, FusedStream, Stream, StreamExt};

use super::events::{at, data, decimal, interrupted, of, outage, quote, trade};
use super::{all, minutes, story, told};

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
            // By the time of B's tick, A's interval has ended too.
            "A 0 Final 5 7 5 7 v2 n2 truncated",
            "B 1 Partial 1 1 1 1 v1 n1 truncated",
            "B 1 Final 1 1 1 1 v1 n1 truncated",
            "A 2 Partial 6 6 6 6 v1 n1",
            // The end: what is open, in the order in which the symbols came.
            "A 2 Partial 6 6 6 6 v1 n1",
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
            "B 4 Final 1 1 1 1 v1 n1 tainted truncated",
            "A 5 Partial 1 1 1 1 v1 n1",
            "A 5 Partial 1 1 1 1 v1 n1",
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

#[test]
fn at_the_end_what_is_over_comes_in_the_order_of_its_symbols() {
    let ends = |symbols: [&str; 3]| -> Vec<String> {
        let mut ticks: Vec<_> = symbols.map(|name| data(trade(name, 0, "1", "1"))).to_vec();
        ticks.push(data(trade("D", 60, "1", "1")));
        let told = story(ticks).into_iter().skip(4);
        told.map(|told| told[..8].trim().to_owned()).collect()
    };
    assert_eq!(
        ends(["A", "B", "C"]),
        ["A 0 Fina", "B 0 Fina", "C 0 Fina", "D 1 Part"]
    );
    assert_eq!(
        ends(["C", "A", "B"]),
        ["C 0 Fina", "A 0 Fina", "B 0 Fina", "D 1 Part"]
    );
}

#[test]
fn a_gap_taints_what_it_touches_with_its_very_ends() {
    let told = |from, to| -> Vec<String> {
        story(vec![
            data(trade("A", 60, "1", "1")),
            Ok(outage(1, from, to).into()),
            data(trade("A", 120, "1", "1")),
            data(trade("A", 180, "1", "1")),
        ])
        .into_iter()
        .filter(|told| told.contains("Final"))
        .map(|told| told[2..3].to_owned() + if told.contains("tainted") { "!" } else { "" })
        .collect()
    };
    assert_eq!(told(30, 59), ["1", "2"]);
    assert_eq!(told(30, 60), ["1!", "2"]);
    assert_eq!(told(119, 119), ["1!", "2"]);
    assert_eq!(told(119, 120), ["1!", "2!"]);
    assert_eq!(told(180, 200), ["1", "2"]);
}

#[test]
fn whatever_the_time_the_interval_and_the_settings_nothing_panics_and_all_is_counted() {
    let new_york = || Calendar::named("America/New_York").unwrap();
    let calendars = [
        Calendar::utc(),
        new_york(),
        new_york().session("Mon-Fri 09:30-16:00".parse().unwrap()),
        new_york().session("17:00-17:00".parse().unwrap()),
    ];
    let nanos = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
    let texts = "1s 4294967295s 1h 1d 7d 4294967295d 4294967295w 1M 4294967295M";
    for text in texts.split(' ') {
        for calendar in &calendars {
            for time in [Duration::ZERO, Duration::from_secs(1), Duration::MAX] {
                let ticks = nanos.map(|nanos| {
                    let mut tick = trade("A", 0, "1", "1");
                    tick.time = Timestamp::from_nanos(nanos);
                    data(tick)
                });
                let mut candles =
                    stream::iter(ticks.iter().chain(&ticks).cloned().collect::<Vec<_>>())
                        .candles(text.parse().unwrap())
                        .calendar(calendar.clone())
                        .grace(time)
                        .delay(time);
                let mut last = std::collections::BTreeMap::new();
                for event in all(&mut candles) {
                    let candle = event.data().unwrap();
                    last.insert(candle.start, candle.trades.unwrap());
                }
                let counted = candles.late() + candles.outside() + candles.skipped();
                assert_eq!(
                    last.values().sum::<u64>() + counted,
                    14,
                    "{text} {calendar:?} {time:?}"
                );
            }
        }
    }
}

#[test]
fn a_candle_was_received_with_its_latest_tick() {
    let received = |secs, received| {
        let mut tick = trade("A", secs, "1", "1");
        tick.received = Some(at(received));
        data(tick)
    };
    let mut candles = minutes(vec![received(0, 1), received(10, 12), received(5, 13)]);
    let told = all(&mut candles)
        .into_iter()
        .map(|event| event.data().unwrap().received);
    assert_eq!(
        told.collect::<Vec<_>>(),
        [1, 12, 13, 13].map(|secs| Some(at(secs)))
    );
}
