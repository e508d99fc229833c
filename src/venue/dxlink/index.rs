//! The index of time series: seconds, milliseconds and sequence in one number.
//!
//! Source: dxFeed API, `TimeSeriesEvent`, "Time and index". Never through a double: the numbers
//! are beyond 2^53.

/// The largest sequence, 22 bits.
const SEQUENCE: i64 = (1 << 22) - 1;

/// The index of an event at `millis` since the epoch; `None` where the number does not fit.
pub(super) fn of_time(millis: i64, sequence: i64) -> Option<i64> {
    if !(0..=SEQUENCE).contains(&sequence) {
        return None;
    }
    let seconds = i64::from(i32::try_from(millis.div_euclid(1000)).ok()?);
    Some(seconds << 32 | millis.rem_euclid(1000) << 22 | sequence)
}

/// Milliseconds since the epoch of an index.
pub(super) const fn millis(index: i64) -> i64 {
    (index >> 32) * 1000 + ((index >> 22) & 0x3ff)
}

/// The sequence of an index.
#[cfg(test)]
pub(super) const fn sequence(index: i64) -> i64 {
    index & SEQUENCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_numbers() {
        for (time, index) in [
            (1_684_559_855_338, 7_235_129_486_797_176_832),
            (1_727_888_400_000, 7_421_224_169_137_766_400),
        ] {
            assert_eq!(of_time(time, 0), Some(index));
            assert_eq!((millis(index), sequence(index)), (time, 0));
        }
    }

    #[test]
    fn there_and_back() {
        for time in [0, 1, 999, 1_000, -1, -1_500, 2_147_483_647_999] {
            for number in [0, 1, SEQUENCE] {
                let index = of_time(time, number).unwrap();
                assert_eq!((millis(index), sequence(index)), (time, number));
            }
        }
        assert_eq!(of_time(0, SEQUENCE + 1), None);
        assert_eq!(of_time(0, -1), None);
        assert_eq!(of_time(i64::MAX, 0), None);
    }
}
