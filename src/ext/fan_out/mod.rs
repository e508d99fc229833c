use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::{FusedStream, Stream};

use super::Feed;
use crate::market::Record;
use crate::queue::{GapIds, Queue};
use crate::{Error, ErrorKind, Event, Overflow};

mod shared;
mod wakers;

use shared::Shared;
use wakers::Waking;

/// How much data a branch queues, unless said otherwise.
const CAPACITY: usize = 1_024;

/// One branch of [`fan_out`](crate::FeedExt::fan_out).
///
/// Dropping it frees what it has queued and lets the others go on without it; dropping the last
/// one drops the feed beneath.
#[must_use = "streams do nothing unless polled"]
pub struct FanOut<S: Feed> {
    shared: Arc<Shared<S>>,
    branch: usize,
    ids: GapIds,
    over: bool,
}

impl<S> FanOut<S>
where
    S: Feed,
    S::Data: Record + Clone,
{
    pub(super) fn branches(stream: S, branches: usize) -> Vec<Self> {
        assert!(branches > 0, "a feed needs a branch to be read by");
        let ids: Vec<_> = (0..branches).map(|_| GapIds::of_an_operator()).collect();
        let queue = |ids: &GapIds| Some(Queue::new(CAPACITY, Overflow::DropOldest, ids.clone()));
        let shared = Arc::new(Shared::new(stream, ids.iter().map(queue).collect()));
        let branch = |(branch, ids)| Self {
            shared: Arc::clone(&shared),
            branch,
            ids,
            over: false,
        };
        ids.into_iter().enumerate().map(branch).collect()
    }

    /// What to do when this branch falls behind, [`Overflow::DropOldest`] if this is not called.
    ///
    /// Under [`Overflow::Wait`] it loses nothing and makes the others wait for it. Meant to be
    /// called before the first poll; what is queued by then is kept by the new policy.
    pub fn overflow(self, overflow: Overflow) -> Self {
        self.requeue(|queue| (queue.capacity(), overflow))
    }

    /// How much data this branch queues, 1,024 if this is not called, and at least one.
    ///
    /// Meant to be called before the first poll; what is queued by then is kept by the policy.
    pub fn capacity(self, capacity: usize) -> Self {
        self.requeue(|queue| (capacity, queue.overflow()))
    }

    fn requeue(self, change: impl FnOnce(&Queue<S::Data>) -> (usize, Overflow)) -> Self {
        let mut waking = Waking::new(&self.shared.wakers);
        let mut state = self.shared.lock();
        if let Some(Some(queue)) = state.queues.get_mut(self.branch)
            // One that has failed has lost something, which only its error says.
            && !queue.failed()
        {
            let (capacity, overflow) = change(queue);
            let mut changed = Queue::new(capacity, overflow, self.ids.clone());
            while let Some(event) = queue.pop() {
                changed.offer(event);
            }
            *queue = changed;
            waking.due = true;
        }
        drop(state);
        drop(waking);
        self
    }

    /// How much data is queued for this branch.
    pub fn queued(&self) -> usize {
        self.read(Queue::len).unwrap_or_default()
    }

    /// The most data that was ever queued for this branch at once.
    pub fn high_water(&self) -> usize {
        self.read(Queue::high_water).unwrap_or_default()
    }

    /// How much data was replaced by newer data, under [`Overflow::Conflate`].
    pub fn merged(&self) -> u64 {
        self.read(Queue::merged).unwrap_or_default()
    }

    /// How much data was dropped; the gaps in the stream say the same.
    pub fn dropped(&self) -> u64 {
        self.read(Queue::dropped).unwrap_or_default()
    }

    fn read<T>(&self, read: impl FnOnce(&Queue<S::Data>) -> T) -> Option<T> {
        let state = self.shared.lock();
        Some(read(state.queues.get(self.branch)?.as_ref()?))
    }
}

impl<S> Stream for FanOut<S>
where
    S: Feed,
    S::Data: Record + Clone,
    S::Error: Clone + From<Error>,
{
    type Item = Result<Event<S::Data>, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.over {
            return Poll::Ready(None);
        }
        // Both come before the lock, so that it is released before they are dropped.
        let mut waking = Waking::new(&this.shared.wakers);
        let _replaced;
        let mut state = this.shared.lock();

        let (event, released) = state.take(this.branch);
        waking.due = released;
        if let Some(event) = event {
            return Poll::Ready(Some(Ok(event)));
        }
        let failed = state.queues[this.branch]
            .as_ref()
            .filter(|queue| queue.failed())
            .map(|queue| ErrorKind::Overflow {
                capacity: queue.capacity(),
            });
        if let Some(overflow) = failed {
            this.over = true;
            return Poll::Ready(Some(Err(Error::new(overflow).into())));
        }
        // It has nothing, so it is its turn to poll the feed, for all of them.
        let polling = this.shared.wakers.polling();
        let drove = state.drive(&mut Context::from_waker(this.shared.waker()));
        let (event, released) = state.take(this.branch);
        waking.due |= drove || released;
        if let Some(event) = event {
            waking.due |= polling.end();
            return Poll::Ready(Some(Ok(event)));
        }
        if let Some(end) = &state.end {
            this.over = true;
            waking.due |= polling.end();
            return Poll::Ready(end.clone().err().map(Err));
        }
        // Waits before the feed's wakes count again, so that none is lost.
        _replaced = this.shared.wakers.park(this.branch, cx.waker());
        waking.due |= polling.end();
        Poll::Pending
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.over {
            return (0, Some(0));
        }
        let queued = self.read(|queue| queue.len() + queue.markers());
        let coming = self.shared.lock().coming();
        // An overflow adds at most the error that it ends with.
        let queued = queued.unwrap_or_default() + 1;
        (0, coming.and_then(|more| more.checked_add(queued)))
    }
}

impl<S> FusedStream for FanOut<S>
where
    S: Feed,
    S::Data: Record + Clone,
    S::Error: Clone + From<Error>,
{
    fn is_terminated(&self) -> bool {
        self.over
    }
}

impl<S: Feed> Drop for FanOut<S> {
    fn drop(&mut self) {
        let mut waking = Waking::new(&self.shared.wakers);
        // It may have made the others wait.
        waking.due = true;
        let queue = self.shared.lock().queues[self.branch].take();
        let waker = self.shared.wakers.forget(self.branch);
        drop((queue, waker));
    }
}

impl<S: Feed> fmt::Debug for FanOut<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FanOut")
            .field("branch", &self.branch)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
