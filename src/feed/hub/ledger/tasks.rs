//! The ledger as the connections' tasks see it: which are to run, what each must look at, and how
//! they end.

use std::sync::{Arc, Mutex};

use tokio::task::AbortHandle;

use super::{Ledger, Report, Signal, Wish};
use crate::Error;
use crate::feed::Protocol;
use crate::feed::handle::HandleId;

/// A connection that needs a task.
pub(crate) struct Start {
    pub(crate) shard: usize,
    pub(crate) generation: u64,
    pub(crate) signal: Arc<Signal>,
    pub(crate) report: Arc<Mutex<Report>>,
}

impl<P: Protocol> Ledger<P> {
    pub(in crate::feed::hub) fn tasks(&self) -> Vec<AbortHandle> {
        self.shards
            .iter()
            .filter_map(|shard| shard.task.clone())
            .collect()
    }

    /// Connections that are wanted and have no task; they count as running from here on.
    pub(in crate::feed::hub) fn start_idle(&mut self) -> Vec<Start> {
        let mut starts = Vec::new();
        for (at, shard) in self.shards.iter_mut().enumerate() {
            if !shard.running && !shard.wishes.is_empty() {
                shard.running = true;
                shard.generation += 1;
                starts.push(Start {
                    shard: at,
                    generation: shard.generation,
                    signal: Arc::clone(&shard.signal),
                    report: Arc::clone(&shard.report),
                });
            }
        }
        starts
    }

    /// The task of a connection has been spawned; it may have ended already.
    pub(in crate::feed::hub) fn started(&mut self, at: usize, generation: u64, task: AbortHandle) {
        let shard = &mut self.shards[at];
        if shard.running && shard.generation == generation {
            shard.task = Some(task);
        }
    }

    /// Whether a connection without topics need not linger.
    pub(in crate::feed::hub) fn is_abandoned(&self) -> bool {
        self.abandoned || self.closed
    }

    /// The next changed wish of a connection.
    pub(in crate::feed::hub) fn next_touched(&mut self, shard: usize) -> Option<HandleId> {
        self.shards[shard].next_touched()
    }

    pub(in crate::feed::hub) fn wish(
        &mut self,
        shard: usize,
        id: HandleId,
    ) -> Option<&mut Wish<P>> {
        self.shards[shard].wishes.get_mut(&id)
    }

    pub(in crate::feed::hub) fn drop_wish(&mut self, shard: usize, id: HandleId) {
        self.shards[shard].wishes.remove(&id);
    }

    /// Lets a task end, if nothing has come up for it meanwhile.
    pub(in crate::feed::hub) fn stop(&mut self, shard: usize) -> bool {
        let idle = self.shards[shard].wishes.is_empty();
        if idle {
            self.shards[shard].retire();
        }
        idle
    }

    /// A connection is over for good, or its task is gone: its handles end with `error`. Whoever
    /// subscribes from here on gets a new task.
    pub(in crate::feed::hub) fn fail(&mut self, shard: usize, error: &Error) {
        let ids: Vec<_> = self.shards[shard].wishes.keys().copied().collect();
        for id in ids {
            if let Some(record) = self.handles.get(&id) {
                self.to_wake.extend(record.handle.end(Err(error.clone())));
            }
            self.release(id);
        }
        self.shards[shard].wishes.clear();
        self.shards[shard].retire();
    }
}
