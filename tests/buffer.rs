//! `buffer()` is a subscription's queue on any stream.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use feedline::market::{Quote, Trade};
use feedline::{
    Cause, ErrorKind, Event, FeedExt, Gap, GapId, Overflow, Rejection, Repair, Status, StatusKind,
};
use futures_test::task::{new_count_waker, noop_context};
use futures_util::FutureExt;
use futures_util::stream::{self, FusedStream, Stream, StreamExt};
use tokio::sync::mpsc;

#[path = "support/events.rs"]
mod events;
use events::{Item, at, data, interrupted, of, quote, trade};

/// A channel whose receiver is a stream.
fn channel() -> (
    mpsc::UnboundedSender<Item<Trade>>,
    impl Stream<Item = Item<Trade>> + Unpin,
) {
    let (send, mut receive) = mpsc::unbounded_channel();
    (send, stream::poll_fn(move |cx| receive.poll_recv(cx)))
}

fn number(number: i64) -> Trade {
    trade("A", number, "5", "1")
}

fn numbers(range: std::ops::RangeInclusive<i64>) -> impl Stream<Item = Item<Trade>> + Unpin {
    stream::iter(range.map(|at| data(number(at))))
}

/// All that is ready; `None` stands for an error.
fn ready<T>(stream: &mut (impl Stream<Item = Item<T>> + Unpin)) -> Vec<Option<Event<T>>> {
    let mut seen = Vec::new();
    while let Poll::Ready(Some(item)) = Pin::new(&mut *stream).poll_next(&mut noop_context()) {
        seen.push(item.ok());
    }
    seen
}

fn dropped(missed: u64, from: i64, to: i64) -> Event<Trade> {
    let cause = Cause::Overflow {
        from: Some(at(from)),
        to: Some(at(to)),
    };
    let gap = Gap::new(GapId::new((1 << 52) + 1), cause, of(&["A"]));
    gap.missed(missed).into()
}

#[test]
fn drop_oldest_says_what_it_dropped() {
    let mut buffer = numbers(1..=5).buffer(2, Overflow::DropOldest);
    assert_eq!(
        ready(&mut buffer),
        [
            Some(dropped(3, 1, 3)),
            Some(Event::Data(number(4))),
            Some(Event::Data(number(5)))
        ]
    );
    assert_eq!((buffer.dropped(), buffer.high_water()), (3, 2));
    assert!(buffer.is_terminated());
    assert_eq!(buffer.size_hint(), (0, Some(1)));
}

#[test]
fn wait_reads_no_more_than_it_holds() {
    let mut buffer = numbers(1..=9).buffer(2, Overflow::Wait);
    assert_eq!(
        buffer.next().now_or_never().unwrap().unwrap().unwrap(),
        Event::Data(number(1))
    );
    assert_eq!(buffer.get_ref().size_hint().0, 7, "only two were taken");
    let rest: Vec<_> = (2..=9).map(|at| Some(Event::Data(number(at)))).collect();
    assert_eq!(ready(&mut buffer), rest);
}

#[test]
fn conflate_replaces_by_symbol() {
    let quotes = [
        quote("A", 1, "5", None),
        quote("B", 2, "6", None),
        quote("A", 3, "7", None),
    ];
    let mut items: Vec<Item<Quote>> = quotes.iter().cloned().map(data).collect();
    items.push(Ok(interrupted().into()));
    items.push(data(quotes[0].clone()));
    let mut buffer = stream::iter(items).buffer(8, Overflow::Conflate);
    assert_eq!(
        ready(&mut buffer),
        [
            Some(Event::Data(quotes[2].clone())),
            Some(Event::Data(quotes[1].clone())),
            Some(interrupted().into()),
            Some(Event::Data(quotes[0].clone())),
        ]
    );
    assert_eq!(buffer.merged(), 1);
}

#[test]
fn fail_yields_what_is_queued_then_the_error() {
    let mut buffer = numbers(1..=5).buffer(2, Overflow::Fail);
    let mut next = || buffer.next().now_or_never().unwrap();
    assert_eq!(next().unwrap().unwrap(), Event::Data(number(1)));
    assert_eq!(next().unwrap().unwrap(), Event::Data(number(2)));
    assert_eq!(
        *next().unwrap().unwrap_err().kind(),
        ErrorKind::Overflow { capacity: 2 }
    );
    assert!(next().is_none());
}

#[test]
fn an_error_comes_after_what_was_queued_before_it() {
    let items = [
        data(number(1)),
        data(number(2)),
        Err(ErrorKind::Closed.into()),
    ];
    let mut buffer = stream::iter(items).buffer(8, Overflow::DropOldest);
    assert_eq!(
        ready(&mut buffer),
        [
            Some(Event::Data(number(1))),
            Some(Event::Data(number(2))),
            None
        ]
    );
    assert!(buffer.is_terminated());
}

#[test]
fn takes_a_bounded_number_at_each_poll() {
    let mut buffer = numbers(1..=1_000_000).buffer(1_000_000, Overflow::Wait);
    buffer.next().now_or_never().unwrap();
    assert_eq!(buffer.queued(), 255);
}

#[test]
fn gives_back_what_it_holds() {
    let mut buffer = numbers(1..=3).buffer(8, Overflow::Wait);
    buffer.next().now_or_never().unwrap();
    let (_, queued) = buffer.into_inner();
    assert_eq!(queued, [Event::Data(number(2)), Event::Data(number(3))]);
}

#[test]
fn wakes_when_the_stream_beneath_does() {
    let (send, receive) = channel();
    let mut buffer = receive.buffer(8, Overflow::DropOldest);
    let (waker, woken) = new_count_waker();
    let mut cx = Context::from_waker(&waker);
    assert!(Pin::new(&mut buffer).poll_next(&mut cx).is_pending());
    assert_eq!(woken.get(), 0);
    send.send(data(number(1))).unwrap();
    assert_eq!(woken.get(), 1);
    assert_eq!(ready(&mut buffer), [Some(Event::Data(number(1)))]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_gets_the_latest_and_is_told_of_the_rest() {
    let (send, receive) = channel();
    let source = async move {
        for at in 1..=10 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            send.send(data(number(at))).unwrap();
        }
    };
    let mut buffer = receive.buffer(2, Overflow::DropOldest);
    let consumer = async {
        let mut seen = Vec::new();
        while let Some(item) = buffer.next().await {
            match item.unwrap() {
                Event::Data(trade) => {
                    seen.push(trade.time.as_secs().to_string());
                    tokio::time::sleep(Duration::from_millis(3_300)).await;
                }
                Event::Gap(gap) => seen.push(format!("{} missing", gap.missed.unwrap())),
                Event::Status(_) => unreachable!(),
            }
        }
        seen
    };
    let ((), seen) = tokio::join!(source, consumer);
    assert_eq!(
        seen,
        [
            "1",
            "1 missing",
            "3",
            "2 missing",
            "6",
            "2 missing",
            "9",
            "10"
        ]
    );
}

fn lost(id: u64, from: i64, to: i64) -> Event<Trade> {
    let (from, to) = (at(from), at(to));
    let gap = Gap::new(GapId::new(id), Cause::Outage { from, to }, of(&["A"]));
    gap.repair(Repair::Follows).into()
}

fn repaired(id: u64, well: bool) -> Status {
    let gap = GapId::new(id);
    let kind = if well {
        StatusKind::Repaired { gap }
    } else {
        StatusKind::RepairFailed { gap }
    };
    Status::new(kind, of(&["A"]))
}

#[test]
fn what_failed_to_be_repaired_is_not_said_to_be_repaired() {
    let items = [
        lost(5, 10, 20),
        repaired(5, false).into(),
        lost(9, 100, 110),
        repaired(9, true).into(),
        lost(12, 200, 210),
        repaired(12, true).into(),
    ];
    let mut buffer = stream::iter(items.map(Ok)).buffer(8, Overflow::DropOldest);
    let mut twice = repaired(12, true);
    twice.folded = 1;
    assert_eq!(
        ready(&mut buffer),
        [
            Some(lost(5, 10, 20)),
            Some(repaired(5, false).into()),
            Some(lost(12, 100, 210)),
            Some(twice.into()),
        ]
    );
}

#[test]
fn repairs_leave_the_data_alone_that_a_queue_has_room_for() {
    let cycle = |id: i64| {
        let marks = [lost(id as u64, id, id), repaired(id as u64, true).into()];
        let data = [2 * id, 2 * id + 1].map(|at| Event::Data(number(at)));
        marks
            .into_iter()
            .zip(data)
            .flat_map(|(mark, data)| [mark, data])
    };
    let items: Vec<Event<Trade>> = (1..=2_000).flat_map(cycle).collect();
    let mut buffer =
        stream::iter(items.clone().into_iter().map(Ok)).buffer(16_384, Overflow::DropOldest);
    // All is taken in before much is yielded: 256 events a poll for one.
    let came: Vec<_> = ready(&mut buffer).into_iter().flatten().collect();
    assert_eq!(buffer.dropped(), 0);
    assert_eq!(came, items);
}

#[test]
fn refusals_fold_when_there_are_many() {
    let refused = |number: usize| {
        let topic = format!("S{number}");
        let rejection = Rejection::new(topic.as_str(), Some(1), "no such market");
        Status::new(StatusKind::Rejected(rejection), of(&[topic.as_str()]))
    };
    let items = (0..4_000).map(|number| Ok(refused(number).into()));
    let mut buffer = stream::iter(items).buffer(8, Overflow::DropOldest);
    assert!(ready::<Trade>(&mut buffer).len() <= 2 * 65);
}
