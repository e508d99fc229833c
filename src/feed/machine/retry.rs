//! How often one topic may be asked for again.

use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_secs(1);
/// The longest wait before a new beginning, and after a refusal.
const CAP: Duration = Duration::from_secs(30);
const REFUSED_CAP: Duration = Duration::from_secs(60);
/// Time that makes one failure forgotten, once the topic has been left alone for the wait itself.
const FORGIVEN_AFTER: Duration = Duration::from_secs(30);

/// The backoff of one topic, which neither an acceptance nor a first event ends: a snapshot that never
/// joins its deltas is accepted every time. Only time does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Retry {
    failures: u32,
    /// When the last wait was over.
    since: Option<Instant>,
}

impl Retry {
    /// The wait before a new beginning: none for the first, then as after a failure.
    pub(super) fn again(&mut self, now: Instant) -> Duration {
        self.recover(now);
        let wait = match self.failures {
            0 => Duration::ZERO,
            failures => bound(failures - 1, CAP),
        };
        self.failed(now, wait)
    }

    /// The wait after a refusal, or an answer that did not come.
    pub(super) fn after_failure(&mut self, now: Instant) -> Duration {
        self.recover(now);
        let wait = bound(self.failures, REFUSED_CAP);
        self.failed(now, wait)
    }

    fn failed(&mut self, now: Instant, wait: Duration) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.since = Some(now + wait);
        wait
    }

    fn recover(&mut self, now: Instant) {
        if let Some(since) = self.since {
            let well = now.saturating_duration_since(since).as_secs();
            let forgiven = u32::try_from(well / FORGIVEN_AFTER.as_secs()).unwrap_or(u32::MAX);
            self.failures = self.failures.min(8).saturating_sub(forgiven);
        }
    }
}

fn bound(failures: u32, cap: Duration) -> Duration {
    FIRST.saturating_mul(1 << failures.min(6)).min(cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn a_new_beginning_is_asked_for_at_once_and_then_ever_more_rarely() {
        let mut retry = Retry::default();
        let mut now = Instant::now();
        let waits: Vec<_> = (0..8)
            .map(|_| {
                let wait = retry.again(now);
                now += wait + Duration::from_millis(20);
                wait.as_secs()
            })
            .collect();
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn refusals_wait_from_the_first() {
        let mut retry = Retry::default();
        let now = Instant::now();
        assert_eq!(retry.after_failure(now), secs(1));
        assert_eq!(retry.after_failure(now + secs(1)), secs(2));
    }

    #[test]
    fn time_that_went_well_is_forgiving() {
        let mut retry = Retry::default();
        let mut now = Instant::now();
        for _ in 0..20 {
            now += retry.again(now);
        }
        assert_eq!(retry.again(now + secs(29)), secs(30));
        assert_eq!(retry.again(now + secs(29 + 30 + 8 * 30)), secs(0));
    }
}
