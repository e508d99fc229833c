//! Make before break: where the venue allows a second connection for a while, one that is about to end is
//! replaced before it does.
//!
//! The successor connects and subscribes unheard, while the old connection goes on. Once it has all that
//! the old one has, it rests until the old one has delivered as far as it has been read; then it takes
//! the old one's place, and the old one is closed.

use std::task::Context;
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;

use super::Driver;
use super::marks::Nobody;
use super::successor::{Next, Old, Successor};
use super::timer::Timer;
use crate::feed::connection::driven::{BATCH, Driven};
use crate::feed::connection::environment::Sockets;
use crate::feed::machine::{Machine, Overlap};
use crate::feed::{Deliver, Note, Protocol, TopicId};

/// How soon it is looked again whether another connection has been replaced.
const QUEUE: Duration = Duration::from_secs(1);
/// How long after an unfit successor another is made, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(600));

/// The second connection of a driver, and the time for it.
pub(super) struct Succession<P: Protocol> {
    stage: Stage<P>,
    timer: Timer,
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
    /// Kept until there is one connection again.
    _permit: OwnedSemaphorePermit,
}

impl<P: Protocol> Succession<P> {
    pub(super) fn new() -> Self {
        Self {
            stage: Stage::None,
            timer: Timer::default(),
            not_before: None,
            unfit: 0,
            count: 0,
        }
    }

    /// Whether there is no second socket.
    pub(super) fn is_down(&self) -> bool {
        matches!(self.stage, Stage::None)
    }

    /// The machine whose wanted set is to be that of the first connection, under the same numbers.
    pub(super) fn machine(&mut self) -> Option<&mut Machine<P>> {
        match &mut self.stage {
            Stage::Successor(successor) => {
                successor.brought.touch();
                Some(&mut successor.connection.machine)
            }
            Stage::None | Stage::Parting(_) => None,
        }
    }

    /// Takes the successor out. What waits for nobody but it to release them is released.
    fn take_successor(
        &mut self,
        old: &Machine<P>,
        deliver: &mut impl Deliver<P>,
    ) -> Option<Box<Successor<P>>> {
        match std::mem::replace(&mut self.stage, Stage::None) {
            Stage::Successor(successor) => {
                release(&successor.connection.machine, old, deliver);
                Some(successor)
            }
            stage => {
                self.stage = stage;
                None
            }
        }
    }

    /// Drops the second connection, whose socket is gone.
    pub(super) fn lose(&mut self, old: &Machine<P>, deliver: &mut impl Deliver<P>) {
        self.take_successor(old, deliver);
        self.stage = Stage::None;
    }

    fn part(&mut self, connection: Driven<P, Sockets<P>>, permit: OwnedSemaphorePermit) {
        self.stage = Stage::Parting(Box::new(Parting {
            connection,
            _permit: permit,
        }));
    }
}

/// Topics that only a machine knows which goes are nobody's any more.
fn release<P: Protocol>(goes: &Machine<P>, stays: &Machine<P>, deliver: &mut impl Deliver<P>) {
    for id in goes.unknown_to(stays) {
        deliver.note(Note::Released(id));
    }
}

impl<P: Protocol> Driver<P> {
    /// Drives the connection, and where there is one, the second.
    pub(super) fn poll_both(&mut self, cx: &mut Context<'_>, room: usize) -> bool {
        let Some(mut succession) = self.succession.take() else {
            return self.connection.poll_drive(cx, room, &mut self.router);
        };
        let more = loop {
            let more = match &mut succession.stage {
                Stage::Successor(successor) => {
                    let mut heard = successor.heard(&mut self.router);
                    self.connection.poll_drive(cx, room, &mut heard)
                }
                _ => self.connection.poll_drive(cx, room, &mut self.router),
            };
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
            Stage::Successor(successor) => {
                let old = Old {
                    machine: &self.connection.machine,
                    now: self.router.now,
                    room,
                    more,
                };
                successor.advance(cx, &old, &mut self.router)
            }
            Stage::Parting(parting) => {
                let more = parting.connection.poll_drive(cx, BATCH, &mut Nobody);
                if !parting.connection.is_down() {
                    return (Next::Wait, more);
                }
                succession.stage = Stage::None;
                (Next::Again, false)
            }
        }
    }

    /// Makes a successor once it is time.
    fn poll_due(&mut self, succession: &mut Succession<P>, cx: &mut Context<'_>) -> Next {
        let machine = &self.connection.machine;
        let due = machine.succession_due().filter(|_| !self.over);
        let Some(due) = due.map(|due| succession.not_before.map_or(due, |at| at.max(due))) else {
            succession.timer.clear();
            return Next::Wait;
        };
        let now = self.router.now;
        if !succession.timer.has_come(due, now.instant, cx) {
            return Next::Wait;
        }
        let Some(permit) = self.pool.spare_place() else {
            succession.not_before = Some(now.instant + QUEUE);
            return Next::Again;
        };
        succession.count += 1;
        let (venue, shard, successor) = (self.pool.spec.venue, self.shard, succession.count);
        let span = tracing::info_span!("connection", venue, shard, successor);
        tracing::info!(parent: &span, "the connection is going to be replaced");
        let (protocol, config) = self.pool.second(shard, successor);
        let successor = machine.successor(protocol, config, now);
        let environment = self.connection.environment.clone();
        let connection = Driven::over(successor, environment, span);
        let successor = Successor::new(connection, permit, machine);
        succession.stage = Stage::Successor(Box::new(successor));
        Next::Again
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
        let mut old = std::mem::replace(&mut self.connection, connection);
        let last = |id: TopicId| delivered.last(id);
        let seen = |id: TopicId| brought.last(id);
        self.connection
            .observed(now, &mut self.router, |machine, deliver| {
                machine.take_over(&mut old.machine, overlap, last, seen, now, deliver);
            });
        release(&old.machine, &self.connection.machine, &mut self.router);
        tracing::info!(shard = self.shard, "another connection has taken over");
        self.live_since = None;
        (succession.unfit, succession.not_before) = (0, None);
        old.machine.part(now);
        succession.part(old, permit);
    }

    /// The successor is closed; there may be another.
    fn give_up(&mut self, succession: &mut Succession<P>) {
        let old = &self.connection.machine;
        let Some(mut successor) = succession.take_successor(old, &mut self.router) else {
            return;
        };
        let now = self.router.now;
        if successor.is_unfit() {
            let (least, most) = RETRY;
            let wait = least
                .saturating_mul(1 << succession.unfit.min(10))
                .min(most);
            succession.not_before = Some(now.instant + wait);
            succession.unfit += 1;
        }
        successor.connection.machine.part(now);
        succession.part(successor.connection, successor.permit);
    }
}
