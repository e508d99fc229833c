//! What a subscription and the task that feeds it share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::feed::subscription::owed::Owed;
use crate::feed::subscription::rejections::Rejections;
use crate::feed::subscription::settled::Waiters;
use crate::feed::{HandleMetrics, Losing, TopicId};
use crate::market::Record;
use crate::queue::GapIds;
use crate::queue::{Batch, Queue};
use crate::{Clock, Error, ErrorKind, Gap, Overflow, Rejection, Symbol};

/// Names a handle within its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct HandleId(pub(crate) u64);

/// Takes a lock whatever a panicking holder did: every holder leaves the data whole.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The shared half of a subscription.
///
/// Nobody is woken under its lock, nor by anything that may be called under another: what wakes a
/// consumer is given back to the caller.
#[derive(Debug)]
pub(crate) struct Handle<T> {
    pub(crate) id: HandleId,
    pub(crate) channel: &'static str,
    pub(crate) overflow: Overflow,
    state: Mutex<HandleState<T>>,
    gap_ids: GapIds,
    clock: Clock,
    /// Nothing may be read because its queue may lose nothing and is full. Changed under the lock,
    /// looked at without.
    full: AtomicBool,
}

#[derive(Debug)]
struct HandleState<T> {
    queue: Queue<T>,
    /// What is to be said before the end if the stream ends now.
    owed: Owed,
    end: Option<Result<(), Error>>,
    /// The end has been taken by the consumer.
    told: bool,
    reader: Option<Waker>,
    /// How many topics the venue has neither accepted nor refused yet.
    pending: usize,
    waiters: Waiters,
    /// Refusals are told in the stream; before that they wait here for whoever subscribes.
    in_band: bool,
    rejections: Rejections,
}

/// What a consumer finds when it looks.
pub(crate) enum Taken {
    /// At least one event was moved; whether that made room in a queue that kept everything from being
    /// read.
    Some { freed: bool },
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
        clock: Clock,
    ) -> Self {
        let mut queue = Queue::new(capacity, overflow, gap_ids.clone());
        queue.set_unread(true);
        let mut rejections = Rejections::default();
        rejections.expect(pending);
        let state = HandleState {
            queue,
            owed: Owed::default(),
            end: None,
            told: false,
            reader: None,
            pending,
            waiters: Waiters::default(),
            in_band: false,
            rejections,
        };
        Self {
            id,
            channel,
            overflow,
            state: Mutex::new(state),
            gap_ids,
            clock,
            full: AtomicBool::new(false),
        }
    }

    /// Queues a batch in one lock. Returns the waker of a consumer that had nothing.
    #[must_use]
    pub(crate) fn offer(&self, batch: &mut Batch<T>) -> Option<Waker> {
        let mut state = lock(&self.state);
        state.queue.offer_all(batch);
        self.note_full(&state);
        state.reader.take()
    }

    /// Whether nothing may be read until its consumer has taken something.
    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire)
    }

    /// Notes whether it is full; returns whether it was and is no longer.
    fn note_full(&self, state: &HandleState<T>) -> bool {
        let full = state.end.is_none() && state.queue.waits();
        self.full.swap(full, Ordering::AcqRel) && !full
    }

    /// Takes up to `max` events, or what the stream ends with.
    pub(crate) fn take(&self, out: &mut Batch<T>, max: usize, waker: &Waker) -> Taken {
        let mut state = lock(&self.state);
        let max = match self.overflow {
            // What is still to be conflated is taken one by one: a batch would age in its taker's hands.
            Overflow::Conflate => 1,
            // What stays behind the queue moves up when its consumer comes again.
            Overflow::Wait => max.min(state.queue.capacity()),
            _ => max,
        };
        state.queue.take_into(out, max);
        if !out.is_empty() {
            let freed = self.note_full(&state);
            return Taken::Some { freed };
        }
        if state.queue.failed() {
            let capacity = state.queue.capacity();
            return Taken::Ended(Some(ErrorKind::Overflow { capacity }.into()));
        }
        if state.end.is_none() {
            let before = state.reader.replace(waker.clone());
            drop(state);
            // Without the lock: it runs arbitrary code.
            drop(before);
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
    /// `count` topics have got their first answer, or are no longer wanted. Returns the wakers of those
    /// who have waited for that, to be woken without a lock.
    #[must_use]
    fn settle(&self, count: usize) -> Vec<Waker>;
    /// More topics are to be settled.
    fn expect(&self, count: usize);
    /// Waits until none is; see [`Settled`](super::settled::Settled).
    fn poll_settled(&self, number: &mut Option<u64>, cx: &mut Context<'_>) -> Poll<()>;
    /// Somebody waits no longer.
    fn forget_waiter(&self, number: u64);
    /// A topic was refused. Returns whether the refusal belongs into the stream.
    fn refuse(&self, symbol: Symbol, rejection: Rejection) -> bool;
    /// These topics of a connection have begun to miss events.
    fn owe(&self, connection: usize, topics: Vec<(Option<Symbol>, Losing)>);
    /// What they missed has been told.
    fn told(&self, connection: usize, topics: &[TopicId]);
    /// A topic leaves the handle: the gap that it was still owed.
    fn pay(&self, connection: usize, topic: TopicId) -> Option<Gap>;
    /// Nothing more will come, unless it has ended before; what is missing up to here is said first.
    /// Returns the wakers of its consumer and of those who wait for its topics, to be woken without a
    /// lock.
    #[must_use]
    fn end(&self, how: Result<(), Error>) -> Vec<Waker>;
    /// From here on refusals are told in the stream; returns those before.
    fn tell_refusals(&self) -> Vec<Rejection>;
    /// The subscription has been handed over, so that its consumer can take from the queue.
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
    fn settle(&self, count: usize) -> Vec<Waker> {
        let mut state = lock(&self.state);
        state.pending = state.pending.saturating_sub(count);
        if state.pending == 0 {
            state.waiters.take()
        } else {
            Vec::new()
        }
    }

    fn expect(&self, count: usize) {
        let mut state = lock(&self.state);
        state.pending += count;
        let pending = state.pending;
        state.rejections.expect(pending);
    }

    fn poll_settled(&self, number: &mut Option<u64>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.pending == 0 {
            return Poll::Ready(());
        }
        let before = state.waiters.wait(number, cx.waker());
        drop(state);
        drop(before);
        Poll::Pending
    }

    fn forget_waiter(&self, number: u64) {
        let waker = lock(&self.state).waiters.forget(number);
        drop(waker);
    }

    fn refuse(&self, symbol: Symbol, rejection: Rejection) -> bool {
        let mut state = lock(&self.state);
        state.rejections.add(symbol, rejection);
        state.in_band
    }

    fn owe(&self, connection: usize, topics: Vec<(Option<Symbol>, Losing)>) {
        let now = self.clock.now();
        let mut state = lock(&self.state);
        for (symbol, losing) in topics {
            state.owed.add(connection, symbol, &losing, now);
        }
    }

    fn told(&self, connection: usize, topics: &[TopicId]) {
        let mut state = lock(&self.state);
        for topic in topics {
            state.owed.told(connection, *topic);
        }
    }

    fn pay(&self, connection: usize, topic: TopicId) -> Option<Gap> {
        let now = self.clock.now();
        let mut state = lock(&self.state);
        state.owed.pay(connection, topic, &self.gap_ids, now)
    }

    fn end(&self, how: Result<(), Error>) -> Vec<Waker> {
        let now = self.clock.now();
        let mut state = lock(&self.state);
        if state.end.is_none() {
            if let Some(gap) = state.owed.pay_all(&self.gap_ids, now) {
                state.queue.mark(gap);
            }
            state.end = Some(how);
        }
        state.pending = 0;
        self.note_full(&state);
        let mut wakers = state.waiters.take();
        wakers.extend(state.reader.take());
        wakers
    }

    fn tell_refusals(&self) -> Vec<Rejection> {
        let mut state = lock(&self.state);
        state.in_band = true;
        let refusals = state.rejections.iter();
        refusals.map(|(_, rejection)| rejection.clone()).collect()
    }

    fn open(&self) {
        let mut state = lock(&self.state);
        state.queue.set_unread(false);
        self.note_full(&state);
    }

    fn rejections(&self) -> Vec<(Symbol, Rejection)> {
        let state = lock(&self.state);
        let refusals = state.rejections.iter();
        refusals
            .map(|(symbol, rejection)| (symbol.clone(), rejection.clone()))
            .collect()
    }

    fn forgive(&self, symbols: &[Symbol]) {
        let mut state = lock(&self.state);
        for symbol in symbols {
            state.rejections.remove(symbol);
        }
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
