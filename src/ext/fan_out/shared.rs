use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::super::{BUDGET, Feed};
use super::wakers::Wakers;
use crate::market::Record;
use crate::queue::Queue;
use crate::{Event, Overflow};

/// What the branches share.
pub(super) struct Shared<S: Feed> {
    state: Mutex<State<S>>,
    pub(super) wakers: Arc<Wakers>,
    /// The same as a waker, for the feed beneath.
    waker: Waker,
}

/// The feed beneath, and what each branch has not taken yet.
pub(super) struct State<S: Feed> {
    stream: Pin<Box<S>>,
    /// One a branch, gone with it.
    pub(super) queues: Vec<Option<Queue<S::Data>>>,
    /// How the feed has ended.
    pub(super) end: Option<Result<(), S::Error>>,
}

impl<S: Feed> Shared<S> {
    pub(super) fn new(stream: S, queues: Vec<Option<Queue<S::Data>>>) -> Self {
        let wakers = Arc::new(Wakers::default());
        Self {
            state: Mutex::new(State {
                stream: Box::pin(stream),
                queues,
                end: None,
            }),
            waker: Arc::clone(&wakers).into(),
            wakers,
        }
    }

    /// Whoever holds this must not wake, nor drop a waker or a queue.
    pub(super) fn lock(&self) -> MutexGuard<'_, State<S>> {
        // A feed that panicked may be polled again: what is queued is whole at any time.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn waker(&self) -> &Waker {
        &self.waker
    }
}

impl<S: Feed> State<S>
where
    S::Data: Record + Clone,
{
    /// Takes from the feed until it has nothing ready or a queue is full. Says whether anything
    /// came, its end included.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) -> bool {
        for taken in 0..BUDGET {
            // For the first of them others may have to drop something: they are slower. No more is
            // taken at once than all have room for.
            let stopped = self.queues.iter().flatten().any(|queue| match taken {
                0 => holds_up(queue),
                _ => !queue.failed() && queue.is_full(),
            });
            if stopped || self.end.is_some() {
                return taken > 0;
            }
            match self.stream.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(event))) => self.hand_out(event),
                Poll::Ready(Some(Err(error))) => self.end = Some(Err(error)),
                Poll::Ready(None) => self.end = Some(Ok(())),
                Poll::Pending => return taken > 0,
            }
        }
        true
    }

    /// Gives each branch the event, the last of them without a copy.
    fn hand_out(&mut self, event: Event<S::Data>) {
        let mut open = self
            .queues
            .iter_mut()
            .flatten()
            .filter(|queue| !queue.failed());
        let Some(mut queue) = open.next() else {
            return;
        };
        for next in open {
            queue.offer(event.clone());
            queue = next;
        }
        queue.offer(event);
    }

    /// Takes the oldest event of a branch. Says too whether its queue had held the others up and
    /// no longer does.
    pub(super) fn take(&mut self, branch: usize) -> (Option<Event<S::Data>>, bool) {
        let Some(queue) = self.queues.get_mut(branch).and_then(Option::as_mut) else {
            return (None, false);
        };
        let held_up = holds_up(queue);
        let event = queue.pop();
        (event, held_up && !holds_up(queue))
    }

    /// How many more items the feed may bring, as far as it says.
    pub(super) fn coming(&self) -> Option<usize> {
        match &self.end {
            None => self.stream.size_hint().1,
            Some(end) => Some(usize::from(end.is_err())),
        }
    }
}

/// Whether the feed must not be polled because of this queue.
fn holds_up<T: Record>(queue: &Queue<T>) -> bool {
    queue.overflow() == Overflow::Wait && queue.is_full()
}
