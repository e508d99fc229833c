//! `dedup()` drops what came before, by its own identity.
#![allow(clippy::unwrap_used, reason = "a failed test is the aim")]

use std::collections::{HashMap, VecDeque};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use feedline::adapters::Dedup;
use feedline::market::{
    BookAction, BookUpdate, Candle, Id, Interval, Quote, Record, Ticker, Trade,
};
use feedline::{ErrorKind, Event, FeedExt, Status, StatusKind};
use futures_test::task::{new_count_waker, noop_context};
use futures_util::FutureExt;
use futures_util::stream::{self, FusedStream, Stream, StreamExt};
use proptest::prelude::*;
use tokio::sync::mpsc;

#[path = "support/events.rs"]
mod events;
use events::{Item, data, interrupted, outage, quote, trade};

/// All trades of these tests are alike in all but symbol and id.
fn traded(symbol: &str, id: impl Into<Option<Id>>) -> Trade {
    Trade {
        id: id.into(),
        ..trade(symbol, 1, "5", "1")
    }
}

fn number(number: u64) -> Id {
    Id::Number(number)
}

fn book(action: BookAction, last: Option<u64>) -> BookUpdate {
    BookUpdate {
        symbol: "A".into(),
        action,
        bids: Vec::new(),
        asks: Vec::new(),
        first: None,
        last,
        time: None,
        received: None,
        detail: (),
    }
}

fn all<S: Stream<Item = Item<T>> + Unpin, T>(stream: &mut S) -> Vec<Event<T>> {
    let items: Vec<_> = stream.collect().now_or_never().unwrap();
    items.into_iter().map(Result::unwrap).collect()
}

fn resumed() -> Status {
    let kind = StatusKind::Resumed {
        downtime: std::time::Duration::from_secs(1),
        attempts: 1,
    };
    Status::new(kind, feedline::Scope::All)
}

#[test]
fn repeats_after_a_reconnect_go_and_markers_stay_where_they_are() {
    let gap = outage(1, 1, 2);
    let items = [
        data(traded("A", number(1))),
        data(traded("A", number(2))),
        Ok(interrupted().into()),
        Ok(gap.clone().into()),
        data(traded("A", number(1))),
        data(traded("A", number(2))),
        data(traded("A", number(3))),
        Ok(resumed().into()),
    ];
    let mut dedup = stream::iter(items).dedup();
    assert_eq!(dedup.size_hint(), (0, Some(8)));
    assert_eq!(
        all(&mut dedup),
        [
            Event::Data(traded("A", number(1))),
            Event::Data(traded("A", number(2))),
            interrupted().into(),
            gap.into(),
            Event::Data(traded("A", number(3))),
            resumed().into(),
        ]
    );
    assert_eq!(dedup.duplicates(), 2);
    assert!(dedup.is_terminated());
    assert_eq!(dedup.size_hint(), (0, Some(0)));
}

#[test]
fn what_only_looks_alike_is_not_a_repeat() {
    let trades = [
        traded("A", number(1)),
        // The same in all but the id.
        traded("A", number(2)),
        // Another symbol has numbers of its own.
        traded("B", number(1)),
        // A number and a text are different identities.
        traded("A", Id::from("1")),
        // Without an identity nothing is a repeat.
        traded("A", None),
        traded("A", None),
    ];
    let mut dedup = stream::iter(trades.clone().map(data)).dedup();
    assert_eq!(all(&mut dedup), trades.map(Event::Data));
    assert_eq!(dedup.duplicates(), 0);
}

#[test]
fn the_window_is_a_symbols_own_and_a_repeat_does_not_renew_its_place() {
    let trades = [
        ("A", 1),
        ("A", 2),
        ("B", 1),
        ("B", 2),
        ("A", 1), // dropped
        ("A", 3), // 1 is forgotten
        ("A", 1), // 2 is forgotten
        ("A", 3), // dropped
        ("A", 2),
        ("B", 1), // dropped
    ]
    .map(|(symbol, id)| traded(symbol, number(id)));
    let mut dedup = stream::iter(trades.clone().map(data)).dedup_within(2);
    let left = [0, 1, 2, 3, 5, 6, 8].map(|at: usize| Event::Data(trades[at].clone()));
    assert_eq!(all(&mut dedup), left);
    assert_eq!(dedup.duplicates(), 3);
}

#[test]
fn at_least_one_identity_is_remembered_and_any_window_is_allowed() {
    for window in [0, 1, usize::MAX] {
        let trades = [1, 1, 2].map(|id| data(traded("A", number(id))));
        let mut dedup = stream::iter(trades).dedup_within(window);
        let left = [1, 2].map(|id| Event::Data(traded("A", number(id))));
        assert_eq!(all(&mut dedup), left);
    }
}

#[test]
fn the_default_window_is_what_it_says() {
    let window = Dedup::<()>::WINDOW as u64;
    let ids = (0..=window).chain([1, 0]);
    let mut dedup = stream::iter(ids.map(|id| data(traded("A", number(id))))).dedup();
    // 1 is the oldest that is remembered, 0 was forgotten for the last.
    let left: Vec<_> = (0..=window).chain([0]).collect();
    let ids: Vec<_> = all(&mut dedup)
        .into_iter()
        .map(|event| event.data().unwrap().id.unwrap())
        .collect();
    assert_eq!(ids, left.into_iter().map(number).collect::<Vec<_>>());
}

#[test]
fn each_type_has_its_own_identity() {
    let quoted = |sequence| Quote {
        sequence,
        ..quote("A", 1, "5", None)
    };
    assert_eq!(traded("A", number(7)).identity(), Some(number(7)));
    assert_eq!(quoted(Some(7)).identity(), Some(number(7)));
    assert_eq!(quoted(None).identity(), None);
    assert_eq!(book(BookAction::Delta, Some(7)).identity(), Some(number(7)));
    assert_eq!(book(BookAction::Delta, None).identity(), None);
    assert_eq!(book(BookAction::Snapshot, Some(7)).identity(), None);

    // Candles and tickers of the same numbers come again and again.
    let ticker = Ticker {
        symbol: "A".into(),
        last: None,
        bid: None,
        ask: None,
        high: None,
        low: None,
        open: None,
        volume: None,
        turnover: None,
        change: None,
        time: None,
        received: None,
        detail: (),
    };
    assert_eq!(ticker.identity(), None);
    let candle: Candle = {
        let candles = stream::iter([data(trade("A", 1, "5", "1"))]).candles(Interval::minutes(1));
        let first = pin!(candles).next().now_or_never().unwrap().unwrap();
        first.unwrap().data().unwrap()
    };
    assert_eq!(candle.identity(), None);
}

#[test]
fn a_snapshot_makes_its_symbol_begin_anew() {
    let delta = |last| book(BookAction::Delta, Some(last));
    let snapshot = book(BookAction::Snapshot, Some(4));
    let other = BookUpdate {
        symbol: "B".into(),
        ..delta(5)
    };
    let updates = [
        delta(5),
        other.clone(),
        delta(5), // dropped
        snapshot.clone(),
        delta(5),      // to be applied to the snapshot
        delta(5),      // dropped
        other.clone(), // dropped
    ];
    let mut dedup = stream::iter(updates.map(data)).dedup();
    assert_eq!(
        all(&mut dedup),
        [delta(5), other, snapshot, delta(5)].map(Event::Data)
    );
    assert_eq!(dedup.duplicates(), 3);
}

#[test]
fn the_error_is_the_last_item() {
    let mut polled = 0;
    let fails = stream::poll_fn(|_| {
        polled += 1;
        assert_eq!(polled, 1);
        Poll::Ready(Some(Item::<Trade>::Err(ErrorKind::Closed.into())))
    });
    let mut dedup = fails.dedup();
    let mut next = || dedup.next().now_or_never().unwrap();
    assert_eq!(*next().unwrap().unwrap_err().kind(), ErrorKind::Closed);
    assert!(next().is_none());
    assert!(next().is_none());
    assert!(dedup.is_terminated());
}

#[test]
fn lets_others_run_between_endless_repeats() {
    let mut dedup = pin!(stream::repeat_with(|| data(traded("A", number(1)))).dedup());
    let (waker, woken) = new_count_waker();
    let mut cx = Context::from_waker(&waker);
    assert!(dedup.as_mut().poll_next(&mut cx).is_ready());
    assert!(dedup.as_mut().poll_next(&mut cx).is_pending());
    assert_eq!(woken.get(), 1);
    assert_eq!(dedup.duplicates(), 256);
}

#[test]
fn looks_again_after_a_repeat_before_it_waits() {
    let (send, mut receive) = mpsc::unbounded_channel();
    let mut dedup = stream::poll_fn(move |cx| receive.poll_recv(cx)).dedup();
    let (waker, woken) = new_count_waker();
    let mut cx = Context::from_waker(&waker);
    let mut poll = || Pin::new(&mut dedup).poll_next(&mut cx);
    send.send(data(traded("A", number(1)))).unwrap();
    assert!(poll().is_ready());
    send.send(data(traded("A", number(1)))).unwrap();
    assert!(poll().is_pending());
    assert_eq!(woken.get(), 0);
    send.send(data(traded("A", number(2)))).unwrap();
    assert_eq!(woken.get(), 1);
    let Poll::Ready(Some(Ok(event))) = Pin::new(&mut dedup).poll_next(&mut noop_context()) else {
        panic!()
    };
    assert_eq!(event, Event::Data(traded("A", number(2))));
}

proptest! {
    #[test]
    fn drops_exactly_what_a_naive_window_holds(
        window in 1..30_usize,
        trades in prop::collection::vec((0..3_usize, 0..20_u64, any::<bool>()), 0..600),
    ) {
        let trades: Vec<Trade> = trades
            .into_iter()
            .map(|(symbol, id, text)| {
                let id = if text { Id::from(&*id.to_string()) } else { number(id) };
                traded(["A", "B", "C"][symbol], id)
            })
            .collect();
        let mut expected = Vec::new();
        let mut windows: HashMap<&str, VecDeque<Id>> = HashMap::new();
        for trade in &trades {
            let seen = windows.entry(trade.symbol.as_str()).or_default();
            let id = trade.id.clone().unwrap();
            if !seen.contains(&id) {
                seen.push_back(id);
                if seen.len() > window {
                    seen.pop_front();
                }
                expected.push(Event::Data(trade.clone()));
            }
        }
        let mut dedup = stream::iter(trades.iter().cloned().map(data)).dedup_within(window);
        // The whole list, polled through where it lets others run.
        let mut left = Vec::new();
        let mut cx = noop_context();
        loop {
            match Pin::new(&mut dedup).poll_next(&mut cx) {
                Poll::Ready(Some(item)) => left.push(item.unwrap()),
                Poll::Ready(None) => break,
                Poll::Pending => {}
            }
        }
        prop_assert_eq!(dedup.duplicates() as usize, trades.len() - expected.len());
        prop_assert_eq!(left, expected);
    }
}
