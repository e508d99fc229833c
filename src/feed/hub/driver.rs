use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::Inner;
use super::ledger::{Ledger, Signal};
use super::router::{Joining, Router};
use super::stall::Stall;
use crate::ErrorKind;
use crate::feed::connection::{BATCH, Driven};
use crate::feed::environment::{Environment, Sockets};
use crate::feed::handle::{HandleId, lock};
use crate::feed::machine::{MachineConfig, State};
use crate::feed::{Protocol, Topic};

/// The task of one connection: compares the ledger with the machine, drives the connection and
/// hands its events to the handles.
pub(super) struct Driver<P: Protocol> {
    inner: Arc<Inner<P>>,
    shard: usize,
    signal: Arc<Signal>,
    connection: Driven<P, Sockets<P>>,
    router: Router<P>,
    stall: Option<Stall>,
    live_since: Option<Instant>,
    /// It was let go: the ledger knows that it has ended.
    stopped: bool,
}

impl<P: Protocol> Driver<P> {
    pub(super) fn new(
        inner: Arc<Inner<P>>,
        shard: usize,
        signal: Arc<Signal>,
        protocol: P,
        environment: Sockets<P>,
        machine: MachineConfig,
    ) -> Self {
        let span = tracing::info_span!("connection", venue = inner.spec.venue, shard);
        let now = environment.clock.now();
        let router = Router::new(machine.gap_ids.clone(), now);
        signal.dirty.store(true, Ordering::Release);
        Self {
            inner,
            shard,
            signal,
            connection: Driven::new(protocol, environment, machine, span),
            router,
            stall: None,
            live_since: None,
            stopped: false,
        }
    }

    /// Makes the machine's wanted topics and the lanes what the ledger says.
    fn sync(&mut self) {
        let inner = Arc::clone(&self.inner);
        let mut ledger = lock(&inner.ledger);
        if ledger.is_abandoned() {
            self.connection.machine.set_linger(Duration::ZERO);
        }
        while let Some(id) = ledger.next_touched(self.shard) {
            self.sync_handle(&mut ledger, id);
        }
    }

    fn sync_handle(&mut self, ledger: &mut Ledger<P>, id: HandleId) {
        let now = self.router.now;
        let machine = &mut self.connection.machine;
        let Some(wish) = ledger.wish(self.shard, id) else {
            return;
        };
        if wish.gone {
            let mut freed = Vec::new();
            if let Some(seat) = self.router.seat_of(id) {
                for topic in self.router.topics_of(seat) {
                    if self.router.leave(seat, topic) {
                        machine.release(topic, now);
                        freed.push(topic);
                    }
                }
                self.router.stand_up(id);
            }
            self.router
                .when_released(freed, std::mem::take(&mut wish.closers));
            ledger.drop_wish(self.shard, id);
            return;
        }
        let Some(seat) = self.router.seat(id, wish) else {
            return;
        };
        let held = self.router.topics_of(seat);
        for topic in &held {
            if !wish.topics.contains(machine.topics().get(*topic))
                && self.router.leave(seat, *topic)
            {
                machine.release(*topic, now);
            }
        }
        for topic in &wish.topics {
            let topic_id = machine.want(topic);
            if held.contains(&topic_id) {
                continue;
            }
            let joining = Joining {
                id: topic_id,
                symbol: topic.symbol().clone(),
                join: topic.channel().join,
                active: machine.is_active(topic_id),
            };
            if self.router.join(seat, joining) {
                machine.renew(topic_id);
            }
        }
        for topic in wish.renew.drain(..) {
            if wish.topics.contains(&topic) {
                let topic_id = machine.want(&topic);
                machine.renew(topic_id);
            }
        }
        if wish.topics.is_empty() {
            // All its topics here were removed: the handle lives on elsewhere, or waits for more.
            self.router.stand_up(id);
            ledger.drop_wish(self.shard, id);
        }
    }

    /// Takes refused topics out of the ledger; a handle that has none left ends.
    fn take_refusals(&mut self) {
        if self.router.refused.is_empty() {
            return;
        }
        let inner = Arc::clone(&self.inner);
        let mut ledger = lock(&inner.ledger);
        for (handle, id) in std::mem::take(&mut self.router.refused) {
            let topic = self.connection.machine.topics().get(id).clone();
            self.connection.machine.release(id, self.router.now);
            if ledger.take_topic(handle, &topic) == Some(0) {
                ledger.end_refused(handle, inner.spec.venue);
            }
        }
    }

    /// The connection ended for good: so do its handles.
    fn take_end(&mut self) {
        if let Some(error) = self.router.ended.take() {
            let error = error.with_venue(self.inner.spec.venue);
            lock(&self.inner.ledger).fail_shard(self.shard, &error);
            self.signal.raise();
        }
    }

    /// Rests reading while a handle that may lose nothing is full, and says so after a while.
    fn room(&mut self, cx: &mut Context<'_>) -> usize {
        let (room, fullest) = self.router.room();
        match (room, fullest) {
            (0, Some(seat)) => {
                let router = &self.router;
                let stall = self
                    .stall
                    .get_or_insert_with(|| Stall::new(router.label(seat)));
                if stall.poll_tell(cx) {
                    self.router.stalled(seat, &stall.by);
                }
            }
            _ => {
                if let Some(stall) = self.stall.take().filter(Stall::told) {
                    self.router.flowing(&stall.by);
                }
            }
        }
        room.min(BATCH)
    }

    fn publish(&mut self) {
        let machine = &self.connection.machine;
        let state = machine.state();
        if state != State::Live {
            self.live_since = None;
        } else if self.live_since.is_none() {
            self.live_since = Some(self.router.now.instant);
        }
        let worst = {
            let mut ledger = lock(&self.inner.ledger);
            let report = ledger.report(self.shard);
            report.state = Some(state);
            report.live_since = self.live_since;
            report.counters.clone_from(machine.counters());
            report.channels.clear();
            report.channels.extend_from_slice(machine.channels());
            if report.stalled_by.is_some() != self.stall.is_some() {
                report.stalled_by = self.stall.as_ref().map(|stall| stall.by.clone());
            }
            let trouble = self.router.trouble.as_ref();
            if report.trouble.is_some() || trouble.is_some() {
                report.trouble = trouble.map(ToString::to_string);
            }
            ledger.state()
        };
        self.inner.publish_state(worst);
    }

    /// Whether the connection is of no use to anyone any more.
    fn may_stop(&self) -> bool {
        let unused = matches!(self.connection.machine.state(), State::Idle | State::Closed);
        unused && self.connection.is_down() && self.router.is_empty()
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
            }
            let room = this.room(cx);
            let more = this.connection.poll_drive(cx, room, &mut this.router);
            this.take_refusals();
            this.take_end();
            this.router.flush();
            if more || !this.signal.dirty.load(Ordering::Acquire) {
                break more;
            }
        };
        this.publish();
        if this.may_stop() && lock(&this.inner.ledger).stop(this.shard) {
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
        let state = {
            let mut ledger = lock(&self.inner.ledger);
            if !self.stopped {
                let what = "the connection's task ended unexpectedly".to_owned();
                let error = self.inner.error(ErrorKind::Internal(what));
                ledger.lost(self.shard, &error);
            }
            ledger.state()
        };
        self.inner.publish_state(state);
        self.inner.running.send_modify(|running| *running -= 1);
    }
}
