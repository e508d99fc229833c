use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::Inner;
use crate::feed::Protocol;
use crate::feed::handle::HandleId;
use crate::{Error, Symbol};

/// A client as its handles see it, whatever the venue.
pub(crate) trait Owner: Send + Sync {
    /// The handle is gone: its topics are no longer wanted by it.
    fn release(&self, handle: HandleId);
    /// The handle has room again.
    fn wake(&self, handle: HandleId);
    /// The handle's stream ends as its user asked. Tells when the venue has acknowledged, once for
    /// each connection.
    fn end(&self, handle: HandleId) -> Vec<oneshot::Receiver<()>>;
    /// Adds symbols; returns how many are new.
    fn add(&self, handle: HandleId, symbols: &[Symbol]) -> Result<usize, Error>;
    /// Removes symbols; those it does not hold are passed over.
    fn remove(&self, handle: HandleId, symbols: &[Symbol]) -> Result<(), Error>;
    /// Subscribes to a symbol afresh.
    fn resync(&self, handle: HandleId, symbol: &Symbol) -> Result<(), Error>;
    /// The symbols held.
    fn symbols(&self, handle: HandleId) -> Vec<Symbol>;
    /// What stands in the way of progress, for errors: a full handle, or the last trouble.
    fn obstacle(&self) -> String;
    /// How long the limit of connects may keep the client from opening what it needs.
    fn connect_delay(&self) -> Duration;
    /// The venue's name.
    fn venue(&self) -> &'static str;
}

impl<P: Protocol> Owner for Arc<Inner<P>> {
    fn release(&self, handle: HandleId) {
        self.ledger(|ledger| ledger.release(handle));
    }

    fn wake(&self, handle: HandleId) {
        self.ledger(|ledger| ledger.wake(handle));
    }

    fn end(&self, handle: HandleId) -> Vec<oneshot::Receiver<()>> {
        self.ledger(|ledger| ledger.release(handle))
    }

    fn add(&self, handle: HandleId, symbols: &[Symbol]) -> Result<usize, Error> {
        let limits = self.limits();
        let added = self
            .ledger(|ledger| {
                // The runtime of the first subscription may be gone by now.
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    ledger.set_runtime(runtime);
                }
                ledger.add(handle, symbols, limits)
            })
            .map_err(|kind| self.error(kind))?;
        self.spawn_drivers();
        Ok(added)
    }

    fn remove(&self, handle: HandleId, symbols: &[Symbol]) -> Result<(), Error> {
        self.ledger(|ledger| ledger.remove(handle, symbols))
            .map_err(|kind| self.error(kind))
    }

    fn resync(&self, handle: HandleId, symbol: &Symbol) -> Result<(), Error> {
        self.ledger(|ledger| ledger.resync(handle, symbol))
            .map_err(|kind| self.error(kind))
    }

    fn symbols(&self, handle: HandleId) -> Vec<Symbol> {
        self.ledger(|ledger| ledger.symbols(handle))
    }

    fn obstacle(&self) -> String {
        let obstacle = self.ledger(|ledger| ledger.obstacle());
        match self.unopened().0 {
            0 | 1 => obstacle,
            count => format!("{obstacle}; {count} connections are not open yet"),
        }
    }

    fn connect_delay(&self) -> Duration {
        self.unopened().1
    }

    fn venue(&self) -> &'static str {
        self.spec.venue
    }
}
