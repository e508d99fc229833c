use std::collections::VecDeque;
use std::time::Instant;

use crate::feed::Changes;

/// How many topics may still be added or removed, by a venue's count over a rolling span.
#[derive(Debug, Default)]
pub(super) struct ChangeCount {
    limit: Option<Changes>,
    /// What was changed within the span, the oldest first.
    made: VecDeque<(Instant, usize)>,
    sum: usize,
}

impl ChangeCount {
    pub(super) fn new(limit: Option<Changes>) -> Self {
        // Nothing at all could never be asked for.
        let limit = limit.map(|limit| Changes {
            count: limit.count.max(1),
            ..limit
        });
        Self {
            limit,
            made: VecDeque::new(),
            sum: 0,
        }
    }

    /// How many may be made now.
    pub(super) fn available(&mut self, now: Instant) -> usize {
        let Some(limit) = self.limit else {
            return usize::MAX;
        };
        while let Some((at, count)) = self.made.front().copied()
            && at + limit.per <= now
        {
            self.sum -= count;
            self.made.pop_front();
        }
        limit.count.saturating_sub(self.sum)
    }

    /// When at least one may be made: `now`, or a later moment.
    pub(super) fn ready_at(&self, now: Instant) -> Instant {
        let Some(limit) = self.limit else {
            return now;
        };
        let mut sum = self.sum;
        let mut at = now;
        for (made, count) in &self.made {
            if sum < limit.count.max(1) {
                break;
            }
            sum -= count;
            at = (*made + limit.per).max(now);
        }
        at
    }

    pub(super) fn take(&mut self, now: Instant, count: usize) {
        if self.limit.is_some() {
            self.made.push_back((now, count));
            self.sum += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn no_span_holds_more_than_the_count() {
        let start = Instant::now();
        let at = |secs| start + Duration::from_secs(secs);
        let mut changes = ChangeCount::new(Some(Changes {
            count: 10,
            per: Duration::from_secs(60),
        }));
        assert_eq!(changes.available(start), 10);
        changes.take(start, 6);
        changes.take(at(10), 4);
        assert_eq!(
            (changes.available(at(59)), changes.ready_at(at(59))),
            (0, at(60))
        );
        assert_eq!(changes.available(at(60)), 6);
        changes.take(at(60), 6);
        assert_eq!(changes.ready_at(at(60)), at(70));
        assert_eq!(changes.available(at(70)), 4);
    }

    #[test]
    fn without_a_limit_nothing_is_remembered() {
        let mut changes = ChangeCount::default();
        let now = Instant::now();
        changes.take(now, 1_000);
        assert_eq!(
            (changes.available(now), changes.ready_at(now)),
            (usize::MAX, now)
        );
        assert!(changes.made.is_empty());
    }
}
