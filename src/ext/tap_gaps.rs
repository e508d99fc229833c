use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};
use pin_project::pin_project;

use super::Feed;
use crate::{Event, Gap};

/// Stream of [`tap_gaps`](crate::FeedExt::tap_gaps).
#[pin_project]
#[derive(Clone)]
#[must_use = "streams do nothing unless polled"]
pub struct TapGaps<S, F> {
    #[pin]
    stream: S,
    f: F,
    ended: bool,
}

impl<S, F> TapGaps<S, F> {
    pub(super) fn new(stream: S, f: F) -> Self {
        Self {
            stream,
            f,
            ended: false,
        }
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

impl<S, F> Stream for TapGaps<S, F>
where
    S: Feed,
    F: FnMut(&Gap),
{
    type Item = Result<Event<S::Data>, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        if *this.ended {
            return Poll::Ready(None);
        }
        let item = ready!(this.stream.poll_next(cx));
        match &item {
            Some(Ok(Event::Gap(gap))) => (this.f)(gap),
            Some(_) => {}
            None => *this.ended = true,
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.ended {
            return (0, Some(0));
        }
        self.stream.size_hint()
    }
}

impl<S, F> FusedStream for TapGaps<S, F>
where
    S: Feed,
    F: FnMut(&Gap),
{
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<S: fmt::Debug, F> fmt::Debug for TapGaps<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TapGaps")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}
