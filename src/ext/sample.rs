use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::{FusedStream, Stream};
use pin_project::pin_project;
use tokio::time::Instant;

use super::keyed::Keyed;
use super::timer::{self, Timer};
use super::upstream::Upstream;
use super::{BUDGET, Feed};
use crate::queue::Lost;
use crate::{Event, Symbol};

/// Stream of [`sample`](crate::FeedExt::sample) and [`sample_by`](crate::FeedExt::sample_by).
#[pin_project]
#[must_use = "streams do nothing unless polled"]
pub struct Sample<S: Feed, K = Symbol, F = fn(&<S as Feed>::Data) -> Symbol> {
    #[pin]
    stream: S,
    queue: Keyed<S::Data, K, F>,
    /// Position up to which the queue may be yielded; what follows waits until it is due.
    released: u64,
    upstream: Upstream<S::Error>,
    grid: Grid,
    timer: Timer,
}

impl<S: Feed, K, F> Sample<S, K, F> {
    pub(super) fn new(stream: S, period: Duration, key: F, lose: fn(&mut Lost, &S::Data)) -> Self {
        Self {
            stream,
            queue: Keyed::new(key, lose),
            released: 0,
            upstream: Upstream::Open,
            grid: Grid {
                period,
                start: None,
                due: None,
            },
            timer: Timer::default(),
        }
    }

    /// The time between two samples.
    pub fn period(&self) -> Duration {
        self.grid.period
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

impl<S, K, F> Stream for Sample<S, K, F>
where
    S: Feed,
    K: Hash + Eq,
    F: FnMut(&S::Data) -> K,
{
    type Item = Result<Event<S::Data>, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let queue = this.queue;
        let grid = this.grid;
        grid.begin();
        let mut pending = false;
        for _ in 0..BUDGET {
            if !this.upstream.is_open() {
                break;
            }
            match this.stream.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(event))) => {
                    let marker = event.is_marker();
                    queue.offer(event);
                    if marker {
                        *this.released = queue.line().end();
                        grid.due = None;
                    }
                }
                Poll::Ready(Some(Err(error))) => *this.upstream = Upstream::Ended(Some(error)),
                Poll::Ready(None) => *this.upstream = Upstream::Ended(None),
                Poll::Pending => {
                    pending = true;
                    break;
                }
            }
        }
        if queue.line().is_empty() {
            return this.upstream.poll_end();
        }
        if !this.upstream.is_open() {
            *this.released = queue.line().end();
        }
        // Whatever waits has its turn at the first point of the grid after it was taken in. That
        // is looked at ahead of yielding what is released already, so that a slow consumer too
        // gets no more than one value of a key between two points.
        if *this.released < queue.line().end() {
            let now = Instant::now();
            let due = grid.due(now);
            let released = *this.released > queue.line().start();
            if due <= now || (pending && !released && this.timer.poll(cx, due).is_ready()) {
                *this.released = queue.line().end();
                grid.due = None;
            } else if !released {
                if !pending {
                    cx.waker().wake_by_ref();
                }
                return Poll::Pending;
            }
        }
        Poll::Ready(queue.pop().map(Ok))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let beneath = self.stream.size_hint();
        self.upstream.size_hint(self.queue.held(), beneath)
    }
}

impl<S, K, F> FusedStream for Sample<S, K, F>
where
    S: Feed,
    K: Hash + Eq,
    F: FnMut(&S::Data) -> K,
{
    fn is_terminated(&self) -> bool {
        self.upstream.is_over()
    }
}

impl<S: Feed + fmt::Debug, K, F> fmt::Debug for Sample<S, K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sample")
            .field("stream", &self.stream)
            .field("period", &self.grid.period)
            .field("queued", &self.queued())
            .field("merged", &self.merged())
            .finish_non_exhaustive()
    }
}

/// Points in time that are a period apart.
struct Grid {
    period: Duration,
    start: Option<Instant>,
    /// The point that something waits for.
    due: Option<Instant>,
}

impl Grid {
    /// Fixes the grid, when it is called first.
    fn begin(&mut self) {
        self.start.get_or_insert_with(Instant::now);
    }

    /// The point that something waits for: the first one after now, unless it waits already.
    fn due(&mut self, now: Instant) -> Instant {
        if let Some(due) = self.due {
            return due;
        }
        let due = timer::after(now, self.wait(now));
        self.due = Some(due);
        due
    }

    /// How long after now the next point is. A point that is now has been; with no period every
    /// moment is one.
    fn wait(&self, now: Instant) -> Duration {
        if self.period.is_zero() {
            return Duration::ZERO;
        }
        let elapsed = self.start.map_or(Duration::ZERO, |start| now - start);
        let past = elapsed.as_nanos() % self.period.as_nanos();
        self.period - Duration::from_nanos(past as u64)
    }
}
