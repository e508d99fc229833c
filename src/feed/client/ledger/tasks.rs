//! The ledger as the connections' tasks see it: which are to run, what each must look at, and how
//! they end.

use std::sync::{Arc, Mutex};

use tokio::runtime;
use tokio::task::AbortHandle;

use super::shard::Changed;
use super::{Ledger, Report, Signal};
use crate::feed::Protocol;
use crate::feed::client::task::Salvage;
use crate::{Error, ErrorKind};

/// A connection that needs a task.
pub(crate) struct Start<P: Protocol> {
    pub(crate) shard: usize,
    pub(crate) generation: u64,
    /// Where it is to run.
    pub(crate) runtime: runtime::Handle,
    /// What a task before it left.
    pub(crate) salvage: Option<Box<Salvage<P>>>,
    pub(crate) signal: Arc<Signal>,
    pub(crate) report: Arc<Mutex<Report>>,
}

impl<P: Protocol> Ledger<P> {
    /// The tasks, to be stopped by force: nothing of them is kept.
    pub(in crate::feed::client) fn abort(&mut self) -> Vec<AbortHandle> {
        let shards = self.shards.iter_mut();
        shards.filter_map(super::shard::Shard::abort).collect()
    }

    /// Connections that are wanted and have no task; they count as running from here on.
    pub(in crate::feed::client) fn start_wanted(&mut self) -> Vec<Start<P>> {
        let mut starts = Vec::new();
        for at in std::mem::take(&mut self.to_start) {
            if self.shards[at].has_task() {
                continue;
            }
            if !self.shards[at].is_wanted() {
                // Whoever wanted it has gone meanwhile.
                self.rest(at);
                continue;
            }
            let Some(runtime) = self.runtime_for(at) else {
                let error = self.error(ErrorKind::RuntimeEnded);
                self.fail(at, &error);
                self.rest(at);
                continue;
            };
            let shard = &mut self.shards[at];
            let (generation, salvage) = shard.start();
            starts.push(Start {
                shard: at,
                generation,
                runtime,
                salvage,
                signal: Arc::clone(&shard.signal),
                report: Arc::clone(&shard.report),
            });
        }
        starts
    }

    /// The runtime of the oldest handle on a connection whose runtime is not known to have ended.
    fn runtime_for(&self, at: usize) -> Option<runtime::Handle> {
        let wishes = self.shards[at].wishes.iter();
        let live = wishes.filter(|(_, wish)| !wish.is_gone());
        let homes = live.filter_map(|(id, _)| {
            let runtime = self.handles.get(id)?.runtime.as_ref()?;
            Some((*id, runtime))
        });
        let oldest = homes.min_by_key(|(id, _)| *id);
        oldest.map(|(_, runtime)| runtime.clone())
    }

    /// The task of a connection has been spawned; it may have ended already.
    pub(in crate::feed::client) fn started(
        &mut self,
        at: usize,
        generation: u64,
        task: AbortHandle,
    ) {
        self.shards[at].started(generation, task);
    }

    /// Whether a connection without topics need not linger.
    pub(in crate::feed::client) fn is_abandoned(&self) -> bool {
        self.clients.none_is_open()
    }

    /// Takes what has changed for a connection.
    pub(in crate::feed::client) fn take_changed(&mut self, at: usize) -> Vec<Changed<P>> {
        let (shard, handles) = (&mut self.shards[at], &self.handles);
        let whole = |id| {
            handles
                .get(&id)
                .is_none_or(|record| record.connections.len() == 1)
        };
        std::iter::from_fn(|| shard.next_changed(whole)).collect()
    }

    /// Whether a task may end: nothing has come up for it.
    pub(in crate::feed::client) fn may_end(&self, at: usize) -> bool {
        self.shards[at].wishes.is_empty()
    }

    /// A connection is over for good: its handles end with `error`. Whoever subscribes from here on
    /// gets a new task, once this one has ended.
    pub(in crate::feed::client) fn fail(&mut self, at: usize, error: &Error) {
        let wishes = self.shards[at].wishes.iter();
        let live = wishes.filter(|(_, wish)| !wish.is_gone());
        let mut ids: Vec<_> = live.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        for id in ids {
            if let Some(record) = self.handles.get(&id) {
                self.afterwards.end(&record.handle, Err(error.clone()));
            }
            self.release(id);
        }
        self.shards[at].clear(&mut self.afterwards);
    }

    /// A task has ended, and its socket is closed. Returns whether its caller is to see to it that
    /// there is another.
    pub(in crate::feed::client) fn ended(&mut self, at: usize) -> bool {
        let mine = self.shards[at].end();
        if self.shards[at].is_wanted() {
            self.shards[at].retire(&mut self.afterwards);
            self.publish();
            self.to_start.push(at);
            return mine;
        }
        self.rest(at);
        false
    }

    /// A task has lost its runtime, which takes no other. Its connection goes on from what it left in
    /// the runtime of another handle, if there is one. Returns whether its caller is to see to that.
    pub(in crate::feed::client) fn lost(
        &mut self,
        at: usize,
        runtime: runtime::Id,
        salvage: Box<Salvage<P>>,
    ) -> bool {
        if self.shards[at].is_aborted() || !self.shards[at].is_wanted() {
            self.afterwards.drop_salvage(Some(salvage));
            return self.ended(at);
        }
        for record in self.handles.values_mut() {
            let ended = |home: &mut runtime::Handle| home.id() == runtime;
            record.runtime.take_if(ended);
        }
        let mine = self.shards[at].end();
        self.shards[at].keep(salvage);
        self.to_start.push(at);
        mine
    }

    /// A connection is not needed any more: those who wait for its releases are told.
    fn rest(&mut self, at: usize) {
        self.shards[at].clear(&mut self.afterwards);
        self.shards[at].retire(&mut self.afterwards);
        self.publish();
    }
}
