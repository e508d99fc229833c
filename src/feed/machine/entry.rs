//! One topic as a connection knows it, and one request on its way.

use std::time::Instant;

use crate::feed::{Op, RequestId, TopicId};
use crate::{GapId, Timestamp};

/// Where a topic stands at the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Not in the venue's set.
    Absent,
    /// Asked for, not yet answered.
    Asked(RequestId),
    /// Answered; the promised first event is due.
    AwaitingData(Instant),
    /// In the venue's set.
    Active,
    /// Being taken out of it.
    Releasing(RequestId),
}

/// From when on events of a topic may be missing, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Down {
    pub(super) from: Timestamp,
    pub(super) renewed: bool,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) wanted: bool,
    pub(super) side: Side,
    /// Something must happen when the next event comes: see [`Entry::attend`].
    pub(super) attention: bool,
    pub(super) seen_data: bool,
    pub(super) down: Option<Down>,
    /// To be subscribed afresh though it is wanted and active.
    pub(super) renew: bool,
    /// The gaps that the next beginning repairs.
    pub(super) repairs: Vec<GapId>,
    /// Smaller after a refusal that named nobody: halved until the culprit stands alone.
    pub(super) max_batch: usize,
    pub(super) not_before: Option<Instant>,
    pub(super) retries: u32,
    pub(super) channel: usize,
    /// It stands in the registry's list of what differs.
    pub(super) queued: bool,
    /// The number names no topic; an entry left in `todo` means nothing.
    pub(super) free: bool,
    /// Something came of it that could not be used: the venue does bring it.
    pub(super) stirred: bool,
}

impl Entry {
    /// Whether the next event must take the slow way: a gap to announce, a first event awaited.
    pub(super) fn attend(&mut self) {
        self.attention =
            self.down.is_some() || !self.seen_data || matches!(self.side, Side::AwaitingData(_));
    }
}

/// A request on its way.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) id: RequestId,
    pub(super) op: Op,
    pub(super) topics: Vec<TopicId>,
    pub(super) deadline: Instant,
}
