pub(super) mod attempt;
pub(super) mod circuit;
pub(super) mod driven;
pub(super) mod endpoint;
pub(super) mod environment;
pub(super) mod limiter;
pub(super) mod network;
pub(super) mod tracker;
pub(super) mod watchman;

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

use super::machine::{Backoff, MachineConfig, State};
use super::{Deliver, Environment, Note, Protocol, QuietConfig, Topic, TopicId};
use crate::feed::connection::driven::{BATCH, Driven};
use crate::feed::connection::tracker::Tracker;
use crate::queue::GapIds;
use crate::queue::Marker;
use crate::{Error, Event, Now, Staleness};

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
        let config = MachineConfig {
            backoff: Backoff::default(),
            linger: Duration::from_secs(2),
            seed,
            gap_ids: GapIds::default(),
            quiet: QuietConfig::default(),
        };
        let span = tracing::info_span!("connection", venue = protocol.spec().venue);
        let now = environment.now();
        Self {
            driver: Driven::new(protocol, environment, config, span),
            collected: Collect {
                tracker: Tracker::new(true, true),
                ready: VecDeque::new(),
                now,
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
            tracker.add(id, topic.symbol().cloned());
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
                    // Once the runtime has looked at its sockets and timers.
                    let _ = pin!(tokio::task::yield_now()).poll(cx);
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
            refused,
            ended,
        } = self;
        let mut mark = |marker: Marker| ready.push_back(Collected::Marker(marker));
        match note {
            Note::State(State::Connecting) => tracker.connecting(),
            Note::State(_) | Note::Released(_) | Note::Renewed(_) | Note::Losing(_) => {}
            Note::Began(id) => tracker.began(id, &mut mark),
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
            Note::Snapshot(topic, edge) => tracker.snapshot(topic, edge, &mut mark),
            Note::Stale(topics, why) => tracker.stale(&topics, &why, &mut mark),
            Note::Fresh(topics) => tracker.fresh(&topics, &mut mark),
            Note::Postponed(topic, rejection) => {
                let (code, text) = (rejection.code, rejection.text);
                tracker.stale(&[topic], &Staleness::Refused { code, text }, &mut mark);
            }
            Note::Ended(error) => *ended = Some(Some(error)),
        }
    }
}
