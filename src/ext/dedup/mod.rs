use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};
use pin_project::pin_project;

use super::{BUDGET, Feed};
use crate::Event;
use crate::market::Record;

mod seen;

use seen::Seen;

/// Stream of [`dedup`](crate::FeedExt::dedup).
#[pin_project]
#[derive(Clone, Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Dedup<S> {
    #[pin]
    stream: S,
    seen: Seen,
    duplicates: u64,
    ended: bool,
}

impl<S> Dedup<S> {
    /// How many identities of each symbol are remembered unless
    /// [`dedup_within`](crate::FeedExt::dedup_within) says otherwise: more than the venues replay
    /// after a reconnect, and some 40 KiB for a busy symbol.
    pub const WINDOW: usize = 1_024;

    pub(super) fn new(stream: S, window: usize) -> Self {
        Self {
            stream,
            seen: Seen::new(window),
            duplicates: 0,
            ended: false,
        }
    }

    /// How many events were dropped because their identity had been seen.
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// The stream beneath.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream beneath, to change.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream beneath; nothing is held back.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S> Stream for Dedup<S>
where
    S: Feed,
    S::Data: Record,
{
    type Item = Result<Event<S::Data>, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        if *this.ended {
            return Poll::Ready(None);
        }
        for _ in 0..BUDGET {
            let item = ready!(this.stream.as_mut().poll_next(cx));
            match &item {
                Some(Ok(Event::Data(data))) => {
                    if let Some(id) = data.identity() {
                        if !this.seen.is_new(data.symbol(), id) {
                            *this.duplicates += 1;
                            continue;
                        }
                    } else if data.slot().is_some() {
                        // A snapshot: what comes after it must be applied again, seen or not.
                        this.seen.forget(data.symbol());
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => *this.ended = true,
            }
            return Poll::Ready(item);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.ended {
            return (0, Some(0));
        }
        (0, self.stream.size_hint().1)
    }
}

impl<S> FusedStream for Dedup<S>
where
    S: Feed,
    S::Data: Record,
{
    fn is_terminated(&self) -> bool {
        self.ended
    }
}
