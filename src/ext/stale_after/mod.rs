use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::{FusedStream, Stream};
use pin_project::pin_project;
use tokio::time::Instant;

use super::Feed;
use super::timer::Timer;
use crate::{Event, Scope, Staleness, Status, StatusKind};

mod condition;

use condition::Condition;

/// Stream of [`stale_after`](crate::FeedExt::stale_after).
#[pin_project]
#[must_use = "streams do nothing unless polled"]
pub struct StaleAfter<S: Feed> {
    #[pin]
    stream: S,
    period: Duration,
    condition: Condition,
    /// Since when nothing has come; unknown until the stream beneath has nothing ready, so that
    /// no clock is read for an event.
    quiet: Option<Instant>,
    timer: Timer,
    /// What goes out before the stream beneath is polled again.
    next: VecDeque<Event<S::Data>>,
    ended: bool,
}

impl<S: Feed> StaleAfter<S> {
    pub(super) fn new(stream: S, period: Duration) -> Self {
        Self {
            stream,
            period,
            condition: Condition::default(),
            quiet: None,
            timer: Timer::default(),
            next: VecDeque::new(),
            ended: false,
        }
    }

    /// How long nothing must come before it says so.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Whether it has said that the feed is silent, and nothing has ended that since.
    pub fn is_silent(&self) -> bool {
        self.condition.is_silent()
    }

    /// The stream beneath.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream beneath, to change.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream beneath, and what was taken from it but not yielded yet: one event at most, with
    /// the statuses that go before it.
    pub fn into_inner(self) -> (S, Vec<Event<S::Data>>) {
        (self.stream, self.next.into())
    }
}

impl<S: Feed> Stream for StaleAfter<S> {
    type Item = Result<Event<S::Data>, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        if let Some(event) = this.next.pop_front() {
            return Poll::Ready(Some(Ok(event)));
        }
        if *this.ended {
            return Poll::Ready(None);
        }
        if let Poll::Ready(item) = this.stream.poll_next(cx) {
            *this.quiet = None;
            let Some(Ok(event)) = item else {
                *this.ended = true;
                return Poll::Ready(item);
            };
            return Poll::Ready(Some(Ok(this.condition.pass(event, this.next))));
        }
        if this.condition.explains_silence() {
            return Poll::Pending;
        }
        let since = *this.quiet.get_or_insert_with(Instant::now);
        // Later than clocks can say is never.
        let Some(deadline) = since.checked_add(*this.period) else {
            return Poll::Pending;
        };
        ready!(this.timer.poll_later(cx, deadline));
        this.condition.fell_silent();
        let silence = since.elapsed();
        let why = Staleness::Silence { silence };
        let stale = Status::new(StatusKind::Stale { why }, Scope::All);
        Poll::Ready(Some(Ok(stale.into())))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let next = self.next.len();
        if self.ended {
            return (next, Some(next));
        }
        // It may fall silent any number of times.
        (next.saturating_add(self.stream.size_hint().0.min(1)), None)
    }
}

impl<S: Feed> FusedStream for StaleAfter<S> {
    fn is_terminated(&self) -> bool {
        self.ended && self.next.is_empty()
    }
}

impl<S: Feed + fmt::Debug> fmt::Debug for StaleAfter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaleAfter")
            .field("stream", &self.stream)
            .field("period", &self.period)
            .field("silent", &self.condition.is_silent())
            .finish_non_exhaustive()
    }
}
