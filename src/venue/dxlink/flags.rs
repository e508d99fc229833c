use std::fmt;

use serde::{Deserialize, Serialize};

/// What an indexed event means for the state that it belongs to.
///
/// Source: dxFeed API, `IndexedEvent`, "Event flags, transactions and snapshots".
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventFlags(u32);

impl EventFlags {
    /// More events of the same transaction follow: nothing of it may be shown yet.
    pub const TX_PENDING: Self = Self(0x01);
    /// The index is removed.
    pub const REMOVE_EVENT: Self = Self(0x02);
    /// The first event of a snapshot.
    pub const SNAPSHOT_BEGIN: Self = Self(0x04);
    /// The last event of a snapshot, which is complete.
    pub const SNAPSHOT_END: Self = Self(0x08);
    /// The last event of a snapshot that was cut: older events exist and are not sent.
    pub const SNAPSHOT_SNIP: Self = Self(0x10);
    /// Of meaning to publishers alone.
    pub const SNAPSHOT_MODE: Self = Self(0x40);

    /// The flags of these bits.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits as the venue sends them.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether none is set.
    pub const fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Whether all of `flags` are set.
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether the snapshot ends here, complete or cut.
    pub const fn ends_snapshot(self) -> bool {
        self.0 & (Self::SNAPSHOT_END.0 | Self::SNAPSHOT_SNIP.0) != 0
    }
}

impl std::ops::BitOr for EventFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for EventFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminator_without_a_row_ends_and_removes() {
        let flags = EventFlags::from_bits(10);
        assert_eq!(flags, EventFlags::SNAPSHOT_END | EventFlags::REMOVE_EVENT);
        assert!(flags.ends_snapshot() && !flags.contains(EventFlags::SNAPSHOT_BEGIN));
        assert!(EventFlags::SNAPSHOT_SNIP.ends_snapshot());
    }
}
