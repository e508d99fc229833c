//! What falls due in a connection's life: connecting, probing, giving up, starting again.

use std::time::{Duration, Instant};

use super::alarms::Alarm;
use super::liveness::Demand;
use super::registry::{Pending, TopicEntry, TopicState};
use super::{FORBEARANCE, Machine, State};
use crate::feed::{Deliver, Failure, Note, Probe, Protocol, Topic, TopicId};
use crate::transport::Frame;
use crate::{Error, ErrorKind, Interruption, Now, Rejection, Staleness};

/// As good as never.
const FOREVER: Duration = Duration::from_secs(u32::MAX as u64);

impl<P: Protocol> Machine<P> {
    /// Does what is due and what the wanted set demands. Call it after a batch of frames, after
    /// changes of the wanted set, and at the deadline.
    pub(crate) fn advance(&mut self, now: Now, deliver: &mut impl Deliver<P>) {
        match self.core.failure.take() {
            Some(Failure::Retry(cause)) => self.interrupt(now, cause, None, deliver),
            Some(Failure::RetryAfter(cause, wait)) => {
                self.interrupt(now, cause, Some(wait), deliver);
            }
            Some(Failure::Fatal(error)) => self.end_or_bear(now, error, deliver),
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
            if self.is_proven() {
                (self.ever_live, self.refused_since) = (true, None);
            }
            self.reconcile(now, deliver);
        }
        self.tell_losing(now, deliver);
        self.tell_missing(now, deliver);
        self.forget_unwanted(deliver);
    }

    /// Whether the venue has shown that it serves this connection, and not only accepted it.
    pub(crate) fn is_proven(&self) -> bool {
        self.core.proven_since.is_some()
    }

    /// Lets consumers know what their stream owes them if it ends now.
    fn tell_losing(&mut self, now: Now, deliver: &mut impl Deliver<P>) {
        if !self.core.losing.is_empty() {
            let losing = self.core.take_losing(now);
            if !losing.is_empty() {
                deliver.note(Note::Losing(losing));
            }
        }
    }

    /// Lets the protocol hear where events are missing.
    fn tell_missing(&mut self, now: Now, deliver: &mut impl Deliver<P>) {
        if self.core.spans.is_empty() {
            return;
        }
        let spans = std::mem::take(&mut self.core.spans);
        let live = self.core.state == State::Live;
        self.with(now, deliver, |protocol, topics, sink| {
            for span in spans {
                // Its number may name no topic any more, or another by the next look.
                if live && topics.contains(span.topic) {
                    protocol.missing(span, sink);
                }
            }
        });
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
                let silence = if reading && self.core.state == State::Live {
                    self.core.silence.deadline()
                } else {
                    None
                };
                let login = self
                    .login_until
                    .filter(|_| reading && self.core.live_since.is_none());
                let (work, later) = registry.work();
                // Before the connection is live nothing can be asked for, however long it is due.
                let later = later.filter(|_| self.core.state == State::Live);
                let work = (work && self.may_request()).then(|| {
                    let pace = self.core.pace.ready_at(now.instant);
                    pace.max(self.core.changes.ready_at(now.instant))
                });
                [
                    Some(self.core.liveness.deadline(reading)),
                    inbound,
                    silence,
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

    pub(super) fn may_request(&self) -> bool {
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
        self.attempts.begin(now.instant);
        self.with(now, deliver, |_, _, sink| sink.enter(State::Connecting));
    }

    fn keep_alive(&mut self, now: Now, deliver: &mut impl Deliver<P>) {
        // The answer may lie unread in the socket.
        let reading = self.paused_since.is_none() && self.core.backlog_since.is_none();
        match self.core.liveness.demand(now.instant, reading) {
            Demand::Nothing => {}
            Demand::Dead(silence) => {
                return self.interrupt(now, Interruption::Mute { silence }, None, deliver);
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
            let error = "not completed in time".into();
            return self.interrupt(now, Interruption::Login { error }, None, deliver);
        }
        while reading && let Some(pending) = self.core.registry.overdue(now.instant) {
            if !self.core.registry.answers_come() && !self.core.has_data {
                return self.unanswered(&pending, now, deliver);
            }
            self.with(now, deliver, |_, _, sink| sink.left_unanswered(pending));
        }
        while reading && let Some((id, alarm)) = self.core.registry.next_alarm(now.instant) {
            self.alarm(id, alarm, now, deliver);
        }
        if self.core.wake_at.is_some_and(|at| at <= now.instant) {
            self.core.wake_at = None;
            self.with(now, deliver, |protocol, topics, sink| {
                protocol.timeout(now, topics, sink);
            });
        }
        if self.linger_over(now) {
            self.say_goodbye(now, deliver);
        } else if reading && self.core.state == State::Live {
            self.question_silence(now, deliver);
        }
    }

    /// Nobody wants the connection any more: it is closed, after the venue's own farewell.
    fn say_goodbye(&mut self, now: Now, deliver: &mut impl Deliver<P>) {
        self.with(now, deliver, |protocol, topics, sink| {
            protocol.close(now, topics, sink);
        });
        let farewell = std::mem::take(&mut self.core.outbox);
        let effects = std::mem::take(&mut self.core.effects);
        self.disconnect(deliver);
        (self.core.outbox, self.core.effects) = (farewell, effects);
        self.with(now, deliver, |_, _, sink| sink.enter(State::Idle));
    }

    /// A request was not answered, and nothing else is either: the connection is no good. Its topics
    /// are asked for last and in smaller company on the next one.
    fn unanswered(&mut self, pending: &Pending, now: Now, deliver: &mut impl Deliver<P>) {
        for id in &pending.topics {
            let company = pending.topics.len();
            let entry = self.core.registry.entry_mut(*id);
            entry.suspect(company, pending.asked);
        }
        let first = pending.topics.first();
        let channel = first.map(|id| self.topics.get(*id).channel().name);
        let channel = channel.unwrap_or_default().to_owned();
        self.interrupt(now, Interruption::Unanswered { channel }, None, deliver);
    }

    /// Something has fallen due of a topic.
    fn alarm(&mut self, id: TopicId, alarm: Alarm, now: Now, deliver: &mut impl Deliver<P>) {
        let state = self.core.registry.entry(id).state();
        match (alarm, state) {
            (Alarm::FirstData, TopicState::AwaitingFirst { promised, .. }) => {
                if promised {
                    self.no_first_data(id, now, deliver);
                } else {
                    self.with(now, deliver, |_, _, sink| sink.accept(vec![id]));
                }
            }
            (Alarm::Blind, _) => {
                self.core.registry.entry_mut(id).set_stale();
                deliver.note(Note::Stale(vec![id], Staleness::AwaitingSnapshot));
            }
            (Alarm::StrayLimit, _) => {
                self.core.registry.resubscribe(id, now.instant, false);
            }
            (Alarm::FirstData, _) => {}
        }
    }

    /// A topic that never brought anything is refused; one that did before, or whose beginning could
    /// not be read, is asked for again.
    fn no_first_data(&mut self, id: TopicId, now: Now, deliver: &mut impl Deliver<P>) {
        let entry = self.core.registry.entry_mut(id);
        let known = entry.is_known_to_the_venue();
        self.core.silence.failed(id);
        let entry = self.core.registry.entry_mut(id);
        entry.stays_active(None);
        if known {
            entry.set_stale();
            self.core.registry.resubscribe(id, now.instant, false);
            deliver.note(Note::Stale(vec![id], Staleness::NoFirstData));
        } else {
            // The venue holds the topic although it brings nothing: it is released when its handles hear
            // of the refusal.
            self.core.registry.review(id);
            let text = "accepted, but the promised first event did not come";
            let rejection = Rejection::new(self.topics.get(id).label(), None, text);
            deliver.note(Note::Rejected(id, rejection));
        }
    }

    pub(super) fn interrupt(
        &mut self,
        now: Now,
        cause: Interruption,
        retry_after: Option<Duration>,
        deliver: &mut impl Deliver<P>,
    ) {
        if matches!(self.core.state, State::Authenticating | State::Live) {
            self.core.counters.disconnects += 1;
        }
        if let Some(since) = self.core.proven_since.take() {
            let lived = now.instant.saturating_duration_since(since);
            self.attempts.lived(lived);
        }
        let wait = self.attempts.next(now.instant);
        let wait = wait.max(retry_after.unwrap_or_default());
        // Beyond all time is never, until nobody wants the connection any more.
        self.backoff_until = Some(
            now.instant
                .checked_add(wait)
                .unwrap_or_else(|| now.instant + FOREVER),
        );
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
    pub(super) fn disconnect(&mut self, deliver: &mut impl Deliver<P>) {
        self.core.outbox.clear();
        self.core.effects.clear();
        self.core.failure = None;
        self.core.live_since = None;
        self.core.wake_at = None;
        self.core.retirement = None;
        self.core.silence.disconnected();
        let seen = self.core.complete_until();
        let fallback = self.core.last_event_before(None, seen);
        let lost = |entry: &TopicEntry| entry.lost(fallback, seen);
        let unwanted = self.core.registry.disconnect(lost);
        for id in unwanted {
            self.forget(id, deliver);
        }
        let held = self.core.registry.ids();
        self.core.losing.extend(held);
    }

    /// Ends for good, unless the feed was live once: then it may be the venue's bad quarter of an hour.
    pub(super) fn end_or_bear(&mut self, now: Now, error: Error, deliver: &mut impl Deliver<P>) {
        let since = *self.refused_since.get_or_insert(now.instant);
        let patient = now.instant.saturating_duration_since(since) < FORBEARANCE;
        let text = error.kind().to_string().into();
        let cause = match error.kind() {
            ErrorKind::Auth(_) => Some(Interruption::Login { error: text }),
            ErrorKind::Connect(_) => Some(Interruption::Connect { error: text }),
            _ => None,
        };
        if let Some(cause) = cause.filter(|_| self.ever_live && patient) {
            self.interrupt(now, cause, None, deliver);
        } else {
            self.end(error, now, deliver);
        }
    }

    /// Ends for good. What is missing up to here is said before; what comes after is nobody's.
    pub(super) fn end(&mut self, error: Error, now: Now, deliver: &mut impl Deliver<P>) {
        let held = self.core.registry.ids();
        self.with(now, deliver, |_, _, sink| sink.end_outage(&held));
        self.disconnect(deliver);
        self.core.losing.clear();
        self.core.state = State::Closed;
        deliver.note(Note::State(State::Closed));
        deliver.note(Note::Ended(error));
    }
}
