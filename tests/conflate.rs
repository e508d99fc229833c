//! `conflate()` keeps the latest of each key until the consumer is ready.
#![allow(clippy::unwrap_used, reason = "a failed test is the aim")]

use std::collections::{HashMap, VecDeque};
use std::task::{Context, Poll};

use feedline::adapters::Conflate;
use feedline::market::{Candle, CandleState, Interval};
use feedline::{Cause, Event, FeedExt, Gap, GapId, Scope, StatusKind};
use futures_test::task::{new_count_waker, noop_context};
use futures_util::stream::{self, FusedStream, Iter, Stream, StreamExt};
use proptest::prelude::*;

#[path = "support/events.rs"]
mod events;
use events::{at, decimal, of};
#[path = "support/timed.rs"]
mod timed;
use timed::{Item, Value, channel, data, gap, poll, poll_with, ready, status, value};

type Values = Conflate<Iter<std::vec::IntoIter<Item<Value>>>>;

fn conflated(items: Vec<Item<Value>>) -> Values {
    stream::iter(items).conflate()
}

fn values(texts: &[&str]) -> Vec<Item<Value>> {
    texts.iter().map(|text| value(text)).collect()
}

#[test]
fn the_newer_takes_the_place_of_the_older() {
    let mut latest = conflated(values(&["A1", "B2", "A3", "C4", "B5", "A6"]));
    assert_eq!(ready(&mut latest), ["A6", "B5", "C4", "end"]);
    assert_eq!((latest.merged(), latest.dropped()), (3, 0));
}

#[test]
fn a_fast_consumer_sees_everything() {
    let (send, receive) = channel();
    let mut latest = receive.conflate();
    for text in ["A1", "A2", "B3", "A4"] {
        send.send(value(text)).unwrap();
        assert_eq!(ready(&mut latest), [text]);
    }
    assert_eq!(latest.merged(), 0);
}

#[test]
fn what_comes_while_the_consumer_takes_his_time_replaces_what_he_has_not_taken() {
    let (send, receive) = channel();
    let mut latest = receive.conflate();
    for text in ["A1", "B2", "C3"] {
        send.send(value(text)).unwrap();
    }
    assert_eq!(poll(&mut latest), "A1");
    for text in ["C4", "A5", "B6"] {
        send.send(value(text)).unwrap();
    }
    assert_eq!(ready(&mut latest), ["B6", "C4", "A5"]);
    assert_eq!((latest.merged(), latest.queued()), (2, 0));
}

#[test]
fn nothing_moves_across_a_marker() {
    let mut items = values(&["A1", "B2", "A3"]);
    items.extend([gap(1), gap(2), status(5)]);
    items.extend(values(&["B4", "A5", "B6"]));
    items.extend([status(7), Err("broken"), value("A8")]);
    let mut latest = conflated(items);
    assert_eq!(
        ready(&mut latest),
        [
            "A3", "B2", // gaps fold, as in every queue
            "gap 2", "status 5", "B6", "A5", "status 7", "broken", "end"
        ]
    );
    assert!(latest.is_terminated());
    assert_eq!(latest.merged(), 2);
}

#[test]
fn takes_a_bounded_number_at_each_poll() {
    let mut latest = conflated(vec![value("A1"); 1_000]);
    assert_eq!(poll(&mut latest), "A1");
    assert_eq!(latest.get_mut().size_hint().0, 1_000 - 256);
    assert_eq!(latest.merged(), 255);
}

#[test]
fn wakes_when_the_stream_beneath_does() {
    let (send, receive) = channel();
    let mut latest = receive.conflate();
    let (waker, woken) = new_count_waker();
    let mut cx = Context::from_waker(&waker);
    assert_eq!(poll_with(&mut latest, &mut cx), "pending");
    assert_eq!(woken.get(), 0);
    send.send(value("A1")).unwrap();
    assert_eq!(woken.get(), 1);
    assert_eq!(poll_with(&mut latest, &mut cx), "A1");
    assert_eq!(poll_with(&mut latest, &mut cx), "pending");
    drop(send);
    assert_eq!(woken.get(), 2);
    assert_eq!(poll_with(&mut latest, &mut cx), "end");
}

/// All that is ready.
fn all(stream: &mut (impl Stream<Item = Item<Value>> + Unpin)) -> Vec<Event<Value>> {
    let mut events = Vec::new();
    while let Poll::Ready(Some(item)) = stream.poll_next_unpin(&mut noop_context()) {
        events.push(item.unwrap());
    }
    events
}

/// Data, marker, data, marker…: seventy of each, and data after the last.
fn striped() -> Vec<Item<Value>> {
    let pair = |number: i64| [value(&format!("A{number}")), status(number)];
    let mut items: Vec<_> = (1..=70).flat_map(pair).collect();
    items.push(value("A99"));
    items
}

fn missing(missed: u64, from: i64, to: i64, scope: Scope) -> Event<Value> {
    let cause = Cause::Overflow {
        from: Some(at(from)),
        to: Some(at(to)),
    };
    let id = GapId::new((1 << 52) + 1);
    Gap::new(id, cause, scope).missed(missed).into()
}

#[test]
fn data_between_too_many_markers_is_dropped_and_counted() {
    let mut latest = conflated(striped());
    let events = all(&mut latest);
    // A refusal of each topic stays, so the oldest run grows while the data in it goes.
    assert_eq!(latest.dropped(), 6);
    let mut expected = vec![value("A1").unwrap()];
    expected.extend((1..=6).map(|number| status(number).unwrap()));
    expected.push(missing(6, 2, 7, of(&["A"])));
    expected.push(status(7).unwrap());
    for number in 8..=70 {
        expected.push(value(&format!("A{number}")).unwrap());
        expected.push(status(number).unwrap());
    }
    expected.push(value("A99").unwrap());
    assert_eq!(events, expected);
}

#[test]
fn without_symbols_the_gap_says_how_many_and_no_more() {
    let mut latest = stream::iter(striped()).conflate_by(|value| value.0.clone());
    let gaps: Vec<_> = all(&mut latest)
        .into_iter()
        .filter(|event| matches!(event, Event::Gap(_)))
        .collect();
    let cause = Cause::Overflow {
        from: None,
        to: None,
    };
    let gap = Gap::new(GapId::new((1 << 52) + 1), cause, Scope::All);
    assert_eq!(gaps, [gap.missed(6).into()]);
}

#[test]
fn a_key_of_ones_own_keeps_the_final_candle_of_each_window() {
    let candle = |minute: i64, state| Candle {
        symbol: "A".into(),
        interval: Interval::minutes(1),
        start: at(minute * 60),
        open: decimal("1"),
        high: decimal("1"),
        low: decimal("1"),
        close: decimal("1"),
        volume: None,
        turnover: None,
        trades: None,
        vwap: None,
        state: Some(state),
        tainted: false,
        truncated: false,
        first_time: None,
        last_time: None,
        received: None,
        detail: (),
    };
    let candles = [
        candle(0, CandleState::Partial),
        candle(0, CandleState::Final),
        candle(1, CandleState::Partial),
        candle(1, CandleState::Partial),
    ];
    let latest = stream::iter(candles.clone().map(data))
        .conflate_by(|candle: &Candle| (candle.symbol.clone(), candle.start));
    let yielded: Vec<_> = futures_util::FutureExt::now_or_never(latest.collect()).unwrap();
    assert_eq!(
        yielded,
        [data(candles[1].clone()), data(candles[3].clone())]
    );
}

#[test]
fn gives_back_what_it_holds() {
    let mut items = values(&["A1", "B2"]);
    items.extend([status(1), value("A3")]);
    let mut latest = conflated(items);
    assert_eq!(poll(&mut latest), "A1");
    let (mut beneath, queued) = latest.into_inner();
    let rest = [value("B2"), status(1), value("A3")];
    assert_eq!(queued, rest.map(Result::unwrap));
    assert_eq!(poll(&mut beneath), "end");
}

#[test]
fn tells_how_much_may_come_and_what_it_is() {
    let mut latest = conflated(values(&["A1", "B2", "A3"]));
    assert_eq!(latest.size_hint(), (1, Some(3)));
    assert_eq!(poll(&mut latest), "A3");
    assert_eq!(latest.size_hint(), (1, Some(1)));
    let text = format!("{latest:?}");
    assert!(text.ends_with("queued: 1, merged: 1, .. }"), "{text}");
    assert_eq!(poll(&mut latest), "B2");
    assert!(!latest.is_terminated());
    assert_eq!(poll(&mut latest), "end");
    assert!(latest.is_terminated());
    assert_eq!(latest.size_hint(), (0, Some(0)));
}

#[test]
fn does_not_poll_a_stream_that_has_ended() {
    let mut ended = false;
    let once = stream::poll_fn(move |_| -> Poll<Option<Item<Value>>> {
        assert!(!std::mem::replace(&mut ended, true), "polled after its end");
        Poll::Ready(None)
    });
    let mut latest = once.conflate();
    assert_eq!(poll(&mut latest), "end");
    assert_eq!(poll(&mut latest), "end");
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Send(u8),
    Mark,
    Poll,
}

fn steps(marks: u32) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        20 => (0..5_u8).prop_map(Step::Send),
        marks => Just(Step::Mark),
        8 => Just(Step::Poll),
    ];
    prop::collection::vec(step, 0..200)
}

fn numbered(symbol: u8, number: i64) -> Value {
    Value(char::from(b'A' + symbol).to_string().into(), number)
}

proptest! {
    #[test]
    fn is_what_a_naive_list_would_be(
        steps in steps(2).prop_filter("few markers", |steps| {
            steps.iter().filter(|step| matches!(step, Step::Mark)).count() < 60
        }),
    ) {
        let (send, receive) = channel();
        let mut latest = receive.conflate();
        // What was sent and not seen, what is queued, how much was merged.
        let mut sent: Vec<Item<Value>> = Vec::new();
        let (mut queued, mut merged) = (VecDeque::new(), 0);
        let mut last = HashMap::new();
        let mut yielded = HashMap::new();
        let (mut all, mut taken) = (0, 0);
        let count = steps.len();
        for (number, step) in (1..).zip(steps.into_iter().chain(vec![Step::Poll; count + 1])) {
            let item = match step {
                Step::Send(symbol) => data(numbered(symbol, number)),
                Step::Mark => status(number),
                Step::Poll => {
                    for item in sent.drain(..) {
                        let Ok(Event::Data(new)) = &item else {
                            queued.push_back(item);
                            continue;
                        };
                        let same = |item: &&mut Item<Value>| {
                            matches!(item, Ok(Event::Data(old)) if old.0 == new.0)
                        };
                        let marker = |item: &Item<Value>| !matches!(item, Ok(Event::Data(_)));
                        let from = queued.iter().rposition(marker).map_or(0, |at| at + 1);
                        if let Some(old) = queued.iter_mut().skip(from).find(same) {
                            *old = item;
                            merged += 1;
                        } else {
                            queued.push_back(item);
                        }
                    }
                    let expected = queued.pop_front();
                    if let Some(Ok(Event::Data(value))) = &expected {
                        yielded.insert(value.0.clone(), value.1);
                        taken += 1;
                    }
                    let expected = expected.map_or("pending".to_owned(), |item| timed::told(&item));
                    prop_assert_eq!(poll(&mut latest), expected);
                    prop_assert_eq!(latest.merged(), merged);
                    continue;
                }
            };
            if let Ok(Event::Data(value)) = &item {
                last.insert(value.0.clone(), value.1);
                all += 1;
            }
            sent.push(item.clone());
            send.send(item).unwrap();
        }
        prop_assert_eq!(taken + merged, all);
        prop_assert_eq!(yielded, last);
    }

    #[test]
    fn all_is_yielded_or_counted_and_nothing_crosses_a_marker(steps in steps(30)) {
        let (send, receive) = channel();
        let mut latest = receive.conflate();
        let (mut sends, mut marks) = (0, 0);
        let mut seen: Vec<Event<Value>> = Vec::new();
        let mut number = 0;
        for step in steps {
            number += 1;
            match step {
                Step::Send(symbol) => {
                    sends += 1;
                    send.send(data(numbered(symbol, number))).unwrap();
                }
                Step::Mark => {
                    marks += 1;
                    send.send(status(number)).unwrap();
                }
                Step::Poll => {
                    if let Poll::Ready(Some(item)) = latest.poll_next_unpin(&mut noop_context()) {
                        seen.push(item.unwrap());
                    }
                }
            }
        }
        drop(send);
        seen.extend(all(&mut latest));
        let (mut yielded, mut missed, mut marked) = (0, 0, 0);
        // Data before the last marker is older than it, data after it is newer.
        let (mut newest, mut floor) = (0, 0);
        for event in seen {
            match event {
                Event::Data(value) => {
                    prop_assert!(value.1 > floor);
                    newest = newest.max(value.1);
                    yielded += 1;
                }
                Event::Gap(gap) => missed += gap.missed.unwrap(),
                Event::Status(status) => {
                    let StatusKind::Rejected(rejection) = &status.kind else { panic!() };
                    floor = rejection.topic.parse().unwrap();
                    prop_assert!(newest < floor);
                    marked += 1 + status.folded;
                }
            }
        }
        prop_assert_eq!(missed, latest.dropped());
        prop_assert_eq!(yielded + latest.merged() + missed, sends);
        prop_assert_eq!(marked, marks);
    }
}

#[test]
fn candles_of_several_lengths_do_not_replace_each_other() {
    use feedline::Overflow;
    use feedline::market::Record;

    let candle = |interval| Candle {
        symbol: "A".into(),
        interval,
        start: at(0),
        open: 1.into(),
        high: 1.into(),
        low: 1.into(),
        close: 1.into(),
        volume: None,
        turnover: None,
        trades: None,
        vwap: None,
        state: Some(CandleState::Final),
        tainted: false,
        truncated: false,
        first_time: None,
        last_time: None,
        received: None,
        detail: (),
    };
    let lengths = ["1m", "5m", "1M", "5h", "1t", "1v", "10v", "0.1v", "1q"];
    let candles: Vec<_> = lengths
        .map(|text| candle(text.parse::<Interval>().unwrap()))
        .to_vec();
    let slots: std::collections::HashSet<_> = candles.iter().map(Record::slot).collect();
    assert_eq!(slots.len(), lengths.len());
    let items: Vec<Result<Event<Candle>, feedline::Error>> = candles
        .into_iter()
        .map(|candle| Ok(Event::Data(candle)))
        .collect();
    let buffered = stream::iter(items).buffer(100, Overflow::Conflate);
    let told: Vec<_> = futures_util::FutureExt::now_or_never(buffered.collect::<Vec<_>>()).unwrap();
    assert_eq!(told.len(), lengths.len());
}
