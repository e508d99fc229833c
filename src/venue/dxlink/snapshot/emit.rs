//! What goes into the algorithm, and what comes out.

use super::super::EventFlags;

/// Where a row of an indexed type belongs in its snapshot and transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The venue's flags.
    pub flags: EventFlags,
    /// What the row is known by, within its type, symbol and source.
    pub index: i64,
}

/// What a row does with its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<R> {
    /// Puts an event there, in the place of any other.
    Set(R),
    /// Takes the event away.
    Remove,
    /// Nothing: the row's event cannot be read, but its flags count. A snapshot that has such a row is
    /// not shown, since it would not be whole.
    Nothing,
}

/// What came of a row.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Emit<R> {
    /// A whole snapshot follows, in place of everything that was known.
    SnapshotBegin {
        /// How many events it has.
        events: usize,
    },
    /// An event of the snapshot, in the order of the indices, the oldest of a time series first.
    Snapshot {
        /// What it is known by.
        index: i64,
        /// The event.
        event: R,
        /// How many events of the snapshot follow: the newest has none.
        left: usize,
    },
    /// The snapshot was whole.
    SnapshotEnd {
        /// The venue cut it: older events exist and are not sent.
        snipped: bool,
    },
    /// An event is new or changed.
    Update {
        /// What it is known by.
        index: i64,
        /// The event.
        event: R,
        /// How many changes follow that must be shown together with this one.
        left: usize,
    },
    /// An event is gone.
    Remove {
        /// What it was known by.
        index: i64,
        /// How many changes follow that must be shown together with this one.
        left: usize,
    },
    /// Rows that are not shown: of a snapshot or transaction larger than the limits, or of a snapshot with
    /// a row that could not be read. What was known before no longer holds.
    Lost {
        /// How many rows.
        rows: usize,
        /// Whether they were a snapshot's.
        snapshot: bool,
    },
}

/// How many rows may wait for the end of their snapshot or transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotLimits {
    /// Of one key. 262,144 unless set: a year of minutes of a market that never closes is twice
    /// that, one of regular hours a third.
    pub one: usize,
    /// Of all keys together. 1,048,576 unless set.
    pub all: usize,
}

impl Default for SnapshotLimits {
    fn default() -> Self {
        Self {
            one: 1 << 18,
            all: 1 << 20,
        }
    }
}
