//! `map_data()` changes data and nothing else.

use feedline::{ErrorKind, Event, FeedExt};
use futures_util::FutureExt;
use futures_util::stream::{self, FusedStream, Stream, StreamExt};

#[path = "support/events.rs"]
mod events;
use events::{Item, data, interrupted, outage, trade};

#[test]
fn keeps_markers_errors_and_order() {
    let items: [Item<u32>; 4] = [
        data(1),
        Ok(outage(1, 0, 1).into()),
        Ok(interrupted().into()),
        Err(ErrorKind::Closed.into()),
    ];
    let mut count = 0;
    let mut mapped = stream::iter(items).fuse().map_data(|number| {
        count += 1;
        format!("{number}, {count}")
    });
    assert_eq!(mapped.size_hint(), (4, Some(4)));
    let mut next = || mapped.next().now_or_never().unwrap();
    assert_eq!(next().unwrap().unwrap(), Event::Data("1, 1".to_owned()));
    assert_eq!(next().unwrap().unwrap(), outage(1, 0, 1).into());
    assert_eq!(next().unwrap().unwrap(), interrupted().into());
    assert_eq!(*next().unwrap().unwrap_err().kind(), ErrorKind::Closed);
    assert!(next().is_none());
    assert!(mapped.is_terminated());
}

#[test]
fn makes_streams_of_different_venues_one_type() {
    let mut with_detail = trade("A", 1, "5", "2");
    with_detail.id = Some(7.into());
    let items: [Item<_>; 1] = [data(with_detail.clone())];
    let mut common = stream::iter(items).map_data(feedline::market::Trade::common);
    let event = common.next().now_or_never().unwrap().unwrap().unwrap();
    assert_eq!(event, Event::Data(with_detail));
}
