//! Make before break: where the venue allows a second connection for a while, one that is about to end is
//! replaced before it does.
//!
//! The successor connects and subscribes unheard, while the old connection goes on. Once it has all that
//! the old one has, it rests until the old one has delivered as far as it has been read; then it takes
//! the old one's place, and the old one is closed.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;

use super::Driver;
use super::marks::{Heard, Marks, Nobody, Unheard};
use crate::feed::driven::{BATCH, Driven};
use crate::feed::environment::Sockets;
use crate::feed::machine::{Machine, Overlap, State};
use crate::feed::{Deliver, Note, Protocol, TopicId};

/// How long the old connection may take to deliver what the new one has brought already.
const CATCH_UP: Duration = Duration::from_secs(5);
/// How soon it is looked again whether another connection's successor is done.
const QUEUE: Duration = Duration::from_secs(1);
/// How long after an unfit successor another is made, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(600));

/// The second connection of a driver, and the time for it.
pub(super) struct Succession<P: Protocol> {
    stage: Stage<P>,
    timer: Option<(Instant, Pin<Box<Sleep>>)>,
    /// No successor is made before.
    not_before: Option<Instant>,
    /// How many in a row were unfit.
    unfit: u32,
    /// How many have been made.
    count: u64,
}

enum Stage<P: Protocol> {
    /// There is none.
    None,
    /// It is being made ready.
    Successor(Box<Successor<P>>),
    /// One of the two says good-bye.
    Parting(Box<Parting<P>>),
}

struct Parting<P: Protocol> {
    connection: Driven<P, Sockets<P>>,
    /// The place of the second connection, until there is one again.
    _permit: OwnedSemaphorePermit,
}

struct Successor<P: Protocol> {
    connection: Driven<P, Sockets<P>>,
    permit: OwnedSemaphorePermit,
    /// What the old connection has delivered.
    delivered: Marks,
    /// What this one has brought.
    brought: Marks,
    released: Vec<TopicId>,
    unfit: bool,
    /// Since when both bring topics.
    overlap: Option<Overlap>,
    catching_up: Option<CatchingUp>,
}

/// The successor rests.
struct CatchingUp {
    /// Of these it has brought what the old connection has not.
    behind: Vec<TopicId>,
    until: Instant,
}

/// What the driver does next.
enum Next {
    Wait,
    Again,
    TakeOver(Overlap),
    GiveUp,
}

impl<P: Protocol> Succession<P> {
    pub(super) fn new() -> Self {
        Self {
            stage: Stage::None,
            timer: None,
            not_before: None,
            unfit: 0,
            count: 0,
        }
    }

    /// Whether there is no second socket.
    pub(super) fn is_down(&self) -> bool {
        matches!(self.stage, Stage::None)
    }

    /// The machine that is to go on under the same numbers.
    pub(super) fn machine(&mut self) -> Option<&mut Machine<P>> {
        match &mut self.stage {
            Stage::Successor(successor) => {
                successor.brought.touch();
                Some(&mut successor.connection.machine)
            }
            Stage::None | Stage::Parting(_) => None,
        }
    }

    /// The topics that wait for nobody but the second connection to release them.
    fn owed(&self, old: &Machine<P>) -> Vec<TopicId> {
        match &self.stage {
            Stage::Successor(successor) => successor.connection.machine.unknown_to(old),
            Stage::None | Stage::Parting(_) => Vec::new(),
        }
    }

    /// Drops the second connection, whose socket is gone.
    pub(super) fn lose(&mut self, old: &Machine<P>, deliver: &mut impl Deliver<P>) {
        for id in self.owed(old) {
            deliver.note(Note::Released(id));
        }
        self.stage = Stage::None;
    }

    /// Whether that moment has come; the task is woken then.
    fn has_come(&mut self, at: Instant, now: Instant, cx: &mut Context<'_>) -> bool {
        if at <= now {
            self.timer = None;
            return true;
        }
        let timer = self.timer.take_if(|(set, _)| *set == at);
        let (_, mut sleep) =
            timer.unwrap_or_else(|| (at, Box::pin(tokio::time::sleep_until(at.into()))));
        if sleep.as_mut().poll(cx).is_ready() {
            return true;
        }
        self.timer = Some((at, sleep));
        false
    }
}

impl<P: Protocol> Driver<P> {
    /// Drives the connection, and where there is one, the second.
    pub(super) fn poll_both(&mut self, cx: &mut Context<'_>, room: usize) -> bool {
        let Some(mut succession) = self.succession.take() else {
            return self.connection.poll_drive(cx, room, &mut self.router);
        };
        let more = loop {
            let more = self.poll_heard(&mut succession, cx, room);
            match self.poll_second(&mut succession, cx, room, more) {
                (Next::Wait, second) => break more || second,
                (Next::Again, _) => {}
                (Next::TakeOver(overlap), _) => self.take_over(&mut succession, overlap),
                (Next::GiveUp, _) => self.give_up(&mut succession),
            }
        };
        self.succession = Some(succession);
        more
    }

    /// Drives the connection whose consumers hear it.
    fn poll_heard(
        &mut self,
        succession: &mut Succession<P>,
        cx: &mut Context<'_>,
        room: usize,
    ) -> bool {
        let Stage::Successor(successor) = &mut succession.stage else {
            return self.connection.poll_drive(cx, room, &mut self.router);
        };
        let mut heard = Heard {
            marks: &mut successor.delivered,
            successor: &successor.connection.machine,
            inner: &mut self.router,
        };
        self.connection.poll_drive(cx, room, &mut heard)
    }

    /// Does with the second connection what is to be done; tells whether there is more to read.
    fn poll_second(
        &mut self,
        succession: &mut Succession<P>,
        cx: &mut Context<'_>,
        room: usize,
        more: bool,
    ) -> (Next, bool) {
        match &mut succession.stage {
            Stage::None => (self.poll_due(succession, cx), false),
            Stage::Parting(parting) => {
                let more = parting.connection.poll_drive(cx, BATCH, &mut Nobody);
                if !parting.connection.is_down() {
                    return (Next::Wait, more);
                }
                succession.stage = Stage::None;
                (Next::Again, false)
            }
            Stage::Successor(_) => self.poll_successor(succession, cx, room, more),
        }
    }

    /// Makes a successor once it is time.
    fn poll_due(&mut self, succession: &mut Succession<P>, cx: &mut Context<'_>) -> Next {
        let machine = &self.connection.machine;
        let due = machine.succession_due().filter(|_| !self.over);
        let Some(due) = due.map(|due| succession.not_before.map_or(due, |at| at.max(due))) else {
            succession.timer = None;
            return Next::Wait;
        };
        let now = self.router.now;
        if !succession.has_come(due, now.instant, cx) {
            return Next::Wait;
        }
        let Some(permit) = self.pool.spare_place() else {
            succession.not_before = Some(now.instant + QUEUE);
            return Next::Again;
        };
        succession.count += 1;
        let (protocol, config) = self.pool.second(self.shard, succession.count);
        let (venue, shard) = (self.pool.spec.venue, self.shard);
        let successor = succession.count;
        let span = tracing::info_span!("connection", venue, shard, successor);
        tracing::info!(parent: &span, "the connection is going to be replaced");
        let mut delivered = Marks::default();
        for (id, last) in machine.believed() {
            delivered.set(id, Some(last));
        }
        let successor = machine.successor(protocol, config, now);
        succession.stage = Stage::Successor(Box::new(Successor {
            connection: Driven::over(successor, self.connection.environment.clone(), span),
            permit,
            delivered,
            brought: Marks::default(),
            released: Vec::new(),
            unfit: false,
            overlap: None,
            catching_up: None,
        }));
        Next::Again
    }

    fn poll_successor(
        &mut self,
        succession: &mut Succession<P>,
        cx: &mut Context<'_>,
        room: usize,
        more: bool,
    ) -> (Next, bool) {
        let Stage::Successor(successor) = &mut succession.stage else {
            return (Next::Wait, false);
        };
        let (old, now) = (&self.connection.machine, self.router.now);
        match old.state() {
            State::Live => {}
            // Nobody is left who would hear it.
            State::Idle | State::Closed => return (Next::GiveUp, false),
            // The break has come first.
            _ => return (successor.after_break(old, now), false),
        }
        let second = successor.poll(cx, room, old, &mut self.router);
        if successor.unfit {
            return (Next::GiveUp, false);
        }
        if successor.connection.machine.state() != State::Live {
            (successor.overlap, successor.catching_up) = (None, None);
            return (Next::Wait, second);
        }
        let overlap = *successor.overlap.get_or_insert_with(|| old.overlap(now));
        let changed = successor.delivered.take_changed() | successor.brought.take_changed();
        let Some(catching_up) = &mut successor.catching_up else {
            if changed && successor.connection.machine.can_succeed(old) {
                successor.catch_up(old, now.instant);
                return (Next::Again, false);
            }
            return (Next::Wait, second);
        };
        if changed && !successor.connection.machine.can_succeed(old) {
            successor.catching_up = None;
            successor.brought.touch();
            return (Next::Again, false);
        }
        if room == 0 {
            // The old one may not deliver.
            catching_up.until = now.instant + CATCH_UP;
        }
        let (delivered, brought) = (&successor.delivered, &successor.brought);
        let is_behind = |id: &TopicId| {
            let last = delivered.last(*id);
            last.is_some() && last < brought.last(*id)
        };
        catching_up.behind.retain(is_behind);
        let until = catching_up.until;
        let level = catching_up.behind.is_empty() && !more && room > 0;
        if level || succession.has_come(until, now.instant, cx) {
            return (Next::TakeOver(overlap), false);
        }
        (Next::Wait, second)
    }

    /// The successor goes on in the place of the old connection, which is closed.
    fn take_over(&mut self, succession: &mut Succession<P>, overlap: Overlap) {
        let stage = std::mem::replace(&mut succession.stage, Stage::None);
        let Stage::Successor(successor) = stage else {
            succession.stage = stage;
            return;
        };
        let now = self.router.now;
        let Successor {
            connection,
            permit,
            delivered,
            brought,
            ..
        } = *successor;
        let old = std::mem::replace(&mut self.connection, connection);
        let mut parting = Parting {
            connection: old,
            _permit: permit,
        };
        let old = &mut parting.connection;
        let unknown = old.machine.unknown_to(&self.connection.machine);
        self.connection
            .observed(now, &mut self.router, |machine, deliver| {
                let (last, seen) = (|id| delivered.last(id), |id| brought.last(id));
                machine.take_over(&mut old.machine, overlap, last, seen, now, deliver);
            });
        for id in unknown {
            // Nobody has it any more.
            self.router.note(Note::Released(id));
        }
        tracing::info!(shard = self.shard, "another connection has taken over");
        self.live_since = None;
        old.machine.part(now);
        (succession.unfit, succession.not_before) = (0, None);
        succession.stage = Stage::Parting(Box::new(parting));
    }

    /// The successor is closed; there may be another.
    fn give_up(&mut self, succession: &mut Succession<P>) {
        let now = self.router.now;
        for id in succession.owed(&self.connection.machine) {
            self.router.note(Note::Released(id));
        }
        let stage = std::mem::replace(&mut succession.stage, Stage::None);
        let Stage::Successor(mut successor) = stage else {
            succession.stage = stage;
            return;
        };
        if successor.unfit {
            let (least, most) = RETRY;
            let wait = least
                .saturating_mul(1 << succession.unfit.min(10))
                .min(most);
            succession.not_before = Some(now.instant + wait);
            succession.unfit += 1;
        }
        successor.connection.machine.part(now);
        succession.stage = Stage::Parting(Box::new(Parting {
            connection: successor.connection,
            _permit: successor.permit,
        }));
    }
}

impl<P: Protocol> Successor<P> {
    /// Drives it, unheard. What it alone still had is released then.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        room: usize,
        old: &Machine<P>,
        deliver: &mut impl Deliver<P>,
    ) -> bool {
        let mut unheard = Unheard {
            marks: &mut self.brought,
            released: &mut self.released,
            unfit: &mut self.unfit,
        };
        let room = if self.catching_up.is_some() { 0 } else { room };
        let more = self.connection.poll_drive(cx, room, &mut unheard);
        for id in self.released.drain(..) {
            if !old.topics().contains(id) {
                deliver.note(Note::Released(id));
            }
        }
        more
    }

    /// It is not read until the old connection has delivered what it has brought.
    fn catch_up(&mut self, old: &Machine<P>, now: Instant) {
        let counts = |id: &TopicId| old.topics().contains(*id) && old.counts(*id);
        self.catching_up = Some(CatchingUp {
            behind: self.brought.ids().filter(counts).collect(),
            until: now + CATCH_UP,
        });
    }

    /// The old connection has been lost: this one is better only if it is further.
    fn after_break(&self, old: &Machine<P>, now: crate::Now) -> Next {
        let machine = &self.connection.machine;
        let further = match machine.state() {
            // Nothing has been asked for yet.
            State::Authenticating => true,
            State::Live => machine.can_succeed(old),
            _ => false,
        };
        if further && !self.unfit {
            Next::TakeOver(self.overlap.unwrap_or_else(|| old.overlap(now)))
        } else {
            Next::GiveUp
        }
    }
}
