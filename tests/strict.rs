//! `strict()` ends at the first gap.

use feedline::{ErrorKind, Event, FeedExt};
use futures_util::FutureExt;
use futures_util::stream::{self, FusedStream, Stream, StreamExt};

#[path = "support/events.rs"]
mod events;
use events::{Item, data, interrupted, outage};

#[test]
fn the_first_gap_is_the_error_and_the_end() {
    let gap = outage(1, 0, 1).missed(4);
    let items: [Item<u32>; 4] = [
        data(1),
        Ok(interrupted().into()),
        Ok(gap.clone().into()),
        data(2),
    ];
    let mut strict = stream::iter(items).strict();
    let mut next = || strict.next().now_or_never().unwrap();
    assert_eq!(next().unwrap().unwrap(), Event::Data(1));
    assert_eq!(next().unwrap().unwrap(), interrupted().into());
    let error = next().unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Gap(gap));
    assert!(next().is_none());
    assert!(strict.is_terminated());
    assert_eq!(strict.size_hint(), (0, Some(0)));
    let rest = strict.into_inner().count().now_or_never();
    assert_eq!(rest, Some(1), "the stream beneath goes on");
}

#[test]
fn what_has_no_gap_passes_whole() {
    let items: [Item<u32>; 2] = [data(1), Err(ErrorKind::Closed.into())];
    let mut strict = stream::iter(items).strict();
    let mut next = || strict.next().now_or_never().unwrap();
    assert_eq!(next().unwrap().unwrap(), Event::Data(1));
    assert_eq!(*next().unwrap().unwrap_err().kind(), ErrorKind::Closed);
    assert!(next().is_none());
}

#[test]
fn does_not_poll_a_stream_that_has_ended() {
    let mut polled = 0;
    let ends = stream::poll_fn(|_| {
        polled += 1;
        assert_eq!(polled, 1);
        std::task::Poll::Ready(None::<Item<u32>>)
    });
    let mut strict = ends.strict();
    assert!(strict.next().now_or_never().unwrap().is_none());
    assert!(strict.next().now_or_never().unwrap().is_none());
}
