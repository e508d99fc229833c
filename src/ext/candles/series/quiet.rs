use std::time::Duration;

use super::super::line::Idle;
use super::super::open::Open;
use super::super::sums::Sums;
use super::{Due, Filling, Overdue, Series};
use crate::Timestamp;
use crate::ext::BUDGET;
use crate::market::{Candle, CandleState, Window};

/// Intervals that end without a tick after them, or have none at all.
impl Series {
    /// The next empty interval that is over and was not told yet.
    pub(in super::super) fn filler(&mut self) -> Option<Candle> {
        let Filling {
            line,
            next,
            until,
            idle,
        } = self.filling?;
        self.filling = self.cutter.after(next).map(|after| Filling {
            line,
            next: after,
            until,
            idle,
        });
        if next.start >= until {
            self.filling = None;
            return None;
        }
        Some(self.fill(line, next, &idle))
    }

    /// An empty interval's candle.
    pub(super) fn fill(&mut self, at: usize, window: Window, idle: &Idle) -> Candle {
        let line = &mut self.lines[at];
        let tainted = line.is_tainted(&self.taint, &window, idle.gaps);
        let gaps = line.gaps(&self.taint);
        let sums = Sums::flat(idle.before.close, &idle.before);
        let flat = Open::flat(window, sums).marked(false, tainted, gaps);
        let candle = flat.candle(
            line.symbol.clone(),
            self.cutter.interval,
            CandleState::Final,
        );
        if !self.grace.is_zero()
            && let Some(now) = self.clock.latest()
        {
            line.keep(flat, now, self.grace);
        }
        candle
    }

    /// Looks for an interval that ended `delay` before `now` or earlier and was not told yet.
    #[inline]
    pub(in super::super) fn overdue(&mut self, now: Option<Timestamp>) -> Overdue {
        let Some(now) = now else {
            return Overdue::None;
        };
        for _ in 0..BUDGET {
            let Some((last, at)) = self.due.pop(now, self.delay) else {
                return Overdue::None;
            };
            if let Some(candle) = self.end(last, at) {
                return Overdue::Candle(Box::new(candle));
            }
        }
        Overdue::More
    }

    pub(super) fn end(&mut self, last: Timestamp, at: usize) -> Option<Candle> {
        let line = &mut self.lines[at];
        line.awaited = false;
        let current = line.current()?;
        if current.last.saturating_add(line.lag) != last {
            self.expect_end(at, current);
            return None;
        }
        // While the feed is down, what the interval still brings is not known, nor what it lacks.
        // The end of that brings its own end back.
        if line.is_held() {
            return None;
        }
        if line.open.is_some() {
            self.close(at);
            self.idle(at);
            return self.closed.take();
        }
        let idle = line.aside.as_ref()?.idle?;
        let candle = self.fill(at, idle.window, &idle);
        let line = &mut self.lines[at];
        let gaps = line.gaps(&self.taint);
        line.floor = Timestamp::from_nanos(idle.window.last.as_nanos().saturating_add(1));
        line.aside().idle = self.cutter.after(idle.window).map(|window| Idle {
            window,
            gaps,
            ..idle
        });
        self.idle(at);
        Some(candle)
    }

    /// Whether an interval ended the delay before `now` or earlier.
    #[inline]
    pub(in super::super) fn is_overdue(&self, now: Option<Timestamp>) -> bool {
        now.is_some_and(|now| self.due.is_over(now, self.delay))
    }

    /// How many ends of intervals are awaited.
    pub(in super::super) fn awaited(&self) -> usize {
        self.due.len()
    }

    /// Waits for nothing any more: what is over by the latest event time is over.
    pub(in super::super) fn finish(&mut self) {
        if self.delay == Duration::MAX || !self.cutter.is_by_time() {
            return;
        }
        self.delay = Duration::ZERO;
        self.due = Due::default();
        for at in 0..self.lines.len() {
            let line = &mut self.lines[at];
            (line.lag, line.awaited) = (Duration::ZERO, false);
            if let Some(window) = line.current() {
                self.expect_end(at, window);
            }
        }
    }

    /// The candle that its last part has ended, where another was to be told before it.
    pub(in super::super) fn ended(&mut self) -> Option<Candle> {
        let at = self.ending.take()?;
        self.close(at);
        self.idle(at);
        self.closed.take()
    }

    /// When the next interval is overdue.
    pub(in super::super) fn next_due(&self) -> Option<Timestamp> {
        Some(self.due.next()?.saturating_add(self.delay))
    }
}
