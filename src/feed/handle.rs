//! What a subscription and the task that feeds it share.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::sync::watch;

use super::queue::{Batch, Queue};
use super::{GapIds, HandleMetrics};
use crate::market::Record;
use crate::{Error, ErrorKind, Overflow, Rejection, Symbol};

/// A queue that may lose nothing may grow this long while its consumer waits for the venue to accept
/// topics, so that it does not stop the very connection that is to accept them.
const UNOPENED: usize = 65_536;

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
    pub(crate) overflow: Overflow,
    state: Mutex<HandleState<T>>,
    /// How many topics the venue has neither accepted nor refused yet.
    pending: watch::Sender<usize>,
}

#[derive(Debug)]
struct HandleState<T> {
    queue: Queue<T>,
    end: Option<Result<(), Error>>,
    /// The end has been taken by the consumer.
    told: bool,
    reader: Option<Waker>,
    /// The subscription has been handed to its consumer.
    opened: bool,
    /// Refusals are told in the stream; before that they wait here for whoever subscribes.
    in_band: bool,
    /// The last refusal of each symbol.
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
            told: false,
            reader: None,
            opened: false,
            in_band: false,
            rejections: Vec::new(),
        };
        let pending = watch::Sender::new(pending);
        Self {
            id,
            channel,
            overflow,
            state: Mutex::new(state),
            pending,
        }
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
        if state.end.is_some() {
            usize::MAX
        } else if state.opened && *self.pending.borrow() == 0 {
            state.queue.room()
        } else {
            state
                .queue
                .room()
                .max(UNOPENED.saturating_sub(state.queue.len()))
        }
    }

    /// Takes up to `max` events, or what the stream ends with.
    pub(crate) fn take(&self, out: &mut Batch<T>, max: usize, waker: &Waker) -> Taken {
        let mut state = lock(&self.state);
        let was_full = self.overflow == Overflow::Wait && state.queue.is_full();
        // What is still to be conflated is taken one by one: a batch would age in its taker's hands.
        let max = if self.overflow == Overflow::Conflate {
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
            return Taken::Ended(Some(ErrorKind::Overflow { capacity }.into()));
        }
        if state.end.is_none() {
            state.reader = Some(waker.clone());
            return Taken::Nothing;
        }
        let told = std::mem::replace(&mut state.told, true);
        Taken::Ended(state.end.clone().and_then(Result::err).filter(|_| !told))
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
    /// `count` topics have got their first answer, or are no longer wanted.
    fn settle(&self, count: usize);
    /// More topics are to be settled.
    fn expect(&self, count: usize);
    /// A topic was refused. Returns whether the refusal belongs into the stream.
    fn refuse(&self, symbol: Symbol, rejection: Rejection) -> bool;
    /// Nothing more will come, unless it has ended before. The waker is the consumer's.
    #[must_use]
    fn end(&self, how: Result<(), Error>) -> Option<Waker>;
    /// Sees how many topics are still to be settled.
    fn pending(&self) -> watch::Receiver<usize>;
    /// From here on refusals are told in the stream; returns those before.
    fn tell_refusals(&self) -> Vec<Rejection>;
    /// The subscription has been handed over: its queue holds no more than its capacity.
    fn open(&self);
    /// The last refusal of each symbol.
    fn rejections(&self) -> Vec<(Symbol, Rejection)>;
    /// Forgets earlier refusals of these symbols, which are asked for again.
    fn forgive(&self, symbols: &[Symbol]);
    /// Why it has ended, if it has.
    fn ended(&self) -> Option<Error>;
    fn metrics(&self) -> HandleMetrics;
    /// The handle for errors and logs, such as `spot.trades #3`.
    fn label(&self) -> String;
}

impl<T: Record + Send> AnyHandle for Handle<T> {
    fn settle(&self, count: usize) {
        self.pending
            .send_modify(|pending| *pending = pending.saturating_sub(count));
    }

    fn expect(&self, count: usize) {
        self.pending.send_modify(|pending| *pending += count);
    }

    fn refuse(&self, symbol: Symbol, rejection: Rejection) -> bool {
        let mut state = lock(&self.state);
        state.rejections.retain(|(known, _)| *known != symbol);
        state.rejections.push((symbol, rejection));
        state.in_band
    }

    fn end(&self, how: Result<(), Error>) -> Option<Waker> {
        let waker = {
            let mut state = lock(&self.state);
            state.end.get_or_insert(how);
            state.reader.take()
        };
        self.pending.send_modify(|pending| *pending = 0);
        waker
    }

    fn pending(&self) -> watch::Receiver<usize> {
        self.pending.subscribe()
    }

    fn tell_refusals(&self) -> Vec<Rejection> {
        let mut state = lock(&self.state);
        state.in_band = true;
        state
            .rejections
            .iter()
            .map(|(_, rejection)| rejection.clone())
            .collect()
    }

    fn open(&self) {
        lock(&self.state).opened = true;
    }

    fn rejections(&self) -> Vec<(Symbol, Rejection)> {
        lock(&self.state).rejections.clone()
    }

    fn forgive(&self, symbols: &[Symbol]) {
        lock(&self.state)
            .rejections
            .retain(|(symbol, _)| !symbols.contains(symbol));
    }

    fn ended(&self) -> Option<Error> {
        let end = lock(&self.state).end.clone()?;
        Some(end.err().unwrap_or_else(|| ErrorKind::Closed.into()))
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
        format!("{} #{}", self.channel, self.id.0)
    }
}
