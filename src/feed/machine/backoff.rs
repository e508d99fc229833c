use std::time::{Duration, Instant};

use crate::Rate;
use crate::rate::Bucket;

/// A connection that lived with data for this long was worth being made again soon.
const LIVED: Duration = Duration::from_secs(1);

/// How long to wait before the next connect: exponential, capped, with full jitter.
///
/// The n-th wait is a random part of `first * 2^n`, at most of a cap. The jitter applies to the cap as
/// well, so that clients that lost the same venue do not come back in step. The count of failures decays
/// with the time that a connection lived with data: it halves for every `half_life`. So cuts ten seconds
/// apart cost ten short outages, while a venue that accepts and closes is left alone ever longer.
/// Whatever these say, a connection is attempted at most 20 times in any minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The longest first wait.
    pub first: Duration,
    /// The longest wait after connects that fail or never bring data.
    pub cap: Duration,
    /// The longest wait after a connection that was live with data.
    pub live_cap: Duration,
    /// How long a connection must live with data to halve the count of failures.
    pub half_life: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(250),
            cap: Duration::from_secs(30),
            live_cap: Duration::from_secs(5),
            half_life: Duration::from_secs(5),
        }
    }
}

/// A [`Backoff`] at work.
#[derive(Debug)]
pub(super) struct Attempts {
    policy: Backoff,
    /// How many in a row, less what time lived has forgiven.
    failures: f64,
    /// The last connection had lived.
    lived: bool,
    /// At most 20 in any minute: a burst of 5, then 15 a minute.
    pace: Bucket,
    random: fastrand::Rng,
}

impl Attempts {
    pub(super) fn new(policy: Backoff, seed: u64) -> Self {
        let pace = Rate::new(1, Duration::from_secs(4)).with_burst(5);
        Self {
            policy,
            failures: 0.0,
            lived: false,
            pace: Bucket::new(pace),
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// A connection is over that had brought data for this long.
    pub(super) fn lived(&mut self, with_data: Duration) {
        self.lived |= with_data >= LIVED;
        let half_life = self.policy.half_life.as_secs_f64().max(f64::MIN_POSITIVE);
        self.failures *= 0.5_f64.powf(with_data.as_secs_f64() / half_life);
    }

    /// The wait after one more failure.
    pub(super) fn next(&mut self, now: Instant) -> Duration {
        let cap = if self.lived {
            self.policy.live_cap.min(self.policy.cap)
        } else {
            self.policy.cap
        };
        self.lived = false;
        let bound = self.policy.first.as_secs_f64() * 2_f64.powf(self.failures.min(64.0));
        self.failures += 1.0;
        let wait = bound.min(cap.as_secs_f64()) * self.random.f64();
        // A cap of all time is as good as never.
        let wait = Duration::try_from_secs_f64(wait).unwrap_or(cap);
        wait.max(self.pace.ready_at(now).saturating_duration_since(now))
    }

    /// An attempt begins.
    pub(super) fn begin(&mut self, now: Instant) {
        self.pace.take(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    /// The waits after each of these lives, with the time that attempts take left out.
    fn waits(lives: &[Duration], seed: u64) -> Vec<Duration> {
        let mut attempts = Attempts::new(Backoff::default(), seed);
        let mut now = Instant::now();
        let each = lives.iter().map(|life| {
            attempts.begin(now);
            now += *life;
            attempts.lived(*life);
            let wait = attempts.next(now);
            now += wait;
            wait
        });
        each.collect()
    }

    proptest! {
        #[test]
        fn never_waits_longer_than_the_bound_or_the_pace(seed: u64, failures in 0_usize..100) {
            for (n, wait) in waits(&vec![Duration::ZERO; failures], seed).iter().enumerate() {
                let bound = 30_f64.min(0.25 * 2_f64.powi(n.min(60) as i32));
                prop_assert!(wait.as_secs_f64() <= bound.max(4.0));
            }
        }

        #[test]
        fn no_minute_sees_more_than_twenty_attempts(
            lives in prop::collection::vec(0_u64..5_000, 1..200),
            seed: u64,
        ) {
            let lives: Vec<_> = lives.into_iter().map(Duration::from_millis).collect();
            let mut at = Vec::new();
            let mut now = Duration::ZERO;
            for (life, wait) in lives.iter().zip(waits(&lives, seed)) {
                at.push(now);
                now += *life + wait;
            }
            for window in at.windows(21) {
                prop_assert!(window[20] - window[0] >= Duration::from_millis(59_999));
            }
        }
    }

    #[test]
    fn cuts_ten_seconds_apart_cost_short_waits_for_ever() {
        for seed in 0..50 {
            let waits = waits(&vec![secs(10); 200], seed);
            assert!(
                waits.iter().all(|wait| *wait < Duration::from_millis(320)),
                "seed {seed}"
            );
        }
    }

    #[test]
    fn after_a_live_connection_the_cap_is_short() {
        let mut attempts = Attempts::new(Backoff::default(), 7);
        let mut now = Instant::now();
        for _ in 0..20 {
            now += attempts.next(now);
        }
        attempts.lived(LIVED);
        assert!(attempts.next(now) <= secs(5));
    }

    #[test]
    fn jitter_survives_the_cap() {
        let waits: Vec<_> = waits(&[Duration::ZERO; 60], 7).split_off(20);
        let mean = waits.iter().sum::<Duration>() / 40;
        assert!(mean > secs(10) && mean < secs(20), "{mean:?}");
        assert!(waits.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn an_endless_policy_does_not_panic() {
        let policy = Backoff {
            first: Duration::MAX,
            cap: Duration::MAX,
            live_cap: Duration::MAX,
            half_life: Duration::ZERO,
        };
        let mut attempts = Attempts::new(policy, 7);
        attempts.lived(secs(1));
        attempts.next(Instant::now());
    }
}
