//! Everything of a machine that is neither the protocol nor the topics.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::changes::ChangeCount;
use super::counters::{ChannelCounters, ConnectionCounters};
use super::effects::Effects;
use super::event_clock::EventClock;
use super::liveness::Liveness;
use super::quiet::QuietConfig;
use super::registry::{Down, Registry, TopicEntry};
use super::silence::Silence;
use super::state::State;
use super::succession::Retirement;
use crate::feed::{Failure, Losing, MissingSpan, Protocol, Spec, TopicId};
use crate::queue::GapIds;
use crate::rate::Bucket;
use crate::transport::Frame;
use crate::{Now, Timestamp};

/// The venue's clock and ours may differ, and frames are under way for a while; a time older than this
/// when it came says nothing about what was sent before an outage.
const TRUSTED_LAG: Duration = Duration::from_secs(10);
/// How much later than the quickest of the last seconds an event may be, for no other reason than its way.
const LATENCY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Core<P: Protocol> {
    pub(super) registry: Registry,
    pub(super) state: State,
    pub(super) liveness: Liveness,
    pub(super) silence: Silence,
    pub(super) pace: Bucket,
    pub(super) changes: ChangeCount,
    pub(super) outbox: VecDeque<Frame>,
    pub(super) effects: Effects<P::Effect>,
    pub(super) failure: Option<Failure>,
    pub(super) wake_at: Option<Instant>,
    /// When the venue will have ended the connection.
    pub(super) retirement: Option<Retirement>,
    pub(super) gap_ids: GapIds,
    pub(super) event_clock: EventClock,
    /// When the last frame was read.
    pub(super) received: Timestamp,
    /// The time on the frame being read, or on the last one, by the venue.
    pub(super) venue_time: Option<Timestamp>,
    /// The last time up to which nothing could be missing, before the frame being read.
    pub(super) complete: Timestamp,
    /// Since when the socket may hold what has not been read.
    pub(super) backlog_since: Option<Timestamp>,
    pub(super) live_since: Option<Instant>,
    /// Whether this socket has brought an event.
    pub(super) has_data: bool,
    /// Since when data, the answer to a request or to a probe, or a login has shown that the venue serves
    /// this connection.
    pub(super) proven_since: Option<Instant>,
    pub(super) frame_len: usize,
    pub(super) frame_channel: Option<usize>,
    pub(super) channels: Vec<(&'static str, ChannelCounters)>,
    pub(super) counters: ConnectionCounters,
    /// Topics that may have begun to miss events, for their consumers to hear of.
    pub(super) losing: Vec<TopicId>,
    /// Where events are missing, for the protocol to hear of.
    pub(super) spans: Vec<MissingSpan>,
}

impl<P: Protocol> Core<P> {
    pub(super) fn new(spec: &Spec, gap_ids: GapIds, quiet: QuietConfig, now: Now) -> Self {
        Self {
            registry: Registry::default(),
            state: State::Idle,
            liveness: Liveness::new(spec.heartbeat, now.instant),
            silence: Silence::new(quiet, now.instant),
            pace: Bucket::new(spec.requests),
            changes: ChangeCount::new(spec.changes),
            outbox: VecDeque::new(),
            effects: Effects::default(),
            failure: None,
            wake_at: None,
            retirement: None,
            gap_ids,
            event_clock: EventClock::new(now),
            received: now.wall,
            venue_time: None,
            complete: now.wall,
            backlog_since: None,
            live_since: None,
            has_data: false,
            proven_since: None,
            frame_len: 0,
            frame_channel: None,
            channels: Vec::new(),
            counters: ConnectionCounters::default(),
            losing: Vec::new(),
            spans: Vec::new(),
        }
    }

    /// A new socket is open.
    pub(super) fn opened(&mut self, spec: &Spec, now: Now) {
        self.liveness = Liveness::new(spec.heartbeat, now.instant);
        self.pace = Bucket::new(spec.requests);
        self.changes = ChangeCount::new(spec.changes);
        self.outbox.clear();
        self.effects.clear();
        self.wake_at = None;
        let lifetime = spec.lifetime;
        self.retirement = lifetime.and_then(|lifetime| Retirement::within(now.instant, lifetime));
        self.received = now.wall;
        self.venue_time = None;
        self.backlog_since = None;
        self.live_since = None;
        (self.has_data, self.proven_since) = (false, None);
        self.counters.connects += 1;
        self.counters.last_connect = Some(now.wall);
    }

    /// By our clock, the last time up to which nothing of this connection can be missing.
    pub(super) fn complete_until(&self) -> Timestamp {
        // What was sent since may lie behind the last frame read, however late that was read.
        let backlog = self.backlog_since;
        backlog.map_or(self.received, |since| self.received.min(since))
    }

    /// From when on events of a topic may be missing, if its feed stops here.
    pub(super) fn lost_from_here(&mut self, id: TopicId, renewed: bool) -> Down {
        self.losing.push(id);
        let complete = self.complete_until();
        let fallback = self.last_event_before(None, complete);
        let down = self.registry.entry(id).lost(fallback, complete);
        Down { renewed, ..down }
    }

    /// The venue has shown that it serves this connection.
    #[inline]
    pub(super) fn prove(&mut self, now: Now) {
        self.proven_since.get_or_insert(now.instant);
    }

    /// Nothing of the topic is delivered from here on, until the next event is.
    pub(super) fn blind(&mut self, id: TopicId, now: Now) {
        self.registry.blind(id, now);
        self.losing.push(id);
    }

    /// The topics whose gap has begun since the last look and is not over.
    pub(super) fn take_losing(&mut self, now: Now) -> Vec<Losing> {
        let venue_now = self.event_time_now(now);
        let mut losing = std::mem::take(&mut self.losing);
        losing.sort_unstable();
        losing.dedup();
        let complete = self.complete_until();
        let fallback = self.last_event_before(None, complete);
        let begun = losing.into_iter().filter_map(|topic| {
            let entry = self.registry.entry(topic);
            let blind = || entry.is_blind().then(|| entry.lost(fallback, complete));
            let down = entry.down().or_else(blind)?;
            Some(Losing {
                topic,
                from: down.from,
                seen_from: down.seen_from,
                venue_now: venue_now.max(down.from),
            })
        });
        begun.collect()
    }

    /// Time of the last event of the topic, or of the connection; where none carried a time, the last
    /// moment by our clock, less the time that the last frame was under way.
    pub(super) fn last_event_before(
        &self,
        entry: Option<&TopicEntry>,
        seen: Timestamp,
    ) -> Timestamp {
        let own = entry.and_then(TopicEntry::last_time);
        own.or(self.event_clock.last_time())
            .unwrap_or_else(|| match self.venue_time {
                Some(time) if seen.saturating_sub(TRUSTED_LAG) <= time => time.min(seen),
                _ => seen,
            })
    }

    /// The latest time that an event which the venue has sent by now can bear, as far as that is known.
    pub(super) fn event_time_now(&self, now: Now) -> Timestamp {
        let Some(time) = self.event_clock.now(now) else {
            return now.wall;
        };
        // Events that are a little late may be under way for as long, or be sent together: the next may
        // be quicker. Only those that are later than that are of another clock. What is not ahead of this
        // machine's clock is taken not to get there.
        let latest = time.saturating_add(LATENCY);
        if time <= now.wall {
            latest.min(now.wall)
        } else {
            latest
        }
    }

    pub(super) fn channel(&mut self, name: &'static str) -> usize {
        let known = self.channels.iter().position(|(known, _)| *known == name);
        known.unwrap_or_else(|| {
            self.channels.push((name, ChannelCounters::default()));
            self.channels.len() - 1
        })
    }
}
