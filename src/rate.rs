use std::time::{Duration, Instant};

/// How often something may happen: so many a period, of which so many at once.
///
/// One value serves the pacing of outgoing frames, the limit of connects and the
/// `rate_limit` operator.
///
/// ```
/// use feedline::Rate;
/// use std::time::Duration;
///
/// let calm = Rate::per_second(5);
/// assert_eq!(calm.burst(), 5);
/// let strict = Rate::new(1, Duration::from_secs(2)).with_burst(1);
/// assert_eq!(strict.interval(), Duration::from_secs(2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    interval: Duration,
    burst: u32,
}

impl Rate {
    /// `count` in every `period`, all of them at once if nothing happened before.
    ///
    /// # Panics
    ///
    /// If `count` is zero or `period` is too short to be divided by it.
    pub const fn new(count: u32, period: Duration) -> Self {
        assert!(count > 0, "a rate must allow something");
        let nanos = period.as_nanos() / count as u128;
        // Centuries are as good as for ever.
        let interval = Duration::from_nanos(if nanos > u64::MAX as u128 {
            u64::MAX
        } else {
            nanos as u64
        });
        assert!(
            !interval.is_zero(),
            "a rate's period must be at least a nanosecond an item"
        );
        Self {
            interval,
            burst: count,
        }
    }

    /// `count` a second.
    ///
    /// # Panics
    ///
    /// If `count` is zero.
    pub const fn per_second(count: u32) -> Self {
        Self::new(count, Duration::from_secs(1))
    }

    /// With at most `burst` at once.
    ///
    /// # Panics
    ///
    /// If `burst` is zero.
    #[must_use]
    pub const fn with_burst(self, burst: u32) -> Self {
        assert!(burst > 0, "a burst holds at least one");
        Self {
            interval: self.interval,
            burst,
        }
    }

    /// The time between two when they come evenly.
    pub const fn interval(self) -> Duration {
        self.interval
    }

    /// How many may come at once.
    pub const fn burst(self) -> u32 {
        self.burst
    }
}

/// Keeps to a [`Rate`]: a leaky bucket that remembers one moment (the generic cell rate algorithm).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    /// When the bucket will be empty again; what is due later than a burst ahead must wait.
    empty_at: Option<Instant>,
}

impl Bucket {
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            rate,
            empty_at: None,
        }
    }

    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// When the next may happen: `now`, or a later moment.
    pub(crate) fn ready_at(&self, now: Instant) -> Instant {
        let ahead = self.rate.interval.saturating_mul(self.rate.burst - 1);
        // Before the first moment that can be told, or not at all, is not after now.
        match self.empty_at.and_then(|empty| empty.checked_sub(ahead)) {
            Some(ready) => ready.max(now),
            None => now,
        }
    }

    /// Counts one at `at`, whether or not it was ready.
    pub(crate) fn take(&mut self, at: Instant) {
        let start = self.empty_at.map_or(at, |empty| empty.max(at));
        self.empty_at = Some(start + self.rate.interval);
    }

    /// When the next may happen if `ahead` others happen before it, as soon as they may.
    pub(crate) fn ready_after(&self, ahead: usize, now: Instant) -> Instant {
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
        let start = self.empty_at.map_or(now, |empty| empty.max(now));
        let empty = start.checked_add(self.rate.interval.saturating_mul(ahead));
        let later = Self {
            // What lies beyond all time is about as far away as anything that can be told.
            empty_at: Some(empty.unwrap_or(start)),
            ..*self
        };
        later.ready_at(now)
    }

    /// Forgets what no use of it at or before `now` can have left: another clock's future.
    pub(crate) fn settle(&mut self, now: Instant) {
        let latest = now.checked_add(self.rate.interval.saturating_mul(self.rate.burst));
        if let (Some(empty), Some(latest)) = (self.empty_at, latest) {
            self.empty_at = Some(empty.min(latest));
        }
    }

    /// Counts one at the first moment it may happen, and tells it.
    #[cfg(test)]
    pub(crate) fn reserve(&mut self, now: Instant) -> Instant {
        let at = self.ready_at(now);
        self.take(at);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_evenly() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Rate::per_second(2).with_burst(3));
        let at: Vec<_> = (0..6).map(|_| bucket.reserve(start) - start).collect();
        let ms = Duration::from_millis;
        assert_eq!(at, [ms(0), ms(0), ms(0), ms(500), ms(1000), ms(1500)]);
    }

    #[test]
    fn the_time_behind_others_is_the_time_when_they_have_been() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Rate::per_second(2).with_burst(3));
        for used in 0..5 {
            let mut turns = bucket;
            for ahead in 0..7 {
                let at = turns.reserve(start);
                assert_eq!(bucket.ready_after(ahead, start), at, "{used} {ahead}");
            }
            bucket.reserve(start);
        }
        assert!(bucket.ready_after(usize::MAX, start) >= start);
    }

    #[test]
    fn idle_time_refills_no_more_than_a_burst() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Rate::per_second(1).with_burst(2));
        bucket.take(start);
        let later = start + Duration::from_secs(3600);
        let at: Vec<_> = (0..3).map(|_| bucket.reserve(later) - later).collect();
        assert_eq!(at, [0, 0, 1].map(Duration::from_secs));
    }

    proptest! {
        #[test]
        fn no_window_holds_more_than_the_rate_and_a_burst(
            gaps in prop::collection::vec(0_u64..3_000, 1..80),
            count in 1_u32..20,
            burst in 1_u32..10,
        ) {
            let rate = Rate::per_second(count).with_burst(burst);
            let mut bucket = Bucket::new(rate);
            let mut now = Instant::now();
            let mut taken = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap / u64::from(count));
                taken.push(bucket.reserve(now));
            }
            for (first, from) in taken.iter().enumerate() {
                let within = taken[first..].iter().filter(|at| **at - *from < Duration::from_secs(1));
                prop_assert!(within.count() <= (count + burst) as usize);
            }
        }
    }
}
