//! The task of one connection: compares the ledger with the machine, drives the connection and hands
//! its events to the handles.

mod changes;
mod marks;
mod succession;
mod successor;
mod timer;

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use self::succession::Succession;
use super::Pool;
use super::admission::Admission;
use super::ledger::{Ledger, Report, Signal, Start};
use super::router::Router;
use super::stall::Stall;
use super::task::Salvage;
use crate::Interruption;
use crate::feed::Protocol;
use crate::feed::connection::driven::{BATCH, Driven};
use crate::feed::connection::environment::Sockets;
use crate::feed::machine::{Machine, MachineConfig, State};
use crate::feed::subscription::handle::lock;

pub(super) struct Driver<P: Protocol> {
    pool: Arc<Pool<P>>,
    shard: usize,
    signal: Arc<Signal>,
    report: Arc<Mutex<Report>>,
    connection: Driven<P, Sockets<P>>,
    /// Where the venue allows a second connection for a while.
    succession: Option<Box<Succession<P>>>,
    router: Router<P>,
    admission: Admission<P::Topic>,
    stall: Option<Stall>,
    /// How long it is kept when nothing is wanted of it.
    linger: Duration,
    live_since: Option<Instant>,
    published: State,
    /// It goes on from what another has left, whose socket is gone.
    takes_over: bool,
    /// The connection has ended for good: all that is left to do is to close its socket.
    over: bool,
}

impl<P: Protocol> Driver<P> {
    pub(super) fn new(
        pool: Arc<Pool<P>>,
        start: Start<P>,
        environment: Sockets<P>,
        machine: impl FnOnce() -> (P, MachineConfig),
    ) -> Self {
        let shard = start.shard;
        let span = tracing::info_span!("connection", venue = pool.spec.venue, shard);
        start.signal.set();
        let takes_over = start.salvage.is_some();
        let now = environment.clock.now();
        let Salvage {
            machine,
            router,
            admission,
            stall,
        } = match start.salvage {
            Some(salvage) => *salvage,
            None => {
                let (protocol, config) = machine();
                Salvage {
                    machine: Machine::new(protocol, config, now),
                    router: Router::new(shard, now),
                    admission: Admission::new(pool.limits()),
                    stall: None,
                }
            }
        };
        let linger = pool.linger();
        let spare = pool.spec.spare;
        Self {
            pool,
            shard,
            signal: start.signal,
            report: start.report,
            connection: Driven::over(machine, environment, span),
            succession: spare.then(|| Box::new(Succession::new())),
            router,
            admission,
            stall,
            linger,
            live_since: None,
            published: State::Idle,
            takes_over,
            over: false,
        }
    }

    pub(super) fn shard(&self) -> usize {
        self.shard
    }

    /// What another driver can go on from; the socket is closed.
    pub(super) fn salvage(mut self) -> Salvage<P> {
        if let Some(succession) = &mut self.succession {
            succession.lose(&self.connection.machine, &mut self.router);
        }
        Salvage {
            machine: self.connection.into_machine(),
            router: self.router,
            admission: self.admission,
            // What its timer would have told may be told later; what has been told must be taken back.
            stall: self.stall.filter(Stall::told),
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.signal.waker.register(cx.waker());
        let more = loop {
            self.router.now = self.connection.environment.clock.now();
            if std::mem::take(&mut self.takes_over) {
                let cause = Interruption::RuntimeEnded;
                self.connection.lose(cause, &mut self.router);
            }
            if !self.over && self.signal.take() {
                self.sync();
                self.router.flush();
            }
            // What waits for a place is wanted too.
            let needed = self.admission.waiting() > 0;
            let linger = if needed { Duration::MAX } else { self.linger };
            self.connection.machine.set_linger(linger);
            let room = self.room(cx);
            let more = self.poll_both(cx, room);
            let again = self.take_refusals() | self.take_released();
            self.router.flush();
            self.take_end();
            if self.over {
                if self.is_down() {
                    return Poll::Ready(());
                }
                break more;
            }
            // Reading rests from now on, and somebody may have to hear of it.
            let filled = room > 0 && self.router.full().is_some();
            if !filled && (more || !again && !self.signal.is_set()) {
                break more;
            }
        };
        self.publish();
        if self.may_stop() && self.pool.ledger(|ledger| ledger.may_end(self.shard)) {
            return Poll::Ready(());
        }
        if more {
            // Not at once: a task that wakes itself may run dozens of times before tokio looks at
            // the consumer, whose queue would fill and fall out of the processor's caches.
            let _ = pin!(tokio::task::yield_now()).poll(cx);
        }
        Poll::Pending
    }

    /// Makes the machine's wanted topics and the lanes what the ledger says.
    fn sync(&mut self) {
        let (abandoned, changed) = self
            .pool
            .ledger(|ledger| (ledger.is_abandoned(), ledger.take_changed(self.shard)));
        self.linger = if abandoned {
            Duration::ZERO
        } else {
            self.pool.linger()
        };
        // Without the ledger's lock: what follows may wake consumers, and may take a while.
        for changed in changed {
            self.apply(changed);
        }
        self.router.flush_departed();
    }

    /// Takes refused topics out of the ledger; a handle that has none left ends. Returns whether
    /// there were any.
    fn take_refusals(&mut self) -> bool {
        let refusals = std::mem::take(&mut self.router.refused);
        if refusals.is_empty() {
            return false;
        }
        let mut tickets = Vec::new();
        let refused = refusals.into_iter().map(|refused| {
            let topics = self.connection.machine.topics();
            let topic = topics.get(refused.topic).clone();
            self.release(refused.topic);
            tickets.extend(refused.ticket);
            (refused.handle, topic, refused.first)
        });
        let refused: Vec<_> = refused.collect();
        self.pool.ledger(|ledger| {
            for (handle, topic, first) in refused {
                ledger.refuse(handle, &topic, first);
            }
        });
        for (ticket, rejection) in tickets {
            ticket.refuse(rejection);
        }
        true
    }

    /// Topics that the venue has released make room for others. Returns whether any took it.
    fn take_released(&mut self) -> bool {
        for id in self.router.freed.drain(..) {
            self.admission.free(id);
        }
        let mut any = false;
        while let Some((topic, seats)) = self.admission.next() {
            any = true;
            for (seat, ticket) in seats {
                self.join(seat, &topic, ticket);
            }
        }
        any
    }

    /// The connection ended for good: so do its handles, and this task once its socket is closed.
    fn take_end(&mut self) {
        if let Some(error) = self.router.ended.take() {
            let error = error.with_venue(self.pool.spec.venue);
            self.pool.ledger(|ledger| ledger.fail(self.shard, &error));
            self.over = true;
        }
    }

    /// How many messages may be read: none while a handle that may lose nothing is full, which is told
    /// after a while. What one batch brings more than such a handle has room for stays behind its queue.
    fn room(&mut self, cx: &mut Context<'_>) -> usize {
        let full = self.router.full();
        if let Some(stall) = self.stall.take_if(|stall| Some(stall.seat) != full)
            && stall.told()
        {
            self.router.flowing(stall.seat);
        }
        if let Some(seat) = full {
            let router = &self.router;
            let stall = self
                .stall
                .get_or_insert_with(|| Stall::new(seat, router.label(seat)));
            // Again each time, for handles that have joined since.
            if stall.poll_told(cx) {
                self.router.stalled(seat, &stall.by);
            }
        }
        if full.is_some() { 0 } else { BATCH }
    }

    fn publish(&mut self) {
        let machine = &self.connection.machine;
        let state = machine.state();
        if state != State::Live {
            self.live_since = None;
        } else if self.live_since.is_none() {
            self.live_since = Some(self.router.now.instant);
        }
        let mut report = lock(&self.report);
        report.state = Some(state);
        report.live_since = self.live_since;
        report.waiting = self.admission.waiting();
        let offset = machine.clock_offset(self.router.now);
        report.clock_offset = offset.map(|nanos| nanos as f64 / 1e9);
        report.counters.clone_from(machine.counters());
        report.channels.clear();
        report.channels.extend_from_slice(machine.channels());
        report.overdue.clear();
        report.overdue.extend(machine.overdue_channels());
        let stalled_by = self.stall.as_ref().map(|stall| &stall.by);
        if report.stalled_by.as_ref() != stalled_by {
            report.stalled_by = stalled_by.cloned();
        }
        let trouble = self.router.trouble.as_ref().map(ToString::to_string);
        let refusal = || self.router.refusal.as_ref().map(ToString::to_string);
        if report.trouble.is_some() || trouble.is_some() || self.router.refusal.is_some() {
            report.trouble = trouble.or_else(refusal);
        }
        drop(report);
        if std::mem::replace(&mut self.published, state) != state {
            self.pool.ledger(Ledger::publish);
        }
    }

    /// Whether there is no socket.
    fn is_down(&self) -> bool {
        let second = self.succession.as_ref();
        self.connection.is_down() && second.is_none_or(|second| second.is_down())
    }

    /// Whether the connection is of no use to anyone any more.
    fn may_stop(&self) -> bool {
        let idle = self.connection.machine.state() == State::Idle;
        idle && self.is_down() && self.router.is_empty()
    }
}
