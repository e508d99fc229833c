//! Shared use of a venue's connections: clients, their handles, the ledger of what they want, and one
//! task a connection.
//!
//! A [`Pool`] has the connections. A [`Hub`] is a client of it: most have a pool of their own, and
//! those that name the same account in the same runtime share one.

pub(super) mod metrics;
pub(super) mod settings;

mod admission;
mod answers;
mod config;
mod driver;
mod hub;
mod ledger;
mod member;
mod owner;
mod pools;
mod router;
mod stall;
mod task;
#[cfg(test)]
mod tests;
mod watching;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

pub(crate) use answers::Answers;
pub(crate) use config::{HubConfig, quiet_settings};
pub(crate) use hub::Hub;
pub(crate) use ledger::{MakeTopic, NewHandle};
pub(crate) use owner::Owner;
pub use watching::StateChanges;

use self::driver::Driver;
use self::ledger::{Afterwards, ClientId, Ledger, Limits};
use self::pools::Registered;
use self::task::Task;
use super::machine::MachineConfig;
use super::{Circuit, Protocol, Spec};
use crate::feed::connection::environment::Sockets;
use crate::feed::subscription::handle::{HandleId, lock};
use crate::queue::GapIds;
use crate::{Clock, Error, ErrorKind};

/// What the clients, their handles and the tasks of some connections share.
///
/// Handles and tasks keep it alive; it keeps neither.
pub(crate) struct Pool<P: Protocol> {
    ledger: Mutex<Ledger<P>>,
    spec: Spec,
    config: HubConfig,
    gap_ids: GapIds,
    environment: Sockets<P>,
    protocol: MakeProtocol<P>,
    /// How many tasks run.
    running: watch::Sender<usize>,
    handles: AtomicU64,
    clients: AtomicU64,
    /// How many connections may be replaced at once.
    spare: Arc<Semaphore>,
    /// By which others find it.
    _registered: Option<Registered>,
}

type MakeProtocol<P> = Box<dyn Fn() -> P + Send + Sync>;

/// What a pool is made of.
pub(crate) struct Parts<P: Protocol> {
    protocol: MakeProtocol<P>,
    environment: Sockets<P>,
    config: HubConfig,
}

impl<P: Protocol> Pool<P> {
    fn new(parts: Parts<P>, registered: Option<Registered>) -> Self {
        let Parts {
            protocol,
            environment,
            config,
        } = parts;
        let spec = protocol().spec().clone();
        let limits = config.limits(&spec);
        // Where connections are counted, the venue allows one more than the limit.
        let spare = match limits.connections {
            usize::MAX => Semaphore::MAX_PERMITS,
            _ => 1,
        };
        Self {
            ledger: Mutex::new(Ledger::new(spec.venue, limits)),
            spec,
            config,
            gap_ids: GapIds::default(),
            environment,
            protocol,
            running: watch::Sender::new(0),
            handles: AtomicU64::new(0),
            clients: AtomicU64::new(0),
            spare: Arc::new(Semaphore::new(spare)),
            _registered: registered,
        }
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind).with_venue(self.spec.venue)
    }

    /// Looks at or changes the ledger. Consumers are woken afterwards, without its lock.
    fn ledger<R>(&self, call: impl FnOnce(&mut Ledger<P>) -> R) -> R {
        let (result, afterwards) = self.edit(call);
        afterwards.run();
        result
    }

    /// Looks at or changes the ledger; what is to be done afterwards is the caller's.
    fn edit<R>(&self, call: impl FnOnce(&mut Ledger<P>) -> R) -> (R, Afterwards<P>) {
        let mut ledger = lock(&self.ledger);
        let result = call(&mut ledger);
        (result, ledger.take_afterwards())
    }

    fn next_handle(&self) -> HandleId {
        HandleId(self.handles.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn next_client(&self) -> ClientId {
        ClientId(self.clients.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn clock(&self) -> Clock {
        self.environment.clock.clone()
    }

    fn limits(&self) -> Limits {
        self.config.limits(&self.spec)
    }

    fn linger(&self) -> Duration {
        self.config.linger
    }

    /// How many connections are not open yet, and how long the limit of connects may keep them from it.
    pub(crate) fn unopened(&self) -> (usize, Duration) {
        let count = self.ledger(|ledger| ledger.unopened());
        (count, self.environment.connect_delay(count))
    }

    /// What the process knows of the endpoint.
    fn circuit(&self) -> Circuit {
        self.environment.circuit()
    }

    /// Starts the tasks of connections that are wanted and have none: the one place of the client
    /// side that spawns. Not to be called under a lock.
    fn spawn_drivers(self: &Arc<Self>) {
        loop {
            let starts = self.ledger(|ledger| {
                let starts = ledger.start_wanted();
                // Under the lock, so that nobody finds no task running although one is to start.
                // Nobody waits for there to be more.
                self.running.send_if_modified(|running| {
                    *running += starts.len();
                    false
                });
                starts
            });
            if starts.is_empty() {
                return;
            }
            for start in starts {
                let (shard, generation) = (start.shard, start.generation);
                let runtime = start.runtime.clone();
                let environment = self.environment.clone();
                let driver = Driver::new(Arc::clone(self), start, environment, || {
                    ((self.protocol)(), self.machine_config(shard))
                });
                // A runtime that is shutting down drops the task here: then it is to be started in
                // another, and that is for this loop to do.
                let task = runtime.spawn(Task::new(Arc::clone(self), driver, runtime.id()));
                let task = task.abort_handle();
                self.ledger(|ledger| ledger.started(shard, generation, task));
            }
        }
    }

    /// A place for a connection that is to replace another, unless too many are being replaced.
    fn spare_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.spare).try_acquire_owned().ok()
    }

    /// What a connection of this many before it is made of.
    fn second(&self, shard: usize, count: u64) -> (P, MachineConfig) {
        let config = self.machine_config(shard);
        let seed = config.seed.wrapping_add(count);
        ((self.protocol)(), MachineConfig { seed, ..config })
    }

    fn machine_config(&self, shard: usize) -> MachineConfig {
        let salt = (shard as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        MachineConfig {
            backoff: self.config.backoff,
            linger: self.config.linger,
            seed: self.config.seed ^ salt,
            gap_ids: self.gap_ids.clone(),
            quiet: self.config.quiet.clone(),
        }
    }

    /// A task is no more.
    fn task_ended(&self) {
        self.running.send_modify(|running| *running -= 1);
    }
}
