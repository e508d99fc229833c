use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Scope, Text};
use crate::Timestamp;

/// Names a [`Gap`], so that a later status can say what became of it. Unique within a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GapId(u64);

impl GapId {
    /// The identifier with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Something is, or may be, missing at this place of the stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Gap {
    /// Names this gap.
    pub id: GapId,
    /// Why it came about.
    pub cause: Cause,
    /// Whose events are missing.
    pub scope: Scope,
    /// How many events are missing, where that is known exactly. Zero: the venue's numbers go on without a
    /// hole, so nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
    /// Whether something is being done about it.
    #[serde(default, skip_serializing_if = "Repair::is_none")]
    pub repair: Repair,
    /// When the last thing before the gap was read, by this machine's clock. The cause's own times
    /// are the venue's wherever its events carry one: a delayed feed's are far earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_from: Option<Timestamp>,
    /// When the gap was over, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_to: Option<Timestamp>,
}

/// Why events are missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Cause {
    /// The connection was down.
    Outage {
        /// The time of the last event before it, by the venue's clock where events carry their time.
        from: Timestamp,
        /// The time of the first event after it; where it is told before that one comes, the time by
        /// then, as far as the difference between the venue's clock and ours is known.
        to: Timestamp,
    },
    /// The consumer was slower than the feed and its queue was full.
    Overflow {
        /// Time of the earliest event dropped, or where it had none when it was read; `None` if that is not
        /// known either.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Timestamp>,
        /// Time of the latest event dropped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Timestamp>,
    },
    /// The venue's own numbering jumped.
    Sequence {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        received: u64,
        /// Time of the event before the jump.
        from: Timestamp,
        /// Time of the event after it.
        to: Timestamp,
    },
    /// Messages that could not be read.
    Malformed {
        /// How many.
        messages: u64,
        /// The last time that was complete before the first of them: it may have waited in the socket
        /// for long before it was read.
        from: Timestamp,
        /// When the last of them came.
        to: Timestamp,
    },
    /// The venue dropped events or reset the topic.
    Venue {
        /// What it said, or what was done on its demand.
        text: Text,
        /// The last time that is known to be complete.
        from: Timestamp,
        /// When the feed goes on.
        to: Timestamp,
    },
}

/// Whether a gap is being repaired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Repair {
    /// Nothing is being done: what is missing stays missing.
    #[default]
    None,
    /// A repair is under way; `Repaired` or `RepairFailed` with the gap's id will follow.
    Follows,
}

impl Repair {
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

impl Gap {
    /// A gap of unknown count that nobody repairs. Where the cause's times are the wrong way round they
    /// change places.
    pub fn new(id: GapId, cause: Cause, scope: Scope) -> Self {
        Self {
            id,
            cause: cause.in_order(),
            scope,
            missed: None,
            repair: Repair::None,
            seen_from: None,
            seen_to: None,
        }
    }

    /// With the time that it took by this machine's clock.
    #[must_use]
    pub fn seen(mut self, from: Timestamp, to: Timestamp) -> Self {
        (self.seen_from, self.seen_to) = (Some(from.min(to)), Some(to.max(from)));
        self
    }

    /// With the exact number of missing events.
    #[must_use]
    pub fn missed(mut self, missed: impl Into<Option<u64>>) -> Self {
        self.missed = missed.into();
        self
    }

    /// With the promise of a repair.
    #[must_use]
    pub fn repair(mut self, repair: Repair) -> Self {
        self.repair = repair;
        self
    }

    /// The span of time in which events are missing, as far as it is known.
    pub fn range(&self) -> Option<(Timestamp, Timestamp)> {
        self.cause.range()
    }

    /// Makes of two gaps with no data between them one that covers both.
    ///
    /// Ranges and scopes are united, counts are added and an unknown one wins. If the causes differ, the
    /// one that says least about what is missing stays, in the order outage, venue, sequence, malformed,
    /// overflow.
    ///
    /// What is merged must not be said to be repaired unless all of it is. So a repair is promised only
    /// if one was promised for both, and the id is that of the gap that nobody repairs, if there is one;
    /// otherwise the later one's, of which `Repaired` is to be told once both are.
    #[must_use]
    pub fn merge(mut self, mut later: Self) -> Self {
        let scope = self.scope.union(&later.scope);
        if self.repair == Repair::None && later.repair != Repair::None {
            (later.id, later.repair) = (self.id, Repair::None);
        }
        self.absorb(later);
        self.scope = scope;
        self
    }

    /// Adds to all but the scope what a later gap says, and takes over its name.
    pub(crate) fn absorb(&mut self, later: Self) {
        self.id = later.id;
        self.cause.absorb(later.cause);
        self.missed = self
            .missed
            .zip(later.missed)
            .map(|(a, b)| a.saturating_add(b));
        self.repair = later.repair;
        self.seen_from = self.seen_from.into_iter().chain(later.seen_from).min();
        self.seen_to = self.seen_to.max(later.seen_to);
    }
}

impl Cause {
    /// The span of time that the cause covers.
    fn range(&self) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::Outage { from, to }
            | Self::Sequence { from, to, .. }
            | Self::Malformed { from, to, .. }
            | Self::Venue { from, to, .. } => Some((*from, *to)),
            Self::Overflow { from, to } => (*from).zip(*to),
        }
    }

    fn set_range(&mut self, span: (Timestamp, Timestamp)) {
        match self {
            Self::Outage { from, to }
            | Self::Sequence { from, to, .. }
            | Self::Malformed { from, to, .. }
            | Self::Venue { from, to, .. } => (*from, *to) = span,
            Self::Overflow { from, to } => (*from, *to) = (Some(span.0), Some(span.1)),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Outage { .. } => 4,
            Self::Venue { .. } => 3,
            Self::Sequence { .. } => 2,
            Self::Malformed { .. } => 1,
            Self::Overflow { .. } => 0,
        }
    }

    fn in_order(mut self) -> Self {
        if let Some((from, to)) = self.range()
            && to < from
        {
            self.set_range((to, from));
        }
        self
    }

    fn absorb(&mut self, mut other: Self) {
        let span = match (self.range(), other.range()) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        if other.rank() > self.rank() {
            std::mem::swap(self, &mut other);
        }
        match (&mut *self, other) {
            (Self::Malformed { messages, .. }, Self::Malformed { messages: more, .. }) => {
                *messages = messages.saturating_add(more);
            }
            (Self::Sequence { received, .. }, Self::Sequence { received: next, .. }) => {
                *received = next;
            }
            _ => {}
        }
        if let Some(span) = span {
            self.set_range(span);
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.missed {
            Some(count) => write!(f, "{count} missing")?,
            None => f.write_str("something may be missing")?,
        }
        write!(f, " of {}: {}", self.scope, self.cause)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outage { from, to } => {
                write!(
                    f,
                    "outage from {from} to {to} ({:.3?})",
                    to.duration_since(*from)
                )
            }
            Self::Overflow { .. } => f.write_str("the consumer was too slow"),
            Self::Sequence {
                expected, received, ..
            } => {
                write!(f, "number {received} came where {expected} should have")
            }
            Self::Malformed { messages: 1, .. } => f.write_str("a malformed message"),
            Self::Malformed { messages, .. } => write!(f, "{messages} malformed messages"),
            Self::Venue { text, .. } => write!(f, "venue: {text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs).unwrap()
    }

    fn outage(id: u64, from: i64, to: i64) -> Gap {
        Gap::new(
            GapId::new(id),
            Cause::Outage {
                from: at(from),
                to: at(to),
            },
            Scope::All,
        )
    }

    #[test]
    fn merged_gaps_cover_both() {
        let a = Gap {
            scope: Scope::of(["A".into()]),
            ..outage(1, 10, 20)
        }
        .missed(3);
        let b = Gap {
            scope: Scope::of(["B".into()]),
            ..outage(2, 30, 40)
        }
        .missed(4);
        let merged = a.merge(b);
        assert_eq!(merged.id, GapId::new(2));
        assert_eq!(merged.range(), Some((at(10), at(40))));
        assert_eq!(merged.scope, Scope::of(["B".into(), "A".into()]));
        assert_eq!(merged.missed, Some(7));
    }

    #[test]
    fn an_unknown_count_wins() {
        assert_eq!(
            outage(1, 0, 1).missed(3).merge(outage(2, 2, 3)).missed,
            None
        );
        assert_eq!(
            outage(1, 0, 1).merge(outage(2, 2, 3).missed(3)).missed,
            None
        );
    }

    #[test]
    fn an_outage_absorbs_an_overflow_and_its_range() {
        let cause = Cause::Overflow {
            from: Some(at(5)),
            to: Some(at(6)),
        };
        let merged = Gap::new(GapId::new(1), cause, Scope::All)
            .missed(9)
            .merge(outage(2, 10, 20));
        assert_eq!(
            merged.cause,
            Cause::Outage {
                from: at(5),
                to: at(20)
            }
        );
        assert_eq!(merged.missed, None);
    }
}
