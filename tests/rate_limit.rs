//! `rate_limit()` keeps data to a rate and loses none of it.
#![allow(clippy::unwrap_used, reason = "a failed test is the aim")]

use std::task::Context;
use std::time::Duration;

use feedline::{Event, FeedExt, Rate};
use futures_test::task::new_count_waker;
use futures_util::stream::{self, FusedStream, Stream, StreamExt};
use proptest::prelude::*;
use tokio::time::Instant;

#[path = "support/timed.rs"]
mod timed;
use timed::{Item, at_times, channel, data, gap, ms, paused, poll, poll_with, seen, status, story};

/// One a second, of which two at once.
const CALM: Rate = Rate::per_second(1).with_burst(2);

#[tokio::test(start_paused = true)]
async fn a_burst_goes_at_once_and_the_rest_evenly() {
    let mut items: Vec<_> = (1..=4).map(|number| (0, data(number))).collect();
    items.push((9_500, data(5)));
    let mut paced = at_times(items).rate_limit(CALM);
    assert_eq!(
        story(&mut paced).await,
        seen(&[
            (0, "1"),
            (0, "2"),
            (1_000, "3"),
            (2_000, "4"),
            (9_500, "5"),
            (9_500, "end"),
        ])
    );
}

#[tokio::test(start_paused = true)]
async fn idle_time_saves_up_no_more_than_a_burst() {
    let mut items = vec![(0, data(1))];
    items.extend((2..=5).map(|number| (60_000, data(number))));
    let mut paced = at_times(items).rate_limit(CALM);
    assert_eq!(
        story(&mut paced).await,
        seen(&[
            (0, "1"),
            (60_000, "2"),
            (60_000, "3"),
            (61_000, "4"),
            (62_000, "5"),
            (62_000, "end"),
        ])
    );
}

#[tokio::test(start_paused = true)]
async fn markers_cost_nothing_and_wait_for_the_data_before_them() {
    let items = vec![
        (0, gap(1)),
        (0, status(1)),
        (0, data(1)),
        (0, gap(2)),
        (0, data(2)),
        (0, status(2)),
        (0, data(3)),
        (0, gap(3)),
        (0, Err("broken")),
        (0, data(4)),
    ];
    let mut paced = at_times(items).rate_limit(CALM);
    assert_eq!(
        story(&mut paced).await,
        seen(&[
            (0, "gap 1"),
            (0, "status 1"),
            (0, "1"),
            (0, "gap 2"),
            (0, "2"),
            (0, "status 2"),
            (1_000, "3"),
            (1_000, "gap 3"),
            (1_000, "broken"),
            (1_000, "end"),
        ])
    );
}

#[tokio::test(start_paused = true)]
async fn does_not_read_on_while_it_holds_data() {
    let (send, receive) = channel();
    let mut reads = 0;
    let receive = receive.inspect(|_| reads += 1);
    let mut paced = receive.rate_limit(CALM.with_burst(1));
    let (waker, woken) = new_count_waker();
    let mut cx = Context::from_waker(&waker);
    assert_eq!(poll_with(&mut paced, &mut cx), "pending");
    for number in 1..=3 {
        send.send(data(number)).unwrap();
    }
    assert_eq!(woken.get(), 1);
    assert_eq!(poll_with(&mut paced, &mut cx), "1");
    for _ in 0..3 {
        assert_eq!(poll_with(&mut paced, &mut cx), "pending");
    }
    tokio::time::advance(ms(999)).await;
    assert_eq!(poll_with(&mut paced, &mut cx), "pending");
    assert_eq!(woken.get(), 1);
    tokio::time::advance(ms(1)).await;
    assert_eq!(woken.get(), 2);
    assert_eq!(poll_with(&mut paced, &mut cx), "2");
    assert_eq!(poll_with(&mut paced, &mut cx), "pending");
    let (_, held) = paced.into_inner();
    assert_eq!(held, Some(3));
    assert_eq!(reads, 3);
}

#[tokio::test(start_paused = true)]
async fn what_a_late_consumer_takes_counts_from_when_he_takes_it() {
    let mut paced = stream::iter((1..=3).map(data)).rate_limit(CALM.with_burst(1));
    assert_eq!(poll(&mut paced), "1");
    assert_eq!(poll(&mut paced), "pending");
    tokio::time::advance(ms(1_700)).await;
    assert_eq!(poll(&mut paced), "2");
    assert_eq!(poll(&mut paced), "pending");
    tokio::time::advance(ms(999)).await;
    assert_eq!(poll(&mut paced), "pending");
    tokio::time::advance(ms(1)).await;
    assert_eq!(poll(&mut paced), "3");
}

#[test]
fn needs_no_runtime_while_nothing_waits() {
    let mut paced = stream::iter((1..=2).map(data)).rate_limit(CALM);
    assert_eq!(paced.rate(), CALM);
    for expected in ["1", "2", "end", "end"] {
        assert_eq!(poll(&mut paced), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn rates_of_ages_are_kept_too() {
    let rate = Rate::new(1, Duration::MAX).with_burst(u32::MAX);
    let mut paced = stream::iter((1..=3).map(data)).rate_limit(rate);
    assert_eq!(poll(&mut paced), "1");
    assert_eq!(poll(&mut paced), "2");
    let mut paced = stream::iter((1..=3).map(data)).rate_limit(rate.with_burst(1));
    assert_eq!(poll(&mut paced), "1");
    assert_eq!(poll(&mut paced), "pending");
    tokio::time::advance(Duration::from_secs(86_400 * 365)).await;
    assert_eq!(poll(&mut paced), "pending");
}

#[tokio::test(start_paused = true)]
async fn tells_how_much_may_come() {
    let mut paced = stream::iter([data(1), data(2), gap(1)]).rate_limit(CALM.with_burst(1));
    assert_eq!(paced.size_hint(), (1, Some(3)));
    assert_eq!(poll(&mut paced), "1");
    assert_eq!(poll(&mut paced), "pending");
    assert_eq!(paced.size_hint(), (1, Some(2)), "what is held counts");
    tokio::time::advance(ms(1_000)).await;
    assert_eq!(poll(&mut paced), "2");
    assert_eq!(poll(&mut paced), "gap 1");
    assert!(!paced.is_terminated());
    assert_eq!(poll(&mut paced), "end");
    assert!(paced.is_terminated());
    assert_eq!(paced.size_hint(), (0, Some(0)));
}

#[test]
fn does_not_poll_a_stream_that_has_ended() {
    let mut ended = false;
    let once = stream::poll_fn(move |_| -> std::task::Poll<Option<Item<u8>>> {
        assert!(!std::mem::replace(&mut ended, true), "polled after its end");
        std::task::Poll::Ready(None)
    });
    let mut paced = once.rate_limit(CALM);
    assert_eq!(poll(&mut paced), "end");
    assert_eq!(poll(&mut paced), "end");
}

#[test]
fn tells_what_it_is() {
    let paced = stream::iter([data(1)]).rate_limit(CALM);
    let text = format!("{paced:?}");
    assert!(
        text.contains("burst: 2") && text.contains("holds: false"),
        "{text}"
    );
}

fn items() -> impl Strategy<Value = Vec<(u64, Item<usize>)>> {
    let wait = prop_oneof![4 => Just(0_u64), 3 => 1..40_u64, 1 => 40..2_000_u64];
    prop::collection::vec((wait, 0..8_u8), 0..100).prop_map(|items| {
        let mut at = 0;
        (0..)
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
            .collect()
    })
}

/// When what goes out, by hand, for an interval of whole milliseconds.
fn model(items: &[(u64, Item<usize>)], interval: u64, burst: u64) -> Vec<(u64, String)> {
    let (mut now, mut empty) = (0, 0);
    let mut told = Vec::new();
    for (at, item) in items {
        now = now.max(*at);
        if let Ok(Event::Data(_)) = item {
            now = now.max(empty.max(interval * (burst - 1)) - interval * (burst - 1));
            empty = empty.max(now) + interval;
        }
        told.push((now, timed::told(item)));
    }
    told.push((now, "end".to_owned()));
    told
}

proptest! {
    #[test]
    fn loses_nothing_and_waits_no_longer_than_it_must(
        items in items(),
        interval in 1..300_u64,
        burst in 1..8_u32,
    ) {
        let rate = Rate::new(1, ms(interval)).with_burst(burst);
        let expected = model(&items, interval, burst.into());
        let yielded = paused(async { story(&mut at_times(items).rate_limit(rate)).await });
        prop_assert_eq!(yielded, expected);
    }

    #[test]
    fn no_window_holds_more_than_a_burst_and_one_for_each_interval(
        items in items(),
        micros in 100..50_000_u64,
        burst in 1..8_u32,
        consumer in prop::collection::vec(0..30_u64, 1..20),
    ) {
        let interval = Duration::from_micros(micros);
        let rate = Rate::new(1, interval).with_burst(burst);
        let sent: Vec<_> = items.iter().map(|(_, item)| item.clone()).collect();
        let (taken, got) = paused(async {
            let mut paced = at_times(items).rate_limit(rate);
            let mut pauses = consumer.into_iter().cycle();
            let (mut taken, mut got) = (Vec::new(), Vec::new());
            while let Some(item) = paced.next().await {
                if let Ok(Event::Data(_)) = item {
                    taken.push(Instant::now());
                }
                got.push(item);
                tokio::time::sleep(ms(pauses.next().unwrap())).await;
            }
            (taken, got)
        });
        prop_assert_eq!(got, sent);
        for (first, from) in taken.iter().enumerate() {
            for (last, to) in taken.iter().enumerate().skip(first) {
                let full = (*to - *from).as_nanos() / interval.as_nanos();
                prop_assert!((last - first + 1) as u128 <= u128::from(burst) + full);
            }
        }
    }
}
