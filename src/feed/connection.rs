use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_core::Stream;
use futures_sink::Sink;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::Sleep;
use tracing::Span;

use super::machine::{Backoff, Machine, MachineConfig, State};
use super::run::Marker;
use super::tracker::Tracker;
use super::watchman::{Watched, Watchman};
use super::{Deliver, Environment, GapIds, Note, Protocol, Topic, TopicId};
use crate::transport::{ConnectError, Frame};
use crate::{Error, Event, Interruption, Now};

/// Most messages read before what they brought is handed on.
pub(crate) const BATCH: usize = 256;
/// How long a graceful close may take before the socket is dropped.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// The reconnecting stream adapter: one venue connection as a `Stream`, for as long as it is
/// polled.
///
/// It yields the events of every topic asked for by [`want`](Self::want), with the topic, and the
/// markers between them. There is no task behind it and no channel: dropping it closes the socket,
/// and not polling it is backpressure all the way to the venue. It must be polled more often than
/// the venue's heartbeat, or the venue will find it dead; use a client, which polls for you, when
/// you cannot promise that.
///
/// # Termination
///
/// Ends with one `Err` when a retry would not help, and then with `None`.
///
/// # Cancel safety
///
/// Dropping a future of `next()` loses nothing.
pub struct Connection<P: Protocol, E: Environment<P>> {
    driver: Driven<P, E>,
    collected: Collect<P>,
}

impl<P: Protocol, E: Environment<P>> Connection<P, E> {
    /// A connection that opens when it is polled and wants something. `seed` makes its jitter
    /// repeatable.
    pub fn new(protocol: P, environment: E, seed: u64) -> Self {
        let gap_ids = GapIds::default();
        let config = MachineConfig {
            backoff: Backoff::default(),
            linger: Duration::from_secs(2),
            seed,
            gap_ids: gap_ids.clone(),
        };
        let span = tracing::info_span!("connection", venue = protocol.spec().venue);
        let now = environment.now();
        Self {
            driver: Driven::new(protocol, environment, config, span),
            collected: Collect {
                tracker: Tracker::new(true, true),
                ready: VecDeque::new(),
                now,
                gap_ids,
                refused: Vec::new(),
                ended: None,
            },
        }
    }

    /// Adds a topic.
    pub fn want(&mut self, topic: &P::Topic) {
        let id = self.driver.machine.want(topic);
        let Collect { tracker, ready, .. } = &mut self.collected;
        if !tracker.contains(id) {
            tracker.add(id, topic.symbol().clone());
            if self.driver.machine.is_active(id) {
                // Released and wanted again before the venue was told.
                let now = self.driver.environment.now();
                let mut mark = |marker: Marker| ready.push_back(Collected::Marker(marker));
                tracker.accepted(&[id], now, &mut mark);
            }
        }
    }

    /// Takes a topic out again.
    pub fn release(&mut self, topic: &P::Topic) {
        let now = self.driver.environment.now();
        if let Some(id) = self.driver.machine.find(topic) {
            let ready = &mut self.collected.ready;
            let mut mark = |marker: Marker| ready.push_back(Collected::Marker(marker));
            self.collected.tracker.remove(id, now, &mut mark);
            self.driver.machine.release(id, now);
        }
    }

    /// What the connection is doing.
    pub fn state(&self) -> State {
        self.driver.machine.state()
    }

    /// Whether the venue's set of topics is the wanted one.
    pub fn is_settled(&self) -> bool {
        self.driver.machine.settled()
    }
}

// Nothing in it is pinned by structure.
impl<P: Protocol, E: Environment<P>> Unpin for Connection<P, E> {}

impl<P: Protocol, E: Environment<P>> Stream for Connection<P, E> {
    type Item = Result<Event<(P::Topic, P::Event)>, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(collected) = this.collected.ready.pop_front() {
                return Poll::Ready(Some(Ok(match collected {
                    Collected::Marker(marker) => marker.into(),
                    Collected::Data(id, event) => {
                        Event::Data((this.driver.machine.topics().get(id).clone(), event))
                    }
                })));
            }
            if let Some(ended) = &mut this.collected.ended {
                return Poll::Ready(ended.take().map(Err));
            }
            this.collected.now = this.driver.environment.now();
            let more = this.driver.poll_drive(cx, BATCH, &mut this.collected);
            for id in this.collected.refused.drain(..) {
                this.driver.machine.release(id, this.collected.now);
            }
            if this.collected.ready.is_empty() && this.collected.ended.is_none() {
                if more {
                    cx.waker().wake_by_ref();
                }
                return Poll::Pending;
            }
        }
    }
}

impl<P: Protocol, E: Environment<P>> fmt::Debug for Connection<P, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.driver.machine.fmt(f)
    }
}

/// What a connection used on its own has ready for its consumer.
struct Collect<P: Protocol> {
    tracker: Tracker,
    ready: VecDeque<Collected<P>>,
    now: Now,
    gap_ids: GapIds,
    /// To be taken out of the wanted set.
    refused: Vec<TopicId>,
    /// `Some(None)` once the error has been taken.
    ended: Option<Option<Error>>,
}

enum Collected<P: Protocol> {
    Data(TopicId, P::Event),
    Marker(Marker),
}

impl<P: Protocol> Deliver<P> for Collect<P> {
    fn event(&mut self, topic: TopicId, event: P::Event) {
        if self.tracker.contains(topic) {
            self.ready.push_back(Collected::Data(topic, event));
        }
    }

    fn note(&mut self, note: Note) {
        let Self {
            tracker,
            ready,
            now,
            gap_ids,
            refused,
            ended,
        } = self;
        let mut mark = |marker: Marker| ready.push_back(Collected::Marker(marker));
        match note {
            Note::State(State::Connecting) => tracker.connecting(),
            Note::State(_) | Note::Released(_) | Note::Renewed(_) => {}
            Note::Began(id) => tracker.began(id),
            Note::Interrupted { cause, .. } => tracker.interrupted(*now, &cause, &mut mark),
            Note::Accepted(ids) => {
                tracker.accepted(&ids, *now, &mut mark);
            }
            Note::Rejected(id, rejection) => {
                if let Some((symbol, _)) = tracker.rejected(id, *now, &mut mark) {
                    mark(tracker.refusal(symbol, rejection));
                    refused.push(id);
                }
            }
            Note::Missing(missing) => tracker.missing(&missing, &mut mark),
            Note::Repaired { topic, gap, well } => tracker.repaired(topic, gap, well, &mut mark),
            Note::Malformed { topic, events, .. } => {
                tracker.malformed(gap_ids.next(), topic, events, now.wall, &mut mark);
            }
            Note::NoFirstData(topic) => tracker.no_first_data(topic, &mut mark),
            Note::Ended(error) => *ended = Some(Some(error)),
        }
    }
}

/// A machine with its socket, timer and effects: what a connection and a hub's task poll.
pub(crate) struct Driven<P: Protocol, E: Environment<P>> {
    pub(crate) machine: Machine<P>,
    pub(crate) environment: E,
    link: Link<E::Transport>,
    effects: FuturesUnordered<BoxFuture<'static, P::Reply>>,
    timer: Option<(Instant, Pin<Box<Sleep>>)>,
    batch: Vec<Frame>,
    watchman: Watchman,
}

enum Link<T> {
    Down,
    Opening(BoxFuture<'static, Result<T, ConnectError>>),
    Open(T),
    Closing(T, Pin<Box<Sleep>>),
}

impl<P: Protocol, E: Environment<P>> Driven<P, E> {
    pub(crate) fn new(protocol: P, environment: E, config: MachineConfig, span: Span) -> Self {
        let now = environment.now();
        Self {
            machine: Machine::new(protocol, config, now),
            environment,
            link: Link::Down,
            effects: FuturesUnordered::new(),
            timer: None,
            batch: Vec::new(),
            watchman: Watchman::new(span),
        }
    }

    /// Whether nothing is open, in the making or closing.
    pub(crate) fn is_down(&self) -> bool {
        matches!(self.link, Link::Down)
    }

    /// Does all that can be done now: timers, effects, writes, and reading at most `limit`
    /// messages; with a `limit` of zero the socket is not read and inbound deadlines rest. Returns
    /// whether there is more to read at once; otherwise the task will be woken.
    pub(crate) fn poll_drive(
        &mut self,
        cx: &mut Context<'_>,
        limit: usize,
        deliver: &mut impl Deliver<P>,
    ) -> bool {
        let mut room = limit.min(BATCH);
        if limit > 0 {
            // What has come is read before anything is found overdue: it is this task that may be
            // late.
            self.poll_link(cx, &mut room, deliver);
        }
        loop {
            let now = self.environment.now();
            self.machine.set_reading(limit > 0, now);
            if limit == 0 {
                self.machine.set_backlog(now);
            }
            self.observed(now, deliver, |machine, deliver| {
                machine.advance(now, deliver);
            });
            self.adjust_link();
            let mut progress = self.poll_link(cx, &mut room, deliver);
            progress |= self.poll_effects(cx, deliver);
            if limit > 0 && room == 0 {
                return true;
            }
            if !progress && !self.poll_timer(cx) {
                return false;
            }
        }
    }

    fn observed<D: Deliver<P>>(
        &mut self,
        now: Now,
        deliver: &mut D,
        call: impl FnOnce(&mut Machine<P>, &mut Watched<'_, D>),
    ) {
        let mut watched = Watched {
            now,
            watchman: &mut self.watchman,
            inner: deliver,
        };
        call(&mut self.machine, &mut watched);
    }

    /// Opens, closes or drops the socket as the machine's state demands.
    fn adjust_link(&mut self) {
        if self.machine.take_connect() {
            self.effects.clear();
            self.link = Link::Opening(self.environment.connect(self.machine.protocol()));
        } else if !self.machine.wants_socket() {
            self.effects.clear();
            self.link = match std::mem::replace(&mut self.link, Link::Down) {
                // Only a connection that nobody wants says good-bye: after a failure there may be
                // nobody to say it to.
                Link::Open(transport) if self.machine.state() == State::Idle => {
                    Link::Closing(transport, Box::pin(tokio::time::sleep(CLOSE_LIMIT)))
                }
                Link::Closing(transport, limit) => Link::Closing(transport, limit),
                _ => Link::Down,
            };
        }
    }

    fn poll_link(
        &mut self,
        cx: &mut Context<'_>,
        room: &mut usize,
        deliver: &mut impl Deliver<P>,
    ) -> bool {
        match &mut self.link {
            Link::Down => false,
            Link::Opening(opening) => match opening.as_mut().poll(cx) {
                Poll::Pending => false,
                Poll::Ready(Ok(transport)) => {
                    self.link = Link::Open(transport);
                    self.environment.opened();
                    let now = self.environment.now();
                    self.observed(now, deliver, |machine, deliver| {
                        machine.handle_opened(now, deliver);
                    });
                    true
                }
                Poll::Ready(Err(error)) => {
                    self.link = Link::Down;
                    let now = self.environment.now();
                    self.observed(now, deliver, |machine, deliver| {
                        machine.handle_connect_failed(now, error, deliver);
                    });
                    true
                }
            },
            Link::Open(transport) => {
                let written = poll_write(transport, &mut self.machine, cx);
                // What has come is read even if nothing can be sent any more.
                let read = match (poll_read(transport, &mut self.batch, cx, *room), written) {
                    (Read::Drained, Err(cause)) => Read::Ended(cause),
                    (read, _) => read,
                };
                self.take_batch(read, room, deliver)
            }
            Link::Closing(transport, limit) => {
                let closed = Pin::new(transport).poll_close(cx).is_ready();
                if closed || limit.as_mut().poll(cx).is_ready() {
                    self.link = Link::Down;
                    return true;
                }
                false
            }
        }
    }

    /// Hands what was read to the machine, with the time read once for all of it: after the last
    /// message came, so that nothing seems to have come before it was sent.
    fn take_batch(&mut self, read: Read, room: &mut usize, deliver: &mut impl Deliver<P>) -> bool {
        if matches!(read, Read::Drained) {
            self.machine.set_drained();
        }
        if self.batch.is_empty() && !matches!(read, Read::Ended(_)) {
            return false;
        }
        let now = self.environment.now();
        if matches!(read, Read::Full) {
            self.machine.set_backlog(now);
        }
        let mut batch = std::mem::take(&mut self.batch);
        *room = room.saturating_sub(batch.len());
        self.observed(now, deliver, |machine, deliver| {
            for frame in batch.drain(..) {
                machine.handle_frame(now, &frame, deliver);
            }
            if let Read::Ended(cause) = read
                && machine.wants_socket()
            {
                machine.handle_closed(now, cause, deliver);
            }
        });
        self.batch = batch;
        true
    }

    fn poll_effects(&mut self, cx: &mut Context<'_>, deliver: &mut impl Deliver<P>) -> bool {
        while let Some(effect) = self.machine.take_effect() {
            self.effects.push(self.environment.run(effect));
        }
        let mut progress = false;
        while let Poll::Ready(Some(reply)) = Pin::new(&mut self.effects).poll_next(cx) {
            progress = true;
            let now = self.environment.now();
            self.observed(now, deliver, |machine, deliver| {
                machine.handle_reply(now, reply, deliver);
            });
        }
        progress
    }

    /// Whether the machine's deadline has passed. The timer is only set again when it would fire
    /// too late: firing early costs less than setting it for every batch.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let now = self.environment.now();
        let Some(deadline) = self.machine.deadline(now) else {
            self.timer = None;
            return false;
        };
        if deadline <= now.instant {
            return true;
        }
        match &mut self.timer {
            Some((at, _)) if *at <= deadline => {}
            Some((at, sleep)) => {
                *at = deadline;
                sleep.as_mut().reset(deadline.into());
            }
            None => {
                let sleep = Box::pin(tokio::time::sleep_until(deadline.into()));
                self.timer = Some((deadline, sleep));
            }
        }
        while let Some((at, sleep)) = &mut self.timer {
            if sleep.as_mut().poll(cx).is_pending() {
                return false;
            }
            if *at >= deadline {
                self.timer = None;
                return true;
            }
            *at = deadline;
            sleep.as_mut().reset(deadline.into());
        }
        false
    }
}

enum Read {
    /// Nothing more has come.
    Drained,
    /// More may have come than there was room for.
    Full,
    Ended(Interruption),
}

fn poll_write<P: Protocol, T: crate::transport::Transport>(
    transport: &mut T,
    machine: &mut Machine<P>,
    cx: &mut Context<'_>,
) -> Result<(), Interruption> {
    let mut transport = Pin::new(transport);
    while let Poll::Ready(ready) = transport.as_mut().poll_ready(cx) {
        ready?;
        match machine.take_frame() {
            Some(frame) => transport.as_mut().start_send(frame)?,
            None => break,
        }
    }
    match transport.poll_flush(cx) {
        Poll::Ready(flushed) => flushed,
        Poll::Pending => Ok(()),
    }
}

fn poll_read<T: crate::transport::Transport>(
    transport: &mut T,
    batch: &mut Vec<Frame>,
    cx: &mut Context<'_>,
    room: usize,
) -> Read {
    while batch.len() < room {
        match Pin::new(&mut *transport).poll_next(cx) {
            Poll::Pending => return Read::Drained,
            Poll::Ready(Some(Ok(frame))) => batch.push(frame),
            Poll::Ready(Some(Err(cause))) => return Read::Ended(cause),
            Poll::Ready(None) => {
                return Read::Ended(Interruption::Closed {
                    code: None,
                    reason: String::new(),
                });
            }
        }
    }
    Read::Full
}

/// A marker type for protocols without effects: there is nothing to run.
pub(crate) fn no_effects<R>(effect: Infallible) -> BoxFuture<'static, R> {
    match effect {}
}
