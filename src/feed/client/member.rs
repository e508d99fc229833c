//! A client's place in a pool.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::oneshot;

use super::ledger::{Afterwards, ClientId, NewHandle};
use super::watching::Published;
use super::{Answers, Owner, Pool};
use crate::feed::Protocol;
use crate::feed::subscription::handle::HandleId;
use crate::queue::GapIds;
use crate::{Clock, Error, Symbol};

/// A client as its handles know it, which keep it: it leaves the pool when neither they nor a clone of
/// the client are left.
pub(crate) struct Member<P: Protocol> {
    pub(super) pool: Arc<Pool<P>>,
    pub(super) id: ClientId,
}

impl<P: Protocol> Member<P> {
    /// Enters a client into a pool. What is to be done afterwards is to be done without a lock.
    pub(super) fn new(
        pool: Arc<Pool<P>>,
        max_topics: usize,
        state: Arc<Published>,
    ) -> (Self, Afterwards<P>) {
        let id = pool.next_client();
        let ((), afterwards) = pool.edit(|ledger| ledger.enter(id, max_topics, state));
        (Self { pool, id }, afterwards)
    }

    pub(crate) fn next_handle(&self) -> HandleId {
        self.pool.next_handle()
    }

    pub(crate) fn gap_ids(&self) -> GapIds {
        self.pool.gap_ids.clone()
    }

    pub(crate) fn clock(&self) -> Clock {
        self.pool.clock()
    }

    /// Enters a handle and sees to it that its connections have tasks.
    pub(crate) fn attach(&self, new: NewHandle<P>) -> Result<(), Error> {
        self.pool
            .ledger(|ledger| ledger.attach(self.id, new))
            .map_err(|kind| self.pool.error(kind))?;
        self.pool.spawn_drivers();
        Ok(())
    }
}

impl<P: Protocol> Owner for Member<P> {
    fn release(&self, handle: HandleId) -> Vec<oneshot::Receiver<()>> {
        self.pool.ledger(|ledger| ledger.release(handle))
    }

    fn wake(&self, handle: HandleId) {
        self.pool.ledger(|ledger| ledger.wake(handle));
    }

    fn moved(&self, handle: HandleId, runtime: runtime::Handle) {
        self.pool.ledger(|ledger| ledger.moved(handle, runtime));
    }

    fn add(&self, handle: HandleId, symbols: &[Symbol]) -> Result<Answers, Error> {
        let runtime = runtime::Handle::try_current().ok();
        let answers = self
            .pool
            .ledger(|ledger| ledger.add(handle, symbols, runtime))
            .map_err(|kind| self.pool.error(kind))?;
        self.pool.spawn_drivers();
        Ok(answers)
    }

    fn remove(&self, handle: HandleId, symbols: &[Symbol]) -> Result<(), Error> {
        self.pool
            .ledger(|ledger| ledger.remove(handle, symbols))
            .map_err(|kind| self.pool.error(kind))
    }

    fn resync(&self, handle: HandleId, symbol: &Symbol) -> Result<(), Error> {
        self.pool
            .ledger(|ledger| ledger.resync(handle, symbol))
            .map_err(|kind| self.pool.error(kind))
    }

    fn symbols(&self, handle: HandleId) -> Vec<Symbol> {
        self.pool.ledger(|ledger| ledger.symbols(handle))
    }

    fn obstacle(&self) -> String {
        let obstacle = self.pool.ledger(|ledger| ledger.obstacle(self.id));
        match self.pool.unopened().0 {
            0 | 1 => obstacle,
            count => format!("{obstacle}; {count} connections are not open yet"),
        }
    }

    fn connect_delay(&self) -> Duration {
        self.pool.unopened().1
    }

    fn venue(&self) -> &'static str {
        self.pool.spec.venue
    }
}

impl<P: Protocol> Drop for Member<P> {
    fn drop(&mut self) {
        self.pool.ledger(|ledger| ledger.leave(self.id));
    }
}
