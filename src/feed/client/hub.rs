//! A client of a venue, as its user has it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime;

use super::ledger::{ClientId, Ledger};
use super::member::Member;
use super::watching::{Published, StateChanges, Update};
use super::{HubConfig, Parts, Pool, pools};
use crate::feed::client::metrics::{Health, Metrics};
use crate::feed::connection::environment::Sockets;
use crate::feed::machine::State;
use crate::feed::subscription::handle::lock;
use crate::feed::{Circuit, Protocol};
use crate::{Clock, Error, ErrorKind};

/// How long stopping a task by force may take.
const ABORT_LIMIT: Duration = Duration::from_secs(1);

/// One client of a venue: cheap to clone, without a socket of its own.
pub(crate) struct Hub<P: Protocol> {
    client: Arc<Client<P>>,
}

/// What the clones of a client share. When the last is gone, connections without topics need not
/// linger for it.
struct Client<P: Protocol> {
    venue: &'static str,
    max_topics: usize,
    clock: Clock,
    state: Arc<Published>,
    seat: Mutex<Seat<P>>,
}

/// Whether the client has found its pool.
enum Seat<P: Protocol> {
    /// It will be found in the runtime of the first subscription.
    Apart(Box<Parts<P>>),
    In(Arc<Member<P>>),
    /// It was closed before.
    Closed,
}

impl<P: Protocol> Hub<P> {
    pub(crate) fn new(
        protocol: impl Fn() -> P + Send + Sync + 'static,
        environment: Sockets<P>,
        config: HubConfig,
    ) -> Self {
        let (venue, clock) = (protocol().spec().venue, environment.clock.clone());
        let (max_topics, shares) = (config.max_topics, config.account.is_some());
        let state = Arc::new(Published::new());
        let parts = Parts {
            protocol: Box::new(protocol),
            environment,
            config,
        };
        let seat = if shares {
            Seat::Apart(Box::new(parts))
        } else {
            let pool = Arc::new(Pool::new(parts, None));
            let (member, afterwards) = Member::new(pool, max_topics, Arc::clone(&state));
            afterwards.run();
            Seat::In(Arc::new(member))
        };
        let client = Client {
            venue,
            max_topics,
            clock,
            state,
            seat: Mutex::new(seat),
        };
        Self {
            client: Arc::new(client),
        }
    }

    pub(crate) fn venue(&self) -> &'static str {
        self.client.venue
    }

    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind).with_venue(self.client.venue)
    }

    /// The client's place in its pool, which is found in this runtime if it has not been before.
    pub(crate) fn member(&self, runtime: &runtime::Handle) -> Result<Arc<Member<P>>, Error> {
        let (member, afterwards, unused) = {
            let mut seat = lock(&self.client.seat);
            let parts = match std::mem::replace(&mut *seat, Seat::Closed) {
                Seat::In(member) => {
                    *seat = Seat::In(Arc::clone(&member));
                    return Ok(member);
                }
                Seat::Closed => return Err(self.error(ErrorKind::Closed)),
                Seat::Apart(parts) => *parts,
            };
            let account = parts.config.account.clone().unwrap_or_default();
            let (pool, unused) = pools::shared(parts, &account, runtime.id());
            let state = Arc::clone(&self.client.state);
            let (member, afterwards) = Member::new(pool, self.client.max_topics, state);
            let member = Arc::new(member);
            *seat = Seat::In(Arc::clone(&member));
            (member, afterwards, unused)
        };
        // Without the lock: both may run arbitrary code.
        afterwards.run();
        drop(unused);
        Ok(member)
    }

    /// The client's place in its pool, if it has found one.
    fn joined(&self) -> Option<Arc<Member<P>>> {
        self.client.joined()
    }

    /// What the connections are doing, the worst of them, and its changes.
    pub(crate) fn state(&self) -> StateChanges {
        self.client.state.changes()
    }

    pub(crate) fn metrics(&self) -> Metrics {
        let now = self.client.clock.now();
        self.joined().map_or_else(Metrics::default, |member| {
            member.pool.ledger(|ledger| ledger.metrics(now, member.id))
        })
    }

    pub(crate) fn health(&self) -> Health {
        let now = self.client.clock.now();
        match self.joined() {
            Some(member) => {
                let circuit = member.pool.circuit();
                member
                    .pool
                    .ledger(|ledger| ledger.health(now, member.id, circuit))
            }
            None => {
                let state = self.client.state.now();
                let nothing = Ledger::<P>::nothing().health(now, ClientId(0), Circuit::default());
                let ok = state == State::Idle;
                Health {
                    ok,
                    state,
                    ..nothing
                }
            }
        }
    }

    /// Ends every handle of this client; it stays usable.
    pub(crate) fn unsubscribe_all(&self) {
        if let Some(member) = self.joined() {
            member.pool.ledger(|ledger| ledger.end_all(member.id));
        }
    }

    /// Ends every handle of this client and refuses new ones.
    pub(crate) fn close(&self) {
        self.client.close();
    }

    /// Closes, and waits until every task has ended; those that have not by the deadline are
    /// stopped. Where others use the connections, it waits for the acknowledgement of what was its
    /// own instead.
    pub(crate) async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        let acknowledged = self.client.close();
        let Some(member) = self.joined() else {
            return Ok(());
        };
        let (pool, id) = (&member.pool, member.id);
        let mut running = pool.running.subscribe();
        let mut ended = async |limit| {
            let ended = running.wait_for(|running| *running == 0);
            tokio::time::timeout(limit, ended).await.is_ok()
        };
        let timeout = |waiting_for: String| {
            self.error(ErrorKind::Timeout {
                after: deadline,
                waiting_for,
            })
        };
        if !pool.ledger(|ledger| ledger.is_alone(id)) {
            let all = futures_util::future::join_all(acknowledged);
            let all = tokio::time::timeout(deadline, all).await;
            return all.map(drop).map_err(|_| {
                let obstacle = pool.ledger(|ledger| ledger.obstacle(id));
                timeout(format!("the acknowledgement of a close; {obstacle}"))
            });
        }
        if ended(deadline).await {
            return Ok(());
        }
        // Somebody may have come to use the connections meanwhile.
        let tasks = pool.ledger(|ledger| {
            let alone = ledger.is_alone(id);
            if alone { ledger.abort() } else { Vec::new() }
        });
        tasks.iter().for_each(tokio::task::AbortHandle::abort);
        // An aborted task goes at its next turn, unless its runtime stands still.
        let what = if ended(ABORT_LIMIT).await {
            "they were stopped"
        } else {
            "their runtime stands still"
        };
        Err(timeout(format!("the connections to close; {what}")))
    }
}

impl<P: Protocol> Client<P> {
    fn joined(&self) -> Option<Arc<Member<P>>> {
        match &*lock(&self.seat) {
            Seat::In(member) => Some(Arc::clone(member)),
            Seat::Apart(_) | Seat::Closed => None,
        }
    }

    fn close(&self) -> Vec<tokio::sync::oneshot::Receiver<()>> {
        let mut seat = lock(&self.seat);
        let member = match &mut *seat {
            Seat::In(member) => Arc::clone(member),
            Seat::Closed => return Vec::new(),
            apart @ Seat::Apart(_) => {
                let unused = std::mem::replace(apart, Seat::Closed);
                drop(seat);
                drop(unused);
                let (to, state) = (Arc::clone(&self.state), State::Closed);
                // No pool has published anything.
                let update = Update {
                    to,
                    state,
                    number: 1,
                };
                update.publish();
                return Vec::new();
            }
        };
        drop(seat);
        member.pool.ledger(|ledger| ledger.close(member.id))
    }
}

impl<P: Protocol> Drop for Client<P> {
    fn drop(&mut self) {
        if let Some(member) = self.joined() {
            member.pool.ledger(|ledger| ledger.abandon(member.id));
        }
    }
}

impl<P: Protocol> Clone for Hub<P> {
    fn clone(&self) -> Self {
        Self {
            client: Arc::clone(&self.client),
        }
    }
}

impl<P: Protocol> std::fmt::Debug for Hub<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub")
            .field("venue", &self.client.venue)
            .field("state", &self.client.state.now())
            .finish_non_exhaustive()
    }
}
