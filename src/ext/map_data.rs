use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::{FusedStream, Stream};
use pin_project::pin_project;

use super::Feed;
use crate::Event;

/// Stream of [`map_data`](crate::FeedExt::map_data).
#[pin_project]
#[derive(Clone)]
#[must_use = "streams do nothing unless polled"]
pub struct MapData<S, F> {
    #[pin]
    stream: S,
    f: F,
}

impl<S, F> MapData<S, F> {
    pub(super) fn new(stream: S, f: F) -> Self {
        Self { stream, f }
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

impl<S, F, U> Stream for MapData<S, F>
where
    S: Feed,
    F: FnMut(S::Data) -> U,
{
    type Item = Result<Event<U>, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        this.stream
            .poll_next(cx)
            .map(|item| item.map(|item| item.map(|event| event.map(this.f))))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

impl<S, F, U> FusedStream for MapData<S, F>
where
    S: Feed + FusedStream,
    F: FnMut(S::Data) -> U,
{
    fn is_terminated(&self) -> bool {
        self.stream.is_terminated()
    }
}

impl<S: fmt::Debug, F> fmt::Debug for MapData<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapData")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}
