//! From a venue's events to a handle's queue.

use std::sync::Arc;

use super::handle::{AnyHandle, Handle};
use super::run::Marker;
use crate::market::Record;
use crate::{Event, Overflow};

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
    staged: Vec<Event<T>>,
    /// Events staged that are data: what room they take before they are queued.
    data: usize,
}

impl<T> TypedLane<T> {
    pub(crate) fn new(handle: Arc<Handle<T>>) -> Self {
        Self {
            handle,
            staged: Vec::new(),
            data: 0,
        }
    }
}

impl<T: Record + Send, E: Carries<T>> Lane<E> for TypedLane<T> {
    #[inline]
    fn give(&mut self, event: E) {
        if let Some(data) = event.into_event() {
            self.staged.push(Event::Data(data));
            self.data += 1;
        }
    }

    fn lend(&mut self, event: &E) {
        if let Some(data) = event.to_event() {
            self.staged.push(Event::Data(data));
            self.data += 1;
        }
    }

    fn mark(&mut self, marker: Marker) {
        self.staged.push(marker.into());
    }

    fn flush(&mut self) {
        if !self.staged.is_empty() {
            self.handle.offer(&mut self.staged);
            self.data = 0;
        }
    }

    fn is_lossless(&self) -> bool {
        self.handle.overflow == Overflow::Wait
    }

    fn room(&self) -> usize {
        self.handle.room().saturating_sub(self.data)
    }

    fn handle(&self) -> &dyn AnyHandle {
        &*self.handle
    }
}
