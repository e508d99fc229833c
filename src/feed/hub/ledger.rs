//! What every handle wants, and on which connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::task::AtomicWaker;
use hashbrown::{HashMap, HashSet};
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::feed::handle::{AnyHandle, HandleId, Lane};
use crate::feed::machine::{ChannelCounters, ConnectionCounters, State};
use crate::feed::metrics::{ConnectionMetrics, HandleMetrics, Health, Metrics, seconds};
use crate::feed::{Protocol, Topic};
use crate::{Error, ErrorKind, Now, Symbol};

type MakeLane<P> = Box<dyn Fn() -> Box<dyn Lane<<P as Protocol>::Event>> + Send>;
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

/// One connection's share of the wanted set.
pub(crate) struct Shard<P: Protocol> {
    signal: Arc<Signal>,
    task: Option<AbortHandle>,
    topics: usize,
    wishes: HashMap<HandleId, Wish<P>>,
    touched: Vec<HandleId>,
    report: Report,
    /// Counted by tasks that have ended.
    past: Report,
}

/// What one handle wants of one connection.
pub(crate) struct Wish<P: Protocol> {
    pub(crate) topics: HashSet<P::Topic>,
    /// Taken by the task when it first sees the wish.
    pub(crate) lane: Option<Box<dyn Lane<P::Event>>>,
    pub(crate) renew: Vec<P::Topic>,
    pub(crate) closers: Vec<oneshot::Sender<()>>,
    /// The handle has no topics elsewhere.
    pub(crate) whole: bool,
    pub(crate) eager: bool,
    pub(crate) gone: bool,
    touched: bool,
}

/// How a task is told that its share of the wanted set has changed.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    pub(crate) dirty: AtomicBool,
    pub(crate) waker: AtomicWaker,
}

impl Signal {
    pub(crate) fn raise(&self) {
        self.dirty.store(true, Ordering::Release);
        self.waker.wake();
    }
}

/// What a task last said of its connection.
#[derive(Clone, Default)]
pub(crate) struct Report {
    pub(crate) state: Option<State>,
    pub(crate) live_since: Option<std::time::Instant>,
    pub(crate) counters: ConnectionCounters,
    pub(crate) channels: Vec<(&'static str, ChannelCounters)>,
    pub(crate) stalled_by: Option<String>,
    pub(crate) trouble: Option<String>,
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
        }
    }

    pub(super) fn runtime(&self) -> Option<&runtime::Handle> {
        self.runtime.as_ref()
    }

    pub(super) fn signal(&self, shard: usize) -> Arc<Signal> {
        Arc::clone(&self.shards[shard].signal)
    }

    pub(super) fn tasks(&self) -> Vec<AbortHandle> {
        self.shards
            .iter()
            .filter_map(|shard| shard.task.clone())
            .collect()
    }

    /// Connections that are wanted and have no task.
    pub(super) fn idle_shards(&self) -> Vec<usize> {
        let needed = |shard: &Shard<P>| shard.task.is_none() && !shard.wishes.is_empty();
        (0..self.shards.len())
            .filter(|at| needed(&self.shards[*at]))
            .collect()
    }

    pub(super) fn started(&mut self, shard: usize, task: AbortHandle) {
        self.shards[shard].task = Some(task);
    }

    /// Whether the linger is over because no client is left.
    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned || self.closed
    }

    /// Enters a handle.
    pub(super) fn attach(
        &mut self,
        new: NewHandle<P>,
        runtime: runtime::Handle,
        max_topics: usize,
        per_shard: usize,
    ) -> Result<(), ErrorKind> {
        if self.closed {
            return Err(ErrorKind::Closed);
        }
        self.check_limit(&new.topics, max_topics)?;
        self.runtime = Some(runtime);
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
        self.place(id, topics, per_shard);
        Ok(())
    }

    fn check_limit(&self, topics: &[P::Topic], limit: usize) -> Result<(), ErrorKind> {
        let new = topics
            .iter()
            .filter(|topic| !self.topics.contains_key(*topic))
            .count();
        if self.topics.len() + new > limit {
            return Err(ErrorKind::TooManyTopics { limit });
        }
        Ok(())
    }

    /// Puts topics of a handle where they are already, or where there is room.
    fn place(&mut self, id: HandleId, topics: Vec<P::Topic>, per_shard: usize) {
        for topic in topics {
            let shard = match self.topics.get_mut(&topic) {
                Some(placement) => {
                    placement.handles += 1;
                    placement.shard
                }
                None => {
                    let shard = self.shard_with_room(per_shard);
                    self.shards[shard].topics += 1;
                    self.topics
                        .insert(topic.clone(), Placement { shard, handles: 1 });
                    shard
                }
            };
            let Some(record) = self.handles.get_mut(&id) else {
                return;
            };
            record.topics.insert(topic.clone(), shard);
            self.shards[shard].wish(id, record).topics.insert(topic);
        }
        self.touch_all(id);
    }

    fn shard_with_room(&mut self, per_shard: usize) -> usize {
        let found = self
            .shards
            .iter()
            .position(|shard| shard.topics < per_shard);
        found.unwrap_or_else(|| {
            self.shards.push(Shard::default());
            self.shards.len() - 1
        })
    }

    /// Has every connection of the handle look at its wish.
    fn touch_all(&mut self, id: HandleId) {
        let holds = |shard: &&mut Shard<P>| shard.wishes.contains_key(&id);
        let whole = self.shards.iter_mut().filter(holds).count() == 1;
        for shard in &mut self.shards {
            if let Some(wish) = shard.wishes.get_mut(&id) {
                wish.whole = whole;
                shard.touch(id);
            }
        }
    }

    /// Takes a handle out; what nobody else wants is released.
    pub(super) fn release(&mut self, id: HandleId) -> Vec<oneshot::Receiver<()>> {
        let Some(record) = self.handles.remove(&id) else {
            return Vec::new();
        };
        for topic in record.topics.keys() {
            self.forget(topic);
        }
        self.retire(record.handle.metrics());
        let mut closed = Vec::new();
        for shard in &mut self.shards {
            if let Some(wish) = shard.wishes.get_mut(&id) {
                wish.gone = true;
                let (told, hears) = oneshot::channel();
                wish.closers.push(told);
                closed.push(hears);
                shard.touch(id);
                if shard.task.is_none() {
                    shard.wishes.remove(&id);
                }
            }
        }
        closed
    }

    fn forget(&mut self, topic: &P::Topic) {
        let Some(placement) = self.topics.get_mut(topic) else {
            return;
        };
        placement.handles -= 1;
        if placement.handles == 0 {
            self.shards[placement.shard].topics -= 1;
            self.topics.remove(topic);
        }
    }

    fn retire(&mut self, metrics: HandleMetrics) {
        let known = self
            .retired
            .iter_mut()
            .find(|known| known.channel == metrics.channel);
        match known {
            Some(known) => {
                known.high_water = known.high_water.max(metrics.high_water);
                known.dropped += metrics.dropped;
                known.merged += metrics.merged;
            }
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
        max_topics: usize,
        per_shard: usize,
    ) -> Result<usize, ErrorKind> {
        let record = self.handles.get(&id).ok_or(ErrorKind::Closed)?;
        let mut topics: Vec<_> = symbols
            .iter()
            .map(|symbol| (record.topic)(symbol))
            .collect();
        topics.retain(|topic| !record.topics.contains_key(topic));
        let handle = Arc::clone(&record.handle);
        self.check_limit(&topics, max_topics)?;
        let count = topics.len();
        handle.expect(count);
        self.place(id, topics, per_shard);
        Ok(count)
    }

    /// Takes symbols out of a handle.
    pub(super) fn remove(&mut self, id: HandleId, symbols: &[Symbol]) -> Result<(), ErrorKind> {
        let record = self.handles.get(&id).ok_or(ErrorKind::Closed)?;
        let topics: Vec<_> = symbols
            .iter()
            .map(|symbol| (record.topic)(symbol))
            .collect();
        for topic in &topics {
            self.take_topic(id, topic);
        }
        self.touch_all(id);
        Ok(())
    }

    /// Takes one topic out of a handle; returns how many the handle has left.
    pub(super) fn take_topic(&mut self, id: HandleId, topic: &P::Topic) -> Option<usize> {
        let record = self.handles.get_mut(&id)?;
        let shard = record.topics.remove(topic)?;
        let left = record.topics.len();
        if let Some(wish) = self.shards[shard].wishes.get_mut(&id) {
            wish.topics.remove(topic);
        }
        self.shards[shard].touch(id);
        self.forget(topic);
        Some(left)
    }

    pub(super) fn resync(&mut self, id: HandleId, symbol: &Symbol) -> Result<(), ErrorKind> {
        let record = self.handles.get(&id).ok_or(ErrorKind::Closed)?;
        let topic = (record.topic)(symbol);
        let Some(shard) = record.topics.get(&topic).copied() else {
            return Err(ErrorKind::Invalid(format!(
                "{} is not subscribed",
                topic.label()
            )));
        };
        if let Some(wish) = self.shards[shard].wishes.get_mut(&id) {
            wish.renew.push(topic);
        }
        self.shards[shard].touch(id);
        Ok(())
    }

    pub(super) fn symbols(&self, id: HandleId) -> Vec<Symbol> {
        let Some(record) = self.handles.get(&id) else {
            return Vec::new();
        };
        let mut symbols: Vec<_> = record.topics.keys().map(|t| t.symbol().clone()).collect();
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

    /// The handle's stream ends as its user asked.
    pub(super) fn end(&mut self, id: HandleId) -> Vec<oneshot::Receiver<()>> {
        if let Some(record) = self.handles.get(&id) {
            record.handle.end(Ok(()));
        }
        self.release(id)
    }

    pub(super) fn end_all(&mut self) {
        let ids: Vec<_> = self.handles.keys().copied().collect();
        for id in ids {
            self.end(id);
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

    /// The next changed wish of a connection.
    pub(super) fn next_touched(&mut self, shard: usize) -> Option<HandleId> {
        let shard = &mut self.shards[shard];
        let id = shard.touched.pop()?;
        if let Some(wish) = shard.wishes.get_mut(&id) {
            wish.touched = false;
        }
        Some(id)
    }

    pub(super) fn wish(&mut self, shard: usize, id: HandleId) -> Option<&mut Wish<P>> {
        self.shards[shard].wishes.get_mut(&id)
    }

    pub(super) fn drop_wish(&mut self, shard: usize, id: HandleId) {
        self.shards[shard].wishes.remove(&id);
    }

    /// Lets a task end, if nothing has come up for it meanwhile.
    pub(super) fn stop(&mut self, shard: usize) -> bool {
        let idle = self.shards[shard].wishes.is_empty();
        if idle {
            self.shards[shard].retire();
        }
        idle
    }

    /// A task is gone without having been let go: its handles end with `error`.
    pub(super) fn lost(&mut self, shard: usize, error: &Error) {
        self.fail_shard(shard, error);
        self.shards[shard].wishes.clear();
        self.shards[shard].retire();
    }

    /// The handle has no topic left because the venue refused them all.
    pub(super) fn end_refused(&mut self, id: HandleId, venue: &'static str) {
        if let Some(record) = self.handles.get(&id) {
            let rejections = record
                .handle
                .rejections()
                .into_iter()
                .map(|(_, refused)| refused);
            let error = Error::new(ErrorKind::Refused(rejections.collect())).with_venue(venue);
            record.handle.end(Err(error));
        }
        self.release(id);
    }

    /// A connection ended for good: every handle with a topic on it ends too.
    pub(super) fn fail_shard(&mut self, shard: usize, error: &Error) {
        let ids: Vec<_> = self.shards[shard].wishes.keys().copied().collect();
        for id in ids {
            if let Some(record) = self.handles.get(&id) {
                record.handle.end(Err(error.clone()));
            }
            self.release(id);
        }
    }

    pub(super) fn report(&mut self, shard: usize) -> &mut Report {
        &mut self.shards[shard].report
    }

    /// The worst state of the connections that are needed.
    pub(super) fn state(&self) -> State {
        if self.closed {
            return State::Closed;
        }
        let states = self.shards.iter().filter_map(|shard| shard.report.state);
        states.min().unwrap_or(State::Idle)
    }

    pub(super) fn obstacle(&self) -> String {
        let reports = || self.shards.iter().map(|shard| &shard.report);
        if let Some(by) = reports().find_map(|report| report.stalled_by.as_ref()) {
            return format!("{by} is full and its policy is to wait");
        }
        let state = self.state();
        match reports().find_map(|report| report.trouble.as_ref()) {
            Some(trouble) if state != State::Live => format!("state {state}: {trouble}"),
            _ => format!("state {state}"),
        }
    }

    pub(super) fn metrics(&self, now: Now) -> Metrics {
        let mut metrics = Metrics {
            topics: self.topics.len(),
            ..Metrics::default()
        };
        for shard in &self.shards {
            for (name, counters) in shard.past.channels.iter().chain(&shard.report.channels) {
                metrics.add_channel(name, counters);
            }
            let live = shard
                .report
                .live_since
                .filter(|_| shard.report.state == Some(State::Live));
            let mut counters = shard.past.counters.clone();
            counters.add(&shard.report.counters);
            metrics.connections.push(ConnectionMetrics {
                state: shard.report.state.unwrap_or(State::Idle),
                uptime: live.map_or(0.0, |since| {
                    seconds(now.instant.saturating_duration_since(since))
                }),
                topics: shard.topics,
                counters,
            });
        }
        for retired in &self.retired {
            metrics.add_queue(retired);
        }
        for record in self.handles.values() {
            metrics.add_handle(&record.handle.metrics());
        }
        metrics
    }

    pub(super) fn health(&self, now: Now) -> Health {
        let state = self.state();
        let reports = || self.shards.iter().map(|shard| &shard.report);
        let last_received = reports()
            .filter_map(|report| report.counters.last_received)
            .max();
        let waiting_for = reports().find_map(|report| report.stalled_by.clone());
        let live = matches!(state, State::Live | State::Idle);
        Health {
            ok: live && waiting_for.is_none(),
            state,
            last_received,
            silence: last_received.map(|last| seconds(now.wall.duration_since(last))),
            waiting_for,
            trouble: reports()
                .find_map(|report| report.trouble.clone())
                .filter(|_| !live),
        }
    }
}

impl<P: Protocol> Shard<P> {
    fn wish(&mut self, id: HandleId, record: &Record<P>) -> &mut Wish<P> {
        self.wishes.entry(id).or_insert_with(|| Wish {
            topics: HashSet::new(),
            lane: Some((record.lane)()),
            renew: Vec::new(),
            closers: Vec::new(),
            whole: true,
            eager: record.eager,
            gone: false,
            touched: false,
        })
    }

    fn touch(&mut self, id: HandleId) {
        if let Some(wish) = self.wishes.get_mut(&id)
            && !std::mem::replace(&mut wish.touched, true)
        {
            self.touched.push(id);
        }
        self.signal.raise();
    }

    /// The task has ended: what it counted stays, what it said of now does not.
    fn retire(&mut self) {
        self.task = None;
        self.touched.clear();
        let report = std::mem::take(&mut self.report);
        self.past.counters.add(&report.counters);
        for (name, counters) in &report.channels {
            match self
                .past
                .channels
                .iter_mut()
                .find(|(known, _)| known == name)
            {
                Some((_, known)) => known.add(counters),
                None => self.past.channels.push((name, counters.clone())),
            }
        }
    }
}

impl<P: Protocol> Default for Shard<P> {
    fn default() -> Self {
        Self {
            signal: Arc::default(),
            task: None,
            topics: 0,
            wishes: HashMap::new(),
            touched: Vec::new(),
            report: Report::default(),
            past: Report::default(),
        }
    }
}
