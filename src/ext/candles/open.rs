use super::parts::Parts;
use super::sums::Sums;
use super::taint::Taint;
use crate::market::{Candle, CandleState, Interval, Window};
use crate::{Decimal, Symbol, Timestamp};

/// A candle that ticks still go into.
#[derive(Clone, Debug)]
pub(super) struct Open {
    /// What may go into it: everything, where it is not cut by time.
    pub(super) window: Window,
    pub(super) sums: Sums,
    start: Timestamp,
    received: Option<Timestamp>,
    /// How many gaps of all symbols, and of this one, there were the last time it was asked.
    gaps: [u64; 2],
    tainted: bool,
    truncated: bool,
    /// The candles it is made of, if it is.
    parts: Option<Box<Parts>>,
}

/// A tick on its way to its candle, or a candle on its way to a longer one.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) time: Timestamp,
    pub(super) sums: Sums,
    pub(super) received: Option<Timestamp>,
    pub(super) part: Option<Part>,
}

impl Entry {
    /// Whether all of it lies in this window, as far as that is known.
    pub(super) fn fits(&self, window: &Window) -> bool {
        let last = self.part.and_then(|part| part.last);
        last.is_none_or(|last| last <= window.last)
    }
}

/// What sets a candle apart from a tick.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) tainted: bool,
    pub(super) truncated: bool,
    /// Its last moment, where that is known.
    pub(super) last: Option<Timestamp>,
    pub(super) state: Option<CandleState>,
}

impl Open {
    pub(super) fn new(entry: &Entry, window: Window, start: Timestamp) -> Self {
        Self {
            window,
            sums: entry.sums,
            start,
            received: entry.received,
            gaps: [0; 2],
            tainted: entry.part.is_some_and(|part| part.tainted),
            truncated: entry.part.is_some_and(|part| part.truncated),
            parts: entry
                .part
                .map(|_| Box::new(Parts::of(entry.time, entry.sums))),
        }
    }

    /// One without ticks.
    pub(super) fn flat(window: Window, sums: Sums) -> Self {
        Self {
            window,
            sums,
            start: window.start,
            received: None,
            gaps: [0; 2],
            tainted: false,
            truncated: false,
            parts: None,
        }
    }

    /// With what is known of it when it opens.
    pub(super) fn marked(mut self, truncated: bool, tainted: bool, gaps: [u64; 2]) -> Self {
        self.truncated |= truncated;
        self.tainted |= tainted;
        self.gaps = gaps;
        self
    }

    /// Looks for gaps that were told since the last time, of all symbols or of its own; whether
    /// they taint it now.
    #[inline]
    pub(super) fn taint(&mut self, all: &Taint, own: Option<&Taint>) -> bool {
        let before = self.tainted;
        for (seen, taint) in self.gaps.iter_mut().zip([Some(all), own]) {
            if let Some(taint) = taint
                && *seen != taint.gaps()
            {
                let span = Window {
                    start: self.start,
                    last: self.window.last,
                };
                self.tainted |= taint.touches(&span, *seen);
                *seen = taint.gaps();
            }
        }
        self.tainted != before
    }

    /// Adds a tick of this window.
    #[inline]
    pub(super) fn add(
        &mut self,
        price: Decimal,
        size: Option<Decimal>,
        time: Timestamp,
        received: Option<Timestamp>,
    ) {
        self.sums.add(price, size, time);
        self.received = received;
    }

    /// Adds what comes after all that is in it.
    pub(super) fn append(&mut self, entry: &Entry) {
        self.sums = match entry.part {
            Some(part) => {
                self.tainted |= part.tainted;
                self.truncated |= part.truncated;
                self.sums.then(&entry.sums)
            }
            None => in_order(self.sums, &entry.sums),
        };
        self.received = entry.received;
    }

    /// Adds a tick or a candle of this window. `false` if it corrects what can no longer be told
    /// apart.
    pub(super) fn put(&mut self, entry: &Entry) -> bool {
        match (entry.part, &mut self.parts) {
            (Some(part), Some(parts)) => {
                let Some(sums) = parts.put(entry.time, entry.sums) else {
                    return false;
                };
                self.sums = sums;
                self.tainted |= part.tainted;
                self.truncated |= part.truncated;
            }
            (Some(part), None) => {
                // The first one of an interval that was told as empty.
                self.sums = entry.sums;
                self.parts = Some(Box::new(Parts::of(entry.time, entry.sums)));
                self.tainted |= part.tainted;
                self.truncated |= part.truncated;
            }
            (None, _) => self.sums = in_order(self.sums, &entry.sums),
        }
        self.received = entry.received;
        true
    }

    #[inline(always)]
    pub(super) fn candle(&self, symbol: Symbol, interval: Interval, state: CandleState) -> Candle {
        Candle {
            symbol,
            interval,
            start: self.start,
            open: self.sums.open,
            high: self.sums.high,
            low: self.sums.low,
            close: self.sums.close,
            volume: self.sums.volume,
            turnover: self.sums.turnover,
            trades: self.sums.trades(),
            vwap: self.sums.vwap(),
            state: Some(state),
            tainted: self.tainted,
            truncated: self.truncated,
            first_time: self.sums.first_time,
            last_time: self.sums.last_time,
            received: self.received,
            detail: (),
        }
    }
}

/// One tick and what other ticks add up to, which may have come before and after it.
fn in_order(sums: Sums, tick: &Sums) -> Sums {
    if sums.is_empty() {
        return *tick;
    }
    let mut both = sums.then(tick);
    if sums.is_flat() {
        return both;
    }
    if tick.first_time < sums.first_time {
        (both.open, both.first_time) = (tick.open, tick.first_time);
    }
    if tick.last_time < sums.last_time {
        (both.close, both.last_time) = (sums.close, sums.last_time);
    }
    both
}
