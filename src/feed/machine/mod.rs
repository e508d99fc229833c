//! One connection's life, without I/O and without a clock.
//!
//! Frames, outcomes, wanted topics and *now* go in by `handle_*` and [`Machine::want`]; frames to
//! send, effects and the next deadline come out by `take_*` and [`Machine::deadline`]; events and
//! notes go to the [`Deliver`] that is passed along. After any call that goes in, drain what comes
//! out and ask for the deadline again.

pub(super) mod deliver;

mod alarms;
mod backoff;
mod changes;
mod core;
mod counters;
mod effects;
mod event_clock;
mod gaps;
mod listening;
mod liveness;
mod numbers;
mod output;
mod pending;
mod question;
mod quiet;
mod registry;
mod requests;
mod retry;
mod rhythm;
mod silence;
mod sink;
mod state;
mod succession;
#[cfg(test)]
mod tests;
mod topic_state;
mod upkeep;
mod work_queue;

use std::fmt;
use std::time::{Duration, Instant};

pub use backoff::Backoff;
pub use counters::{ChannelCounters, ConnectionCounters};
pub(crate) use effects::EffectTag;
pub use quiet::Quiet;
pub(crate) use quiet::QuietConfig;
pub use state::State;
pub(crate) use succession::Overlap;

use self::backoff::Attempts;
use self::core::Core;
use self::registry::TopicState;
use self::sink::Sink;
use super::{Deliver, Failure, Numbering, Protocol, Topic, TopicId, Topics};
use crate::queue::GapIds;
use crate::transport::{ConnectError, Frame, FrameRef};
use crate::{Interruption, Now};

/// How long refused credentials are tried again by a feed that has been live.
const FORBEARANCE: Duration = Duration::from_secs(15 * 60);

/// A topic as the borrowed key of itself.
#[derive(Hash)]
pub(crate) struct Same<'a, T>(pub(crate) &'a T);

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
    pub(crate) quiet: QuietConfig,
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
    /// Since when the credentials, which were good once, have been refused.
    refused_since: Option<Instant>,
}

impl<P: Protocol> Machine<P> {
    pub(crate) fn new(protocol: P, config: MachineConfig, now: Now) -> Self {
        let core = Core::new(protocol.spec(), config.gap_ids, config.quiet, now);
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
            refused_since: None,
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

    /// How far the venue's clock is ahead of ours, in nanoseconds, as its events show it; negative where
    /// they are delayed.
    pub(crate) fn clock_offset(&self, now: Now) -> Option<i64> {
        self.core.event_clock.offset(now)
    }

    /// The channels with topics whose data is overdue.
    pub(crate) fn overdue_channels(&self) -> impl Iterator<Item = &'static str> + '_ {
        let overdue = self.core.silence.overdue_channels();
        overdue.map(|channel| self.core.channels[channel].0)
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
        let entry = self.core.registry.entry(id);
        entry.is_held() || entry.began()
    }

    /// Whether the venue is being asked to stop this topic.
    pub(crate) fn is_ending(&self, id: TopicId) -> bool {
        matches!(
            self.core.registry.entry(id).state(),
            TopicState::Releasing(_)
        )
    }

    /// Whether the venue has accepted this topic and brings it.
    pub(crate) fn is_active(&self, id: TopicId) -> bool {
        matches!(
            self.core.registry.entry(id).state(),
            TopicState::Active { .. }
        )
    }

    /// Adds a topic to the wanted set.
    pub(crate) fn want(&mut self, topic: &P::Topic) -> TopicId {
        let id = self.topics.insert(topic);
        self.enter(topic, id);
        id
    }

    /// Wants a topic that has its number.
    fn enter(&mut self, topic: &P::Topic, id: TopicId) {
        let spec = topic.channel();
        let channel = self.core.channel(spec.name);
        let learns = spec.numbering == Numbering::Learned;
        let since = topic.since();
        self.core.registry.want(id, channel, learns, since);
        self.core.silence.occupy(id, spec, channel);
        self.unwanted_since = None;
    }

    /// Takes a topic out of the wanted set.
    pub(crate) fn release(&mut self, id: TopicId, now: Now) {
        self.core.registry.release(id);
        if self.core.registry.wanted() == 0 {
            self.unwanted_since.get_or_insert(now.instant);
        }
    }

    /// Subscribes to a wanted topic again, because a handle asks for its beginning.
    pub(crate) fn renew(&mut self, id: TopicId, now: Now) {
        self.protocol.anew(id);
        self.core.registry.resubscribe(id, now.instant, true);
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
                self.core.silence.set_reading(false, now.instant);
                self.protocol.reading(now, false);
            }
            (true, Some(since)) => {
                let silence = now.instant.saturating_duration_since(since);
                let latest = now.instant + self.protocol.spec().answer_timeout;
                self.core.liveness.excuse(silence);
                self.core.registry.excuse(silence, latest);
                self.core.silence.set_reading(true, now.instant);
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
    pub(crate) fn take_effect(&mut self) -> Option<(EffectTag, P::Effect)> {
        self.core.effects.pop()
    }

    /// The connection was opened.
    pub(crate) fn handle_opened(&mut self, now: Now, deliver: &mut impl Deliver<P>) {
        let spec = self.protocol.spec();
        self.core.opened(spec, now);
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
            self.end_or_bear(now, fatal.clone(), deliver);
        } else if !error.retryable && !self.ever_live {
            self.end(error.into_error(), now, deliver);
        } else {
            let after = error.retry_after;
            let cause = Interruption::Connect {
                error: error.cause.into(),
            };
            self.interrupt(now, cause, after, deliver);
        }
    }

    /// A message or control frame came.
    pub(crate) fn handle_frame(&mut self, now: Now, frame: &Frame, deliver: &mut impl Deliver<P>) {
        self.core.complete = self.core.complete_until();
        self.core.received = now.wall;
        if self.core.liveness.received(now.instant) {
            self.core.prove(now);
        }
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
                return self.handle_closed(now, cause, deliver);
            }
        };
        self.core.liveness.message(now.instant);
        self.core.frame_len = frame.len();
        self.core.frame_channel = None;
        // A venue's last words may tell more of the time than the frame before them.
        self.core.venue_time = None;
        // A failure waits until the batch is through: what came with it has still come.
        self.with_frame(now, Some(payload), deliver, |protocol, topics, sink| {
            if let Err(malformed) = protocol.frame(now, payload, topics, sink) {
                sink.unreadable(malformed);
            }
        });
    }

    /// The connection is gone.
    pub(crate) fn handle_closed(
        &mut self,
        now: Now,
        cause: Interruption,
        deliver: &mut impl Deliver<P>,
    ) {
        // What the venue said before it closed weighs more than that it did.
        match self.core.failure.take() {
            Some(Failure::Fatal(error)) => self.end_or_bear(now, error, deliver),
            Some(Failure::RetryAfter(cause, wait)) => {
                self.interrupt(now, cause, Some(wait), deliver);
            }
            Some(Failure::Retry(cause)) => self.interrupt(now, cause, None, deliver),
            None => self.interrupt(now, cause, None, deliver),
        }
    }

    /// Whether somebody still waits for the reply of an effect.
    pub(crate) fn expects(&self, tag: EffectTag) -> bool {
        tag.is_current(&self.core.registry)
    }

    /// An effect came back.
    pub(crate) fn handle_reply(
        &mut self,
        now: Now,
        tag: EffectTag,
        reply: P::Reply,
        deliver: &mut impl Deliver<P>,
    ) {
        if !self.expects(tag) {
            return;
        }
        self.with(now, deliver, |protocol, topics, sink| {
            protocol.reply(now, reply, topics, sink);
        });
        self.advance(now, deliver);
    }

    /// Calls the protocol, or anything else, with the machine's parts in view.
    fn with<D: Deliver<P>, R>(
        &mut self,
        now: Now,
        deliver: &mut D,
        call: impl FnOnce(&mut P, &Topics<P::Topic>, &mut Sink<'_, P, D>) -> R,
    ) -> R {
        self.with_frame(now, None, deliver, call)
    }

    fn with_frame<D: Deliver<P>, R>(
        &mut self,
        now: Now,
        frame: Option<FrameRef<'_>>,
        deliver: &mut D,
        call: impl FnOnce(&mut P, &Topics<P::Topic>, &mut Sink<'_, P, D>) -> R,
    ) -> R {
        let Self {
            protocol,
            topics,
            core,
            ..
        } = self;
        core.silence.read_at(now.instant);
        let mut sink = Sink {
            now,
            core,
            topics,
            deliver,
            frame,
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
