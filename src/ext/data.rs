use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};
use pin_project::pin_project;

use super::{BUDGET, Feed};
use crate::Event;

/// Stream of [`data`](crate::FeedExt::data).
#[pin_project]
#[derive(Clone, Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Data<S> {
    #[pin]
    stream: S,
    gaps: u64,
    missed: u64,
    uncounted: u64,
    statuses: u64,
}

impl<S> Data<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            gaps: 0,
            missed: 0,
            uncounted: 0,
            statuses: 0,
        }
    }

    /// How many gaps it hid.
    pub fn gaps(&self) -> u64 {
        self.gaps
    }

    /// How many events are missing by those gaps that say so exactly.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// How many gaps do not say how much is missing.
    pub fn uncounted(&self) -> u64 {
        self.uncounted
    }

    /// How many statuses it hid, not counting those folded into others.
    pub fn statuses(&self) -> u64 {
        self.statuses
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

impl<S: Feed> Stream for Data<S> {
    type Item = Result<S::Data, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        for _ in 0..BUDGET {
            match ready!(this.stream.as_mut().poll_next(cx)) {
                Some(Ok(Event::Data(data))) => return Poll::Ready(Some(Ok(data))),
                Some(Ok(Event::Gap(gap))) => {
                    *this.gaps += 1;
                    match gap.missed {
                        Some(missed) => *this.missed = this.missed.saturating_add(missed),
                        None => *this.uncounted += 1,
                    }
                }
                Some(Ok(Event::Status(_))) => *this.statuses += 1,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, self.stream.size_hint().1)
    }
}

impl<S: Feed + FusedStream> FusedStream for Data<S> {
    fn is_terminated(&self) -> bool {
        self.stream.is_terminated()
    }
}
