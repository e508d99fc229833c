//! `data()` yields data alone and counts what it hides.

use feedline::{ErrorKind, FeedExt};
use futures_test::task::{new_count_waker, noop_context};
use futures_util::stream::{self, FusedStream, StreamExt};
use futures_util::{FutureExt, Stream};
use std::pin::pin;
use std::task::{Context, Poll};

#[path = "support/events.rs"]
mod events;
use events::{Item, data, interrupted, outage};

#[test]
fn hides_markers_and_counts_them() {
    let items: [Item<u32>; 6] = [
        data(1),
        Ok(outage(1, 0, 1).missed(4).into()),
        Ok(outage(2, 1, 2).into()),
        Ok(interrupted().into()),
        data(2),
        Ok(outage(3, 3, 4).missed(1).into()),
    ];
    let mut data = stream::iter(items).data();
    assert_eq!(data.size_hint(), (0, Some(6)));
    let seen: Vec<u32> = data
        .by_ref()
        .map(Result::unwrap)
        .collect()
        .now_or_never()
        .unwrap();
    assert_eq!(seen, [1, 2]);
    assert_eq!(
        (
            data.gaps(),
            data.missed(),
            data.uncounted(),
            data.statuses()
        ),
        (3, 5, 1, 1)
    );
}

#[test]
fn passes_the_error_on() {
    let items: [Item<u32>; 2] = [Ok(interrupted().into()), Err(ErrorKind::Closed.into())];
    let mut data = stream::iter(items).data();
    let error = data.next().now_or_never().unwrap().unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Closed);
    assert!(data.next().now_or_never().unwrap().is_none());
}

#[test]
fn ends_with_a_fused_stream() {
    let mut data = stream::iter([data(1)] as [Item<u32>; 1]).fuse().data();
    while data.next().now_or_never().unwrap().is_some() {}
    assert!(data.is_terminated());
}

#[test]
fn lets_others_run_between_endless_markers() {
    let mut data = pin!(stream::repeat_with(|| Item::<u32>::Ok(interrupted().into())).data());
    let (waker, woken) = new_count_waker();
    let poll = data.as_mut().poll_next(&mut Context::from_waker(&waker));
    assert!(poll.is_pending());
    assert_eq!(woken.get(), 1);
    assert!(data.statuses() > 0);
}

#[test]
fn pends_when_the_stream_beneath_does() {
    let mut data = pin!(stream::pending::<Item<u32>>().data());
    assert!(matches!(
        data.as_mut().poll_next(&mut noop_context()),
        Poll::Pending
    ));
}
