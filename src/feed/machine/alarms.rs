//! What falls due for single topics.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::feed::TopicId;

/// What falls due. Whether it still matters is asked when it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    /// The first event should have come.
    FirstData,
    /// Nothing of it has been delivered for long enough to say so.
    Blind,
    /// Events that cannot be used have come for so long that a new beginning is asked for.
    StrayLimit,
}

#[derive(Debug, Default)]
pub(super) struct Alarms(BTreeSet<(Instant, TopicId, Alarm)>);

impl Alarms {
    pub(super) fn set(&mut self, at: Instant, id: TopicId, alarm: Alarm) {
        self.0.insert((at, id, alarm));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.0.first().map(|(at, ..)| *at)
    }

    pub(super) fn pop(&mut self, now: Instant) -> Option<(Instant, TopicId, Alarm)> {
        let first = self.0.first().copied().filter(|(at, ..)| *at <= now)?;
        self.0.remove(&first);
        Some(first)
    }

    /// Puts all of them off; returns them as they are now.
    pub(super) fn put_off(&mut self, by: Duration) -> Vec<(Instant, TopicId, Alarm)> {
        let put_off = |(at, id, alarm): (Instant, TopicId, Alarm)| (at + by, id, alarm);
        self.0 = std::mem::take(&mut self.0)
            .into_iter()
            .map(put_off)
            .collect();
        self.0.iter().copied().collect()
    }
}
