//! What a simulator did and saw.

use std::collections::VecDeque;
use std::fmt;

use serde_json::Value;

use crate::sim::SessionId;
use crate::sim::core::rules::{Kind, Role};
use crate::{Symbol, Timestamp};

/// A data event that a simulator published, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// When.
    pub at: Timestamp,
    /// The venue's channel, such as `spot.trades`.
    pub channel: &'static str,
    /// The channel with all its parameters, as in [`active_topics`](crate::sim::gate::GateSim::active_topics).
    pub topic: String,
    /// The symbol.
    pub symbol: Symbol,
    /// What identifies it within its topic.
    pub identity: Identity,
    /// The time that it bears itself, where the venue's events bear one. It is another than
    /// [`at`](Self::at) in a delayed feed, or when the venue's clock is wrong.
    pub time: Option<Timestamp>,
    /// Whom it was meant for: empty when nobody was subscribed.
    pub deliveries: Vec<Delivery>,
}

/// What identifies an event within its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Identity {
    /// A trade's id.
    Trade(u64),
    /// The book ids an event covers.
    Book {
        /// The first; for snapshots the same as `last`.
        first: u64,
        /// The last.
        last: u64,
    },
    /// A candle's state.
    Candle {
        /// Its start.
        start: Timestamp,
        /// Whether it was sent as closed.
        closed: bool,
    },
    /// The index of an event of a dxLink series.
    Index(i64),
    /// Nothing in the event itself: this many events came before it in the journal.
    Sequence(u64),
}

/// One session's share in a published event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// The session.
    pub session: SessionId,
    /// What became of it.
    pub fate: Fate,
}

/// What became of an event for one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fate {
    /// Queued as it is. What is still queued when the session ends is lost with it, as in a socket.
    Sent,
    /// Queued more than once.
    Duplicated,
    /// Queued with something else in it than it should hold, which can be read.
    Altered,
    /// To be sent later than published, if the session lives that long.
    Delayed,
    /// To be sent after the session's next event, if there is one.
    Reordered,
    /// Sent so that it cannot be read.
    Spoiled,
    /// Not sent, because of a fault.
    Withheld,
    /// Not sent: the session's queue was full and the session was dropped, or the venue had already
    /// closed it.
    Dropped,
}

/// A data event about to be published.
#[derive(Clone, Copy)]
pub(in crate::sim) struct Draft<'a> {
    pub(in crate::sim) channel: &'static str,
    /// Written out only when the journal is kept.
    pub(in crate::sim) topic: &'a dyn fmt::Display,
    pub(in crate::sim) symbol: &'a Symbol,
    pub(in crate::sim) identity: Option<Identity>,
    pub(in crate::sim) time: Option<Timestamp>,
    /// Whether it is written so that it cannot be read.
    pub(in crate::sim) spoilt: bool,
}

impl Draft<'_> {
    pub(in crate::sim) fn kind(&self, role: Role) -> Kind<'_> {
        Kind::Data {
            channel: self.channel,
            symbol: self.symbol,
            role,
        }
    }
}

/// A breach of the venue's rules by a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Breach {
    /// When.
    pub at: Timestamp,
    /// By which session; REST requests have none.
    pub session: Option<SessionId>,
    /// Which rule.
    pub kind: BreachKind,
    /// What was wrong.
    pub detail: String,
}

/// A rule of a venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreachKind {
    /// A message is not what the venue can read.
    Malformed,
    /// No such channel.
    UnknownChannel,
    /// No such symbol.
    UnknownSymbol,
    /// No such level, interval or speed.
    UnknownParameter,
    /// A stream that may be subscribed once was subscribed again.
    DuplicateStream,
    /// More connections than the venue allows.
    TooManyConnections,
    /// More REST requests than the venue allows.
    TooManyRequests,
    /// A request's time is too far from the venue's.
    Time,
    /// The client did not read what it was sent.
    SlowReader,
    /// The client held a connection without using it.
    Idle,
    /// A step of the handshake came before its turn.
    HandshakeOrder,
    /// The client is not authorized to do this.
    Unauthorized,
    /// A channel number that cannot be used, or a channel that is not open.
    BadChannel,
    /// A message is longer than the venue reads.
    TooLarge,
    /// More changes of subscriptions than the venue allows.
    TooManyChanges,
    /// More subscriptions than the venue allows.
    TooManySubscriptions,
    /// The client said nothing for longer than it announced.
    Silence,
}

/// A request to subscribe or unsubscribe, or another that the venue's simulator keeps.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// When it arrived.
    pub at: Timestamp,
    /// From which session.
    pub session: SessionId,
    /// The venue's channel.
    pub channel: String,
    /// `subscribe` or `unsubscribe`; where the venue has its own words for its messages, that word.
    pub event: String,
    /// Its payload, as sent.
    pub payload: Value,
    /// Whether the venue accepted it.
    pub accepted: bool,
}

/// An attempt to open a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: AttemptOutcome,
}

/// What came of an attempt to open a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptOutcome {
    /// It was upgraded.
    Upgraded,
    /// It was answered with this HTTP status.
    Rejected(u16),
    /// It was dropped before a byte was read.
    Refused,
}

/// The latest entries, up to a limit, and how many were forgotten.
#[derive(Debug)]
pub(in crate::sim) struct Ring<T> {
    entries: VecDeque<T>,
    limit: usize,
    forgotten: u64,
}

impl<T: Clone> Ring<T> {
    pub(in crate::sim) fn new(limit: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            limit,
            forgotten: 0,
        }
    }

    pub(in crate::sim) fn push(&mut self, entry: T) {
        if self.limit == 0 {
            self.forgotten += 1;
            return;
        }
        if self.entries.len() >= self.limit {
            self.entries.pop_front();
            self.forgotten += 1;
        }
        self.entries.push_back(entry);
    }

    pub(in crate::sim) fn to_vec(&self) -> Vec<T> {
        self.entries.iter().cloned().collect()
    }

    pub(in crate::sim) fn total(&self) -> u64 {
        self.forgotten + self.entries.len() as u64
    }

    pub(in crate::sim) fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

/// Everything a simulator remembers about what happened.
#[derive(Debug)]
pub(in crate::sim) struct Log {
    pub(in crate::sim) keep: bool,
    pub(in crate::sim) published: Ring<Published>,
    pub(in crate::sim) breaches: Ring<Breach>,
    pub(in crate::sim) requests: Ring<Request>,
    pub(in crate::sim) attempts: Ring<Attempt>,
}

/// Enough for every test, and too little to fill a machine's memory in months.
const EVENTS: usize = 2_000_000;
const OTHERS: usize = 100_000;

impl Log {
    pub(in crate::sim) fn new(keep: bool) -> Self {
        Self {
            keep,
            published: Ring::new(if keep { EVENTS } else { 0 }),
            breaches: Ring::new(OTHERS),
            requests: Ring::new(OTHERS),
            attempts: Ring::new(OTHERS),
        }
    }
}
