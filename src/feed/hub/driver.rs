use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::Inner;
use super::ledger::{Ledger, Report, Signal, Start, Wish};
use super::router::{Joining, Router, Seat};
use super::stall::Stall;
use crate::ErrorKind;
use crate::feed::driven::{BATCH, Driven};
use crate::feed::environment::{Environment, Sockets};
use crate::feed::handle::{HandleId, lock};
use crate::feed::machine::{MachineConfig, State};
use crate::feed::{Protocol, Topic, TopicId};

/// The task of one connection: compares the ledger with the machine, drives the connection and
/// hands its events to the handles.
pub(super) struct Driver<P: Protocol> {
    inner: Arc<Inner<P>>,
    shard: usize,
    signal: Arc<Signal>,
    report: Arc<Mutex<Report>>,
    connection: Driven<P, Sockets<P>>,
    router: Router<P>,
    stall: Option<Stall>,
    live_since: Option<Instant>,
    published: State,
    /// It was let go: the ledger knows that it has ended.
    stopped: bool,
}

impl<P: Protocol> Driver<P> {
    pub(super) fn new(
        inner: Arc<Inner<P>>,
        start: Start,
        protocol: P,
        environment: Sockets<P>,
        machine: MachineConfig,
    ) -> Self {
        let shard = start.shard;
        let span = tracing::info_span!("connection", venue = inner.spec.venue, shard);
        let now = environment.clock.now();
        let router = Router::new(now);
        start.signal.dirty.store(true, Ordering::Release);
        Self {
            inner,
            shard,
            signal: start.signal,
            report: start.report,
            connection: Driven::new(protocol, environment, machine, span),
            router,
            stall: None,
            live_since: None,
            published: State::Idle,
            stopped: false,
        }
    }

    /// Makes the machine's wanted topics and the lanes what the ledger says.
    fn sync(&mut self) {
        let inner = Arc::clone(&self.inner);
        inner.ledger(|ledger| {
            if ledger.is_abandoned() {
                self.connection.machine.set_linger(Duration::ZERO);
            }
            while let Some(id) = ledger.next_touched(self.shard) {
                self.sync_handle(ledger, id);
            }
        });
        self.router.flush_departed();
    }

    fn sync_handle(&mut self, ledger: &mut Ledger<P>, id: HandleId) {
        let Some(wish) = ledger.wish(self.shard, id) else {
            return;
        };
        if wish.gone {
            self.leave_all(id, wish);
            ledger.drop_wish(self.shard, id);
            return;
        }
        let Some(seat) = self.router.seat(id, wish) else {
            return;
        };
        for topic in wish.left.drain(..) {
            self.leave_one(seat, &topic);
        }
        for topic in &wish.topics {
            self.join(seat, topic);
        }
        for topic in wish.renew.drain(..) {
            if wish.topics.contains(&topic) {
                let topic = self.connection.machine.want(&topic);
                self.connection.machine.renew(topic, self.router.now);
            }
        }
    }

    fn leave_all(&mut self, id: HandleId, wish: &mut Wish<P>) {
        let mut freed = Vec::new();
        if let Some(seat) = self.router.seat_of(id) {
            for topic in self.router.topics_of(seat) {
                if self.leave(seat, topic).1 {
                    freed.push(topic);
                }
            }
            self.router.stand_up(id);
        }
        self.router
            .when_released(freed, std::mem::take(&mut wish.closers));
    }

    /// A topic was removed from a handle that may still be waiting for its acceptance.
    fn leave_one(&mut self, seat: Seat, topic: &P::Topic) {
        let known = self.connection.machine.find(topic);
        let answered = match known.filter(|id| self.router.holds(seat, *id)) {
            Some(id) => self.leave(seat, id).0,
            None => false,
        };
        if !answered {
            self.router.settle(seat, 1);
        }
    }

    /// Returns whether the topic had been accepted for the handle, and whether no handle is left
    /// on it.
    fn leave(&mut self, seat: Seat, topic: TopicId) -> (bool, bool) {
        let (answered, last) = self.router.leave(seat, topic);
        if last {
            self.connection.machine.release(topic, self.router.now);
        }
        (answered, last)
    }

    fn join(&mut self, seat: Seat, topic: &P::Topic) {
        let machine = &mut self.connection.machine;
        let id = machine.want(topic);
        if self.router.holds(seat, id) {
            return;
        }
        // Whoever waited for this topic's release waits no longer: it is wanted again.
        self.router.acknowledge(id);
        let joining = Joining {
            id,
            symbol: topic.symbol().cloned(),
            join: topic.channel().join,
            active: machine.is_active(id),
            begun: machine.has_begun(id),
            ending: machine.is_ending(id),
        };
        if self.router.join(seat, joining) {
            machine.renew(id, self.router.now);
        }
    }

    /// Takes refused topics out of the ledger; a handle that has none left ends. Returns whether
    /// there were any.
    fn take_refusals(&mut self) -> bool {
        if self.router.refused.is_empty() {
            return false;
        }
        let inner = Arc::clone(&self.inner);
        inner.ledger(|ledger| {
            for refused in std::mem::take(&mut self.router.refused) {
                let topic = self.connection.machine.topics().get(refused.topic).clone();
                self.connection
                    .machine
                    .release(refused.topic, self.router.now);
                ledger.refuse(refused.handle, &topic, refused.first, inner.spec.venue);
            }
        });
        true
    }

    /// The connection ended for good: so do its handles, and this task.
    fn take_end(&mut self) -> bool {
        let Some(error) = self.router.ended.take() else {
            return false;
        };
        let error = error.with_venue(self.inner.spec.venue);
        self.inner.ledger(|ledger| ledger.fail(self.shard, &error));
        self.stopped = true;
        true
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
        let offset = machine.clock_offset(self.router.now);
        report.clock_offset = offset.map(|nanos| nanos as f64 / 1e9);
        report.counters.clone_from(machine.counters());
        report.channels.clear();
        report.channels.extend_from_slice(machine.channels());
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
            self.inner.publish_state();
        }
    }

    /// Whether the connection is of no use to anyone any more.
    fn may_stop(&self) -> bool {
        let idle = self.connection.machine.state() == State::Idle;
        idle && self.connection.is_down() && self.router.is_empty()
    }
}

// Nothing in it is pinned by structure.
impl<P: Protocol> Unpin for Driver<P> {}

impl<P: Protocol> Future for Driver<P> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        this.signal.waker.register(cx.waker());
        let more = loop {
            this.router.now = this.connection.environment.now();
            if this.signal.dirty.swap(false, Ordering::AcqRel) {
                this.sync();
                this.router.flush();
            }
            let room = this.room(cx);
            let more = this.connection.poll_drive(cx, room, &mut this.router);
            let refused = this.take_refusals();
            this.router.flush();
            if this.take_end() {
                return Poll::Ready(());
            }
            // Reading rests from now on, and somebody may have to hear of it.
            let filled = room > 0 && this.router.full().is_some();
            if !filled && (more || !refused && !this.signal.dirty.load(Ordering::Acquire)) {
                break more;
            }
        };
        this.publish();
        if this.may_stop() && this.inner.ledger(|ledger| ledger.stop(this.shard)) {
            this.stopped = true;
            return Poll::Ready(());
        }
        if more {
            // Not at once: a task that wakes itself may run dozens of times before tokio looks at
            // the consumer, whose queue would fill and fall out of the processor's caches.
            let _ = pin!(tokio::task::yield_now()).poll(cx);
        }
        Poll::Pending
    }
}

impl<P: Protocol> Drop for Driver<P> {
    /// Also when the task was aborted, panicked or lost its runtime: no handle may hang.
    fn drop(&mut self) {
        if !self.stopped {
            let what = "the connection's task ended unexpectedly".to_owned();
            let error = self.inner.error(ErrorKind::Internal(what));
            self.inner.ledger(|ledger| ledger.fail(self.shard, &error));
        }
        self.inner.publish_state();
        self.inner.running.send_modify(|running| *running -= 1);
    }
}
