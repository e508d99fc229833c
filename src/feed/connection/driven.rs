//! A machine at work: polled together with its socket, its timer and its effects.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::task::coop::unconstrained;
use tokio::time::Sleep;
use tracing::Span;

use crate::feed::connection::watchman::{Watched, Watchman};
use crate::feed::machine::{EffectTag, Machine, MachineConfig, State};
use crate::feed::{Deliver, Environment, Note, Protocol};
use crate::transport::{ConnectError, Frame, Transport};
use crate::{Interruption, Now, Text};

/// Most messages read before what they brought is handed on.
pub(crate) const BATCH: usize = 256;
/// A timer that is later than this has not been waited for by anybody: the process was stopped, or the
/// machine slept.
const OVERSLEPT: Duration = Duration::from_millis(100);
/// How long a graceful close may take before the socket is dropped.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// A machine with its socket, timer and effects: what a connection and a hub's task poll.
pub(crate) struct Driven<P: Protocol, E: Environment<P>> {
    pub(crate) machine: Machine<P>,
    pub(crate) environment: E,
    link: Link<E::Transport>,
    effects: FuturesUnordered<BoxFuture<'static, (EffectTag, P::Reply)>>,
    timer: Option<(Instant, Pin<Box<Sleep>>)>,
    batch: Vec<Frame>,
    watchman: Watchman,
    /// The environment knows that the connection is live.
    live: bool,
    /// Consumers know that the attempt under way has not begun.
    held: bool,
    /// The timer was found to be far too late.
    overslept: bool,
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
        Self::over(Machine::new(protocol, config, now), environment, span)
    }

    /// Around a machine that may have had another socket before.
    pub(crate) fn over(machine: Machine<P>, environment: E, span: Span) -> Self {
        Self {
            machine,
            environment,
            link: Link::Down,
            effects: FuturesUnordered::new(),
            timer: None,
            batch: Vec::new(),
            watchman: Watchman::new(span),
            live: false,
            held: false,
            overslept: false,
        }
    }

    /// The machine, without its socket, timer and effects.
    pub(crate) fn into_machine(self) -> Machine<P> {
        self.machine
    }

    /// The machine's socket is gone, or the attempt to open one.
    pub(crate) fn lose(&mut self, cause: Interruption, deliver: &mut impl Deliver<P>) {
        if self.machine.wants_socket() {
            let now = self.environment.now();
            self.observed(now, deliver, |machine, deliver| {
                machine.handle_closed(now, cause, deliver);
            });
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
        self.machine.set_reading(limit > 0, self.environment.now());
        loop {
            // What has come is read before anything is found overdue: it is this task that may be
            // late.
            let mut again = self.poll_link(cx, &mut room, deliver);
            let now = self.environment.now();
            if self.has_overslept(now.instant) {
                return true;
            }
            if limit == 0 {
                self.machine.set_backlog(now);
            }
            self.observed(now, deliver, |machine, deliver| {
                machine.advance(now, deliver);
            });
            again |= self.adjust_link();
            if self.poll_send(cx, deliver) {
                // What the connection had under way ends with it.
                continue;
            }
            again |= self.poll_effects(cx, deliver);
            if limit > 0 && room == 0 {
                return true;
            }
            if !again && !self.poll_timer(cx) {
                return false;
            }
        }
    }

    /// Calls the machine, whose notes are logged.
    pub(in crate::feed) fn observed<D: Deliver<P>>(
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
    /// Returns whether there is a new link to be polled.
    fn adjust_link(&mut self) -> bool {
        let serves = self.machine.state() == State::Live && self.machine.is_proven();
        if serves && !std::mem::replace(&mut self.live, true) {
            self.environment.live();
        }
        if matches!(self.link, Link::Closing(..)) {
            // The venue may count connections: one is closed before the next is opened.
            return false;
        }
        if self.machine.take_connect() && self.machine.wants_socket() {
            self.leave_link();
            self.held = false;
            self.link = Link::Opening(self.environment.connect(self.machine.protocol()));
            return true;
        }
        if self.machine.wants_socket() || self.is_down() {
            return false;
        }
        // A connection that nobody wants says good-bye; after a failure there may be nobody to say it
        // to, which is tried only where the venue would count what it believes to be open.
        let says = self.machine.state() == State::Idle || self.is_counted();
        self.link = match self.leave_link() {
            Link::Open(transport) if says => {
                Link::Closing(transport, Box::pin(tokio::time::sleep(CLOSE_LIMIT)))
            }
            _ => Link::Down,
        };
        true
    }

    /// Takes the link out, with what was under way on it.
    fn leave_link(&mut self) -> Link<E::Transport> {
        self.effects.clear();
        let link = std::mem::replace(&mut self.link, Link::Down);
        if matches!(link, Link::Open(_)) {
            let unwanted = matches!(self.machine.state(), State::Idle | State::Closed);
            let lost = self.watchman.interruption().filter(|_| !unwanted);
            self.environment.closed(lost);
            self.live = false;
        }
        link
    }

    /// Whether the venue allows only so many connections.
    fn is_counted(&self) -> bool {
        self.machine.protocol().spec().connections < usize::MAX
    }

    /// Sends what the machine has to say. Returns whether the connection broke on it.
    fn poll_send(&mut self, cx: &mut Context<'_>, deliver: &mut impl Deliver<P>) -> bool {
        let Link::Open(transport) = &mut self.link else {
            return false;
        };
        if !self.machine.has_frames() {
            return false;
        }
        let Err(cause) = poll_write(transport, &mut self.machine, cx) else {
            return false;
        };
        let now = self.environment.now();
        self.observed(now, deliver, |machine, deliver| {
            machine.handle_closed(now, cause, deliver);
        });
        true
    }

    /// Polls the link: reads and writes, or opens or closes. Returns whether it is another one now.
    fn poll_link(
        &mut self,
        cx: &mut Context<'_>,
        room: &mut usize,
        deliver: &mut impl Deliver<P>,
    ) -> bool {
        let counted = self.is_counted();
        match &mut self.link {
            Link::Down => false,
            Link::Opening(opening) => match opening.as_mut().poll(cx) {
                Poll::Pending => {
                    self.tell_held(deliver);
                    false
                }
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
                self.take_batch(read, room, deliver);
                false
            }
            Link::Closing(transport, limit) => {
                let said = poll_write(transport, &mut self.machine, cx);
                let all = said.is_ok() && !self.machine.has_frames();
                let closed = said.is_err() || all && poll_closed(transport, counted, cx).is_ready();
                // What the protocol still had to do besides is done, too.
                let done = closed && self.effects.is_empty();
                if done || limit.as_mut().poll(cx).is_ready() {
                    self.effects.clear();
                    self.link = Link::Down;
                    return true;
                }
                false
            }
        }
    }

    /// Tells consumers, once an attempt, what it waits for before it begins.
    fn tell_held(&mut self, deliver: &mut impl Deliver<P>) {
        if self.held {
            return;
        }
        if let Some((cause, retry_in)) = self.environment.held() {
            self.held = true;
            let now = self.environment.now();
            self.observed(now, deliver, |_, deliver| {
                deliver.note(Note::Interrupted { cause, retry_in });
            });
        }
    }

    /// Hands what was read to the machine, with the time read once for all of it: after the last
    /// message came, so that nothing seems to have come before it was sent.
    fn take_batch(&mut self, read: Read, room: &mut usize, deliver: &mut impl Deliver<P>) {
        if matches!(read, Read::Drained) {
            self.machine.set_drained();
        }
        if self.batch.is_empty() && !matches!(read, Read::Ended(_)) {
            return;
        }
        let now = self.environment.now();
        if matches!(read, Read::Full) {
            self.machine.set_backlog(now);
        }
        let mut batch = std::mem::take(&mut self.batch);
        *room = room.saturating_sub(batch.len());
        self.observed(now, deliver, |machine, deliver| {
            for frame in batch.drain(..) {
                if !machine.wants_socket() {
                    // Nothing follows a close.
                    break;
                }
                machine.handle_frame(now, &frame, deliver);
            }
            if let Read::Ended(cause) = read
                && machine.wants_socket()
            {
                machine.handle_closed(now, cause, deliver);
            }
        });
        self.batch = batch;
    }

    fn poll_effects(&mut self, cx: &mut Context<'_>, deliver: &mut impl Deliver<P>) -> bool {
        while let Some((tag, effect)) = self.machine.take_effect() {
            let running = self.environment.run(effect);
            self.effects
                .push(Box::pin(async move { (tag, running.await) }));
        }
        let mut progress = false;
        while let Poll::Ready(Some((tag, reply))) = Pin::new(&mut self.effects).poll_next(cx) {
            progress = true;
            let now = self.environment.now();
            self.observed(now, deliver, |machine, deliver| {
                machine.handle_reply(now, tag, reply, deliver);
            });
        }
        progress
    }

    /// Whether the machine's deadline has passed. The timer is only set again when it would fire
    /// too late: firing early costs less than setting it for every batch.
    /// Whether the timer is so late that the whole process must have stood still: what came meanwhile may be
    /// in the socket although the runtime has not looked there. Once for each such pause.
    fn has_overslept(&mut self, now: Instant) -> bool {
        let due = self.timer.as_ref().map(|(at, _)| *at);
        let late = due.is_some_and(|at| now.saturating_duration_since(at) > OVERSLEPT);
        let known = std::mem::replace(&mut self.overslept, late);
        late && !known
    }

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

/// Says good-bye, and where connections are counted, waits until the other side has ended too.
fn poll_closed<T: Transport>(transport: &mut T, counted: bool, cx: &mut Context<'_>) -> Poll<()> {
    let said = std::task::ready!(Pin::new(&mut *transport).poll_close(cx));
    while counted && said.is_ok() {
        match std::task::ready!(Pin::new(&mut *transport).poll_next(cx)) {
            Some(Ok(_)) => {}
            Some(Err(_)) | None => break,
        }
    }
    Poll::Ready(())
}

fn poll_write<P: Protocol, T: Transport>(
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

/// Reads what has come, as far as there is room.
///
/// Outside of tokio's budget for tasks, which says "pending" when a task has done enough, although more
/// has come: what is taken for drained must be. The room is the bound.
fn poll_read<T: Transport>(
    transport: &mut T,
    batch: &mut Vec<Frame>,
    cx: &mut Context<'_>,
    room: usize,
) -> Read {
    let read = poll_fn(|cx| Poll::Ready(read(transport, batch, cx, room)));
    match pin!(unconstrained(read)).poll(cx) {
        Poll::Ready(read) => read,
        Poll::Pending => Read::Full,
    }
}

fn read<T: Transport>(
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
                    reason: Text::default(),
                });
            }
        }
    }
    Read::Full
}
