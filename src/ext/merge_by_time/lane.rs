use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::Instant;

use super::super::Feed;
use crate::market::Record;
use crate::{Event, Timestamp};

/// One feed, and what was taken from it but has not gone out.
pub(super) struct Lane<S: Feed> {
    /// Boxed so that any feed will do, pinned or not.
    stream: Pin<Box<S>>,
    held: VecDeque<Held<S::Data>>,
    ended: bool,
    /// It had nothing ready in this poll.
    pub(super) asleep: bool,
}

pub(super) struct Held<T> {
    pub(super) event: Event<T>,
    /// Its own time. What has none stands where it is in its feed, so it goes out at once when all
    /// that was before it has: `None` is earlier than any time.
    pub(super) time: Option<Timestamp>,
    pub(super) arrived: Instant,
}

/// What became of one look at a feed.
pub(super) enum Took<E> {
    Event,
    Nothing,
    End,
    Error(E),
}

impl<S: Feed> Lane<S>
where
    S::Data: Record,
{
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream: Box::pin(stream),
            held: VecDeque::new(),
            ended: false,
            asleep: false,
        }
    }

    /// Takes in one event.
    pub(super) fn take_in(&mut self, now: Instant, cx: &mut Context<'_>) -> Took<S::Error> {
        match self.stream.as_mut().poll_next(cx) {
            Poll::Ready(Some(Ok(event))) => {
                let time = match &event {
                    Event::Data(data) => data.time().or_else(|| data.received()),
                    Event::Gap(_) | Event::Status(_) => None,
                };
                self.held.push_back(Held {
                    event,
                    time,
                    arrived: now,
                });
                Took::Event
            }
            Poll::Ready(Some(Err(error))) => {
                self.ended = true;
                Took::Error(error)
            }
            Poll::Ready(None) => {
                self.ended = true;
                Took::End
            }
            Poll::Pending => {
                self.asleep = true;
                Took::Nothing
            }
        }
    }
}

impl<S: Feed> Lane<S> {
    pub(super) fn head(&self) -> Option<&Held<S::Data>> {
        self.held.front()
    }

    pub(super) fn pop(&mut self) -> Option<Held<S::Data>> {
        self.held.pop_front()
    }

    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    pub(super) fn get_ref(&self) -> &S {
        &self.stream
    }
}
