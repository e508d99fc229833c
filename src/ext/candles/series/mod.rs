use std::time::Duration;

use hashbrown::HashMap;

use super::cutter::Cutter;
use super::due::Due;
use super::line::{Idle, Line};
use super::market_clock::MarketClock;
use super::open::{Entry, Part};
use super::sums::Sums;
use super::taint::Taint;
use crate::market::{Calendar, Candle, CandleState, EmptyIntervals, Interval, Tick, Window};
use crate::{Symbol, Timestamp};

mod markers;
mod put;
mod quiet;
mod trading;

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
    /// The line whose open candle is over once these have been told.
    ending: Option<usize>,
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
            ending: None,
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
        let last = self.cutter.last_of(candle.interval, candle.start);
        let last = last.or(candle.last_time);
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

    /// The open candle of a line, tainted by the gaps told so far.
    #[inline(always)]
    pub(super) fn candle(&mut self, at: usize) -> Option<Candle> {
        let line = &mut self.lines[at];
        let symbol = line.symbol.clone();
        let open = line.tainted(&self.taint)?;
        Some(open.candle(symbol, self.cutter.interval, CandleState::Partial))
    }
}
