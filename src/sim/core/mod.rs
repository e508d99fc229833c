//! Sessions, timers, faults and the journal: what every simulated venue shares.

pub(super) mod dial;
pub(super) mod fault;
pub(super) mod hub;
pub(super) mod journal;
pub(super) mod muzzle;
pub(super) mod recording;
pub(super) mod rules;
pub(super) mod running;
pub(super) mod script;
pub(super) mod server;
pub(super) mod session;
pub(super) mod span;
pub(super) mod venue;
pub(super) mod verdict;

mod send;
mod start;
mod times;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};
use tokio_tungstenite::tungstenite::Message;

pub(super) use start::close;
pub(super) use times::Times;

use crate::sim::core::journal::{Attempt, AttemptOutcome, Breach, BreachKind, Log};
use crate::sim::core::rules::{Alter, Rules};
use crate::sim::core::script::{Entry, Script, When};
use crate::sim::{Fault, SessionId};
use crate::{Clock, Now};

/// What the server's side of one connection hears from the core.
#[derive(Debug, Default)]
pub(super) struct Control {
    pub(super) cut: Notify,
    /// Whether even the WebSocket layer's own pongs are swallowed.
    pub(super) mute: AtomicBool,
    pub(super) changed: Notify,
}

#[derive(Debug)]
struct Session {
    outgoing: mpsc::Sender<Message>,
    control: Arc<Control>,
    /// A frame that a fault holds back until the next one has gone.
    held: Option<Message>,
    /// Replies and data that are late keep their order: nothing of its kind overtakes them.
    floors: [Option<Instant>; 2],
}

#[derive(Debug)]
enum Timer {
    Send(SessionId, Message),
    Cut(SessionId),
    Script(usize),
}

/// How a core is set up.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) clock: Clock,
    pub(super) seed: u64,
    pub(super) script: Script,
    pub(super) journal: bool,
    pub(super) queue: usize,
    /// What the venue's own faults make of its data frames.
    pub(super) alter: Alter,
}

/// The state that does not depend on the venue.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) clock: Clock,
    pub(super) rng: fastrand::Rng,
    pub(super) log: Log,
    pub(super) rules: Rules,
    sessions: BTreeMap<SessionId, Session>,
    opened: u64,
    queue: usize,
    /// How far the venue's clock is ahead, in nanoseconds.
    skew: i64,
    timers: BTreeMap<(Instant, u64), Timer>,
    timer: u64,
    script: Vec<Entry>,
    due: Vec<usize>,
    subscribes: u64,
    frames: u64,
    slow_readers: u64,
    ended: Vec<SessionId>,
}

impl Core {
    pub(super) fn new(setup: Setup) -> Self {
        let now = setup.clock.now().instant;
        let mut core = Self {
            clock: setup.clock,
            rng: fastrand::Rng::with_seed(setup.seed),
            log: Log::new(setup.journal),
            rules: Rules::new(setup.alter),
            sessions: BTreeMap::new(),
            opened: 0,
            queue: setup.queue,
            skew: 0,
            timers: BTreeMap::new(),
            timer: 0,
            script: setup.script.entries,
            due: Vec::new(),
            subscribes: 0,
            frames: 0,
            slow_readers: 0,
            ended: Vec::new(),
        };
        for index in 0..core.script.len() {
            if let When::At { after, .. } = core.script[index].when {
                core.at(now + after, Timer::Script(index));
            }
        }
        core
    }

    pub(super) fn now(&self) -> Now {
        self.clock.now()
    }

    pub(super) fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| self.rng.digit(16)).collect()
    }

    pub(super) fn session_ids(&self) -> impl Iterator<Item = SessionId> + '_ {
        self.sessions.keys().copied()
    }

    pub(super) fn is_open(&self, session: SessionId) -> bool {
        self.sessions.contains_key(&session)
    }

    /// The sessions a fault is aimed at.
    pub(super) fn targets(&self, target: Option<SessionId>) -> Vec<SessionId> {
        let aimed = |id: &SessionId| target.is_none_or(|target| target == *id);
        self.session_ids().filter(aimed).collect()
    }

    pub(super) fn slow_readers(&self) -> u64 {
        self.slow_readers
    }

    pub(super) fn open(&mut self) -> (SessionId, mpsc::Receiver<Message>, Arc<Control>) {
        self.opened += 1;
        let id = SessionId(self.opened);
        let (outgoing, incoming) = mpsc::channel(self.queue);
        let control = Arc::new(Control::default());
        self.sessions.insert(
            id,
            Session {
                outgoing,
                control: control.clone(),
                held: None,
                floors: [None; 2],
            },
        );
        let now = self.now().instant;
        let wanted = |fault: &Fault| matches!(fault, Fault::AcceptThenClose { .. });
        if let Some(Fault::AcceptThenClose { after, .. }) = self.rules.take(Some(id), now, wanted) {
            self.at(now + after, Timer::Cut(id));
        }
        self.flap(id);
        (id, incoming, control)
    }

    /// Sees to it that a session does not live long, where none does.
    fn flap(&mut self, session: SessionId) {
        let now = self.now().instant;
        let flapping = |fault: &Fault| matches!(fault, Fault::Flap { .. });
        if let Some(Fault::Flap { lives, jitter, .. }) =
            self.rules.take(Some(session), now, flapping)
        {
            let lives = lives + jitter.mul_f64(self.rng.f64());
            self.at(now + lives, Timer::Cut(session));
        }
    }

    /// A session's client is logged in, or has its first subscription.
    pub(super) fn logged_in(&mut self, session: SessionId) {
        let now = self.now().instant;
        let closing = |fault: &Fault| matches!(fault, Fault::CloseAfterLogin { .. });
        if let Some(Fault::CloseAfterLogin { after, code, .. }) =
            self.rules.take(Some(session), now, closing)
        {
            let timer = match code {
                Some(code) => Timer::Send(session, close(code, "")),
                None => Timer::Cut(session),
            };
            self.at(now + after, timer);
        }
    }

    /// What the venue says when it refuses something, as long as a fault wants it.
    pub(super) fn words(&mut self, session: SessionId, text: &str) -> String {
        let now = self.now().instant;
        let verbose = |fault: &Fault| matches!(fault, Fault::Verbose { .. });
        let mut words = text.to_owned();
        if let Some(Fault::Verbose { bytes, .. }) = self.rules.take(Some(session), now, verbose) {
            let more = bytes.saturating_sub(words.len());
            words.extend(" blah".chars().cycle().take(more));
        }
        words
    }

    /// What the venue says that the time is, and was.
    pub(super) fn times(&self) -> Times {
        let now = self.now();
        Times::new(now.wall, self.skew, self.rules.age(now.instant))
    }

    /// Ends a session at once, without a close frame.
    pub(super) fn cut(&mut self, session: SessionId) {
        if let Some(gone) = self.sessions.remove(&session) {
            gone.control.cut.notify_one();
            self.rules.forget(session);
            self.ended.push(session);
        }
    }

    /// Ends a session after this long.
    pub(super) fn cut_after(&mut self, session: SessionId, after: Duration) {
        let at = self.now().instant + after;
        self.at(at, Timer::Cut(session));
    }

    /// The sessions that ended since the last call.
    pub(super) fn take_ended(&mut self) -> Vec<SessionId> {
        std::mem::take(&mut self.ended)
    }

    pub(super) fn breach(
        &mut self,
        session: Option<SessionId>,
        kind: BreachKind,
        detail: impl Into<String>,
    ) {
        let at = self.now().wall;
        self.log.breaches.push(Breach {
            at,
            session,
            kind,
            detail: detail.into(),
        });
    }

    pub(super) fn attempt(&mut self, outcome: AttemptOutcome) {
        let at = self.now().wall;
        self.log.attempts.push(Attempt { at, outcome });
    }

    pub(super) fn count_subscribe(&mut self) {
        self.subscribes += 1;
        self.count_due(When::Subscribes(self.subscribes));
    }

    fn count_frame(&mut self) {
        self.frames += 1;
        self.count_due(When::Frames(self.frames));
    }

    fn count_due(&mut self, reached: When) {
        for (index, entry) in self.script.iter().enumerate() {
            if entry.when == reached {
                self.due.push(index);
            }
        }
    }

    fn at(&mut self, when: Instant, timer: Timer) {
        self.timer += 1;
        self.timers.insert((when, self.timer), timer);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let timer = self.timers.keys().next().map(|(when, _)| *when);
        [timer, self.rules.deadline()].into_iter().flatten().min()
    }

    /// Runs what is due and returns the faults that are.
    pub(super) fn advance(&mut self) -> Vec<(Option<SessionId>, Fault)> {
        let now = self.now().instant;
        while let Some(timer) = self
            .timers
            .first_entry()
            .filter(|timer| timer.key().0 <= now)
        {
            let ((when, _), timer) = timer.remove_entry();
            match timer {
                Timer::Send(session, message) => {
                    self.queue(session, message);
                }
                Timer::Cut(session) => self.cut(session),
                Timer::Script(index) => {
                    self.due.push(index);
                    if let When::At {
                        every: Some(every), ..
                    } = self.script[index].when
                    {
                        self.at(when + every, Timer::Script(index));
                    }
                }
            }
        }
        self.rules.expire(now);
        self.update_mutes();
        let due = std::mem::take(&mut self.due);
        due.into_iter()
            .map(|index| (self.script[index].session, self.script[index].fault.clone()))
            .collect()
    }

    pub(super) fn has_due_faults(&self) -> bool {
        !self.due.is_empty()
    }

    fn update_mutes(&mut self) {
        let now = self.now().instant;
        for (id, session) in &self.sessions {
            let mute = self.rules.is_mute(*id, now);
            if session.control.mute.swap(mute, Ordering::AcqRel) != mute {
                session.control.changed.notify_one();
            }
        }
    }
}
