//! The connection that is being made ready to take another's place.

use std::task::Context;
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;

use super::marks::{Heard, Marks, Unheard};
use super::timer::Timer;
use crate::Now;
use crate::feed::connection::driven::Driven;
use crate::feed::connection::environment::Sockets;
use crate::feed::machine::{Machine, Overlap, State};
use crate::feed::{Deliver, Note, Protocol, TopicId};

/// How long the old connection may take to deliver what the new one has brought already.
const CATCH_UP: Duration = Duration::from_secs(5);

pub(super) struct Successor<P: Protocol> {
    pub(super) connection: Driven<P, Sockets<P>>,
    /// Its place among those that replace others.
    pub(super) permit: OwnedSemaphorePermit,
    /// What the old connection has delivered.
    pub(super) delivered: Marks,
    /// What this one has brought.
    pub(super) brought: Marks,
    released: Vec<TopicId>,
    unfit: bool,
    /// Since when both bring topics.
    overlap: Option<Overlap>,
    catching_up: Option<CatchingUp>,
    timer: Timer,
}

/// The successor rests.
struct CatchingUp {
    /// Of these it has brought what the old connection has not.
    behind: Vec<TopicId>,
    until: Instant,
}

/// What the driver does next.
pub(super) enum Next {
    Wait,
    Again,
    TakeOver(Overlap),
    GiveUp,
}

/// How the old connection stands, and its consumers.
pub(super) struct Old<'a, P: Protocol> {
    pub(super) machine: &'a Machine<P>,
    pub(super) now: Now,
    /// How many messages may be read.
    pub(super) room: usize,
    /// There is more to be read.
    pub(super) more: bool,
}

impl<P: Protocol> Successor<P> {
    pub(super) fn new(
        connection: Driven<P, Sockets<P>>,
        permit: OwnedSemaphorePermit,
        old: &Machine<P>,
    ) -> Self {
        let mut delivered = Marks::default();
        for (id, last) in old.believed() {
            delivered.set(id, Some(last));
        }
        Self {
            connection,
            permit,
            delivered,
            brought: Marks::default(),
            released: Vec::new(),
            unfit: false,
            overlap: None,
            catching_up: None,
            timer: Timer::default(),
        }
    }

    /// Whether it is not going to have what the old connection has.
    pub(super) fn is_unfit(&self) -> bool {
        self.unfit
    }

    /// The way of what the old connection delivers.
    pub(super) fn heard<'a, D>(&'a mut self, inner: &'a mut D) -> Heard<'a, P, D> {
        Heard {
            marks: &mut self.delivered,
            successor: &self.connection.machine,
            inner,
        }
    }

    /// Makes it ready as far as is possible now. Tells besides whether there is more to read.
    pub(super) fn advance(
        &mut self,
        cx: &mut Context<'_>,
        old: &Old<'_, P>,
        deliver: &mut impl Deliver<P>,
    ) -> (Next, bool) {
        match old.machine.state() {
            State::Live => {}
            // Nobody is left who would hear it.
            State::Idle | State::Closed => return (Next::GiveUp, false),
            _ => return (self.after_break(old), false),
        }
        let more = self.poll(cx, old, deliver);
        if self.unfit {
            return (Next::GiveUp, false);
        }
        if self.connection.machine.state() != State::Live {
            (self.overlap, self.catching_up) = (None, None);
            return (Next::Wait, more);
        }
        let overlap = || old.machine.overlap(old.now);
        let overlap = *self.overlap.get_or_insert_with(overlap);
        if self.delivered.take_changed() | self.brought.take_changed() {
            let ready = self.connection.machine.can_succeed(old.machine);
            if ready != self.catching_up.is_some() {
                self.catching_up = ready.then(|| self.catch_up(old));
                return (Next::Again, false);
            }
        }
        if self.is_level(cx, old) {
            (Next::TakeOver(overlap), false)
        } else {
            (Next::Wait, more)
        }
    }

    /// Drives it, unheard. What it alone still had is released then.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        old: &Old<'_, P>,
        deliver: &mut impl Deliver<P>,
    ) -> bool {
        let mut unheard = Unheard {
            marks: &mut self.brought,
            released: &mut self.released,
            unfit: &mut self.unfit,
        };
        let rests = self.catching_up.is_some();
        let room = if rests { 0 } else { old.room };
        let more = self.connection.poll_drive(cx, room, &mut unheard);
        for id in self.released.drain(..) {
            if !old.machine.topics().contains(id) {
                deliver.note(Note::Released(id));
            }
        }
        more
    }

    /// It has what the old connection has, and is not read until that has delivered as much.
    fn catch_up(&self, old: &Old<'_, P>) -> CatchingUp {
        let machine = old.machine;
        let counts = |id: &TopicId| machine.topics().contains(*id) && machine.counts(*id);
        CatchingUp {
            behind: self.brought.ids().filter(counts).collect(),
            until: old.now.instant + CATCH_UP,
        }
    }

    /// Whether it rests, and the old connection has delivered as much or had its time.
    fn is_level(&mut self, cx: &mut Context<'_>, old: &Old<'_, P>) -> bool {
        let Some(catching_up) = &mut self.catching_up else {
            return false;
        };
        let now = old.now.instant;
        if old.room == 0 {
            // The old one may not deliver.
            catching_up.until = now + CATCH_UP;
        }
        let (delivered, brought) = (&self.delivered, &self.brought);
        let is_behind = |id: &TopicId| {
            let last = delivered.last(*id);
            last.is_some() && last < brought.last(*id)
        };
        catching_up.behind.retain(is_behind);
        let level = catching_up.behind.is_empty() && !old.more && old.room > 0;
        level || self.timer.has_come(catching_up.until, now, cx)
    }

    /// The old connection was lost first: this one is better if it is further, and its topics have not
    /// begun without being heard.
    fn after_break(&self, old: &Old<'_, P>) -> Next {
        let machine = &self.connection.machine;
        let further = match machine.state() {
            // Nothing has been asked for yet.
            State::Authenticating => true,
            State::Live => machine.can_succeed(old.machine),
            _ => false,
        };
        if further && !self.unfit {
            let overlap = || old.machine.overlap(old.now);
            Next::TakeOver(self.overlap.unwrap_or_else(overlap))
        } else {
            Next::GiveUp
        }
    }
}
