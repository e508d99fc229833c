//! `sample()` yields the latest of each key at regular times.
#![allow(clippy::unwrap_used, reason = "a failed test is the aim")]

use std::collections::HashMap;
use std::task::{Context, Poll};
use std::time::Duration;

use feedline::{Event, FeedExt, StatusKind, Symbol};
use futures_test::task::new_count_waker;
use futures_util::stream::{self, FusedStream, Stream, StreamExt};
use proptest::prelude::*;
use tokio::time::Instant;

#[path = "support/timed.rs"]
mod timed;
use timed::{
    Item, Value, at_times, channel, data, gap, ms, paused, poll, poll_with, ready, seen, status,
    story, value,
};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn the_latest_of_each_symbol_comes_at_the_next_point_of_the_grid() {
    let items = vec![
        (500, value("A1")),
        (1_200, value("B2")),
        (1_700, value("A3")),
        (2_500, value("A4")),
        // What comes as the others become due goes with them.
        (4_000, value("C5")),
        (4_000, value("A6")),
        // What is first to come at a point waits for the next.
        (8_000, value("B7")),
        (11_000, value("A8")),
        (11_500, value("A9")),
    ];
    let mut sampled = at_times(items).sample(2 * SECOND);
    assert_eq!(
        story(&mut sampled).await,
        seen(&[
            (2_000, "A3"),
            (2_000, "B2"),
            (4_000, "A6"),
            (4_000, "C5"),
            (10_000, "B7"),
            (11_500, "A9"),
            (11_500, "end"),
        ])
    );
    assert_eq!(sampled.merged(), 3);
}

#[tokio::test(start_paused = true)]
async fn markers_do_not_wait_and_nothing_moves_across_one() {
    let items = vec![
        (100, value("A1")),
        (200, value("B2")),
        (300, value("A3")),
        (400, status(1)),
        (500, value("B4")),
        (600, value("A5")),
        (700, gap(7)),
        (700, value("A6")),
        (1_000, value("A7")),
        (1_100, value("B8")),
        (1_300, Err("broken")),
        (1_400, value("B9")),
    ];
    let mut sampled = at_times(items).sample(SECOND);
    assert_eq!(
        story(&mut sampled).await,
        seen(&[
            (400, "A3"),
            (400, "B2"),
            (400, "status 1"),
            (700, "B4"),
            (700, "A5"),
            (700, "gap 7"),
            (1_000, "A7"),
            (1_300, "B8"),
            (1_300, "broken"),
            (1_300, "end"),
        ])
    );
}

#[tokio::test(start_paused = true)]
async fn a_timer_runs_only_while_something_waits() {
    let (send, receive) = channel();
    let mut sampled = receive.sample(SECOND);
    let (waker, woken) = new_count_waker();
    let mut cx = Context::from_waker(&waker);
    assert_eq!(poll_with(&mut sampled, &mut cx), "pending");
    tokio::time::advance(ms(2_300)).await;
    assert_eq!(woken.get(), 0);

    send.send(value("A1")).unwrap();
    assert_eq!(woken.get(), 1);
    assert_eq!(poll_with(&mut sampled, &mut cx), "pending");
    tokio::time::advance(ms(699)).await;
    assert_eq!(woken.get(), 1);
    tokio::time::advance(ms(1)).await;
    assert_eq!(woken.get(), 2, "the grid began at the first poll");
    assert_eq!(poll_with(&mut sampled, &mut cx), "A1");
    assert_eq!(poll_with(&mut sampled, &mut cx), "pending");
    tokio::time::advance(5 * SECOND).await;
    assert_eq!(woken.get(), 2);

    send.send(value("A2")).unwrap();
    assert_eq!(poll_with(&mut sampled, &mut cx), "pending");
    drop(send);
    assert_eq!(woken.get(), 4);
    assert_eq!(ready(&mut sampled), ["A2", "end"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_slow_consumer_has_not_taken_is_still_replaced() {
    let (send, receive) = channel();
    let mut sampled = receive.sample(SECOND);
    for text in ["A1", "B2", "C3"] {
        send.send(value(text)).unwrap();
    }
    assert_eq!(poll(&mut sampled), "pending");
    tokio::time::advance(SECOND).await;
    assert_eq!(poll(&mut sampled), "A1");
    for text in ["C4", "A5", "B6"] {
        send.send(value(text)).unwrap();
    }
    assert_eq!(poll(&mut sampled), "B6");
    // A5 is due as the next point passes, though C4 of the one before has not been taken yet.
    tokio::time::advance(SECOND).await;
    assert_eq!(poll(&mut sampled), "C4");
    send.send(value("C7")).unwrap();
    assert_eq!(
        ready(&mut sampled),
        ["A5"],
        "C has been yielded at this point"
    );
    assert_eq!((sampled.merged(), sampled.queued()), (2, 1));
    tokio::time::advance(SECOND).await;
    assert_eq!(ready(&mut sampled), ["C7"]);
}

#[test]
fn a_period_of_zero_is_conflation_without_a_runtime() {
    let texts = ["A1", "B2", "A3"];
    let feed = stream::iter(texts.map(value)).chain(stream::pending());
    let mut sampled = feed.sample(Duration::ZERO);
    assert_eq!(ready(&mut sampled), ["A3", "B2"]);
    assert_eq!(sampled.merged(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_longest_period_is_no_moment_too_far() {
    let (send, receive) = channel();
    let mut sampled = receive.sample(Duration::MAX);
    send.send(value("A1")).unwrap();
    assert_eq!(poll(&mut sampled), "pending");
    tokio::time::advance(Duration::from_secs(86_400 * 365)).await;
    assert_eq!(poll(&mut sampled), "pending");
    drop(send);
    assert_eq!(ready(&mut sampled), ["A1", "end"]);
}

#[test]
fn needs_no_runtime_for_what_is_always_ready() {
    let mut sampled = stream::iter(["A1", "A2"].map(value)).sample(SECOND);
    assert_eq!(sampled.period(), SECOND);
    assert_eq!(ready(&mut sampled), ["A2", "end"]);
}

#[tokio::test(start_paused = true)]
async fn lets_others_run_between_endless_events_and_is_on_time() {
    let mut sampled = stream::repeat_with(|| value("A1")).sample(SECOND);
    let (waker, woken) = new_count_waker();
    let mut cx = Context::from_waker(&waker);
    assert_eq!(poll_with(&mut sampled, &mut cx), "pending");
    assert_eq!((woken.get(), sampled.merged()), (1, 255));
    tokio::time::advance(SECOND).await;
    assert_eq!(poll_with(&mut sampled, &mut cx), "A1");
    assert_eq!(poll_with(&mut sampled, &mut cx), "pending");
    assert_eq!(woken.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn too_many_markers_do_not_make_what_follows_them_due() {
    let pair = |number: i64| [value(&format!("A{number}")), status(number)];
    let items = (1..=70).flat_map(pair).chain([value("A99"), value("B99")]);
    let feed = stream::iter(items).chain(stream::pending());
    let mut sampled = feed.sample_by(SECOND, |value: &Value| value.0.clone());
    let before = ready(&mut sampled);
    let gap = (1_u64 << 52) + 1;
    let mut expected = vec!["A1".to_owned()];
    expected.extend((1..=6).map(|number| format!("status {number}")));
    expected.extend([format!("gap {gap}"), "status 7".to_owned()]);
    for number in 8..=70 {
        expected.extend([format!("A{number}"), format!("status {number}")]);
    }
    assert_eq!(before, expected);
    assert_eq!((sampled.dropped(), sampled.queued()), (6, 2));
    tokio::time::advance(SECOND).await;
    assert_eq!(ready(&mut sampled), ["A99", "B99"]);
}

#[tokio::test(start_paused = true)]
async fn gives_back_what_it_holds() {
    let (send, receive) = channel();
    let mut sampled = receive.sample(SECOND);
    for item in [value("A1"), value("B2"), status(1), value("A3")] {
        send.send(item).unwrap();
    }
    assert_eq!(poll(&mut sampled), "A1");
    send.send(value("A4")).unwrap();
    let (mut beneath, held) = sampled.into_inner();
    let rest = [value("B2"), status(1), value("A3")];
    assert_eq!(held, rest.map(Result::unwrap));
    assert_eq!(poll(&mut beneath), "A4");
}

#[test]
fn tells_how_much_may_come_and_what_it_is() {
    let items = [value("A1"), value("B2"), status(1), value("A3")];
    let mut sampled = stream::iter(items).sample(SECOND);
    assert_eq!(sampled.size_hint(), (1, Some(4)));
    assert_eq!(poll(&mut sampled), "A1");
    assert_eq!(sampled.size_hint(), (1, Some(3)));
    let text = format!("{sampled:?}");
    assert!(
        text.ends_with("period: 1s, queued: 2, merged: 0, .. }"),
        "{text}"
    );
    assert_eq!(poll(&mut sampled), "B2");
    assert_eq!(poll(&mut sampled), "status 1");
    assert_eq!(poll(&mut sampled), "A3");
    assert!(!sampled.is_terminated());
    assert_eq!(poll(&mut sampled), "end");
    assert!(sampled.is_terminated());
    assert_eq!(sampled.size_hint(), (0, Some(0)));
}

#[test]
fn does_not_poll_a_stream_that_has_ended() {
    let mut ended = false;
    let once = stream::poll_fn(move |_| -> Poll<Option<Item<Value>>> {
        assert!(!std::mem::replace(&mut ended, true), "polled after its end");
        Poll::Ready(None)
    });
    let mut sampled = once.sample(SECOND);
    assert_eq!(poll(&mut sampled), "end");
    assert_eq!(poll(&mut sampled), "end");
}

/// Items with the milliseconds at which they come: numbered values, now and then a marker, at times
/// an error.
fn items() -> impl Strategy<Value = Vec<(u64, Item<Value>)>> {
    let wait = prop_oneof![3 => Just(0_u64), 4 => 1..40_u64, 1 => 40..400_u64];
    let kind = prop_oneof![1 => Just(None), 12 => (0..4_u8).prop_map(Some)];
    let items = prop::collection::vec((wait, kind), 0..60);
    (items, prop::bool::weighted(0.3)).prop_map(|(items, error)| {
        let mut at = 0;
        let mut script: Vec<_> = (1..)
            .zip(items)
            .map(|(number, (wait, kind))| {
                at += wait;
                let item = match kind {
                    None => status(number),
                    Some(symbol) => {
                        let symbol = char::from(b'A' + symbol).to_string();
                        data(Value(symbol.into(), number))
                    }
                };
                (at, item)
            })
            .collect();
        if error {
            script.push((at, Err("broken")));
        }
        script
    })
}

/// The same by hand: what is yielded when, and how much was merged.
fn model(items: &[(u64, Item<Value>)], period: u64) -> (Vec<(u64, String)>, u64) {
    fn flush(at: u64, waiting: &mut Vec<Value>, told: &mut Vec<(u64, String)>) {
        told.extend(waiting.drain(..).map(|value| (at, format!("{value:?}"))));
    }
    let (mut told, mut waiting) = (Vec::new(), Vec::<Value>::new());
    let (mut due, mut merged) = (0, 0);
    for (at, item) in items {
        if due < *at {
            flush(due, &mut waiting, &mut told);
        }
        let Ok(Event::Data(new)) = item else {
            flush(*at, &mut waiting, &mut told);
            told.push((*at, timed::told(item)));
            continue;
        };
        if waiting.is_empty() {
            due = (at / period + 1) * period;
        }
        if let Some(old) = waiting.iter_mut().find(|old| old.0 == new.0) {
            *old = new.clone();
            merged += 1;
        } else {
            waiting.push(new.clone());
        }
    }
    let end = items.last().map_or(0, |(at, _)| *at);
    flush(end, &mut waiting, &mut told);
    told.push((end, "end".to_owned()));
    (told, merged)
}

fn is_data(item: &Item<Value>) -> bool {
    matches!(item, Ok(Event::Data(_)))
}

/// The last number of each key.
fn last(items: &[Item<Value>]) -> HashMap<Symbol, i64> {
    let value = |item: &Item<Value>| item.clone().ok()?.data().map(|value| (value.0, value.1));
    items.iter().filter_map(value).collect()
}

/// How long a consumer takes for each item, over and over.
fn pauses() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(
        prop_oneof![4 => Just(0), 3 => 0..20_u64, 1 => 0..150_u64],
        1..20,
    )
}

/// What a consumer with such pauses sees, and when, until nothing comes any more.
async fn consume(
    feed: &mut (impl Stream<Item = Item<Value>> + Unpin),
    pauses: Vec<u64>,
) -> Vec<(u64, Item<Value>)> {
    let start = Instant::now();
    let mut pauses = pauses.into_iter().cycle();
    let mut seen = Vec::new();
    while let Ok(Some(item)) = tokio::time::timeout(60 * SECOND, feed.next()).await {
        seen.push((start.elapsed().as_millis() as u64, item));
        tokio::time::sleep(ms(pauses.next().unwrap())).await;
    }
    seen
}

proptest! {
    #[test]
    fn a_prompt_consumer_sees_what_a_naive_list_would_tell(items in items(), period in 1..300_u64) {
        let expected = model(&items, period);
        let yielded = paused(async {
            let mut sampled = at_times(items).sample(ms(period));
            (story(&mut sampled).await, sampled.merged())
        });
        prop_assert_eq!(yielded, expected);
    }

    #[test]
    fn no_consumer_sees_more_than_one_value_of_a_key_a_period(
        items in items(),
        period in 1..100_u64,
        pauses in pauses(),
    ) {
        // Without markers and end, which do not wait for a point of the grid.
        let values: Vec<_> = items.into_iter().filter(|(_, item)| is_data(item)).collect();
        let sent: Vec<_> = values.iter().map(|(_, item)| item.clone()).collect();
        let (seen, merged) = paused(async {
            let feed = at_times(values).chain(stream::pending());
            let mut sampled = feed.sample(ms(period));
            let seen = consume(&mut sampled, pauses).await;
            (seen, sampled.merged())
        });
        let mut points = HashMap::new();
        for (at, item) in &seen {
            let Ok(Event::Data(value)) = item else { panic!() };
            let point = at / period;
            prop_assert_ne!(points.insert(value.0.clone(), point), Some(point), "{:?}", seen);
        }
        let seen: Vec<_> = seen.into_iter().map(|(_, item)| item).collect();
        prop_assert_eq!(seen.len() as u64 + merged, sent.len() as u64);
        prop_assert_eq!(last(&seen), last(&sent));
    }

    #[test]
    fn all_is_yielded_or_counted_and_nothing_crosses_a_marker(
        items in items(),
        period in 1..100_u64,
        pauses in pauses(),
    ) {
        let sent: Vec<_> = items.iter().map(|(_, item)| item.clone()).collect();
        let (seen, merged) = paused(async {
            let mut sampled = at_times(items).sample(ms(period));
            (consume(&mut sampled, pauses).await, sampled.merged())
        });
        let seen: Vec<_> = seen.into_iter().map(|(_, item)| item).collect();
        prop_assert_eq!(seen.len() as u64 + merged, sent.len() as u64);
        prop_assert_eq!(last(&seen), last(&sent));
        let rest = |items: &[Item<Value>]| -> Vec<String> {
            items.iter().filter(|item| !is_data(item)).map(timed::told).collect()
        };
        prop_assert_eq!(rest(&seen), rest(&sent));
        // A status says how much was sent before it.
        let (mut newest, mut floor) = (0, 0);
        for item in &seen {
            match item {
                Ok(Event::Data(value)) => {
                    prop_assert!(value.1 > floor);
                    newest = newest.max(value.1);
                }
                Ok(Event::Status(status)) => {
                    let StatusKind::Rejected(rejection) = &status.kind else { panic!() };
                    floor = rejection.topic.parse().unwrap();
                    prop_assert!(newest < floor);
                }
                _ => {}
            }
        }
    }
}
