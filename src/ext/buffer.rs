use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::{FusedStream, Stream};
use pin_project::pin_project;

use super::upstream::Upstream;
use super::{BUDGET, Feed};
use crate::market::Record;
use crate::queue::{GapIds, Queue};
use crate::{Error, ErrorKind, Event, Overflow};

/// Stream of [`buffer`](crate::FeedExt::buffer).
#[pin_project]
#[must_use = "streams do nothing unless polled"]
pub struct Buffer<S: Feed> {
    #[pin]
    stream: S,
    queue: Queue<S::Data>,
    upstream: Upstream<S::Error>,
}

impl<S: Feed> Buffer<S>
where
    S::Data: Record,
{
    pub(super) fn new(stream: S, capacity: usize, overflow: Overflow) -> Self {
        Self {
            stream,
            queue: Queue::new(capacity, overflow, GapIds::of_an_operator()),
            upstream: Upstream::Open,
        }
    }

    /// How much data is queued.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// The most data that was ever queued at once.
    pub fn high_water(&self) -> usize {
        self.queue.high_water()
    }

    /// How much data was replaced by newer data, under [`Overflow::Conflate`].
    pub fn merged(&self) -> u64 {
        self.queue.merged()
    }

    /// How much data was dropped; the gaps in the stream say the same.
    pub fn dropped(&self) -> u64 {
        self.queue.dropped()
    }

    /// The stream beneath.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream beneath, to change.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream beneath, and what was taken from it but not yielded yet.
    pub fn into_inner(mut self) -> (S, Vec<Event<S::Data>>) {
        let queued = std::iter::from_fn(|| self.queue.pop()).collect();
        (self.stream, queued)
    }
}

impl<S> Stream for Buffer<S>
where
    S: Feed,
    S::Data: Record,
    S::Error: From<Error>,
{
    type Item = Result<Event<S::Data>, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let queue = this.queue;
        // What a whole budget brings leaves something in the queue, so `Pending` is only returned
        // after the stream beneath has returned it.
        for _ in 0..BUDGET {
            if !this.upstream.is_open() || (queue.overflow() == Overflow::Wait && queue.is_full()) {
                break;
            }
            match this.stream.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(event))) => queue.offer(event),
                Poll::Ready(Some(Err(error))) => *this.upstream = Upstream::Ended(Some(error)),
                Poll::Ready(None) => *this.upstream = Upstream::Ended(None),
                Poll::Pending => break,
            }
            if queue.failed() {
                let capacity = queue.capacity();
                let error = Error::new(ErrorKind::Overflow { capacity });
                *this.upstream = Upstream::Ended(Some(error.into()));
            }
        }
        if let Some(event) = queue.pop() {
            return Poll::Ready(Some(Ok(event)));
        }
        this.upstream.poll_end()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let queued = self.queue.len() + self.queue.markers();
        let coming = match &self.upstream {
            Upstream::Open => self.stream.size_hint().1,
            Upstream::Ended(error) => Some(usize::from(error.is_some())),
            Upstream::Over => Some(0),
        };
        // An overflow adds at most the error that it ends with.
        (0, coming.and_then(|more| more.checked_add(queued + 1)))
    }
}

impl<S> FusedStream for Buffer<S>
where
    S: Feed,
    S::Data: Record,
    S::Error: From<Error>,
{
    fn is_terminated(&self) -> bool {
        self.upstream.is_over()
    }
}

impl<S> fmt::Debug for Buffer<S>
where
    S: Feed + fmt::Debug,
    S::Data: Record,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer")
            .field("stream", &self.stream)
            .field("queued", &self.queue.len())
            .field("capacity", &self.queue.capacity())
            .field("overflow", &self.queue.overflow())
            .finish_non_exhaustive()
    }
}
