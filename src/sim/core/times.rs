//! The times that a venue puts into its messages.

use std::time::Duration;

use crate::Timestamp;

/// A moment as the venue's clock shows it, and how old the events are that it sends then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) struct Times {
    /// What the venue's clock shows.
    pub(in crate::sim) now: Timestamp,
    /// What is added to the time of an event, in nanoseconds.
    shift: i64,
}

impl Times {
    pub(super) fn new(now: Timestamp, skew: i64, age: Duration) -> Self {
        let age = i64::try_from(age.as_nanos()).unwrap_or(i64::MAX);
        Self {
            now: shifted(now, skew),
            shift: skew.saturating_sub(age),
        }
    }

    /// The time that an event bears which happened then.
    pub(in crate::sim) fn of(self, happened: Timestamp) -> Timestamp {
        shifted(happened, self.shift)
    }

    /// The start that a window of this many seconds bears which began then.
    pub(in crate::sim) fn start(self, began: Timestamp, seconds: i64) -> Timestamp {
        if self.shift == 0 {
            return began;
        }
        let start = self.of(began).as_secs().div_euclid(seconds) * seconds;
        Timestamp::from_secs(start).unwrap_or(began)
    }
}

fn shifted(time: Timestamp, by: i64) -> Timestamp {
    Timestamp::from_nanos(time.as_nanos().saturating_add(by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_old_by_a_clock_that_is_wrong() {
        let at = |secs| Timestamp::from_secs(secs).unwrap();
        let times = Times::new(at(1_000), -90_000_000_000, Duration::from_secs(30));
        assert_eq!(times.now, at(910));
        assert_eq!(times.of(at(1_000)), at(880));
        assert_eq!(times.start(at(960), 60), at(840));
    }
}
