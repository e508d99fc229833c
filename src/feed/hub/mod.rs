//! Shared use of a venue's connections: handles, the ledger of what they want, and one task a
//! connection.

mod config;
mod driver;
mod ledger;
mod owner;
mod router;
mod stall;
mod watching;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

pub(crate) use config::{HubConfig, quiet_settings};
pub(crate) use ledger::{MakeTopic, NewHandle};
pub(crate) use owner::Owner;
pub use watching::StateChanges;

use self::driver::Driver;
use self::ledger::{Ledger, Limits};
use super::environment::Sockets;
use super::handle::{HandleId, lock};
use super::machine::{MachineConfig, State};
use super::metrics::{Health, Metrics};
use super::{GapIds, Protocol, Spec};
use crate::{Error, ErrorKind};

/// How long stopping a task by force may take.
const ABORT_LIMIT: Duration = Duration::from_secs(1);

/// One client of a venue: cheap to clone, without a socket of its own.
pub(crate) struct Hub<P: Protocol> {
    inner: Arc<Inner<P>>,
    /// Counts the clones: the last one to go takes the linger with it.
    _presence: Arc<Presence<P>>,
}

/// What the clones, the handles and the tasks of one client share.
pub(crate) struct Inner<P: Protocol> {
    ledger: Mutex<Ledger<P>>,
    pub(crate) spec: Spec,
    pub(crate) config: HubConfig,
    pub(crate) gap_ids: GapIds,
    environment: Sockets<P>,
    protocol: Box<dyn Fn() -> P + Send + Sync>,
    state: watch::Sender<State>,
    /// How many tasks run.
    running: watch::Sender<usize>,
    handles: AtomicU64,
}

impl<P: Protocol> Hub<P> {
    pub(crate) fn new(
        protocol: impl Fn() -> P + Send + Sync + 'static,
        environment: Sockets<P>,
        config: HubConfig,
    ) -> Self {
        let inner = Arc::new(Inner {
            ledger: Mutex::new(Ledger::new()),
            spec: protocol().spec().clone(),
            config,
            gap_ids: GapIds::default(),
            environment,
            protocol: Box::new(protocol),
            state: watch::Sender::new(State::Idle),
            running: watch::Sender::new(0),
            handles: AtomicU64::new(0),
        });
        Self {
            _presence: Arc::new(Presence(Arc::clone(&inner))),
            inner,
        }
    }

    pub(crate) fn inner(&self) -> &Arc<Inner<P>> {
        &self.inner
    }

    /// What the connections are doing, the worst of them, and its changes.
    pub(crate) fn state(&self) -> StateChanges {
        StateChanges::new(self.inner.state.subscribe())
    }

    pub(crate) fn metrics(&self) -> Metrics {
        let now = self.inner.environment.clock.now();
        self.inner.ledger(|ledger| ledger.metrics(now))
    }

    pub(crate) fn health(&self) -> Health {
        let environment = &self.inner.environment;
        let (now, circuit) = (environment.clock.now(), environment.circuit());
        self.inner.ledger(|ledger| ledger.health(now, circuit))
    }

    /// Ends every handle; the client stays usable.
    pub(crate) fn unsubscribe_all(&self) {
        self.inner.ledger(Ledger::end_all);
    }

    /// Ends every handle and refuses new ones.
    pub(crate) fn close(&self) {
        self.inner.ledger(Ledger::close);
        self.inner.publish_state();
    }

    /// Closes, and waits until every task has ended; those that have not by the deadline are
    /// stopped.
    pub(crate) async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        self.close();
        let mut running = self.inner.running.subscribe();
        let mut ended = async |limit| {
            let ended = running.wait_for(|running| *running == 0);
            tokio::time::timeout(limit, ended).await.is_ok()
        };
        if ended(deadline).await {
            return Ok(());
        }
        for task in self.inner.ledger(|ledger| ledger.tasks()) {
            task.abort();
        }
        // An aborted task goes at its next turn, unless its runtime stands still.
        let stopped = ended(ABORT_LIMIT).await;
        let what = if stopped {
            "they were stopped"
        } else {
            "their runtime stands still"
        };
        Err(self.inner.error(ErrorKind::Timeout {
            after: deadline,
            waiting_for: format!("the connections to close; {what}"),
        }))
    }
}

impl<P: Protocol> Clone for Hub<P> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            _presence: Arc::clone(&self._presence),
        }
    }
}

impl<P: Protocol> std::fmt::Debug for Hub<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub")
            .field("venue", &self.inner.spec.venue)
            .field("state", &*self.inner.state.borrow())
            .finish_non_exhaustive()
    }
}

impl<P: Protocol> Inner<P> {
    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind).with_venue(self.spec.venue)
    }

    /// Looks at or changes the ledger. Consumers are woken afterwards, without its lock.
    pub(crate) fn ledger<R>(&self, call: impl FnOnce(&mut Ledger<P>) -> R) -> R {
        let (result, wakers) = {
            let mut ledger = lock(&self.ledger);
            let result = call(&mut ledger);
            (result, ledger.take_wakers())
        };
        wakers.into_iter().for_each(std::task::Waker::wake);
        result
    }

    /// Enters a handle and sees to it that its connections have tasks.
    pub(crate) fn attach(
        self: &Arc<Self>,
        new: NewHandle<P>,
        runtime: tokio::runtime::Handle,
    ) -> Result<(), Error> {
        let limits = self.limits();
        self.ledger(|ledger| {
            ledger.attach(new, limits)?;
            ledger.set_runtime(runtime);
            Ok(())
        })
        .map_err(|kind| self.error(kind))?;
        self.spawn_drivers();
        Ok(())
    }

    pub(crate) fn next_handle(&self) -> HandleId {
        HandleId(self.handles.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(crate) fn limits(&self) -> Limits {
        let connection = self.config.topics_per_connection;
        Limits {
            client: self.config.max_topics,
            connection: connection.unwrap_or(self.spec.topics_per_connection).max(1),
            connections: self.spec.connections.max(1),
            channels: self.spec.channel_limits,
        }
    }

    /// How many connections are not open yet, and how long the limit of connects may keep them from it.
    pub(crate) fn unopened(&self) -> (usize, Duration) {
        let count = self.ledger(|ledger| ledger.unopened());
        (count, self.environment.connect_delay(count))
    }

    /// Publishes the worst state of all connections.
    fn publish_state(&self) {
        let state = self.ledger(|ledger| ledger.state());
        self.state
            .send_if_modified(|known| std::mem::replace(known, state) != state);
    }

    /// Starts the tasks of connections that are wanted and have none: the one place of the client
    /// side that spawns.
    pub(crate) fn spawn_drivers(self: &Arc<Self>) {
        let (runtime, starts) = self.ledger(|ledger| {
            let runtime = ledger.runtime();
            let starts = runtime
                .as_ref()
                .map_or_else(Vec::new, |_| ledger.start_idle());
            // Under the lock, so that nobody finds no task running although one is to start.
            self.running.send_modify(|running| *running += starts.len());
            (runtime, starts)
        });
        let Some(runtime) = runtime else { return };
        for start in starts {
            let (shard, generation) = (start.shard, start.generation);
            let salt = (shard as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let machine = MachineConfig {
                backoff: self.config.backoff,
                linger: self.config.linger,
                seed: self.config.seed ^ salt,
                gap_ids: self.gap_ids.clone(),
                quiet: self.config.quiet.clone(),
            };
            let (protocol, environment) = ((self.protocol)(), self.environment.clone());
            let driver = Driver::new(Arc::clone(self), start, protocol, environment, machine);
            // Without the ledger's lock: a runtime that is shutting down drops the task here.
            let task = runtime.spawn(driver).abort_handle();
            self.ledger(|ledger| ledger.started(shard, generation, task));
        }
    }
}

/// The client side of a [`Hub`]'s life.
struct Presence<P: Protocol>(Arc<Inner<P>>);

impl<P: Protocol> Drop for Presence<P> {
    fn drop(&mut self) {
        self.0.ledger(Ledger::abandon);
    }
}
