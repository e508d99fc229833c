//! What every handle wants, and on which connection.

mod limits;
mod report;
mod shard;
mod tasks;

use std::sync::Arc;
use std::task::Waker;

use hashbrown::{HashMap, HashSet};
use tokio::runtime;
use tokio::sync::oneshot;

pub(crate) use limits::Limits;
pub(crate) use report::Report;
use shard::Shard;
pub(crate) use shard::{Signal, Wish};
pub(crate) use tasks::Start;

use crate::feed::handle::{AnyHandle, HandleId};
use crate::feed::lane::Lane;
use crate::feed::metrics::HandleMetrics;
use crate::feed::{Protocol, Topic};
use crate::{Error, ErrorKind, Symbol};

type MakeLane<P> = Box<dyn Fn() -> Box<dyn Lane<<P as Protocol>::Event>> + Send>;
/// How a symbol becomes a topic of a handle's channel.
pub(crate) type MakeTopic<P> = Arc<dyn Fn(&Symbol) -> <P as Protocol>::Topic + Send + Sync>;

/// The wanted set of one client: the topics of its live handles, placed on connections.
///
/// Handles edit it under a lock and raise the flag of the connections concerned; the connections'
/// tasks compare it with what they have. There is no queue of commands that could fill.
pub(crate) struct Ledger<P: Protocol> {
    handles: HashMap<HandleId, Record<P>>,
    topics: HashMap<P::Topic, Placement>,
    shards: Vec<Shard<P>>,
    runtime: Option<runtime::Handle>,
    closed: bool,
    abandoned: bool,
    /// What the queues of handles that are gone had counted.
    retired: Vec<HandleMetrics>,
    /// Consumers to be woken once the ledger's lock is released: a waker is foreign code.
    to_wake: Vec<Waker>,
}

/// A handle to be entered.
pub(crate) struct NewHandle<P: Protocol> {
    pub(crate) id: HandleId,
    pub(crate) handle: Arc<dyn AnyHandle>,
    pub(crate) topics: Vec<P::Topic>,
    pub(crate) lane: MakeLane<P>,
    pub(crate) topic: MakeTopic<P>,
    pub(crate) eager: bool,
}

struct Record<P: Protocol> {
    handle: Arc<dyn AnyHandle>,
    topics: HashMap<P::Topic, usize>,
    lane: MakeLane<P>,
    topic: MakeTopic<P>,
    eager: bool,
}

#[derive(Clone, Copy)]
struct Placement {
    shard: usize,
    handles: usize,
}

impl<P: Protocol> Ledger<P> {
    pub(super) fn new() -> Self {
        Self {
            handles: HashMap::new(),
            topics: HashMap::new(),
            shards: Vec::new(),
            runtime: None,
            closed: false,
            abandoned: false,
            retired: Vec::new(),
            to_wake: Vec::new(),
        }
    }

    pub(super) fn take_wakers(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.to_wake)
    }

    pub(super) fn runtime(&self) -> Option<runtime::Handle> {
        self.runtime.clone()
    }

    pub(super) fn set_runtime(&mut self, runtime: runtime::Handle) {
        self.runtime = Some(runtime);
    }

    /// Enters a handle.
    pub(super) fn attach(&mut self, new: NewHandle<P>, limits: Limits) -> Result<(), ErrorKind> {
        if self.closed {
            return Err(ErrorKind::Closed);
        }
        self.check_limit(&new.topics, limits)?;
        let NewHandle {
            id,
            handle,
            topics,
            lane,
            topic,
            eager,
        } = new;
        let record = Record {
            handle,
            topics: HashMap::new(),
            lane,
            topic,
            eager,
        };
        self.handles.insert(id, record);
        self.place(id, topics, limits);
        Ok(())
    }

    fn check_limit(&self, topics: &[P::Topic], limits: Limits) -> Result<(), ErrorKind> {
        let new = || {
            topics
                .iter()
                .filter(|topic| !self.topics.contains_key(*topic))
        };
        if self.topics.len() + new().count() > limits.client {
            return Err(ErrorKind::TooManyTopics {
                limit: limits.client,
            });
        }
        let loads = self.shards.iter().map(|shard| shard.load.clone()).collect();
        let channels = new().map(|topic| topic.channel().name);
        limits
            .room_for(loads, channels)
            .map_err(|full| match full.channel {
                Some(channel) => ErrorKind::TooManyOfChannel {
                    channel,
                    limit: full.limit,
                },
                None => ErrorKind::TooManyTopics { limit: full.limit },
            })
    }

    /// Puts topics of a handle where they are already, or where there is room.
    fn place(&mut self, id: HandleId, topics: Vec<P::Topic>, limits: Limits) {
        for topic in topics {
            let at = match self.topics.get_mut(&topic) {
                Some(placement) => {
                    placement.handles += 1;
                    placement.shard
                }
                None => {
                    let channel = topic.channel().name;
                    let shard = self.shard_with_room(channel, &limits);
                    self.shards[shard].load.add(channel, &limits);
                    self.topics
                        .insert(topic.clone(), Placement { shard, handles: 1 });
                    shard
                }
            };
            let Some(record) = self.handles.get_mut(&id) else {
                return;
            };
            record.topics.insert(topic.clone(), at);
            let wishes = self.shards[at].wishes.entry(id);
            let wish = wishes.or_insert_with(|| Wish::new((record.lane)(), record.eager));
            wish.topics.push(topic);
        }
        self.touch_all(id);
    }

    fn shard_with_room(&mut self, channel: &'static str, limits: &Limits) -> usize {
        let has_room = |shard: &Shard<P>| shard.load.has_room(channel, limits);
        let found = self.shards.iter().position(has_room);
        found.unwrap_or_else(|| {
            self.shards.push(Shard::default());
            self.shards.len() - 1
        })
    }

    /// Has every connection of the handle look at its wish.
    fn touch_all(&mut self, id: HandleId) {
        let holding = |shard: &Shard<P>| shard.wishes.contains_key(&id);
        let whole = self.shards.iter().filter(|shard| holding(shard)).count() == 1;
        for shard in &mut self.shards {
            if let Some(wish) = shard.wishes.get_mut(&id) {
                wish.whole = whole;
                shard.touch(id);
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
            self.forget(topic);
        }
        self.to_wake.extend(record.handle.end(Ok(())));
        self.retire(record.handle.metrics());
        let mut closed = Vec::new();
        for shard in &mut self.shards {
            if let Some(wish) = shard.wishes.get_mut(&id) {
                wish.gone = true;
                let (told, hears) = oneshot::channel();
                wish.closers.push(told);
                closed.push(hears);
                shard.touch(id);
                if !shard.running {
                    shard.wishes.remove(&id);
                }
            }
        }
        closed
    }

    /// One handle less wants the topic.
    fn forget(&mut self, topic: &P::Topic) {
        let Some(placement) = self.topics.get_mut(topic) else {
            return;
        };
        placement.handles -= 1;
        if placement.handles == 0 {
            self.shards[placement.shard].load.take(topic.channel().name);
            self.topics.remove(topic);
        }
    }

    fn retire(&mut self, metrics: HandleMetrics) {
        let known = self
            .retired
            .iter_mut()
            .find(|known| known.channel == metrics.channel);
        match known {
            Some(known) => known.add(&metrics),
            None => self.retired.push(HandleMetrics {
                queued: 0,
                ..metrics
            }),
        }
    }

    /// Adds symbols to a handle; returns how many were new to it.
    pub(super) fn add(
        &mut self,
        id: HandleId,
        symbols: &[Symbol],
        limits: Limits,
    ) -> Result<usize, ErrorKind> {
        if symbols.iter().any(|symbol| symbol.is_empty()) {
            return Err(ErrorKind::Invalid("a symbol must not be empty".to_owned()));
        }
        let record = self.handles.get(&id).ok_or(ErrorKind::Closed)?;
        let mut seen = HashSet::new();
        let topics: Vec<_> = symbols
            .iter()
            .map(|symbol| (record.topic)(symbol))
            .filter(|topic| !record.topics.contains_key(topic) && seen.insert(topic.clone()))
            .collect();
        if let Some(objection) = topics.iter().find_map(Topic::objection) {
            return Err(ErrorKind::Invalid(objection));
        }
        self.check_limit(&topics, limits)?;
        let count = topics.len();
        record.handle.expect(count);
        self.place(id, topics, limits);
        Ok(count)
    }

    /// Takes symbols out of a handle.
    pub(super) fn remove(&mut self, id: HandleId, symbols: &[Symbol]) -> Result<(), ErrorKind> {
        let record = self.handles.get(&id).ok_or(ErrorKind::Closed)?;
        let topics: Vec<_> = symbols
            .iter()
            .map(|symbol| (record.topic)(symbol))
            .collect();
        for topic in topics {
            if let Some(at) = self.take_topic(id, &topic)
                && let Some(wish) = self.shards[at].wishes.get_mut(&id)
            {
                wish.left.push(topic);
            }
        }
        self.touch_all(id);
        Ok(())
    }

    /// A topic of a handle was refused; a handle that has none left ends. `first` if the topic had
    /// never been accepted.
    pub(super) fn refuse(
        &mut self,
        id: HandleId,
        topic: &P::Topic,
        first: bool,
        venue: &'static str,
    ) {
        let held = self.take_topic(id, topic).is_some();
        let Some(record) = self.handles.get(&id) else {
            return;
        };
        if record.topics.is_empty() {
            let refused = record
                .handle
                .rejections()
                .into_iter()
                .map(|(_, rejection)| rejection);
            let error = Error::new(ErrorKind::Refused(refused.collect())).with_venue(venue);
            self.to_wake.extend(record.handle.end(Err(error)));
            self.release(id);
        } else if first && held {
            self.to_wake.extend(record.handle.settle(1));
        }
    }

    /// Takes one topic out of a handle; tells which connection held it.
    fn take_topic(&mut self, id: HandleId, topic: &P::Topic) -> Option<usize> {
        let record = self.handles.get_mut(&id)?;
        let at = record.topics.remove(topic)?;
        if let Some(wish) = self.shards[at].wishes.get_mut(&id) {
            wish.topics.retain(|held| held != topic);
        }
        self.forget(topic);
        Some(at)
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
        if let Some(wish) = self.shards[at].wishes.get_mut(&id) {
            wish.renew.push(topic);
        }
        self.shards[at].touch(id);
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
    pub(super) fn wake(&self, id: HandleId) {
        for shard in &self.shards {
            if shard.wishes.contains_key(&id) {
                shard.signal.waker.wake();
            }
        }
    }

    pub(super) fn end_all(&mut self) {
        let ids: Vec<_> = self.handles.keys().copied().collect();
        for id in ids {
            self.release(id);
        }
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
        self.end_all();
        self.raise_all();
    }

    /// The last clone of the client is gone.
    pub(super) fn abandon(&mut self) {
        self.abandoned = true;
        self.raise_all();
    }

    fn raise_all(&self) {
        for shard in &self.shards {
            shard.signal.raise();
        }
    }
}
