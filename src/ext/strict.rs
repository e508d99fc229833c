use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};
use pin_project::pin_project;

use super::Feed;
use crate::{Error, ErrorKind, Event};

/// Stream of [`strict`](crate::FeedExt::strict).
#[pin_project]
#[derive(Clone, Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Strict<S> {
    #[pin]
    stream: S,
    ended: bool,
}

impl<S> Strict<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
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

    /// The stream beneath, which goes on after a gap that ended this one.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S> Stream for Strict<S>
where
    S: Feed,
    S::Error: From<Error>,
{
    type Item = Result<Event<S::Data>, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        if *this.ended {
            return Poll::Ready(None);
        }
        let item = match ready!(this.stream.poll_next(cx)) {
            Some(Ok(Event::Gap(gap))) => Some(Err(Error::new(ErrorKind::Gap(gap)).into())),
            item => item,
        };
        *this.ended = !matches!(item, Some(Ok(_)));
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.ended {
            return (0, Some(0));
        }
        let (lower, upper) = self.stream.size_hint();
        (lower.min(1), upper)
    }
}

impl<S> FusedStream for Strict<S>
where
    S: Feed,
    S::Error: From<Error>,
{
    fn is_terminated(&self) -> bool {
        self.ended
    }
}
