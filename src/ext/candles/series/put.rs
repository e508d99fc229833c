use std::time::Duration;

use super::super::line::Idle;
use super::super::open::{Entry, Open};
use super::{Filling, Series, Told};
use crate::Timestamp;
use crate::market::{CandleState, EmptyIntervals, Window};

/// Where a tick or a shorter candle goes.
impl Series {
    pub(super) fn put(&mut self, at: usize, entry: &Entry) -> Told {
        if !self.cutter.is_by_time() {
            return self.put_by_trading(at, entry);
        }
        if entry.time < self.lines[at].floor {
            return self.put_late(at, entry);
        }
        let Some(window) = self.cutter.place(entry.time).interval else {
            self.counts.outside += 1;
            return Told::Nothing;
        };
        let part = entry.part;
        if part.is_some_and(|part| part.last.is_some_and(|last| last > window.last)) {
            self.counts.skipped += 1;
            return Told::Nothing;
        }
        let line = &mut self.lines[at];
        let told = match &mut line.open {
            Some(open) if open.window == window => {
                if !open.put(entry) {
                    self.counts.late += 1;
                    return Told::Nothing;
                }
                Told::Open(at)
            }
            Some(_) => {
                self.close(at);
                self.open(at, entry, window);
                Told::Closed(at)
            }
            None => {
                self.open(at, entry, window);
                match self.filling {
                    Some(_) => Told::Closed(at),
                    None => Told::Open(at),
                }
            }
        };
        // The last part of a candle ends it: nothing else can come but corrections.
        let ends = part.is_some_and(|part| {
            part.state == Some(CandleState::Final) && part.last == Some(window.last)
        });
        if ends && told == Told::Open(at) {
            self.close(at);
            self.idle(at);
            return Told::Last;
        }
        told
    }

    /// Opens a candle, after the empty ones before it.
    pub(super) fn open(&mut self, at: usize, entry: &Entry, window: Window) {
        let line = &mut self.lines[at];
        let gaps = line.gaps(&self.taint);
        let tainted = line.is_tainted(&self.taint, &window, gaps);
        let truncated = line.starts(entry.time, &window);
        let open = Open::new(entry, window, window.start).marked(truncated, tainted, gaps);
        line.open = Some(open);
        line.floor = window.start;
        if self.empty == EmptyIntervals::Repeat
            && let Some(idle) = line.aside.as_mut().and_then(|aside| aside.idle.take())
            && idle.window.start < window.start
        {
            self.filling = Some(Filling {
                line: at,
                next: idle.window,
                until: window.start,
                idle,
            });
        }
        self.expect_end(at, window);
    }

    pub(super) fn expect_end(&mut self, at: usize, window: Window) {
        if self.delay != Duration::MAX {
            self.due.insert(window.last, at);
        }
    }

    /// Closes the open candle of a line, to be told as final.
    pub(super) fn close(&mut self, at: usize) {
        let now = self.clock.now();
        let line = &mut self.lines[at];
        line.tainted(&self.taint);
        let gaps = line.gaps(&self.taint);
        let Some(open) = line.open.take() else {
            return;
        };
        let interval = self.cutter.interval;
        self.closed = Some(open.candle(line.symbol.clone(), interval, CandleState::Final));
        if !self.cutter.is_by_time() {
            return;
        }
        let window = open.window;
        line.floor = Timestamp::from_nanos(window.last.as_nanos().saturating_add(1));
        if self.empty == EmptyIntervals::Repeat {
            let before = open.sums;
            line.aside().idle = self.cutter.after(window).map(|window| Idle {
                window,
                before,
                gaps,
            });
        }
        if !self.grace.is_zero()
            && let Some(now) = now
        {
            line.keep(open, now, self.grace);
        }
    }

    /// Waits for the end of the interval that now has no tick, if it is to be told.
    pub(super) fn idle(&mut self, at: usize) {
        let aside = self.lines[at].aside.as_ref();
        if let Some(idle) = aside.and_then(|aside| aside.idle) {
            self.expect_end(at, idle.window);
        }
    }

    /// Adds what is earlier than the open interval of its symbol.
    pub(super) fn put_late(&mut self, at: usize, entry: &Entry) -> Told {
        let now = self.clock.now().unwrap_or(entry.time);
        let Some(window) = self.cutter.place(entry.time).interval else {
            self.counts.outside += 1;
            return Told::Nothing;
        };
        if self.grace.is_zero() || now > window.last.saturating_add(self.grace) {
            self.counts.late += 1;
            return Told::Nothing;
        }
        let line = &mut self.lines[at];
        let gaps = line.gaps(&self.taint);
        let tainted = line.is_tainted(&self.taint, &window, gaps);
        let closed = line.aside.as_mut().map(|aside| &mut aside.closed);
        let known = closed.and_then(|closed| {
            closed
                .iter_mut()
                .find(|open| open.window.contains(entry.time))
        });
        let revised = if let Some(open) = known {
            if !open.put(entry) {
                self.counts.late += 1;
                return Told::Nothing;
            }
            open.clone()
        } else {
            // Its interval was empty so far, or lies before the first one of the symbol.
            let truncated = line.starts(entry.time, &window);
            let open = Open::new(entry, window, window.start).marked(truncated, tainted, gaps);
            line.keep(open.clone(), now, self.grace);
            open
        };
        let symbol = line.symbol.clone();
        self.closed = Some(revised.candle(symbol, self.cutter.interval, CandleState::Revised));
        Told::Last
    }
}
