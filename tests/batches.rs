//! `batches()` gathers data by size or time, never across a marker.
#![allow(clippy::unwrap_used, reason = "a failed test is the aim")]

use std::task::Context;
use std::time::Duration;

use feedline::{Event, FeedExt};
use futures_test::task::new_count_waker;
use futures_util::stream::{self, FusedStream, Stream, StreamExt};
use proptest::prelude::*;

#[path = "support/timed.rs"]
mod timed;
use timed::{Item, at_times, channel, data, gap, ms, paused, poll, poll_with, seen, status, story};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_batch_goes_when_it_is_full_or_due_and_at_the_end() {
    let items = vec![
        (0, data(1)),
        (0, data(2)),
        (0, data(3)),
        (500, data(4)),
        (700, data(5)),
        (1_700, data(6)),
        (2_700, data(7)),
        (2_701, data(8)),
        (3_000, data(9)),
    ];
    let mut batches = at_times(items).batches(3, SECOND);
    assert_eq!(
        story(&mut batches).await,
        seen(&[
            (0, "[1, 2, 3]"),
            (1_500, "[4, 5]"),
            // What comes when the batch is due is in it.
            (2_700, "[6, 7]"),
            (3_000, "[8, 9]"),
            (3_000, "end"),
        ])
    );
}

#[tokio::test(start_paused = true)]
async fn markers_keep_their_place_and_do_not_wait() {
    let items = vec![
        (0, gap(1)),
        (0, data(1)),
        (10, data(2)),
        (20, status(5)),
        (20, gap(2)),
        (30, data(3)),
    ];
    let mut batches = at_times(items).batches(9, SECOND);
    assert_eq!(
        story(&mut batches).await,
        seen(&[
            (0, "gap 1"),
            (20, "[1, 2]"),
            (20, "status 5"),
            (20, "gap 2"),
            (30, "[3]"),
            (30, "end"),
        ])
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_comes_after_the_batch_and_is_the_last() {
    let items = vec![(0, data(1)), (5, Err("broken")), (6, data(2))];
    let mut batches = at_times(items).batches(9, SECOND);
    assert_eq!(
        story(&mut batches).await,
        seen(&[(5, "[1]"), (5, "broken"), (5, "end")])
    );
}

#[tokio::test(start_paused = true)]
async fn wakes_when_the_batch_is_due_and_not_before() {
    let (send, receive) = channel();
    let mut batches = receive.batches(9, SECOND);
    let (waker, woken) = new_count_waker();
    let mut cx = Context::from_waker(&waker);
    assert_eq!(poll_with(&mut batches, &mut cx), "pending");
    tokio::time::advance(2 * SECOND).await;
    assert_eq!(woken.get(), 0, "no timer runs for an empty batch");

    send.send(data(1)).unwrap();
    assert_eq!(woken.get(), 1);
    assert_eq!(poll_with(&mut batches, &mut cx), "pending");
    tokio::time::advance(ms(600)).await;
    send.send(data(2)).unwrap();
    assert_eq!(poll_with(&mut batches, &mut cx), "pending");
    assert_eq!((woken.get(), batches.queued()), (2, 2));
    tokio::time::advance(ms(399)).await;
    assert_eq!(woken.get(), 2);
    tokio::time::advance(ms(1)).await;
    assert_eq!(woken.get(), 3, "the period counts from the first event");
    assert_eq!(poll_with(&mut batches, &mut cx), "[1, 2]");
    assert_eq!(poll_with(&mut batches, &mut cx), "pending");

    // The timer of a batch that was full before does not cut the next one short.
    send.send(data(3)).unwrap();
    assert_eq!(poll_with(&mut batches, &mut cx), "pending");
    tokio::time::advance(ms(900)).await;
    for number in 4..=12 {
        send.send(data(number)).unwrap();
    }
    assert_eq!(
        poll_with(&mut batches, &mut cx),
        "[3, 4, 5, 6, 7, 8, 9, 10, 11]"
    );
    assert_eq!(poll_with(&mut batches, &mut cx), "pending");
    tokio::time::advance(ms(999)).await;
    assert_eq!(poll_with(&mut batches, &mut cx), "pending");
    tokio::time::advance(ms(1)).await;
    assert_eq!(poll_with(&mut batches, &mut cx), "[12]");
}

#[tokio::test(start_paused = true)]
async fn a_late_consumer_gets_what_is_ready() {
    let (send, receive) = channel();
    let mut batches = receive.batches(3, SECOND);
    send.send(data(1)).unwrap();
    assert_eq!(poll(&mut batches), "pending");
    tokio::time::advance(5 * SECOND).await;
    for number in 2..=5 {
        send.send(data(number)).unwrap();
    }
    assert_eq!(poll(&mut batches), "[1, 2, 3]");
    assert_eq!(poll(&mut batches), "pending");
    tokio::time::advance(SECOND).await;
    assert_eq!(poll(&mut batches), "[4, 5]");
}

#[test]
fn a_period_of_zero_takes_what_is_ready_without_a_runtime() {
    let ready = stream::iter((1..=3).map(data)).chain(stream::pending());
    let mut batches = ready.batches(usize::MAX, Duration::ZERO);
    assert_eq!(poll(&mut batches), "[1, 2, 3]");
    assert_eq!(poll(&mut batches), "pending");
    let ready = stream::iter((1..=3).map(data)).chain(stream::pending());
    let mut batches = ready.batches(2, Duration::ZERO);
    assert_eq!(poll(&mut batches), "[1, 2]");
    assert_eq!(poll(&mut batches), "[3]");
}

#[tokio::test(start_paused = true)]
async fn the_longest_period_is_no_moment_too_far() {
    let (send, receive) = channel();
    let mut batches = receive.batches(usize::MAX, Duration::MAX);
    send.send(data(1)).unwrap();
    assert_eq!(poll(&mut batches), "pending");
    tokio::time::advance(Duration::from_secs(86_400 * 365)).await;
    assert_eq!(poll(&mut batches), "pending");
    drop(send);
    assert_eq!(poll(&mut batches), "[1]");
    assert_eq!(poll(&mut batches), "end");
}

#[test]
fn lets_others_run_while_a_large_batch_fills_without_a_runtime() {
    let mut batches = stream::iter((0..1_000).map(data)).batches(usize::MAX, SECOND);
    let (waker, woken) = new_count_waker();
    let mut cx = Context::from_waker(&waker);
    for polls in 1..=3 {
        assert_eq!(poll_with(&mut batches, &mut cx), "pending");
        assert_eq!((woken.get(), batches.queued()), (polls, polls * 256));
    }
    let whole: Vec<i32> = (0..1_000).collect();
    assert_eq!(poll_with(&mut batches, &mut cx), format!("{whole:?}"));
    assert_eq!(poll_with(&mut batches, &mut cx), "end");
    assert_eq!(woken.get(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_endless_batch_goes_when_it_is_due() {
    let mut batches = stream::repeat_with(|| data(1)).batches(usize::MAX, SECOND);
    assert_eq!(poll(&mut batches), "pending");
    tokio::time::advance(ms(999)).await;
    assert_eq!(poll(&mut batches), "pending");
    tokio::time::advance(ms(1)).await;
    assert_eq!(poll(&mut batches), format!("{:?}", [1; 3 * 256]));
}

#[tokio::test(start_paused = true)]
async fn gives_back_what_it_holds() {
    let (send, receive) = channel();
    let mut batches = receive.batches(9, SECOND);
    assert_eq!((batches.max(), batches.period()), (9, SECOND));
    send.send(data(1)).unwrap();
    send.send(data(2)).unwrap();
    assert_eq!(poll(&mut batches), "pending");
    let (beneath, held) = batches.into_inner();
    assert_eq!(held, [Event::Data(1), Event::Data(2)]);

    send.send(gap(7)).unwrap();
    let mut batches = stream::iter([data(3)]).chain(beneath).batches(9, SECOND);
    assert_eq!(poll(&mut batches), "[3]");
    let (_, held) = batches.into_inner();
    assert_eq!(held, [gap::<i32>(7).unwrap()], "the marker after the batch");
}

#[test]
fn tells_how_much_may_come() {
    let mut batches = stream::iter([data(1), data(2), gap(1), data(3)]).batches(9, SECOND);
    assert_eq!(batches.size_hint(), (1, Some(4)));
    assert!(!batches.is_terminated());
    assert_eq!(poll(&mut batches), "[1, 2]");
    assert_eq!(batches.size_hint(), (1, Some(2)));
    assert_eq!(poll(&mut batches), "gap 1");
    assert_eq!(poll(&mut batches), "[3]");
    assert!(!batches.is_terminated(), "the end has not been told");
    assert_eq!(batches.size_hint(), (0, Some(0)));
    assert_eq!(poll(&mut batches), "end");
    assert!(batches.is_terminated());
}

#[test]
fn does_not_poll_a_stream_that_has_ended() {
    let mut ended = false;
    let once = stream::poll_fn(move |_| -> std::task::Poll<Option<Item<u8>>> {
        assert!(!std::mem::replace(&mut ended, true), "polled after its end");
        std::task::Poll::Ready(None)
    });
    let mut batches = once.batches(1, SECOND);
    assert_eq!(poll(&mut batches), "end");
    assert_eq!(poll(&mut batches), "end");
}

#[test]
fn tells_what_it_is() {
    let batches = stream::iter([data(1)]).batches(500, SECOND);
    assert!(format!("{batches:?}").contains("max: 500, period: 1s, queued: 0"));
}

#[test]
#[should_panic(expected = "a batch must hold something")]
fn a_batch_of_none_is_refused() {
    let _ = stream::iter([data(1)]).batches(0, SECOND);
}

/// Items with the milliseconds between them: numbered data, now and then a marker, at times an error.
fn items() -> impl Strategy<Value = Vec<(u64, Item<usize>)>> {
    let wait = prop_oneof![3 => Just(0_u64), 3 => 1..40_u64, 1 => 40..400_u64];
    let items = prop::collection::vec((wait, 0..12_u8), 0..120);
    (items, prop::bool::weighted(0.3)).prop_map(|(items, error)| {
        let mut at = 0;
        let mut script: Vec<_> = (0..)
            .zip(items)
            .map(|(number, (wait, kind))| {
                at += wait;
                let item = match kind {
                    0 => gap(number as u64),
                    1 => status(number as i64),
                    _ => data(number),
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

/// The same by hand: what is yielded when.
fn model(items: &[(u64, Item<usize>)], max: usize, period: u64) -> Vec<(u64, String)> {
    let mut told = Vec::new();
    let mut batch: Vec<usize> = Vec::new();
    let mut due = 0;
    for (at, item) in items {
        if !batch.is_empty() && due < *at {
            told.push((due, format!("{:?}", std::mem::take(&mut batch))));
        }
        if let Ok(Event::Data(data)) = item {
            if batch.is_empty() {
                due = at + period;
            }
            batch.push(*data);
            if batch.len() < max {
                continue;
            }
        }
        if !batch.is_empty() {
            told.push((*at, format!("{:?}", std::mem::take(&mut batch))));
        }
        if !matches!(item, Ok(Event::Data(_))) {
            told.push((*at, timed::told(item)));
        }
    }
    let end = items.last().map_or(0, |(at, _)| *at);
    if !batch.is_empty() {
        told.push((end, format!("{batch:?}")));
    }
    told.push((end, "end".to_owned()));
    told
}

proptest! {
    #[test]
    fn nothing_is_lost_moved_or_late(
        items in items(),
        max in prop_oneof![1..6_usize, Just(usize::MAX)],
        period in prop_oneof![Just(0_u64), 1..200_u64],
    ) {
        let expected = model(&items, max, period);
        let yielded = paused(async { story(&mut at_times(items).batches(max, ms(period))).await });
        prop_assert_eq!(yielded, expected);
    }

    #[test]
    fn flattening_gives_the_input(
        items in items(),
        max in prop_oneof![1..6_usize, Just(usize::MAX)],
        period in prop_oneof![Just(0_u64), 1..200_u64],
    ) {
        let input: Vec<_> = items.iter().map(|(_, item)| item.clone()).collect();
        let yielded: Vec<_> = paused(async {
            at_times(items).batches(max, ms(period)).collect().await
        });
        let mut flat = Vec::new();
        for item in yielded {
            match item {
                Ok(Event::Data(batch)) => {
                    prop_assert!(!batch.is_empty() && batch.len() <= max);
                    flat.extend(batch.into_iter().map(data));
                }
                Ok(Event::Gap(gap)) => flat.push(Ok(gap.into())),
                Ok(Event::Status(status)) => flat.push(Ok(status.into())),
                Err(error) => flat.push(Err(error)),
            }
        }
        prop_assert_eq!(flat, input);
    }
}
