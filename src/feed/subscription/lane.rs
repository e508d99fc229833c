//! From a venue's events to a handle's queue.

use std::sync::Arc;
use std::task::Waker;

use crate::feed::subscription::handle::{AnyHandle, Handle};
use crate::market::Record;
use crate::queue::Batch;
use crate::queue::Marker;

/// One event type's way from a venue's enum of events into a handle's queue, without a lock until
/// the batch is done.
pub(crate) trait Lane<E>: Send {
    /// Stages an event that no other handle wants.
    fn give(&mut self, event: E);
    /// Stages a copy of an event that others want too.
    fn lend(&mut self, event: &E);
    /// Stages a marker.
    fn mark(&mut self, marker: Marker);
    /// Hands over what is staged, and wakes the consumer. Not to be called under a lock.
    fn flush(&mut self);
    /// Whether nothing may be read until the consumer has taken something.
    fn is_full(&self) -> bool;
    fn handle(&self) -> &dyn AnyHandle;
}

/// A venue's enum of events that holds events of type `T`.
pub trait Carries<T>: Sized {
    /// The event, if it is of that type.
    fn into_event(self) -> Option<T>;
    /// A copy of the event, if it is of that type.
    fn to_event(&self) -> Option<T>;
}

/// So many markers are staged at most. The queue folds them: a flood of them to thousands of handles
/// must not wait here for the end of the batch.
const MARKERS: usize = 4;

pub(crate) struct TypedLane<T> {
    handle: Arc<Handle<T>>,
    staged: Batch<T>,
    /// The consumer's, to be woken at the end of the batch.
    waker: Option<Waker>,
}

impl<T> TypedLane<T> {
    pub(crate) fn new(handle: Arc<Handle<T>>) -> Self {
        Self {
            handle,
            staged: Batch::new(),
            waker: None,
        }
    }
}

impl<T: Record + Send, E: Carries<T>> Lane<E> for TypedLane<T> {
    #[inline]
    fn give(&mut self, event: E) {
        if let Some(data) = event.into_event() {
            self.staged.push_data(data);
        }
    }

    fn lend(&mut self, event: &E) {
        if let Some(data) = event.to_event() {
            self.staged.push_data(data);
        }
    }

    fn mark(&mut self, marker: Marker) {
        self.staged.push_marker(marker);
        if self.staged.markers() >= MARKERS {
            self.waker = self.handle.offer(&mut self.staged).or(self.waker.take());
        }
    }

    fn flush(&mut self) {
        if !self.staged.is_empty() {
            self.waker = self.handle.offer(&mut self.staged).or(self.waker.take());
        }
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn is_full(&self) -> bool {
        self.handle.is_full()
    }

    fn handle(&self) -> &dyn AnyHandle {
        &*self.handle
    }
}
