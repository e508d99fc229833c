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
        if !entry.fits(&window) {
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
        let ends = entry.part.is_some_and(|part| {
            part.state == Some(CandleState::Final) && part.last == Some(window.last)
        });
        if !ends {
            return told;
        }
        if told == Told::Open(at) {
            self.close(at);
            self.idle(at);
            return Told::Last;
        }
        self.ending = Some(at);
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
        let seen = self
            .clock
            .seen()
            .zip(entry.sums.last_time.or(Some(entry.time)));
        let lag = seen.map_or(Duration::ZERO, |(seen, time)| seen.duration_since(time));
        line.lag = if lag > self.delay {
            lag
        } else {
            Duration::ZERO
        };
        if let Some(aside) = &mut line.aside {
            aside.refused = false;
        }
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
        let line = &mut self.lines[at];
        if self.delay != Duration::MAX && !line.awaited {
            line.awaited = true;
            self.due.insert(window.last.saturating_add(line.lag), at);
        }
    }

    /// Closes the open candle of a line, to be told as final.
    pub(super) fn close(&mut self, at: usize) {
        let now = self.clock.latest();
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
        let refused = line.aside.as_ref().is_some_and(|aside| aside.refused);
        if self.empty == EmptyIntervals::Repeat && !refused {
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
        let now = self.clock.latest().unwrap_or(entry.time);
        let Some(window) = self.cutter.place(entry.time).interval else {
            self.counts.outside += 1;
            return Told::Nothing;
        };
        if !entry.fits(&window) {
            self.counts.skipped += 1;
            return Told::Nothing;
        }
        if self.grace.is_zero() || now > window.last.saturating_add(self.grace) {
            self.counts.late += 1;
            return Told::Nothing;
        }
        let line = &mut self.lines[at];
        let gaps = line.gaps(&self.taint);
        let tainted = line.is_tainted(&self.taint, &window, gaps);
        let closed = line.aside.as_mut().map(|aside| &mut aside.closed);
        let known = closed.and_then(|closed| {
            let at = closed.partition_point(|open| open.window.last < entry.time);
            closed.get_mut(at).filter(|open| open.window == window)
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
