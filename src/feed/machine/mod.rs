//! One connection's life, without I/O and without a clock.
//!
//! Frames, outcomes, wanted topics and *now* go in by `handle_*` and [`Machine::want`]; frames to
//! send, effects and the next deadline come out by `take_*` and [`Machine::deadline`]; events and
//! notes go to the [`Deliver`] that is passed along. After any call that goes in, drain what comes
//! out and ask for the deadline again.

mod backoff;
mod counters;
mod liveness;
mod registry;
mod sink;
mod state;

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

pub use backoff::Backoff;
pub use counters::{ChannelCounters, ConnectionCounters};
pub use state::State;

use self::backoff::Attempts;
use self::liveness::{Demand, Liveness};
use self::registry::{Registry, Side};
use self::sink::{Core, Sink};
use super::{
    Acceptance, Deliver, Failure, GapIds, Malformed, Note, Op, Output, Probe, Protocol, Request,
    RequestId, Topic, TopicId, Topics,
};
use crate::rate::Bucket;
use crate::transport::{ConnectError, Frame, FrameRef};
use crate::{Error, ErrorKind, Interruption, Now};

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
            (false, None) => self.paused_since = Some(now.instant),
            (true, Some(since)) => {
                let silence = now.instant.saturating_duration_since(since);
                self.core.liveness.excuse(silence);
                self.core.registry.excuse(silence);
                self.login_until = self.login_until.map(|until| until + silence);
                self.paused_since = None;
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
        if !error.retryable && !self.ever_live {
            let kind = ErrorKind::Connect(error.cause.clone());
            self.end(Error::new(kind).with_source(error), deliver);
        } else {
            self.interrupt(now, Interruption::Connect { error: error.cause }, deliver);
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
                    reason: reason.unwrap_or_default(),
                };
                return self.interrupt(now, cause, deliver);
            }
        };
        self.core.frame_len = frame.len();
        self.core.frame_channel = None;
        // A venue's last words may tell more of the time than the frame before them.
        self.core.venue_time = None;
        let read = self.with(now, deliver, |protocol, topics, sink| {
            protocol.frame(now, payload, topics, sink)
        });
        // A failure waits until the batch is through: what came with it has still come.
        if let Err(malformed) = read {
            self.malformed(malformed, deliver);
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

    /// Does what is due and what the wanted set demands. Call it after a batch of frames, after
    /// changes of the wanted set, and at the deadline.
    pub(crate) fn advance(&mut self, now: Now, deliver: &mut impl Deliver<P>) {
        match self.core.failure.take() {
            Some(Failure::Retry(cause)) => self.interrupt(now, cause, deliver),
            Some(Failure::Fatal(error)) => self.end(error, deliver),
            None => {}
        }
        match self.core.state {
            State::Idle => self.leave_idle(now, deliver),
            State::Backoff => self.leave_backoff(now, deliver),
            State::Authenticating | State::Live => self.keep_alive(now, deliver),
            State::Connecting if self.linger_over(now) => {
                self.with(now, deliver, |_, _, sink| sink.enter(State::Idle));
            }
            State::Connecting | State::Closed => {}
        }
        if self.core.state == State::Live {
            self.ever_live = true;
            self.reconcile(now, deliver);
            self.note_stability(now);
        }
        self.forget_unwanted(now, deliver);
    }

    /// When [`advance`](Self::advance) must be called next, whatever else happens.
    pub(crate) fn deadline(&self, now: Now) -> Option<Instant> {
        let reading = self.paused_since.is_none();
        let idle = self.idle_at();
        match self.core.state {
            State::Idle | State::Closed => None,
            State::Backoff => self.backoff_until,
            State::Connecting => idle,
            State::Authenticating | State::Live => {
                let registry = &self.core.registry;
                let inbound = if reading { registry.deadline() } else { None };
                let login = self
                    .login_until
                    .filter(|_| reading && self.core.live_since.is_none());
                let (work, later) = registry.work(now.instant);
                let work =
                    (work && self.may_request()).then(|| self.core.pace.ready_at(now.instant));
                [
                    Some(self.core.liveness.deadline(reading)),
                    inbound,
                    login,
                    later,
                    work,
                    idle,
                ]
                .into_iter()
                .flatten()
                .chain(self.core.wake_at)
                .min()
            }
        }
    }

    /// When a connection that nobody wants is closed; a linger beyond all time never ends.
    fn idle_at(&self) -> Option<Instant> {
        self.unwanted_since?.checked_add(self.linger)
    }

    fn linger_over(&self, now: Now) -> bool {
        self.idle_at().is_some_and(|at| at <= now.instant)
    }

    fn may_request(&self) -> bool {
        self.core.state == State::Live
            && self.core.registry.outstanding() < self.protocol.spec().outstanding
    }

    fn leave_idle(&mut self, now: Now, deliver: &mut impl Deliver<P>) {
        if self.core.registry.wanted() > 0 {
            self.connect(now, deliver);
        }
    }

    fn leave_backoff(&mut self, now: Now, deliver: &mut impl Deliver<P>) {
        if self.core.registry.wanted() == 0 {
            self.with(now, deliver, |_, _, sink| sink.enter(State::Idle));
        } else if self.backoff_until.is_none_or(|until| until <= now.instant) {
            self.connect(now, deliver);
        }
    }

    fn connect(&mut self, now: Now, deliver: &mut impl Deliver<P>) {
        self.connect_wanted = true;
        self.with(now, deliver, |_, _, sink| sink.enter(State::Connecting));
    }

    fn keep_alive(&mut self, now: Now, deliver: &mut impl Deliver<P>) {
        // The answer may lie unread in the socket.
        let reading = self.paused_since.is_none() && self.core.backlog_since.is_none();
        match self.core.liveness.demand(now.instant, reading) {
            Demand::Nothing => {}
            Demand::Dead(silence) => {
                return self.interrupt(now, Interruption::Mute { silence }, deliver);
            }
            Demand::Probe => match self.protocol.spec().heartbeat.probe {
                Probe::WebSocketPing => self.core.outbox.push_back(Frame::Ping(Vec::new().into())),
                Probe::Message => {
                    self.with(now, deliver, |protocol, _, sink| {
                        protocol.heartbeat(now, sink);
                    });
                }
            },
        }
        if reading
            && self.core.live_since.is_none()
            && self.login_until.is_some_and(|until| until <= now.instant)
        {
            let error = "not completed in time".to_owned();
            return self.interrupt(now, Interruption::Login { error }, deliver);
        }
        if reading && let Some(overdue) = self.core.registry.overdue(now.instant) {
            let channel = overdue
                .topics
                .first()
                .map(|id| self.topics.get(*id).channel().name);
            let channel = channel.unwrap_or_default().to_owned();
            return self.interrupt(now, Interruption::Unanswered { channel }, deliver);
        }
        while reading && let Some(id) = self.core.registry.next_without_data(now.instant) {
            self.no_first_data(id, now, deliver);
        }
        if self.core.wake_at.is_some_and(|at| at <= now.instant) {
            self.core.wake_at = None;
            self.with(now, deliver, |protocol, _, sink| {
                protocol.timeout(now, sink);
            });
        }
        if self.linger_over(now) {
            self.disconnect(deliver);
            self.with(now, deliver, |_, _, sink| sink.enter(State::Idle));
        }
    }

    /// A topic that never brought anything is refused; one that did before is asked for again.
    fn no_first_data(&mut self, id: TopicId, now: Now, deliver: &mut impl Deliver<P>) {
        let entry = &mut self.core.registry[id];
        if entry.down.is_some() {
            entry.side = Side::Active;
            entry.renew = true;
            self.core.registry.review(id);
            deliver.note(Note::NoFirstData(id));
        } else {
            // The venue holds the topic although it brings nothing: have it released.
            entry.side = Side::Active;
            self.core.registry.review(id);
            let text = "accepted, but the promised first event did not come".to_owned();
            self.with(now, deliver, |_, topics, sink| {
                let label = topics.get(id).label();
                sink.deliver
                    .note(Note::Rejected(id, crate::Rejection::new(label, None, text)));
            });
        }
    }

    /// A connection that has proven itself for long enough earns a fresh start for its successor.
    fn note_stability(&mut self, now: Now) {
        if let Some(since) = self.core.live_since
            && self.core.registry.settled()
            && self.core.liveness.proven()
        {
            self.attempts
                .reset_after(now.instant.saturating_duration_since(since));
        }
    }

    /// Requests what the difference between the wanted set and the venue's demands, at the
    /// venue's pace.
    fn reconcile(&mut self, now: Now, deliver: &mut impl Deliver<P>) {
        while self.may_request()
            && self.core.registry.work(now.instant).0
            && self.core.pace.ready_at(now.instant) <= now.instant
        {
            let mut forgotten = Vec::new();
            let next = self.core.registry.next_request(
                now.instant,
                self.protocol.spec(),
                &self.topics,
                &mut forgotten,
            );
            for id in forgotten {
                self.forget(id, deliver);
            }
            let Some((id, op)) = next else { continue };
            self.core.pace.take(now.instant);
            self.request(id, op, now, deliver);
        }
    }

    fn request(&mut self, id: RequestId, op: Op, now: Now, deliver: &mut impl Deliver<P>) {
        let asked = self.core.registry.requested(id).to_vec();
        if op == Op::Subscribe {
            asked
                .iter()
                .for_each(|topic| deliver.note(Note::Renewed(*topic)));
        }
        self.with(now, deliver, |protocol, topics, sink| {
            protocol.request(
                now,
                Request {
                    id,
                    op,
                    topics: &asked,
                },
                topics,
                sink,
            );
            let unanswered =
                |topic: &TopicId| topics.get(*topic).channel().acceptance == Acceptance::Sent;
            if asked.iter().all(unanswered) {
                sink.settled(id);
            }
        });
    }

    /// Lets go of topics that are in no set, while there is no connection to ask.
    fn forget_unwanted(&mut self, now: Now, deliver: &mut impl Deliver<P>) {
        if !matches!(self.core.state, State::Live) {
            for id in self.core.registry.absent_and_unwanted(now.instant) {
                self.forget(id, deliver);
            }
        }
    }

    fn forget(&mut self, id: TopicId, deliver: &mut impl Deliver<P>) {
        self.core.registry.forget(id);
        self.topics.remove(id);
        deliver.note(Note::Released(id));
    }

    fn malformed(&mut self, malformed: Malformed, deliver: &mut impl Deliver<P>) {
        let Malformed {
            topic,
            events,
            reason,
        } = malformed;
        match topic {
            Some(topic) => {
                let channel = self.core.registry[topic].channel;
                self.core.channels[channel].1.errors += 1;
            }
            None => self.core.counters.unreadable += 1,
        }
        deliver.note(Note::Malformed {
            topic,
            events,
            reason: reason.into_owned(),
        });
    }

    fn interrupt(&mut self, now: Now, cause: Interruption, deliver: &mut impl Deliver<P>) {
        if matches!(self.core.state, State::Authenticating | State::Live) {
            self.core.counters.disconnects += 1;
        }
        let wait = self.attempts.next();
        self.backoff_until = Some(now.instant + wait);
        self.with(now, deliver, |_, _, sink| {
            sink.deliver.note(Note::Interrupted {
                cause,
                retry_in: wait,
            });
            sink.enter(State::Backoff);
        });
        self.disconnect(deliver);
    }

    /// The end of one socket's life: what the venue knew of us is gone.
    fn disconnect(&mut self, deliver: &mut impl Deliver<P>) {
        self.core.outbox.clear();
        self.core.effects.clear();
        self.core.failure = None;
        self.core.live_since = None;
        self.core.wake_at = None;
        let from = self.core.complete_until();
        for id in self.core.registry.disconnect(from) {
            self.forget(id, deliver);
        }
    }

    fn end(&mut self, error: Error, deliver: &mut impl Deliver<P>) {
        self.disconnect(deliver);
        self.core.state = State::Closed;
        deliver.note(Note::State(State::Closed));
        deliver.note(Note::Ended(error));
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
