use std::time::Duration;

/// How long to wait before the next connect: exponential, capped, with full jitter.
///
/// The n-th wait is a random part of `first * 2^n`, at most of `cap`. The jitter applies to the cap
/// as well, so that clients that lost the same venue do not come back in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The longest first wait.
    pub first: Duration,
    /// The longest wait of all.
    pub cap: Duration,
    /// How long a connection must have been live, with topics settled and life proven, before the
    /// next failure starts again from `first`. Connecting alone resets nothing.
    pub stable_after: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            stable_after: Duration::from_secs(30),
        }
    }
}

/// A [`Backoff`] at work.
#[derive(Debug)]
pub(super) struct Attempts {
    policy: Backoff,
    failures: u32,
    random: fastrand::Rng,
}

impl Attempts {
    pub(super) fn new(policy: Backoff, seed: u64) -> Self {
        Self {
            policy,
            failures: 0,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// The wait after one more failure.
    pub(super) fn next(&mut self) -> Duration {
        let bound = self
            .policy
            .first
            .saturating_mul(1_u32.checked_shl(self.failures.min(30)).unwrap_or(u32::MAX))
            .min(self.policy.cap);
        self.failures = self.failures.saturating_add(1);
        bound.mul_f64(self.random.f64())
    }

    /// Starts again if the connection that failed now had been good for long enough.
    pub(super) fn reset_after(&mut self, good_for: Duration) {
        if good_for >= self.policy.stable_after {
            self.failures = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_waits_longer_than_the_bound(seed: u64, failures in 0_u32..200) {
            let policy = Backoff::default();
            let mut attempts = Attempts::new(policy, seed);
            for n in 0..failures {
                let bound = policy.cap.as_secs_f64().min(0.5 * 2_f64.powi(n.min(60) as i32));
                prop_assert!(attempts.next().as_secs_f64() <= bound);
            }
        }
    }

    #[test]
    fn jitter_survives_the_cap() {
        let mut attempts = Attempts::new(Backoff::default(), 7);
        let waits: Vec<_> = (0..60).map(|_| attempts.next()).skip(20).collect();
        let mean = waits.iter().sum::<Duration>() / 40;
        assert!(
            mean > Duration::from_secs(10) && mean < Duration::from_secs(20),
            "{mean:?}"
        );
        assert!(waits.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn resets_only_after_a_stable_time() {
        let mut attempts = Attempts::new(Backoff::default(), 7);
        for _ in 0..10 {
            attempts.next();
        }
        attempts.reset_after(Duration::from_secs(29));
        assert_eq!(attempts.failures, 10);
        attempts.reset_after(Duration::from_secs(30));
        assert_eq!(attempts.failures, 0);
        assert!(attempts.next() <= Duration::from_millis(500));
    }
}
