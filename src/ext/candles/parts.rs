use std::collections::VecDeque;

use super::sums::Sums;
use crate::Timestamp;

/// How many candles of a longer one can still be corrected.
const RECENT: usize = 16;

/// The candles that a longer one is made of: a newer state of a candle replaces the older.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    /// Those before the recent ones, added up.
    older: Option<Sums>,
    /// By their start.
    recent: VecDeque<(Timestamp, Sums)>,
}

impl Parts {
    pub(super) fn of(start: Timestamp, sums: Sums) -> Self {
        Self {
            older: None,
            recent: VecDeque::from([(start, sums)]),
        }
    }

    /// Adds a candle or replaces its earlier state; what they add up to now. `None` if it is too
    /// old to be replaced.
    pub(super) fn put(&mut self, start: Timestamp, sums: Sums) -> Option<Sums> {
        let at = self.recent.partition_point(|(known, _)| *known < start);
        match self.recent.get_mut(at) {
            Some(known) if known.0 == start => known.1 = sums,
            _ if at == 0 && self.older.is_some() => return None,
            _ => self.recent.insert(at, (start, sums)),
        }
        if self.recent.len() > RECENT
            && let Some((_, oldest)) = self.recent.pop_front()
        {
            self.older = Some(match self.older {
                Some(older) => older.then(&oldest),
                None => oldest,
            });
        }
        let first = self.older;
        self.recent
            .iter()
            .map(|(_, sums)| *sums)
            .fold(first, |total, sums| match total {
                Some(total) => Some(total.then(&sums)),
                None => Some(sums),
            })
    }
}
