use std::time::Duration;

use super::{Protocol, SnapshotEdge, State, TopicId};
use crate::{Error, GapId, Interruption, Rejection, Timestamp};

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
    /// A message could not be read.
    Malformed {
        /// Whose it was, if that could be read; otherwise it concerns every topic.
        topic: Option<TopicId>,
        /// How many events it held, if that is known.
        events: Option<u64>,
        /// The last time that was complete before it; it may have waited for long to be read.
        from: Timestamp,
        /// What is wrong with it.
        reason: String,
        /// Its first bytes, for the log.
        excerpt: String,
    },
    /// The venue took a topic away; it is asked for again.
    Withdrawn(TopicId),
    /// A topic was accepted, and then the first event that the venue promises did not come.
    NoFirstData(TopicId),
    /// The connection ends for good.
    Ended(Error),
}

/// A gap in some topics, as the machine knows it.
#[derive(Debug)]
pub struct Missing {
    /// Names the gap.
    pub id: GapId,
    /// Which topics.
    pub topics: Vec<TopicId>,
    /// Why.
    pub why: Why,
    /// The last time known to be complete.
    pub from: Timestamp,
    /// When data goes on.
    pub to: Timestamp,
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
    Renewed,
    /// The venue's numbering jumped.
    Sequence {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        received: u64,
        /// Whether the topic is being subscribed afresh to repair it.
        resync: bool,
    },
}
