//! What a subscription and the task that feeds it share.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::sync::watch;

use super::queue::{Batch, Queue};
use super::run::Marker;
use super::{GapIds, HandleMetrics};
use crate::market::Record;
use crate::{Error, Overflow, Rejection, Symbol};

/// Names a handle within its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct HandleId(pub(crate) u64);

/// Takes a lock whatever a panicking holder did: every holder leaves the data whole.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The shared half of a subscription.
#[derive(Debug)]
pub(crate) struct Handle<T> {
    pub(crate) id: HandleId,
    pub(crate) channel: &'static str,
    overflow: Overflow,
    state: Mutex<HandleState<T>>,
    /// How many topics the venue has neither accepted nor refused yet.
    pending: watch::Sender<usize>,
}

#[derive(Debug)]
struct HandleState<T> {
    queue: Queue<T>,
    end: Option<Result<(), Error>>,
    reader: Option<Waker>,
    /// Refusals are told in the stream; before that they wait here for whoever subscribes.
    in_band: bool,
    rejections: Vec<(Symbol, Rejection)>,
}

/// What a consumer finds when it looks.
pub(crate) enum Taken {
    /// At least one event was moved; whether the queue had been full.
    Some { was_full: bool },
    /// Nothing yet; the waker is kept.
    Nothing,
    /// The stream is over.
    Ended(Option<Error>),
}

impl<T: Record> Handle<T> {
    pub(crate) fn new(
        id: HandleId,
        channel: &'static str,
        pending: usize,
        capacity: usize,
        overflow: Overflow,
        gap_ids: GapIds,
    ) -> Self {
        let state = HandleState {
            queue: Queue::new(capacity, overflow, gap_ids),
            end: None,
            reader: None,
            in_band: false,
            rejections: Vec::new(),
        };
        Self {
            id,
            channel,
            overflow,
            state: Mutex::new(state),
            pending: watch::Sender::new(pending),
        }
    }

    /// The handle for errors and logs, such as `spot.trades #3`.
    pub(crate) fn label(&self) -> String {
        format!("{} #{}", self.channel, self.id.0)
    }

    /// Queues a batch in one lock and wakes the consumer if it had nothing.
    pub(crate) fn offer(&self, batch: &mut Batch<T>) {
        let waker = {
            let mut state = lock(&self.state);
            state.queue.offer_all(batch);
            state.reader.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// How many more events fit; any number once nobody takes them any more.
    pub(crate) fn room(&self) -> usize {
        let state = lock(&self.state);
        if state.end.is_none() {
            state.queue.room()
        } else {
            usize::MAX
        }
    }

    /// Takes up to `max` events, or what the stream ends with.
    pub(crate) fn take(&self, out: &mut Batch<T>, max: usize, waker: &Waker) -> Taken {
        let mut state = lock(&self.state);
        let was_full = state.queue.overflow() == Overflow::Wait && state.queue.is_full();
        // What is still to be conflated is taken one by one: a batch would age in its taker's hands.
        let max = if state.queue.overflow() == Overflow::Conflate {
            1
        } else {
            max
        };
        state.queue.take_into(out, max);
        if !out.is_empty() {
            return Taken::Some { was_full };
        }
        if state.queue.failed() {
            let capacity = state.queue.capacity();
            return Taken::Ended(Some(crate::ErrorKind::Overflow { capacity }.into()));
        }
        match state.end.take() {
            Some(Ok(())) => Taken::Ended(None),
            Some(Err(error)) => Taken::Ended(Some(error)),
            None => {
                state.reader = Some(waker.clone());
                Taken::Nothing
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.state).queue.len()
    }

    pub(crate) fn merged(&self) -> u64 {
        lock(&self.state).queue.merged()
    }

    pub(crate) fn dropped(&self) -> u64 {
        lock(&self.state).queue.dropped()
    }
}

/// A handle as seen by the task that feeds it, whatever its type of event.
pub(crate) trait AnyHandle: Send + Sync {
    /// `count` topics were accepted for the first time.
    fn settle(&self, count: usize);
    /// A topic was refused; `first` if it had never been accepted. Returns whether the refusal
    /// belongs into the stream.
    fn refuse(&self, symbol: Symbol, rejection: Rejection, first: bool) -> bool;
    /// More topics are to be settled.
    fn expect(&self, count: usize);
    /// Nothing more will come.
    fn end(&self, how: Result<(), Error>);
    /// Sees how many topics are still to be settled.
    fn pending(&self) -> watch::Receiver<usize>;
    /// From here on refusals are told in the stream.
    fn open(&self);
    /// The refusals so far.
    fn rejections(&self) -> Vec<(Symbol, Rejection)>;
    /// The error that ended it, if one did.
    fn failure(&self) -> Option<Error>;
    fn metrics(&self) -> HandleMetrics;
    fn label(&self) -> String;
}

impl<T: Record + Send> AnyHandle for Handle<T> {
    fn settle(&self, count: usize) {
        self.pending
            .send_modify(|pending| *pending = pending.saturating_sub(count));
    }

    fn refuse(&self, symbol: Symbol, rejection: Rejection, first: bool) -> bool {
        let in_band = {
            let mut state = lock(&self.state);
            state.rejections.push((symbol, rejection));
            state.in_band
        };
        if first {
            self.settle(1);
        }
        in_band
    }

    fn expect(&self, count: usize) {
        self.pending.send_modify(|pending| *pending += count);
    }

    fn end(&self, how: Result<(), Error>) {
        let waker = {
            let mut state = lock(&self.state);
            if state.end.is_none() {
                state.end = Some(how);
            }
            state.reader.take()
        };
        self.pending.send_modify(|pending| *pending = 0);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn pending(&self) -> watch::Receiver<usize> {
        self.pending.subscribe()
    }

    fn open(&self) {
        lock(&self.state).in_band = true;
    }

    fn rejections(&self) -> Vec<(Symbol, Rejection)> {
        lock(&self.state).rejections.clone()
    }

    fn failure(&self) -> Option<Error> {
        match &lock(&self.state).end {
            Some(Err(error)) => Some(error.clone()),
            Some(Ok(())) => Some(crate::ErrorKind::Closed.into()),
            None => None,
        }
    }

    fn metrics(&self) -> HandleMetrics {
        let state = lock(&self.state);
        HandleMetrics {
            channel: self.channel.to_owned(),
            queued: state.queue.len(),
            high_water: state.queue.high_water(),
            dropped: state.queue.dropped(),
            merged: state.queue.merged(),
        }
    }

    fn label(&self) -> String {
        Self::label(self)
    }
}

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
    handle: std::sync::Arc<Handle<T>>,
    staged: Batch<T>,
}

impl<T> TypedLane<T> {
    pub(crate) fn new(handle: std::sync::Arc<Handle<T>>) -> Self {
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
