//! The clients of a pool: each with its own handles, limits and end.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::ErrorKind;
use crate::feed::client::metrics::HandleMetrics;
use crate::feed::client::watching::Published;
use crate::feed::machine::State;
use crate::feed::subscription::handle::HandleId;

/// Identifies a client within its pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ClientId(pub(crate) u64);

/// Every client that may still ask for something, or is waited for.
#[derive(Debug, Default)]
pub(super) struct Clients {
    by_id: HashMap<ClientId, Client>,
    /// Counts what is published, so that the last is known whoever is first to tell it.
    published: u64,
}

/// One client, as its pool knows it.
#[derive(Debug)]
pub(super) struct Client {
    /// Most topics that it may hold.
    max_topics: usize,
    /// Topics that its handles hold, each counted once.
    topics: usize,
    handles: BTreeSet<HandleId>,
    state: Arc<Published>,
    life: Life,
    /// Nobody has it any more. It is kept while its pool has no other, because its state may be watched.
    left: bool,
    /// What the queues of handles that are gone had counted.
    retired: Vec<HandleMetrics>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// It may subscribe.
    Open,
    /// The last clone of it is gone; its handles may not be.
    Abandoned,
    /// It was closed.
    Closed,
}

impl Clients {
    pub(super) fn enter(&mut self, id: ClientId, max_topics: usize, state: Arc<Published>) {
        self.by_id.retain(|_, client| !client.left);
        let client = Client {
            max_topics,
            topics: 0,
            handles: BTreeSet::new(),
            state,
            life: Life::Open,
            left: false,
            retired: Vec::new(),
        };
        self.by_id.insert(id, client);
    }

    pub(super) fn get(&self, id: ClientId) -> Option<&Client> {
        self.by_id.get(&id)
    }

    /// The client, if it may subscribe.
    pub(super) fn open(&self, id: ClientId) -> Result<&Client, ErrorKind> {
        let open = self.get(id).filter(|client| client.life != Life::Closed);
        open.ok_or(ErrorKind::Closed)
    }

    /// One topic more.
    pub(super) fn hold(&mut self, id: ClientId) -> Result<(), ErrorKind> {
        let client = self.by_id.get_mut(&id).ok_or(ErrorKind::Closed)?;
        if client.topics >= client.max_topics {
            let limit = client.max_topics;
            return Err(ErrorKind::TooManyTopics { limit });
        }
        client.topics += 1;
        Ok(())
    }

    /// One topic less.
    pub(super) fn let_go(&mut self, id: ClientId) {
        if let Some(client) = self.by_id.get_mut(&id) {
            client.topics -= 1;
        }
    }

    pub(super) fn attach(&mut self, id: ClientId, handle: HandleId) {
        if let Some(client) = self.by_id.get_mut(&id) {
            client.handles.insert(handle);
        }
    }

    /// A handle is gone; what its queue had counted stays.
    pub(super) fn detach(&mut self, id: ClientId, handle: HandleId, metrics: HandleMetrics) {
        let Some(client) = self.by_id.get_mut(&id) else {
            return;
        };
        client.handles.remove(&handle);
        let mut retired = client.retired.iter_mut();
        match retired.find(|known| known.channel == metrics.channel) {
            Some(known) => known.add(&metrics),
            None => client.retired.push(HandleMetrics {
                queued: 0,
                ..metrics
            }),
        }
    }

    pub(super) fn close(&mut self, id: ClientId) {
        if let Some(client) = self.by_id.get_mut(&id) {
            client.life = Life::Closed;
        }
    }

    /// The last clone of a client is gone.
    pub(super) fn abandon(&mut self, id: ClientId) {
        if let Some(client) = self.by_id.get_mut(&id)
            && client.life == Life::Open
        {
            client.life = Life::Abandoned;
        }
    }

    /// Nobody has the client any more, nor any handle of it.
    pub(super) fn leave(&mut self, id: ClientId) {
        if self.by_id.len() > 1 {
            self.by_id.remove(&id);
        } else if let Some(client) = self.by_id.get_mut(&id) {
            client.left = true;
        }
    }

    /// Whether nobody can subscribe any more.
    pub(super) fn none_is_open(&self) -> bool {
        let mut clients = self.by_id.values();
        !clients.any(|client| client.life == Life::Open && !client.left)
    }

    /// Whether this client has nobody beside it who may use the connections.
    pub(super) fn is_alone(&self, id: ClientId) -> bool {
        let others = self.by_id.iter().filter(|(other, _)| **other != id);
        !others
            .into_iter()
            .any(|(_, client)| client.life == Life::Open || !client.handles.is_empty())
    }

    /// What each client is to be told when its connections are in `state`, with the number of this
    /// time.
    pub(super) fn publish(&mut self, state: State) -> (u64, Vec<(Arc<Published>, State)>) {
        self.published += 1;
        let clients = self.by_id.values();
        let states = clients.map(|client| (Arc::clone(&client.state), client.state(state)));
        (self.published, states.collect())
    }
}

impl Client {
    pub(super) fn topics(&self) -> usize {
        self.topics
    }

    /// Its handles, the oldest first.
    pub(super) fn handles(&self) -> impl Iterator<Item = HandleId> + '_ {
        self.handles.iter().copied()
    }

    pub(super) fn retired(&self) -> &[HandleMetrics] {
        &self.retired
    }

    /// What it is doing when its connections are in `state`.
    pub(super) fn state(&self, state: State) -> State {
        if self.life == Life::Closed {
            State::Closed
        } else {
            state
        }
    }
}
