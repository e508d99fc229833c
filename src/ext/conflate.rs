use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::{FusedStream, Stream};
use pin_project::pin_project;

use super::keyed::Keyed;
use super::upstream::Upstream;
use super::{BUDGET, Feed};
use crate::queue::Lost;
use crate::{Event, Symbol};

/// Stream of [`conflate`](crate::FeedExt::conflate) and
/// [`conflate_by`](crate::FeedExt::conflate_by).
#[pin_project]
#[must_use = "streams do nothing unless polled"]
pub struct Conflate<S: Feed, K = Symbol, F = fn(&<S as Feed>::Data) -> Symbol> {
    #[pin]
    stream: S,
    queue: Keyed<S::Data, K, F>,
    upstream: Upstream<S::Error>,
}

impl<S: Feed, K, F> Conflate<S, K, F> {
    pub(super) fn new(stream: S, key: F, lose: fn(&mut Lost, &S::Data)) -> Self {
        Self {
            stream,
            queue: Keyed::new(key, lose),
            upstream: Upstream::Open,
        }
    }

    /// How much data is queued, one event a key and stretch between markers.
    pub fn queued(&self) -> usize {
        self.queue.line().len()
    }

    /// How much data was replaced by newer data.
    pub fn merged(&self) -> u64 {
        self.queue.merged()
    }

    /// How much data was dropped between markers that were too many; the gaps in the stream say
    /// the same.
    pub fn dropped(&self) -> u64 {
        self.queue.line().dropped()
    }

    /// The stream beneath.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream beneath, to change.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream beneath, and what was taken from it but not yielded yet, in its order. An error
    /// that was to come after that is dropped.
    pub fn into_inner(self) -> (S, Vec<Event<S::Data>>) {
        (self.stream, self.queue.into_events())
    }
}

impl<S, K, F> Stream for Conflate<S, K, F>
where
    S: Feed,
    K: Hash + Eq,
    F: FnMut(&S::Data) -> K,
{
    type Item = Result<Event<S::Data>, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        // What a whole budget brings leaves something in the queue, so `Pending` is only returned
        // after the stream beneath has returned it.
        for _ in 0..BUDGET {
            if !this.upstream.is_open() {
                break;
            }
            match this.stream.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(event))) => this.queue.offer(event),
                Poll::Ready(Some(Err(error))) => *this.upstream = Upstream::Ended(Some(error)),
                Poll::Ready(None) => *this.upstream = Upstream::Ended(None),
                Poll::Pending => break,
            }
        }
        match this.queue.pop() {
            Some(event) => Poll::Ready(Some(Ok(event))),
            None => this.upstream.poll_end(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let beneath = self.stream.size_hint();
        self.upstream.size_hint(self.queue.held(), beneath)
    }
}

impl<S, K, F> FusedStream for Conflate<S, K, F>
where
    S: Feed,
    K: Hash + Eq,
    F: FnMut(&S::Data) -> K,
{
    fn is_terminated(&self) -> bool {
        self.upstream.is_over()
    }
}

impl<S: Feed + fmt::Debug, K, F> fmt::Debug for Conflate<S, K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conflate")
            .field("stream", &self.stream)
            .field("queued", &self.queued())
            .field("merged", &self.merged())
            .finish_non_exhaustive()
    }
}
