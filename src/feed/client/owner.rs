use std::time::Duration;

use tokio::runtime;
use tokio::sync::oneshot;

use super::Answers;
use crate::feed::subscription::handle::HandleId;
use crate::{Error, Symbol};

/// A client as its handles see it, whatever the venue.
pub(crate) trait Owner: Send + Sync {
    /// The handle is gone, or ends as its user asked: its topics are no longer wanted by it. Tells when
    /// the venue has acknowledged, once for each connection.
    fn release(&self, handle: HandleId) -> Vec<oneshot::Receiver<()>>;
    /// The handle has room again.
    fn wake(&self, handle: HandleId);
    /// The handle is used in this runtime from here on.
    fn moved(&self, handle: HandleId, runtime: runtime::Handle);
    /// Adds symbols; returns the answers to those that are new.
    fn add(&self, handle: HandleId, symbols: &[Symbol]) -> Result<Answers, Error>;
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
