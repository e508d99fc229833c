//! Streams that are ready at given times of tokio's paused clock, and what comes out of operators
//! and when, in few words.
#![allow(dead_code, reason = "each test file uses some of it")]
#![allow(clippy::unwrap_used, reason = "a failed test is the aim")]

use std::fmt::{self, Debug, Formatter};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use feedline::market::Record;
use feedline::{Cause, Event, Gap, GapId, Rejection, Scope, Status, StatusKind, Symbol, Timestamp};
use futures_test::task::noop_context;
use futures_util::stream::{self, FusedStream, Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Operators take any error: this one is not feedline's.
pub(crate) type Item<T> = Result<Event<T>, &'static str>;

pub(crate) fn data<T>(data: T) -> Item<T> {
    Ok(Event::Data(data))
}

pub(crate) fn gap<T>(id: u64) -> Item<T> {
    let cause = Cause::Overflow {
        from: None,
        to: None,
    };
    Ok(Gap::new(GapId::new(id), cause, Scope::All).into())
}

/// A refusal of the topic with this number: those of different topics do not fold.
pub(crate) fn status<T>(number: i64) -> Item<T> {
    let rejection = Rejection::new(number.to_string(), None, "no");
    Ok(Status::new(StatusKind::Rejected(rejection), Scope::All).into())
}

/// An event of a symbol with a number, which is its time in seconds, too. Shown as `A1`.
#[derive(Clone, PartialEq)]
pub(crate) struct Value(pub(crate) Symbol, pub(crate) i64);

impl Debug for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0, self.1)
    }
}

impl Record for Value {
    const LATEST_REPLACES: bool = true;

    fn symbol(&self) -> &Symbol {
        &self.0
    }

    fn time(&self) -> Option<Timestamp> {
        Timestamp::from_secs(self.1)
    }

    fn received(&self) -> Option<Timestamp> {
        None
    }
}

/// The value that is shown as `text`.
pub(crate) fn value(text: &str) -> Item<Value> {
    let (symbol, number) = text.split_at(1);
    data(Value(symbol.into(), number.parse().unwrap()))
}

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A channel whose receiver is a stream.
pub(crate) fn channel<T>() -> (
    mpsc::UnboundedSender<Item<T>>,
    impl Stream<Item = Item<T>> + Unpin,
) {
    let (send, mut receive) = mpsc::unbounded_channel();
    (send, stream::poll_fn(move |cx| receive.poll_recv(cx)))
}

/// Is ready with each item at its time, in milliseconds from now, and ends with the last.
pub(crate) fn at_times<T>(items: Vec<(u64, Item<T>)>) -> impl Stream<Item = Item<T>> + Unpin {
    let start = Instant::now();
    Box::pin(stream::iter(items).then(move |(at, item)| async move {
        sleep_until(start + ms(at)).await;
        item
    }))
}

/// An item in few words.
pub(crate) fn told<T: Debug>(item: &Item<T>) -> String {
    match item {
        Ok(Event::Data(data)) => format!("{data:?}"),
        Ok(Event::Gap(gap)) => format!("gap {}", gap.id.number()),
        Ok(Event::Status(status)) => match &status.kind {
            StatusKind::Rejected(rejection) => format!("status {}", rejection.topic),
            kind => format!("{kind:?}"),
        },
        Err(error) => (*error).to_owned(),
    }
}

/// All that a stream yields, its end included, with the milliseconds since now.
pub(crate) async fn story<T: Debug>(
    stream: &mut (impl FusedStream<Item = Item<T>> + Unpin),
) -> Vec<(u64, String)> {
    let start = Instant::now();
    let mut seen = Vec::new();
    loop {
        let item = stream.next().await;
        let at = u64::try_from(start.elapsed().as_millis()).unwrap();
        let Some(item) = item else {
            seen.push((at, "end".to_owned()));
            assert!(stream.is_terminated(), "the end is known");
            assert_eq!(stream.size_hint(), (0, Some(0)));
            assert!(stream.next().await.is_none(), "the end stays");
            return seen;
        };
        assert!(!stream.is_terminated() || item.is_err());
        seen.push((at, told(&item)));
    }
}

/// What [`story`] tells, written down.
pub(crate) fn seen(story: &[(u64, &str)]) -> Vec<(u64, String)> {
    let owned = |(at, text): &(u64, &str)| (*at, (*text).to_owned());
    story.iter().map(owned).collect()
}

/// All that is ready, the end included.
pub(crate) fn ready<T: Debug>(stream: &mut (impl Stream<Item = Item<T>> + Unpin)) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let item = poll(stream);
        match item.as_str() {
            "pending" => return seen,
            "end" => {
                seen.push(item);
                return seen;
            }
            _ => seen.push(item),
        }
    }
}

/// One poll, which must not wait: the item, `end` or `pending`.
pub(crate) fn poll<T: Debug>(stream: &mut (impl Stream<Item = Item<T>> + Unpin)) -> String {
    poll_with(stream, &mut noop_context())
}

/// [`poll`] with a waker to watch.
pub(crate) fn poll_with<T: Debug>(
    stream: &mut (impl Stream<Item = Item<T>> + Unpin),
    cx: &mut Context<'_>,
) -> String {
    match Pin::new(stream).poll_next(cx) {
        Poll::Ready(Some(item)) => told(&item),
        Poll::Ready(None) => "end".to_owned(),
        Poll::Pending => "pending".to_owned(),
    }
}

/// Runs a case of a property test on a clock of its own.
pub(crate) fn paused<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}
