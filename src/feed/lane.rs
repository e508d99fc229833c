//! From a venue's events to a handle's queue.

use std::sync::Arc;

use super::handle::{AnyHandle, Handle};
use super::queue::Batch;
use super::run::Marker;
use crate::Overflow;
use crate::market::Record;

/// One event type's way from a venue's enum of events into a handle's queue, without a lock until
/// the batch is done.
pub(crate) trait Lane<E>: Send {
    /// Stages an event that no other handle wants.
    fn give(&mut self, event: E);
    /// Stages a copy of an event that others want too.
    fn lend(&mut self, event: &E);
    /// Stages a marker.
    fn mark(&mut self, marker: Marker);
    /// Hands over what is staged.
    fn flush(&mut self);
    /// Whether nothing may be lost, so that [`room`](Lane::room) bounds what is read.
    fn is_lossless(&self) -> bool;
    /// How many more events fit.
    fn room(&self) -> usize;
    fn handle(&self) -> &dyn AnyHandle;
}

/// A venue's enum of events that holds events of type `T`.
pub trait Carries<T>: Sized {
    /// The event, if it is of that type.
    fn into_event(self) -> Option<T>;
    /// A copy of the event, if it is of that type.
    fn to_event(&self) -> Option<T>;
}

pub(crate) struct TypedLane<T> {
    handle: Arc<Handle<T>>,
    staged: Batch<T>,
}

impl<T> TypedLane<T> {
    pub(crate) fn new(handle: Arc<Handle<T>>) -> Self {
        Self {
            handle,
            staged: Batch::new(),
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
    }

    fn flush(&mut self) {
        if !self.staged.is_empty() {
            self.handle.offer(&mut self.staged);
        }
    }

    fn is_lossless(&self) -> bool {
        self.handle.overflow == Overflow::Wait
    }

    fn room(&self) -> usize {
        // What is staged takes room before it is queued.
        let data = self.staged.len() - self.staged.markers();
        self.handle.room().saturating_sub(data)
    }

    fn handle(&self) -> &dyn AnyHandle {
        &*self.handle
    }
}
