use std::collections::VecDeque;

use crate::market::Window;
use crate::{Gap, Timestamp};

/// More spans than this become one with their neighbours: rather a candle too many is tainted.
const SPANS: usize = 16;

/// Where gaps lie, for one symbol or for all.
#[derive(Clone, Debug, Default)]
pub(super) struct Taint {
    spans: VecDeque<(Timestamp, Timestamp)>,
    gaps: u64,
    /// Number of the last gap that did not say when.
    timeless: u64,
}

impl Taint {
    pub(super) fn add(&mut self, gap: &Gap) {
        let Some((from, to)) = gap.range() else {
            self.add_timeless();
            return;
        };
        self.gaps += 1;
        match self.spans.back_mut() {
            Some(last) if from <= last.1 && last.0 <= to => {
                *last = (last.0.min(from), last.1.max(to));
            }
            _ => self.spans.push_back((from, to)),
        }
        if self.spans.len() > SPANS
            && let (Some(oldest), Some(next)) = (self.spans.pop_front(), self.spans.front_mut())
        {
            *next = (oldest.0.min(next.0), oldest.1.max(next.1));
        }
    }

    /// Something is missing, and when is not known.
    pub(super) fn add_timeless(&mut self) {
        self.gaps += 1;
        self.timeless = self.gaps;
    }

    /// How many gaps there were, so that a window need only be asked about again after more.
    pub(super) fn gaps(&self) -> u64 {
        self.gaps
    }

    /// Whether a gap touches this window, which was open when there had been `opened` gaps.
    pub(super) fn touches(&self, window: &Window, opened: u64) -> bool {
        self.timeless > opened || self.spans.iter().any(|span| window.meets(*span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Interval;
    use crate::{Cause, GapId, Scope};

    fn gap(from: i64, to: i64) -> Gap {
        let at = |secs| Timestamp::from_secs(secs).unwrap();
        let (from, to) = (at(from), at(to));
        Gap::new(GapId::new(0), Cause::Outage { from, to }, Scope::All)
    }

    fn touches(taint: &Taint, secs: i64) -> bool {
        let window = Interval::seconds(1)
            .window(Timestamp::from_secs(secs).unwrap())
            .unwrap();
        taint.touches(&window, taint.gaps())
    }

    #[test]
    fn what_lies_between_two_gaps_is_clean() {
        let mut taint = Taint::default();
        taint.add(&gap(10, 20));
        taint.add(&gap(30, 40));
        let touched: Vec<i64> = (0..50).filter(|secs| touches(&taint, *secs)).collect();
        assert_eq!(touched, (10..=20).chain(30..=40).collect::<Vec<i64>>());
    }

    #[test]
    fn memory_is_bounded_and_the_latest_spans_stay_exact() {
        let mut taint = Taint::default();
        for number in 0..100 {
            taint.add(&gap(number * 10, number * 10 + 1));
        }
        assert_eq!(taint.spans.len(), SPANS);
        assert!(touches(&taint, 5), "the oldest have become one");
        assert!(!touches(&taint, 985) && touches(&taint, 990));
    }
}
