use std::time::Duration;

use crate::feed::{Protocol, SnapshotEdge, State, TopicId};
use crate::{Error, GapId, Interruption, Rejection, Staleness, Timestamp};

/// Where a machine's events go: a hub's router, or a connection used on its own.
pub trait Deliver<P: Protocol> {
    /// An event of a topic; called once a message on the hot path.
    fn event(&mut self, topic: TopicId, event: P::Event);

    /// Everything else, in its place between events.
    fn note(&mut self, note: Note);
}

/// What happened to a connection and its topics.
#[derive(Debug)]
#[non_exhaustive]
pub enum Note {
    /// The connection entered a state.
    State(State),
    /// It is no longer live. Every topic is pending from here on.
    Interrupted {
        /// Why.
        cause: Interruption,
        /// How long until the next attempt.
        retry_in: Duration,
    },
    /// From here on events of these topics may be missing, in the order of their numbers. A gap says so
    /// once it is over.
    Losing(Vec<Losing>),
    /// These topics are accepted, for the first time or again.
    Accepted(Vec<TopicId>),
    /// The venue refused a topic; it is not asked for again unless it is wanted anew.
    Rejected(TopicId, Rejection),
    /// A topic is no longer in the venue's set and its number may be reused.
    Released(TopicId),
    /// A topic is being asked for: what comes from here on is of a new subscription.
    Renewed(TopicId),
    /// Events of these topics may be missing here.
    Missing(Missing),
    /// The first event of a subscription comes next.
    Began(TopicId),
    /// A gap is repaired, or cannot be.
    Repaired {
        /// The topic that had it.
        topic: TopicId,
        /// The gap.
        gap: GapId,
        /// Whether the repair went well.
        well: bool,
    },
    /// A snapshot of a topic begins here, or is complete.
    Snapshot(TopicId, SnapshotEdge),
    /// These topics are stale until they bring data again.
    Stale(Vec<TopicId>, Staleness),
    /// These topics are no longer stale, though not all of them have brought data: the connection has.
    Fresh(Vec<TopicId>),
    /// The venue refused a topic for the time being; it is asked for again later.
    Postponed(TopicId, Rejection),
    /// The connection ends for good.
    Ended(Error),
}

/// A gap that has begun in one topic and is not over.
#[derive(Clone, Copy, Debug)]
pub struct Losing {
    /// Which topic.
    pub topic: TopicId,
    /// Time of the last event before it, by the venue's clock where events carry their time.
    pub from: Timestamp,
    /// When it began, by this machine's clock.
    pub seen_from: Timestamp,
    /// The time by now, by the clock of `from`.
    pub venue_now: Timestamp,
}

/// A gap in some topics, as the machine knows it.
#[derive(Debug)]
pub struct Missing {
    /// Names the gap.
    pub id: GapId,
    /// Which topics; none where it may be any of the connection's.
    pub topics: Vec<TopicId>,
    /// Why.
    pub why: Why,
    /// Time of the last event before it, by the venue's clock where events carry their time.
    pub from: Timestamp,
    /// Time of the first event after it, or the time by now, by the same clock.
    pub to: Timestamp,
    /// When it began, by this machine's clock.
    pub seen_from: Timestamp,
    /// When it ended, by this machine's clock.
    pub seen_to: Timestamp,
    /// How many events are missing, where that is known exactly.
    pub missed: Option<u64>,
}

/// Why events of a topic are missing.
#[derive(Debug)]
#[non_exhaustive]
pub enum Why {
    /// The connection was down.
    Outage {
        /// Whether the venue brings what was missed.
        repair: bool,
    },
    /// The topic was subscribed afresh.
    Renewed {
        /// Whether the venue brings what was missed.
        repair: bool,
    },
    /// Another connection has taken over, and nothing proves where one left off and the other began.
    Moved,
    /// The venue's numbering jumped.
    Sequence {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        received: u64,
        /// Whether the topic is being subscribed to again to repair it.
        resync: bool,
    },
    /// A message, or part of one, could not be read.
    Malformed {
        /// What is wrong with it.
        reason: String,
        /// Its first bytes, for the log.
        excerpt: String,
        /// Whether the topic is being subscribed to again to repair it.
        resync: bool,
    },
}
