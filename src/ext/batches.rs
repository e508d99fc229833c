use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::{FusedStream, Stream};
use pin_project::pin_project;
use tokio::time::Instant;

use super::timer::{self, Timer};
use super::upstream::Upstream;
use super::{BUDGET, Feed};
use crate::Event;
use crate::queue::Marker;

/// A new batch begins with room for as many events as the last one had, but for no more than this:
/// one batch of a busy moment must not make all that follow large.
const RESERVE: usize = 1_024;

/// Stream of [`batches`](crate::FeedExt::batches).
#[pin_project]
#[must_use = "streams do nothing unless polled"]
pub struct Batches<S: Feed> {
    #[pin]
    stream: S,
    filling: Filling<S::Data>,
    /// Stands after the batch that has just been yielded.
    marker: Option<Marker>,
    upstream: Upstream<S::Error>,
    timer: Timer,
}

impl<S: Feed> Batches<S> {
    pub(super) fn new(stream: S, max: usize, period: Duration) -> Self {
        assert!(max > 0, "a batch must hold something");
        Self {
            stream,
            filling: Filling {
                events: Vec::new(),
                expected: 0,
                max,
                period,
                due: None,
            },
            marker: None,
            upstream: Upstream::Open,
            timer: Timer::default(),
        }
    }

    /// The most events a batch holds.
    pub fn max(&self) -> usize {
        self.filling.max
    }

    /// The longest a batch waits for more.
    pub fn period(&self) -> Duration {
        self.filling.period
    }

    /// How much data waits for its batch to be full or due.
    pub fn queued(&self) -> usize {
        self.filling.events.len()
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
        let marker = self.marker.map(Event::from);
        let data = self.filling.events.into_iter().map(Event::Data);
        (self.stream, marker.into_iter().chain(data).collect())
    }
}

impl<S: Feed> Stream for Batches<S> {
    type Item = Result<Event<Vec<S::Data>>, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let filling = this.filling;
        if let Some(marker) = this.marker.take() {
            return Poll::Ready(Some(Ok(marker.into())));
        }
        let mut pending = false;
        for _ in 0..BUDGET {
            if !this.upstream.is_open() {
                break;
            }
            let marker = match this.stream.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(Event::Data(data)))) => match filling.push(data) {
                    Some(batch) => return Poll::Ready(Some(Ok(Event::Data(batch)))),
                    None => continue,
                },
                Poll::Ready(Some(Ok(Event::Gap(gap)))) => Marker::Gap(gap),
                Poll::Ready(Some(Ok(Event::Status(status)))) => Marker::Status(status),
                Poll::Ready(Some(Err(error))) => {
                    *this.upstream = Upstream::Ended(Some(error));
                    break;
                }
                Poll::Ready(None) => {
                    *this.upstream = Upstream::Ended(None);
                    break;
                }
                Poll::Pending => {
                    pending = true;
                    break;
                }
            };
            return Poll::Ready(Some(Ok(match filling.take() {
                Some(batch) => {
                    *this.marker = Some(marker);
                    Event::Data(batch)
                }
                None => marker.into(),
            })));
        }
        if filling.events.is_empty() {
            // Nothing taken: the stream beneath has ended, or has registered the waker.
            return this.upstream.poll_end();
        }
        if this.upstream.is_open() {
            // The clock is read here and nowhere else. All of the batch was taken in this call, or
            // an earlier one has been here, so the batch is no older than `due` says.
            let now = Instant::now();
            let due = filling.due(now);
            if now < due {
                if !pending {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                ready!(this.timer.poll(cx, due));
            }
        }
        Poll::Ready(filling.take().map(|batch| Ok(Event::Data(batch))))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let held =
            usize::from(!self.filling.events.is_empty()) + usize::from(self.marker.is_some());
        self.upstream.size_hint(held, self.stream.size_hint())
    }
}

impl<S: Feed> FusedStream for Batches<S> {
    fn is_terminated(&self) -> bool {
        self.upstream.is_over()
    }
}

impl<S: Feed + fmt::Debug> fmt::Debug for Batches<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches")
            .field("stream", &self.stream)
            .field("max", &self.filling.max)
            .field("period", &self.filling.period)
            .field("queued", &self.filling.events.len())
            .finish_non_exhaustive()
    }
}

/// The batch in the making.
struct Filling<T> {
    events: Vec<T>,
    /// How many events the last batch had.
    expected: usize,
    max: usize,
    period: Duration,
    /// When it must go, once that was asked.
    due: Option<Instant>,
}

impl<T> Filling<T> {
    /// Adds an event, and takes the batch if that fills it.
    #[inline]
    fn push(&mut self, event: T) -> Option<Vec<T>> {
        if self.events.is_empty() {
            self.events.reserve(self.expected.min(RESERVE));
        }
        self.events.push(event);
        if self.events.len() == self.max {
            self.take()
        } else {
            None
        }
    }

    /// Takes the batch, unless it is empty.
    fn take(&mut self) -> Option<Vec<T>> {
        if self.events.is_empty() {
            return None;
        }
        self.expected = self.events.len();
        self.due = None;
        Some(std::mem::take(&mut self.events))
    }

    /// When the batch must go, if its first event came now or this was asked before.
    fn due(&mut self, now: Instant) -> Instant {
        *self
            .due
            .get_or_insert_with(|| timer::after(now, self.period))
    }
}
