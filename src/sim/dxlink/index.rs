//! Indices of dxLink's series, and the flags of their snapshots.

use crate::Timestamp;

/// More events of the same transaction follow.
pub(super) const TX_PENDING: i64 = 0x01;
/// The event of this index is gone.
pub(super) const REMOVE: i64 = 0x02;
/// The first event of a snapshot.
pub(super) const BEGIN: i64 = 0x04;
/// The last event of a snapshot.
pub(super) const END: i64 = 0x08;
/// The last event of a snapshot that older ones are left out of.
pub(super) const SNIP: i64 = 0x10;

/// The largest sequence number: 22 bits.
pub(super) const MAX_SEQUENCE: i64 = (1 << 22) - 1;

/// The index of an event of a time series: seconds, milliseconds and sequence in one number.
pub(super) fn of(millis: i64, sequence: i64) -> i64 {
    let seconds = millis.div_euclid(1_000).clamp(0, i64::from(i32::MAX));
    (seconds << 32) | (millis.rem_euclid(1_000) << 22) | (sequence & MAX_SEQUENCE)
}

/// The time of an index, in milliseconds.
pub(super) fn millis(index: i64) -> i64 {
    (index >> 32) * 1_000 + ((index >> 22) & 0x3FF)
}

/// The day, counted from 1970-01-01.
pub(super) fn day(time: Timestamp) -> i64 {
    time.as_secs().div_euclid(86_400)
}

/// The number under which a named order source is found in indices: its letters.
pub(super) fn source_code(name: &str) -> i64 {
    name.bytes()
        .take(4)
        .fold(0, |code, letter| (code << 8) | i64::from(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_hold_time_and_sequence() {
        assert_eq!(of(1_684_559_855_338, 0), 7_235_129_486_797_176_832);
        assert_eq!(of(1_727_888_400_000, 0), 7_421_224_169_137_766_400);
        let index = of(1_727_888_400_123, 7);
        assert_eq!(
            (millis(index), index & MAX_SEQUENCE),
            (1_727_888_400_123, 7)
        );
    }

    #[test]
    fn named_sources_are_their_letters() {
        assert_eq!(source_code("NTV"), 0x4E_54_56);
    }
}
