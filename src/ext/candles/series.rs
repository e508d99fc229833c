use hashbrown::HashMap;

use super::open::Open;
use super::taint::Taint;
use crate::market::{Candle, CandleState, Interval, Tick};
use crate::{Gap, Scope, Symbol};

/// The open candles of all symbols.
pub(super) struct Series {
    interval: Interval,
    index: HashMap<Symbol, usize>,
    /// In the order in which the symbols were first seen.
    lines: Vec<Line>,
    taint: Taint,
    late: u64,
    skipped: u64,
}

/// One symbol's candles.
struct Line {
    symbol: Symbol,
    open: Option<Open>,
    /// By gaps of this symbol alone.
    taint: Taint,
}

impl Series {
    pub(super) fn new(interval: Interval) -> Self {
        Self {
            interval,
            index: HashMap::new(),
            lines: Vec::new(),
            taint: Taint::default(),
            late: 0,
            skipped: 0,
        }
    }

    pub(super) fn interval(&self) -> Interval {
        self.interval
    }

    pub(super) fn lines(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn late(&self) -> u64 {
        self.late
    }

    pub(super) fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Adds a tick: to which line, and the candle that it closed. `None` if it is in no candle.
    pub(super) fn tick<T: Tick>(&mut self, tick: &T) -> Option<(usize, Option<Candle>)> {
        let time = tick.time().or_else(|| tick.received());
        let Some((price, time)) = tick.price().zip(time) else {
            self.skipped += 1;
            return None;
        };
        let at = self.line(tick.symbol());
        let line = &mut self.lines[at];
        if let Some(open) = &mut line.open {
            if open.window.contains(time) {
                open.add(tick, price, time);
                return Some((at, None));
            }
            if time < open.window.start {
                self.late += 1;
                return None;
            }
        }
        let closed = self.candle(at, CandleState::Final);
        let line = &mut self.lines[at];
        let window = self.interval.window(time);
        let truncated = line.open.is_none() && time != window.start;
        let gaps = [self.taint.gaps(), line.taint.gaps()];
        let tainted = self.taint.touches(&window, gaps[0]) || line.taint.touches(&window, gaps[1]);
        let open = Open::new(tick, price, time, window);
        line.open = Some(open.marked(truncated, tainted, gaps));
        Some((at, closed))
    }

    fn line(&mut self, symbol: &Symbol) -> usize {
        if let Some(at) = self.index.get(symbol) {
            return *at;
        }
        let at = self.lines.len();
        self.index.insert(symbol.clone(), at);
        self.lines.push(Line {
            symbol: symbol.clone(),
            open: None,
            taint: Taint::default(),
        });
        at
    }

    pub(super) fn gap(&mut self, gap: &Gap) {
        match &gap.scope {
            Scope::All => self.taint.add(gap),
            Scope::Symbols(symbols) => {
                for symbol in symbols.iter() {
                    let at = self.line(symbol);
                    self.lines[at].taint.add(gap);
                }
            }
        }
    }

    #[inline]
    /// The open candle of a line, tainted by the gaps told so far.
    pub(super) fn candle(&mut self, at: usize, state: CandleState) -> Option<Candle> {
        let line = &mut self.lines[at];
        let open = line.open.as_mut()?;
        open.taint([&self.taint, &line.taint]);
        Some(open.candle(line.symbol.clone(), self.interval, state))
    }
}
