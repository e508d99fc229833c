use std::time::Duration;

use hashbrown::HashMap;

use super::cutter::Cutter;
use super::due::Due;
use super::line::{Idle, Line};
use super::market_clock::MarketClock;
use super::open::{Entry, Open, Part};
use super::sums::Sums;
use super::taint::Taint;
use crate::ext::BUDGET;
use crate::market::{
    Calendar, Candle, CandleState, EmptyIntervals, Interval, IntervalUnit, Tick, Window,
};
use crate::{Decimal, Gap, Scope, Status, StatusKind, Symbol, Timestamp};

/// The candles of all symbols.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) cutter: Cutter,
    pub(super) clock: MarketClock,
    pub(super) grace: Duration,
    pub(super) delay: Duration,
    pub(super) empty: EmptyIntervals,
    pub(super) counts: Counts,
    seamless: bool,
    index: HashMap<Symbol, usize>,
    /// In the order in which the symbols were first seen.
    lines: Vec<Line>,
    taint: Taint,
    due: Due,
    /// A candle that is over and to be told.
    closed: Option<Candle>,
    /// Empty intervals that are over and to be told.
    filling: Option<Filling>,
}

/// What is in no candle.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) late: u64,
    pub(super) skipped: u64,
    pub(super) outside: u64,
}

/// What a tick changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// No candle.
    Nothing,
    /// The open candle of this line.
    Open(usize),
    /// Candles are over and to be told; then the open candle of this line.
    Closed(usize),
    /// A candle is over, and to be told.
    Last,
}

/// Which interval was over.
#[derive(Debug)]
pub(super) enum Overdue {
    /// None.
    None,
    /// This one.
    Candle(Box<Candle>),
    /// None of those looked at; there are more.
    More,
}

#[derive(Clone, Copy, Debug)]
struct Filling {
    line: usize,
    next: Window,
    until: Timestamp,
    idle: Idle,
}

impl Series {
    pub(super) fn new(interval: Interval) -> Self {
        let cutter = Cutter::new(interval, Calendar::utc());
        Self {
            seamless: cutter.is_seamless(),
            cutter,
            clock: MarketClock::default(),
            grace: Duration::ZERO,
            delay: Duration::from_secs(1),
            empty: EmptyIntervals::Skip,
            counts: Counts::default(),
            index: HashMap::new(),
            lines: Vec::new(),
            taint: Taint::default(),
            due: Due::default(),
            closed: None,
            filling: None,
        }
    }

    pub(super) fn set_calendar(&mut self, calendar: Calendar) {
        self.cutter = Cutter::new(self.cutter.interval, calendar);
        self.seamless = self.cutter.is_seamless();
    }

    pub(super) fn lines(&self) -> usize {
        self.lines.len()
    }

    /// How many candles are kept that may be revised.
    pub(super) fn kept(&self) -> usize {
        let asides = self.lines.iter().filter_map(|line| line.aside.as_ref());
        asides.map(|aside| aside.closed.len()).sum()
    }

    /// Adds a tick.
    #[inline]
    pub(super) fn tick<T: Tick>(&mut self, tick: &T) -> Told {
        if let Some(candle) = tick.candle() {
            return self.part(&candle);
        }
        let received = tick.received();
        let Some((price, time)) = tick.price().zip(tick.time().or(received)) else {
            self.counts.skipped += 1;
            return Told::Nothing;
        };
        let size = tick.size();
        self.clock.saw(time, received);
        let at = self.line(tick.symbol());
        if let Some(open) = &mut self.lines[at].open
            && open.window.contains(time)
            && self.seamless
        {
            open.add(price, size, time, received);
            return Told::Open(at);
        }
        self.put(
            at,
            &Entry {
                time,
                sums: Sums::of(price, size, time),
                received,
                part: None,
            },
        )
    }

    /// Adds a candle to a longer one.
    fn part(&mut self, candle: &Candle) -> Told {
        let last = match candle.interval.unit() {
            IntervalUnit::Second | IntervalUnit::Minute | IntervalUnit::Hour => candle
                .interval
                .window(candle.start)
                .map(|window| window.last),
            _ => candle.last_time,
        };
        self.clock
            .saw(candle.last_time.unwrap_or(candle.start), candle.received);
        let at = self.line(&candle.symbol);
        self.put(
            at,
            &Entry {
                time: candle.start,
                sums: Sums::of_candle(candle),
                received: candle.received,
                part: Some(Part {
                    tainted: candle.tainted,
                    truncated: candle.truncated,
                    last,
                    state: candle.state,
                }),
            },
        )
    }

    fn put(&mut self, at: usize, entry: &Entry) -> Told {
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
    fn open(&mut self, at: usize, entry: &Entry, window: Window) {
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

    fn expect_end(&mut self, at: usize, window: Window) {
        if self.delay != Duration::MAX {
            self.due.insert(window.last, at);
        }
    }

    /// Closes the open candle of a line, to be told as final.
    fn close(&mut self, at: usize) {
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
    fn idle(&mut self, at: usize) {
        let aside = self.lines[at].aside.as_ref();
        if let Some(idle) = aside.and_then(|aside| aside.idle) {
            self.expect_end(at, idle.window);
        }
    }

    /// Adds what is earlier than the open interval of its symbol.
    fn put_late(&mut self, at: usize, entry: &Entry) -> Told {
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

    /// Adds to a candle that ends when enough has been traded.
    fn put_by_trading(&mut self, at: usize, entry: &Entry) -> Told {
        let interval = self.cutter.interval;
        let needs_size = interval.unit() != IntervalUnit::Trade;
        let measured = match entry.part.map(|part| part.state) {
            None => !needs_size || entry.sums.volume.is_some(),
            // What it holds so far is in its final state too, and cannot be taken back.
            Some(Some(CandleState::Partial)) => return Told::Nothing,
            Some(Some(CandleState::Revised)) => {
                self.counts.late += 1;
                return Told::Nothing;
            }
            Some(Some(CandleState::Final)) if needs_size => entry.sums.volume.is_some(),
            Some(Some(CandleState::Final)) => entry.sums.trades().is_some(),
            Some(None) => false,
        };
        if !measured {
            self.counts.skipped += 1;
            return Told::Nothing;
        }
        let line = &mut self.lines[at];
        if let Some(open) = &mut line.open {
            open.append(entry);
        } else {
            // Candles of one symbol are told apart by their start.
            let start = entry.sums.first_time.unwrap_or(entry.time).max(line.floor);
            line.floor = Timestamp::from_nanos(start.as_nanos().saturating_add(1));
            let gaps = line.gaps(&self.taint);
            let always = self.cutter.place(entry.time).span;
            let span = Window { start, ..always };
            let tainted = line.is_tainted(&self.taint, &span, gaps);
            line.open = Some(Open::new(entry, always, start).marked(false, tainted, gaps));
        }
        if line
            .open
            .as_ref()
            .is_some_and(|open| is_full(&open.sums, interval))
        {
            self.close(at);
            return Told::Last;
        }
        Told::Open(at)
    }

    #[inline]
    fn line(&mut self, symbol: &Symbol) -> usize {
        if let Some(at) = self.index.get(symbol) {
            return *at;
        }
        let at = self.lines.len();
        self.index.insert(symbol.clone(), at);
        self.lines.push(Line::new(symbol.clone()));
        at
    }

    /// The candle that is over and was not told yet.
    #[inline]
    pub(super) fn closed(&mut self) -> Option<Candle> {
        self.closed.take()
    }

    /// The next empty interval that is over and was not told yet.
    pub(super) fn filler(&mut self) -> Option<Candle> {
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
    fn fill(&mut self, at: usize, window: Window, idle: &Idle) -> Candle {
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
            && let Some(now) = self.clock.now()
        {
            line.keep(flat, now, self.grace);
        }
        candle
    }

    /// Looks for an interval that ended `delay` before `now` or earlier and was not told yet.
    #[inline]
    pub(super) fn overdue(&mut self, now: Option<Timestamp>) -> Overdue {
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

    fn end(&mut self, last: Timestamp, at: usize) -> Option<Candle> {
        let line = &mut self.lines[at];
        let is_open = line
            .open
            .as_ref()
            .is_some_and(|open| open.window.last == last);
        let idle = line.aside.as_ref().and_then(|aside| aside.idle);
        let idle = idle.filter(|idle| line.open.is_none() && idle.window.last == last);
        if !is_open && idle.is_none() {
            return None;
        }
        // While the feed is down, what the interval still brings is not known, nor what it lacks.
        if line.is_held() {
            self.due.postpone(last, at);
            return None;
        }
        if is_open {
            self.close(at);
            self.idle(at);
            return self.closed.take();
        }
        let idle = idle?;
        let candle = self.fill(at, idle.window, &idle);
        let line = &mut self.lines[at];
        let gaps = line.gaps(&self.taint);
        line.floor = Timestamp::from_nanos(last.as_nanos().saturating_add(1));
        line.aside().idle = self.cutter.after(idle.window).map(|window| Idle {
            window,
            gaps,
            ..idle
        });
        self.idle(at);
        Some(candle)
    }

    /// When the next interval is overdue.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        Some(self.due.next()?.saturating_add(self.delay))
    }

    pub(super) fn gap(&mut self, gap: &Gap) {
        match &gap.scope {
            Scope::All => self.taint.add(gap),
            Scope::Symbols(symbols) => {
                for symbol in symbols.iter() {
                    let at = self.line(symbol);
                    self.lines[at].aside().taint.add(gap);
                }
            }
        }
    }

    /// A closed candle of this line that a gap taints, which has not been told yet.
    pub(super) fn retainted(&mut self, at: usize) -> Option<Candle> {
        let line = &mut self.lines[at];
        let open = line.aside.as_mut()?.retaint(&self.taint)?;
        let symbol = line.symbol.clone();
        Some(open.candle(symbol, self.cutter.interval, CandleState::Revised))
    }

    pub(super) fn status(&mut self, status: &Status) {
        use crate::Staleness::Backpressure;
        let held = match &status.kind {
            StatusKind::Interrupted { .. } => true,
            StatusKind::Stale {
                why: Backpressure { .. },
            } => true,
            StatusKind::Resumed { .. } | StatusKind::Fresh => false,
            _ => return,
        };
        match &status.scope {
            Scope::All => {
                for line in &mut self.lines {
                    if held || line.aside.is_some() {
                        line.aside().held = held;
                    }
                }
            }
            Scope::Symbols(symbols) => {
                for symbol in symbols.iter() {
                    if let Some(at) = self.index.get(symbol) {
                        self.lines[*at].aside().held = held;
                    }
                }
            }
        }
        if !held {
            self.due.resume();
        }
    }

    /// The open candle of a line, tainted by the gaps told so far.
    #[inline]
    pub(super) fn candle(&mut self, at: usize) -> Option<Candle> {
        let line = &mut self.lines[at];
        let symbol = line.symbol.clone();
        let open = line.tainted(&self.taint)?;
        Some(open.candle(symbol, self.cutter.interval, CandleState::Partial))
    }
}

/// Whether as much has been traded as its interval asks for. A sum that does not fit is enough.
fn is_full(sums: &Sums, interval: Interval) -> bool {
    let reaches = |sum: Option<Decimal>| sum.is_none_or(|sum| sum >= interval.amount());
    match interval.unit() {
        IntervalUnit::Volume => reaches(sums.volume),
        IntervalUnit::Turnover => reaches(sums.turnover),
        _ => interval
            .count()
            .is_some_and(|count| sums.ticks >= u64::from(count)),
    }
}
