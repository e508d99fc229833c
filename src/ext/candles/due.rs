use std::collections::BTreeMap;
use std::time::Duration;

use crate::Timestamp;

/// Which lines' intervals end when, so that a quiet symbol's candle is told too.
///
/// What a line does meanwhile is not followed: an entry whose interval was closed by a later tick
/// is looked at once and forgotten.
#[derive(Debug, Default)]
pub(super) struct Due {
    /// Only a few ends at a time: intervals of all symbols end together.
    ends: BTreeMap<Timestamp, Vec<usize>>,
    /// The lines of the end that has passed.
    passed: Option<(Timestamp, Vec<usize>)>,
    /// Ends that have passed while their line's feed was not live.
    postponed: Vec<(Timestamp, usize)>,
    /// The first of `ends`, or the end of time.
    next: Option<Timestamp>,
    spare: Vec<usize>,
}

impl Due {
    pub(super) fn insert(&mut self, last: Timestamp, line: usize) {
        let spare = &mut self.spare;
        self.ends
            .entry(last)
            .or_insert_with(|| std::mem::take(spare))
            .push(line);
        self.next = Some(self.next.map_or(last, |next| next.min(last)));
    }

    /// When the next interval ends.
    pub(super) fn next(&self) -> Option<Timestamp> {
        match &self.passed {
            Some((last, _)) => Some(*last),
            None => self.next,
        }
    }

    /// A line, and the end of its interval that lies `delay` before `now` or earlier.
    #[inline]
    pub(super) fn pop(&mut self, now: Timestamp, delay: Duration) -> Option<(Timestamp, usize)> {
        if self.passed.is_none()
            && self
                .next
                .is_none_or(|next| now <= next.saturating_add(delay))
        {
            return None;
        }
        self.pop_passed()
    }

    #[cold]
    fn pop_passed(&mut self) -> Option<(Timestamp, usize)> {
        if self.passed.is_none() {
            self.passed = self.ends.pop_first();
            self.next = self.ends.keys().next().copied();
        }
        let (last, lines) = self.passed.as_mut()?;
        let popped = lines.pop().map(|line| (*last, line));
        if lines.is_empty()
            && let Some((_, lines)) = self.passed.take()
        {
            self.spare = lines;
        }
        popped
    }

    /// Keeps an end for when its line's feed is live again.
    pub(super) fn postpone(&mut self, last: Timestamp, line: usize) {
        self.postponed.push((last, line));
    }

    /// Brings back what was postponed.
    pub(super) fn resume(&mut self) {
        for (last, line) in std::mem::take(&mut self.postponed) {
            self.insert(last, line);
        }
    }
}
