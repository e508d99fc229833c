//! `tap_gaps()` shows each gap and changes nothing.
#![allow(clippy::unwrap_used, reason = "a failed test is the aim")]

use std::pin::Pin;
use std::task::{Context, Poll};

use feedline::{ErrorKind, Event, FeedExt, Gap};
use futures_test::task::{new_count_waker, noop_context};
use futures_util::FutureExt;
use futures_util::stream::{self, FusedStream, Stream, StreamExt};
use tokio::sync::mpsc;

#[path = "support/events.rs"]
mod events;
use events::{Item, data, interrupted, outage};

#[test]
fn shows_each_gap_as_it_passes_and_changes_nothing() {
    let (first, second) = (outage(1, 0, 1).missed(4), outage(2, 1, 2));
    let items: [Item<u32>; 5] = [
        Ok(first.clone().into()),
        data(1),
        Ok(interrupted().into()),
        Ok(second.clone().into()),
        data(2),
    ];
    let mut seen: Vec<Gap> = Vec::new();
    let mut told = Vec::new();
    let mut tap = stream::iter(items.clone()).tap_gaps(|gap| seen.push(gap.clone()));
    assert_eq!(tap.size_hint(), (5, Some(5)));
    while let Some(item) = tap.next().now_or_never().unwrap() {
        told.push(item.unwrap());
    }
    assert!(tap.is_terminated());
    assert_eq!(tap.size_hint(), (0, Some(0)));
    assert_eq!(told, items.map(Result::unwrap));
    assert_eq!(seen, [first, second]);
}

#[test]
fn the_gap_is_shown_before_the_consumer_has_it() {
    let mut count = 0;
    let items: [Item<u32>; 2] = [data(1), Ok(outage(1, 0, 1).into())];
    let mut tap = stream::iter(items).tap_gaps(|_| count += 1);
    tap.next().now_or_never().unwrap();
    tap.next().now_or_never().unwrap();
    drop(tap);
    assert_eq!(count, 1);
}

#[test]
fn passes_the_error_on() {
    let items: [Item<u32>; 2] = [Ok(interrupted().into()), Err(ErrorKind::Closed.into())];
    let mut tap = stream::iter(items).tap_gaps(|_| panic!("there is no gap"));
    let mut next = || tap.next().now_or_never().unwrap();
    assert_eq!(next().unwrap().unwrap(), interrupted().into());
    assert_eq!(*next().unwrap().unwrap_err().kind(), ErrorKind::Closed);
    assert!(next().is_none());
}

#[test]
fn does_not_poll_a_stream_that_has_ended() {
    let mut polled = 0;
    let ends = stream::poll_fn(|_| {
        polled += 1;
        assert_eq!(polled, 1);
        Poll::Ready(None::<Item<u32>>)
    });
    let mut tap = ends.tap_gaps(|_| {});
    assert!(tap.next().now_or_never().unwrap().is_none());
    assert!(tap.next().now_or_never().unwrap().is_none());
}

#[test]
fn wakes_when_the_stream_beneath_does() {
    let (send, mut receive) = mpsc::unbounded_channel::<Item<u32>>();
    let mut tap = stream::poll_fn(move |cx| receive.poll_recv(cx)).tap_gaps(|_| {});
    let (waker, woken) = new_count_waker();
    let mut cx = Context::from_waker(&waker);
    assert!(Pin::new(&mut tap).poll_next(&mut cx).is_pending());
    assert_eq!(woken.get(), 0);
    send.send(data(7)).unwrap();
    assert_eq!(woken.get(), 1);
    let Poll::Ready(Some(Ok(event))) = Pin::new(&mut tap).poll_next(&mut noop_context()) else {
        panic!()
    };
    assert_eq!(event, Event::Data(7));
}
