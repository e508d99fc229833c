use std::collections::BTreeMap;
use std::time::Duration;

use crate::Timestamp;

/// Which lines' intervals end when, so that a quiet symbol's candle is told too.
///
/// A line stands here once at most. What it does meanwhile is not followed: when the end of an
/// interval that a later tick has closed comes up, the line waits for that of its next one.
#[derive(Debug, Default)]
pub(super) struct Due {
    /// Only a few ends at a time: intervals of all symbols end together.
    ends: BTreeMap<Timestamp, Vec<usize>>,
    /// The lines of the end that has passed.
    passed: Option<(Timestamp, Vec<usize>)>,
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
        if self.is_over(now, delay) {
            self.pop_passed()
        } else {
            None
        }
    }

    #[cold]
    fn pop_passed(&mut self) -> Option<(Timestamp, usize)> {
        if self.passed.is_none() {
            self.passed = self.ends.pop_first();
            self.next = self.ends.keys().next().copied();
            if let Some((_, lines)) = &mut self.passed {
                // Taken from the back, so that the symbol that was seen first comes first.
                lines.sort_unstable_by(|a, b| b.cmp(a));
            }
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

    /// How many lines stand here.
    pub(super) fn len(&self) -> usize {
        let passed = self.passed.iter().map(|(_, lines)| lines);
        self.ends.values().chain(passed).map(Vec::len).sum()
    }

    /// Whether an end lies `delay` before `now` or earlier.
    #[inline]
    pub(super) fn is_over(&self, now: Timestamp, delay: Duration) -> bool {
        self.passed.is_some()
            || self
                .next
                .is_some_and(|next| now > next.saturating_add(delay))
    }
}
