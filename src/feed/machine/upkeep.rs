//! What falls due in a connection's life: connecting, probing, giving up, starting again.

use std::time::Instant;

use super::liveness::Demand;
use super::registry::Side;
use super::{Machine, State};
use crate::feed::{Deliver, Failure, Note, Probe, Protocol, Topic, TopicId};
use crate::transport::Frame;
use crate::{Error, Interruption, Now, Rejection};

impl<P: Protocol> Machine<P> {
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
                let work = (work && self.may_request()).then(|| {
                    let pace = self.core.pace.ready_at(now.instant);
                    pace.max(self.core.changes.ready_at(now.instant))
                });
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
            let error = "not completed in time".into();
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

    /// A topic that never brought anything is refused; one that did before, or whose beginning could
    /// not be read, is asked for again.
    fn no_first_data(&mut self, id: TopicId, now: Now, deliver: &mut impl Deliver<P>) {
        let entry = &mut self.core.registry[id];
        if entry.down.is_some() || entry.stirred {
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
                    .note(Note::Rejected(id, Rejection::new(label, None, text)));
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

    pub(super) fn interrupt(
        &mut self,
        now: Now,
        cause: Interruption,
        deliver: &mut impl Deliver<P>,
    ) {
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
    pub(super) fn disconnect(&mut self, deliver: &mut impl Deliver<P>) {
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

    pub(super) fn end(&mut self, error: Error, deliver: &mut impl Deliver<P>) {
        self.disconnect(deliver);
        self.core.state = State::Closed;
        deliver.note(Note::State(State::Closed));
        deliver.note(Note::Ended(error));
    }
}
