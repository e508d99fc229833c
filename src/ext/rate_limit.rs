use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};
use pin_project::pin_project;
use tokio::time::Instant;

use super::Feed;
use super::timer::Timer;
use super::upstream::Upstream;
use crate::rate::Bucket;
use crate::{Event, Rate};

/// Stream of [`rate_limit`](crate::FeedExt::rate_limit).
#[pin_project]
#[must_use = "streams do nothing unless polled"]
pub struct RateLimit<S: Feed> {
    #[pin]
    stream: S,
    /// What waits for its turn, and when that is.
    held: Option<(S::Data, Instant)>,
    upstream: Upstream<S::Error>,
    bucket: Bucket,
    timer: Timer,
}

impl<S: Feed> RateLimit<S> {
    pub(super) fn new(stream: S, rate: Rate) -> Self {
        Self {
            stream,
            held: None,
            upstream: Upstream::Open,
            bucket: Bucket::new(rate),
            timer: Timer::default(),
        }
    }

    /// The rate it keeps to.
    pub fn rate(&self) -> Rate {
        self.bucket.rate()
    }

    /// The stream beneath.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream beneath, to change.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream beneath, and the data that was waiting for its turn.
    pub fn into_inner(self) -> (S, Option<S::Data>) {
        (self.stream, self.held.map(|(data, _)| data))
    }
}

impl<S: Feed> Stream for RateLimit<S> {
    type Item = Result<Event<S::Data>, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            if let Some((_, at)) = this.held {
                ready!(this.timer.poll(cx, *at));
                // It may be later than that, and the next one counts from when this one went.
                this.bucket.take(Instant::now().into_std());
                let data = this.held.take();
                return Poll::Ready(data.map(|(data, _)| Ok(Event::Data(data))));
            }
            if this.upstream.is_over() {
                return Poll::Ready(None);
            }
            match ready!(this.stream.as_mut().poll_next(cx)) {
                Some(Ok(Event::Data(data))) => {
                    let now = Instant::now().into_std();
                    let at = this.bucket.ready_at(now);
                    if at <= now {
                        this.bucket.take(now);
                        return Poll::Ready(Some(Ok(Event::Data(data))));
                    }
                    *this.held = Some((data, at.into()));
                }
                Some(Ok(marker)) => return Poll::Ready(Some(Ok(marker))),
                end => {
                    *this.upstream = Upstream::Over;
                    return Poll::Ready(end);
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let held = usize::from(self.held.is_some());
        self.upstream.size_hint(held, self.stream.size_hint())
    }
}

impl<S: Feed> FusedStream for RateLimit<S> {
    fn is_terminated(&self) -> bool {
        self.upstream.is_over()
    }
}

impl<S: Feed + fmt::Debug> fmt::Debug for RateLimit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("stream", &self.stream)
            .field("rate", &self.bucket.rate())
            .field("holds", &self.held.is_some())
            .finish_non_exhaustive()
    }
}
