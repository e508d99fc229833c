//! What is to be done once the ledger's lock is released, because it runs arbitrary code: wakers, and
//! whatever is dropped that wakes somebody.

use std::sync::Arc;
use std::task::Waker;

use super::shard::Wish;
use super::{Record, Signal};
use crate::Error;
use crate::feed::Protocol;
use crate::feed::client::answers::Ticket;
use crate::feed::client::task::Salvage;
use crate::feed::client::watching::Update;
use crate::feed::subscription::handle::AnyHandle;

/// Collected under the lock, done without it.
pub(crate) struct Afterwards<P: Protocol> {
    signals: Vec<Arc<Signal>>,
    ends: Vec<(Arc<dyn AnyHandle>, Result<(), Error>)>,
    settled: Vec<Arc<dyn AnyHandle>>,
    updates: Vec<Update>,
    tickets: Vec<Ticket>,
    wishes: Vec<Wish<P>>,
    records: Vec<Record<P>>,
    salvages: Vec<Box<Salvage<P>>>,
}

impl<P: Protocol> Afterwards<P> {
    /// A connection's task is to look at the ledger.
    pub(super) fn raise(&mut self, signal: &Arc<Signal>) {
        // Whoever raised it before wakes the task, or has.
        if !signal.set() {
            self.wake(signal);
        }
    }

    /// A connection's task is to be polled.
    pub(super) fn wake(&mut self, signal: &Arc<Signal>) {
        self.signals.push(Arc::clone(signal));
    }

    /// A handle ends, unless it has ended before.
    pub(super) fn end(&mut self, handle: &Arc<dyn AnyHandle>, how: Result<(), Error>) {
        self.ends.push((Arc::clone(handle), how));
    }

    /// One topic of a handle needs no answer any more.
    pub(super) fn settle(&mut self, handle: &Arc<dyn AnyHandle>) {
        self.settled.push(Arc::clone(handle));
    }

    /// A client's state has changed.
    pub(super) fn update(&mut self, update: Update) {
        self.updates.push(update);
    }

    pub(super) fn drop_ticket(&mut self, ticket: Option<Ticket>) {
        self.tickets.extend(ticket);
    }

    pub(super) fn drop_wish(&mut self, wish: Wish<P>) {
        self.wishes.push(wish);
    }

    pub(super) fn drop_record(&mut self, record: Record<P>) {
        self.records.push(record);
    }

    pub(super) fn drop_salvage(&mut self, salvage: Option<Box<Salvage<P>>>) {
        self.salvages.extend(salvage);
    }

    /// Does it all. The connections' tasks come first: they are in nobody else's hands.
    pub(crate) fn run(self) {
        self.signals.iter().for_each(|signal| signal.waker.wake());
        for (handle, how) in self.ends {
            handle.end(how).into_iter().for_each(Waker::wake);
        }
        for handle in self.settled {
            handle.settle(1).into_iter().for_each(Waker::wake);
        }
        self.updates.into_iter().for_each(Update::publish);
    }
}

impl<P: Protocol> Default for Afterwards<P> {
    fn default() -> Self {
        Self {
            signals: Vec::new(),
            ends: Vec::new(),
            settled: Vec::new(),
            updates: Vec::new(),
            tickets: Vec::new(),
            wishes: Vec::new(),
            records: Vec::new(),
            salvages: Vec::new(),
        }
    }
}
