//! What every handle wants, and on which connection.

mod afterwards;
mod changes;
mod clients;
mod holders;
mod limits;
mod places;
mod report;
mod shard;
mod tasks;

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use tokio::runtime;
use tokio::sync::oneshot;

pub(crate) use afterwards::Afterwards;
pub(crate) use changes::Change;
pub(crate) use clients::ClientId;
pub(crate) use limits::{Limits, Load};
pub(crate) use report::Report;
pub(crate) use shard::{Changed, Signal, What};
pub(crate) use tasks::Start;

use self::changes::Removed;
use self::clients::Clients;
use self::holders::Holders;
use self::places::Places;
use self::shard::Shard;
use super::answers::{Answers, Ticket};
use super::watching::{Published, Update};
use crate::feed::subscription::handle::{AnyHandle, HandleId};
use crate::feed::subscription::lane::Lane;
use crate::feed::subscription::objection::objection;
use crate::feed::{Protocol, Topic};
use crate::{Error, ErrorKind, Symbol};

type MakeLane<P> = Box<dyn Fn() -> Box<dyn Lane<<P as Protocol>::Event>> + Send>;
/// How a symbol becomes a topic of a handle's channel.
pub(crate) type MakeTopic<P> = Arc<dyn Fn(&Symbol) -> <P as Protocol>::Topic + Send + Sync>;

/// The wanted set of one pool: the topics of its clients' live handles, placed on connections.
///
/// Handles edit it under a lock and raise the flag of the connections concerned; the connections'
/// tasks compare it with what they have. There is no queue of commands that could fill. What an edit
/// costs depends on how much is changed, not on how much is held.
pub(crate) struct Ledger<P: Protocol> {
    venue: &'static str,
    handles: HashMap<HandleId, Record<P>>,
    topics: HashMap<P::Topic, Placement>,
    places: Places,
    shards: Vec<Shard<P>>,
    clients: Clients,
    /// Connections that may be wanted and have no task.
    to_start: Vec<usize>,
    afterwards: Afterwards<P>,
}

/// A handle to be entered.
pub(crate) struct NewHandle<P: Protocol> {
    pub(crate) id: HandleId,
    pub(crate) handle: Arc<dyn AnyHandle>,
    pub(crate) topics: Vec<P::Topic>,
    pub(crate) lane: MakeLane<P>,
    pub(crate) topic: MakeTopic<P>,
    pub(crate) eager: bool,
    /// Where it was made.
    pub(crate) runtime: runtime::Handle,
}

struct Record<P: Protocol> {
    client: ClientId,
    handle: Arc<dyn AnyHandle>,
    /// With the connection of each.
    topics: HashMap<P::Topic, usize>,
    /// Every connection that it has or had topics on.
    connections: Vec<usize>,
    lane: MakeLane<P>,
    topic: MakeTopic<P>,
    eager: bool,
    /// Where it is used, unless that runtime has ended.
    runtime: Option<runtime::Handle>,
}

struct Placement {
    shard: usize,
    holders: Holders,
}

impl<P: Protocol> Ledger<P> {
    pub(super) fn new(venue: &'static str, limits: Limits) -> Self {
        Self {
            venue,
            handles: HashMap::new(),
            topics: HashMap::new(),
            places: Places::new(limits),
            shards: Vec::new(),
            clients: Clients::default(),
            to_start: Vec::new(),
            afterwards: Afterwards::default(),
        }
    }

    /// That of a client without a pool.
    pub(super) fn nothing() -> Self {
        let limits = Limits {
            connection: 0,
            connections: 0,
            channels: &[],
        };
        Self::new("", limits)
    }

    /// What is to be done without the ledger's lock.
    pub(super) fn take_afterwards(&mut self) -> Afterwards<P> {
        std::mem::take(&mut self.afterwards)
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind).with_venue(self.venue)
    }

    /// Enters a client.
    pub(super) fn enter(&mut self, id: ClientId, max_topics: usize, state: Arc<Published>) {
        self.clients.enter(id, max_topics, state);
        // Connections linger again that did not while nobody could subscribe.
        self.raise_all();
        self.publish();
    }

    /// Enters a handle of a client.
    pub(super) fn attach(&mut self, client: ClientId, new: NewHandle<P>) -> Result<(), ErrorKind> {
        self.clients.open(client)?;
        let at = self.claim(client, &new.topics)?;
        let record = Record {
            client,
            handle: new.handle,
            topics: HashMap::with_capacity(new.topics.len()),
            connections: Vec::new(),
            lane: new.lane,
            topic: new.topic,
            eager: new.eager,
            runtime: Some(new.runtime),
        };
        self.handles.insert(new.id, record);
        self.clients.attach(client, new.id);
        for (topic, at) in new.topics.into_iter().zip(at) {
            self.want(new.id, topic, at, None);
        }
        Ok(())
    }

    /// Finds a connection for each topic: the one that it is on, or one with room. Either all of them
    /// are placed or none.
    fn claim(&mut self, client: ClientId, topics: &[P::Topic]) -> Result<Vec<usize>, ErrorKind> {
        let mut claimed = Vec::with_capacity(topics.len());
        for topic in topics {
            match self.claim_one(client, topic) {
                Ok(at) => claimed.push(at),
                Err(error) => {
                    for topic in &topics[..claimed.len()] {
                        self.waive(client, topic);
                    }
                    return Err(error);
                }
            }
        }
        Ok(claimed)
    }

    fn claim_one(&mut self, client: ClientId, topic: &P::Topic) -> Result<usize, ErrorKind> {
        if let Some(placement) = self.topics.get_mut(topic) {
            if !placement.holders.contains(client) {
                self.clients.hold(client)?;
            }
            placement.holders.add(client);
            return Ok(placement.shard);
        }
        self.clients.hold(client)?;
        let shard = match self.places.take(topic.channel().name) {
            Ok(shard) => shard,
            Err(full) => {
                self.clients.let_go(client);
                return Err(full);
            }
        };
        if shard == self.shards.len() {
            self.shards.push(Shard::default());
        }
        let holders = Holders::new(client);
        self.topics
            .insert(topic.clone(), Placement { shard, holders });
        Ok(shard)
    }

    /// One handle less of a client wants the topic.
    fn waive(&mut self, client: ClientId, topic: &P::Topic) {
        let Some(placement) = self.topics.get_mut(topic) else {
            return;
        };
        if placement.holders.remove(client) {
            self.clients.let_go(client);
        }
        if placement.holders.is_empty() {
            self.places.free(placement.shard, topic.channel().name);
            self.topics.remove(topic);
        }
    }

    /// A handle wants a topic of the connection where it is placed.
    fn want(&mut self, id: HandleId, topic: P::Topic, at: usize, ticket: Option<Ticket>) {
        let Some(record) = self.handles.get_mut(&id) else {
            return;
        };
        let shard = &mut self.shards[at];
        let (wish, new) = shard.wish(id, || ((record.lane)(), record.eager));
        wish.changes.join(topic.clone(), ticket);
        record.topics.insert(topic, at);
        shard.touch(id, &mut self.afterwards);
        if new {
            record.connections.push(at);
            if !shard.has_task() {
                self.to_start.push(at);
            }
            if let [first, _] = record.connections[..] {
                // What concerns all of its topics there no longer concerns all that it has.
                self.shards[first].touch(id, &mut self.afterwards);
            }
        }
    }

    /// Takes a handle out; what nobody else wants is released. Its stream ends, unless it has
    /// already ended otherwise.
    pub(super) fn release(&mut self, id: HandleId) -> Vec<oneshot::Receiver<()>> {
        let Some(record) = self.handles.remove(&id) else {
            return Vec::new();
        };
        for topic in record.topics.keys() {
            self.waive(record.client, topic);
        }
        let metrics = record.handle.metrics();
        self.clients.detach(record.client, id, metrics);
        self.afterwards.end(&record.handle, Ok(()));
        let connections = record.connections.iter();
        let acknowledged =
            connections.filter_map(|at| self.shards[*at].release(id, &mut self.afterwards));
        let acknowledged = acknowledged.collect();
        self.afterwards.drop_record(record);
        acknowledged
    }

    /// Adds symbols to a handle; returns what becomes of those that are new to it.
    pub(super) fn add(
        &mut self,
        id: HandleId,
        symbols: &[Symbol],
        runtime: Option<runtime::Handle>,
    ) -> Result<Answers, ErrorKind> {
        let record = self.handles.get_mut(&id).ok_or(ErrorKind::Closed)?;
        if runtime.is_some() {
            record.runtime = runtime;
        }
        let mut seen = HashSet::new();
        let topics: Vec<_> = symbols
            .iter()
            .map(|symbol| (record.topic)(symbol))
            .filter(|topic| !record.topics.contains_key(topic) && seen.insert(topic.clone()))
            .collect();
        objection(symbols, &topics).map_or(Ok(()), |text| Err(ErrorKind::Invalid(text)))?;
        let (client, handle) = (record.client, Arc::clone(&record.handle));
        let at = self.claim(client, &topics)?;
        handle.expect(topics.len());
        let answers = Answers::default();
        for (topic, at) in topics.into_iter().zip(at) {
            self.want(id, topic, at, Some(answers.ticket()));
        }
        Ok(answers)
    }

    /// Takes symbols out of a handle.
    pub(super) fn remove(&mut self, id: HandleId, symbols: &[Symbol]) -> Result<(), ErrorKind> {
        let record = self.handles.get(&id).ok_or(ErrorKind::Closed)?;
        let topics = symbols.iter().map(|symbol| (record.topic)(symbol));
        for topic in topics.collect::<Vec<_>>() {
            self.remove_topic(id, topic);
        }
        Ok(())
    }

    fn remove_topic(&mut self, id: HandleId, topic: P::Topic) {
        let Some(record) = self.handles.get_mut(&id) else {
            return;
        };
        let Some(at) = record.topics.remove(&topic) else {
            return;
        };
        let (client, handle) = (record.client, Arc::clone(&record.handle));
        self.waive(client, &topic);
        let shard = &mut self.shards[at];
        if let Some(wish) = shard.wishes.get_mut(&id)
            && let Removed::Unknown(ticket) = wish.changes.leave(topic)
        {
            self.afterwards.drop_ticket(ticket);
            self.afterwards.settle(&handle);
        }
        shard.touch(id, &mut self.afterwards);
    }

    /// The venue refused a topic to a handle, whose connection has left it; a handle that has none
    /// left ends. `first` if the topic had never been accepted.
    pub(super) fn refuse(&mut self, id: HandleId, topic: &P::Topic, first: bool) {
        let Some(record) = self.handles.get_mut(&id) else {
            return;
        };
        let Some(at) = record.topics.get(topic).copied() else {
            return;
        };
        let wish = self.shards[at].wishes.get_mut(&id);
        if !wish.is_none_or(|wish| wish.changes.refused(topic)) {
            return;
        }
        record.topics.remove(topic);
        let (client, handle) = (record.client, Arc::clone(&record.handle));
        let ends = record.topics.is_empty();
        self.waive(client, topic);
        if ends {
            let refused = handle.rejections().into_iter();
            let refused = refused.map(|(_, rejection)| rejection).collect();
            let error = self.error(ErrorKind::Refused(refused));
            self.afterwards.end(&handle, Err(error));
            self.release(id);
        } else if first {
            self.afterwards.settle(&handle);
        }
    }

    pub(super) fn resync(&mut self, id: HandleId, symbol: &Symbol) -> Result<(), ErrorKind> {
        let record = self.handles.get(&id).ok_or(ErrorKind::Closed)?;
        let topic = (record.topic)(symbol);
        let Some(at) = record.topics.get(&topic).copied() else {
            return Err(ErrorKind::Invalid(format!(
                "{} is not subscribed",
                topic.label()
            )));
        };
        let shard = &mut self.shards[at];
        if let Some(wish) = shard.wishes.get_mut(&id) {
            wish.changes.renew(topic);
        }
        shard.touch(id, &mut self.afterwards);
        Ok(())
    }

    pub(super) fn symbols(&self, id: HandleId) -> Vec<Symbol> {
        let Some(record) = self.handles.get(&id) else {
            return Vec::new();
        };
        let topics = record.topics.keys();
        let mut symbols: Vec<_> = topics.filter_map(|topic| topic.symbol().cloned()).collect();
        symbols.sort_unstable();
        symbols
    }

    /// Has the tasks of a handle look again, though its wish is the same.
    pub(super) fn wake(&mut self, id: HandleId) {
        let Some(record) = self.handles.get(&id) else {
            return;
        };
        for at in &record.connections {
            self.afterwards.wake(&self.shards[*at].signal);
        }
    }

    /// A handle is used in this runtime from here on.
    pub(super) fn moved(&mut self, id: HandleId, runtime: runtime::Handle) {
        if let Some(record) = self.handles.get_mut(&id) {
            record.runtime = Some(runtime);
        }
    }

    /// Ends a client's handles. Returns who hears when the venue has acknowledged that.
    pub(super) fn end_all(&mut self, client: ClientId) -> Vec<oneshot::Receiver<()>> {
        let handles = self.clients.get(client).map(clients::Client::handles);
        let handles: Vec<_> = handles.into_iter().flatten().collect();
        let acknowledged = handles.into_iter().flat_map(|id| self.release(id));
        acknowledged.collect()
    }

    /// Ends a client's handles; it can have no others.
    pub(super) fn close(&mut self, client: ClientId) -> Vec<oneshot::Receiver<()>> {
        self.clients.close(client);
        let acknowledged = self.end_all(client);
        self.raise_all();
        self.publish();
        acknowledged
    }

    /// The last clone of a client is gone.
    pub(super) fn abandon(&mut self, client: ClientId) {
        self.clients.abandon(client);
        self.raise_all();
    }

    /// Nobody has the client any more, nor any handle of it.
    pub(super) fn leave(&mut self, client: ClientId) {
        self.clients.leave(client);
        self.raise_all();
    }

    /// Whether a client has nobody beside it who may use the connections.
    pub(super) fn is_alone(&self, client: ClientId) -> bool {
        self.clients.is_alone(client)
    }

    /// Has every client told what it is doing.
    pub(super) fn publish(&mut self) {
        let (number, states) = self.clients.publish(self.connections_state());
        for (to, state) in states {
            self.afterwards.update(Update { to, state, number });
        }
    }

    fn raise_all(&mut self) {
        for shard in &self.shards {
            if shard.has_task() {
                self.afterwards.raise(&shard.signal);
            }
        }
    }
}
