//! One connection's life, without I/O and without a clock.
//!
//! Frames, outcomes, wanted topics and *now* go in by `handle_*` and [`Machine::want`]; frames to
//! send, effects and the next deadline come out by `take_*` and [`Machine::deadline`]; events and
//! notes go to the [`Deliver`] that is passed along. After any call that goes in, drain what comes
//! out and ask for the deadline again.

mod backoff;
mod changes;
mod counters;
mod entry;
mod liveness;
mod output;
mod registry;
mod requests;
mod sink;
mod state;
mod upkeep;

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

pub use backoff::Backoff;
pub use counters::{ChannelCounters, ConnectionCounters};
pub use state::State;

use self::backoff::Attempts;
use self::changes::ChangeCount;
use self::liveness::Liveness;
use self::registry::{Registry, Side};
use self::sink::{Core, Sink};
use super::{Deliver, GapIds, Malformed, Note, Protocol, Topic, TopicId, Topics};
use crate::rate::Bucket;
use crate::transport::{ConnectError, Frame, FrameRef};
use crate::{Error, ErrorKind, Interruption, Now};

/// Most bytes of a malformed message that are logged.
const EXCERPT: usize = 80;

/// A topic as the borrowed key of itself.
#[derive(Hash)]
pub(super) struct Same<'a, T>(pub(super) &'a T);

impl<T: Topic> hashbrown::Equivalent<T> for Same<'_, T> {
    fn equivalent(&self, key: &T) -> bool {
        self.0 == key
    }
}

/// What the machine needs besides its protocol.
#[derive(Clone, Debug)]
pub(crate) struct MachineConfig {
    pub(crate) backoff: Backoff,
    pub(crate) linger: Duration,
    pub(crate) seed: u64,
    pub(crate) gap_ids: GapIds,
}

/// The state machine around one [`Protocol`].
pub(crate) struct Machine<P: Protocol> {
    protocol: P,
    topics: Topics<P::Topic>,
    core: Core<P>,
    attempts: Attempts,
    linger: Duration,
    /// Since when nothing has been wanted.
    unwanted_since: Option<Instant>,
    /// Since when nothing is being read, by the consumers' choice.
    paused_since: Option<Instant>,
    backoff_until: Option<Instant>,
    login_until: Option<Instant>,
    connect_wanted: bool,
    ever_live: bool,
}

impl<P: Protocol> Machine<P> {
    pub(crate) fn new(protocol: P, config: MachineConfig, now: Now) -> Self {
        let spec = protocol.spec();
        let core = Core {
            registry: Registry::default(),
            state: State::Idle,
            liveness: Liveness::new(spec.heartbeat, now.instant),
            pace: Bucket::new(spec.requests),
            changes: ChangeCount::new(spec.changes),
            outbox: VecDeque::new(),
            effects: VecDeque::new(),
            failure: None,
            wake_at: None,
            gap_ids: config.gap_ids,
            received: now.wall,
            venue_time: None,
            complete: now.wall,
            backlog_since: None,
            live_since: None,
            frame_len: 0,
            frame_channel: None,
            channels: Vec::new(),
            counters: ConnectionCounters::default(),
        };
        Self {
            protocol,
            topics: Topics::new(),
            core,
            attempts: Attempts::new(config.backoff, config.seed),
            linger: config.linger,
            unwanted_since: Some(now.instant),
            paused_since: None,
            backoff_until: None,
            login_until: None,
            connect_wanted: false,
            ever_live: false,
        }
    }

    pub(crate) fn state(&self) -> State {
        self.core.state
    }

    pub(crate) fn protocol(&self) -> &P {
        &self.protocol
    }

    pub(crate) fn topics(&self) -> &Topics<P::Topic> {
        &self.topics
    }

    pub(crate) fn counters(&self) -> &ConnectionCounters {
        &self.core.counters
    }

    pub(crate) fn channels(&self) -> &[(&'static str, ChannelCounters)] {
        &self.core.channels
    }

    /// Whether the venue's set is the wanted set, as far as its answers tell.
    pub(crate) fn settled(&self) -> bool {
        self.core.state == State::Live && self.core.registry.settled()
    }

    /// The number of a topic that is known.
    pub(crate) fn find(&self, topic: &P::Topic) -> Option<TopicId> {
        self.topics.find(&Same(topic))
    }

    /// Whether the venue has begun to bring this topic, or is being asked to stop.
    pub(crate) fn has_begun(&self, id: TopicId) -> bool {
        let entry = &self.core.registry[id];
        match entry.side {
            Side::Absent => false,
            Side::Asked(_) => entry.seen_data,
            Side::AwaitingData(_) | Side::Active | Side::Releasing(_) => true,
        }
    }

    /// Whether the venue is being asked to stop this topic.
    pub(crate) fn is_ending(&self, id: TopicId) -> bool {
        matches!(self.core.registry[id].side, Side::Releasing(_))
    }

    /// Whether the venue has accepted this topic and brings it.
    pub(crate) fn is_active(&self, id: TopicId) -> bool {
        self.core.registry[id].side == Side::Active
    }

    /// Adds a topic to the wanted set.
    pub(crate) fn want(&mut self, topic: &P::Topic) -> TopicId {
        let channel = self.core.channel(topic.channel().name);
        let id = self.topics.insert(topic);
        self.core.registry.want(id, channel);
        self.unwanted_since = None;
        id
    }

    /// Takes a topic out of the wanted set.
    pub(crate) fn release(&mut self, id: TopicId, now: Now) {
        self.core.registry.release(id);
        if self.core.registry.wanted() == 0 {
            self.unwanted_since.get_or_insert(now.instant);
        }
    }

    /// Subscribes to a wanted topic afresh.
    pub(crate) fn renew(&mut self, id: TopicId) {
        self.core.registry[id].renew = true;
        self.core.registry.review(id);
    }

    /// How long a connection without topics is kept.
    pub(crate) fn set_linger(&mut self, linger: Duration) {
        self.linger = linger;
    }

    /// Stops or resumes the inbound deadlines, as reading stops or resumes.
    pub(crate) fn set_reading(&mut self, reading: bool, now: Now) {
        match (reading, self.paused_since) {
            (false, None) => {
                self.paused_since = Some(now.instant);
                self.protocol.reading(now, false);
            }
            (true, Some(since)) => {
                let silence = now.instant.saturating_duration_since(since);
                let latest = now.instant + self.protocol.spec().answer_timeout;
                self.core.liveness.excuse(silence);
                self.core.registry.excuse(silence, latest);
                self.login_until = self.login_until.map(|until| until + silence);
                self.paused_since = None;
                self.protocol.reading(now, true);
            }
            _ => {}
        }
    }

    /// All that has come has been read.
    pub(crate) fn set_drained(&mut self) {
        self.core.backlog_since = None;
    }

    /// Some of what has come may wait in the socket.
    pub(crate) fn set_backlog(&mut self, now: Now) {
        self.core.backlog_since.get_or_insert(now.wall);
    }

    /// Whether a socket should be open or in the making.
    pub(crate) fn wants_socket(&self) -> bool {
        matches!(
            self.core.state,
            State::Connecting | State::Authenticating | State::Live
        )
    }

    /// Whether to start connecting now; true once an attempt.
    pub(crate) fn take_connect(&mut self) -> bool {
        std::mem::take(&mut self.connect_wanted)
    }

    /// Whether there is anything to send.
    pub(crate) fn has_frames(&self) -> bool {
        !self.core.outbox.is_empty()
    }

    /// The next frame to send.
    pub(crate) fn take_frame(&mut self) -> Option<Frame> {
        self.core.outbox.pop_front()
    }

    /// The next effect to run.
    pub(crate) fn take_effect(&mut self) -> Option<P::Effect> {
        self.core.effects.pop_front()
    }

    /// The connection was opened.
    pub(crate) fn handle_opened(&mut self, now: Now, deliver: &mut impl Deliver<P>) {
        let spec = self.protocol.spec();
        self.core.liveness = Liveness::new(spec.heartbeat, now.instant);
        self.core.pace = Bucket::new(spec.requests);
        self.core.changes = ChangeCount::new(spec.changes);
        self.core.outbox.clear();
        self.core.wake_at = None;
        self.core.received = now.wall;
        self.core.venue_time = None;
        self.core.backlog_since = None;
        self.core.live_since = None;
        self.core.counters.connects += 1;
        self.core.counters.last_connect = Some(now.wall);
        self.login_until = Some(now.instant + spec.login_timeout);
        self.paused_since = self.paused_since.map(|_| now.instant);
        self.with(now, deliver, |protocol, _, sink| {
            sink.enter(State::Authenticating);
            protocol.open(now, sink);
        });
        self.advance(now, deliver);
    }

    /// No connection could be made.
    pub(crate) fn handle_connect_failed(
        &mut self,
        now: Now,
        error: ConnectError,
        deliver: &mut impl Deliver<P>,
    ) {
        self.core.counters.connect_failures += 1;
        if let Some(fatal) = error.fatal_error() {
            self.end(fatal.clone(), deliver);
        } else if !error.retryable && !self.ever_live {
            let kind = ErrorKind::Connect(error.cause.clone());
            self.end(Error::new(kind).with_source(error), deliver);
        } else {
            self.interrupt(
                now,
                Interruption::Connect {
                    error: error.cause.into(),
                },
                deliver,
            );
        }
    }

    /// A message or control frame came.
    pub(crate) fn handle_frame(&mut self, now: Now, frame: &Frame, deliver: &mut impl Deliver<P>) {
        self.core.complete = self.core.complete_until();
        self.core.received = now.wall;
        self.core.liveness.received(now.instant);
        self.core.counters.frames += 1;
        self.core.counters.last_received = Some(now.wall);
        let payload = match frame {
            Frame::Text(text) => FrameRef::Text(text),
            Frame::Binary(bytes) => FrameRef::Binary(bytes),
            Frame::Ping(_) | Frame::Pong(_) => return,
            Frame::Close(close) => {
                let (code, reason) = close.clone().unzip();
                let cause = Interruption::Closed {
                    code,
                    reason: reason.unwrap_or_default().into(),
                };
                return self.interrupt(now, cause, deliver);
            }
        };
        self.core.liveness.message(now.instant);
        self.core.frame_len = frame.len();
        self.core.frame_channel = None;
        // A venue's last words may tell more of the time than the frame before them.
        self.core.venue_time = None;
        let read = self.with(now, deliver, |protocol, topics, sink| {
            protocol.frame(now, payload, topics, sink)
        });
        // A failure waits until the batch is through: what came with it has still come.
        if let Err(malformed) = read {
            self.malformed(malformed, payload, deliver);
        }
    }

    /// The connection is gone.
    pub(crate) fn handle_closed(
        &mut self,
        now: Now,
        cause: Interruption,
        deliver: &mut impl Deliver<P>,
    ) {
        self.interrupt(now, cause, deliver);
    }

    /// An effect came back.
    pub(crate) fn handle_reply(
        &mut self,
        now: Now,
        reply: P::Reply,
        deliver: &mut impl Deliver<P>,
    ) {
        self.with(now, deliver, |protocol, _, sink| {
            protocol.reply(now, reply, sink);
        });
        self.advance(now, deliver);
    }

    fn malformed(
        &mut self,
        malformed: Malformed,
        frame: FrameRef<'_>,
        deliver: &mut impl Deliver<P>,
    ) {
        let Malformed {
            topic,
            events,
            reason,
        } = malformed;
        match topic {
            Some(topic) => {
                self.core.registry[topic].stirred = true;
                let channel = self.core.registry[topic].channel;
                self.core.channels[channel].1.errors += 1;
            }
            None => self.core.counters.unreadable += 1,
        }
        let (reason, excerpt) = (reason.into_owned(), excerpt(frame));
        let from = self.core.complete.min(self.core.received);
        deliver.note(Note::Malformed {
            topic,
            events,
            from,
            reason,
            excerpt,
        });
    }

    /// Calls the protocol, or anything else, with the machine's parts in view.
    fn with<D: Deliver<P>, R>(
        &mut self,
        now: Now,
        deliver: &mut D,
        call: impl FnOnce(&mut P, &Topics<P::Topic>, &mut Sink<'_, P, D>) -> R,
    ) -> R {
        let Self {
            protocol,
            topics,
            core,
            ..
        } = self;
        let mut sink = Sink {
            now,
            core,
            topics,
            deliver,
        };
        call(protocol, topics, &mut sink)
    }
}

impl<P: Protocol> fmt::Debug for Machine<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine")
            .field("venue", &self.protocol.spec().venue)
            .field("state", &self.core.state)
            .finish_non_exhaustive()
    }
}

/// The beginning of a message, for the log: enough to see what it was, never all of a long one.
fn excerpt(frame: FrameRef<'_>) -> String {
    let bytes = frame.bytes();
    let head = &bytes[..bytes.len().min(EXCERPT)];
    head.escape_ascii().to_string()
}
