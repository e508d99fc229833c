use super::exact;
use super::taint::Taint;
use crate::market::{Candle, CandleState, Interval, Tick, Window};
use crate::{Decimal, Symbol, Timestamp};

/// A candle that ticks still go into.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) window: Window,
    truncated: bool,
    tainted: bool,
    /// How many gaps of all symbols, and of this one, were there the last time it was asked.
    gaps: [u64; 2],
    open: Decimal,
    high: Decimal,
    low: Decimal,
    close: Decimal,
    /// Sums are gone for good once a tick has no size or the sum does not fit.
    volume: Option<Decimal>,
    turnover: Option<Decimal>,
    trades: Option<u64>,
    first_time: Timestamp,
    last_time: Timestamp,
    received: Option<Timestamp>,
}

impl Open {
    pub(super) fn new(tick: &impl Tick, price: Decimal, time: Timestamp, window: Window) -> Self {
        let size = tick.size();
        Self {
            window,
            truncated: false,
            tainted: false,
            gaps: [0; 2],
            open: price,
            high: price,
            low: price,
            close: price,
            volume: size,
            turnover: size.and_then(|size| exact::mul(price, size)),
            trades: size.map(|_| 1),
            first_time: time,
            last_time: time,
            received: tick.received(),
        }
    }

    /// With what is known of it when it opens.
    pub(super) fn marked(self, truncated: bool, tainted: bool, gaps: [u64; 2]) -> Self {
        Self {
            truncated,
            tainted,
            gaps,
            ..self
        }
    }

    /// Looks for gaps that were told since the last time.
    pub(super) fn taint(&mut self, taints: [&Taint; 2]) {
        for (seen, taint) in self.gaps.iter_mut().zip(taints) {
            if *seen != taint.gaps() {
                self.tainted |= taint.touches(&self.window, *seen);
                *seen = taint.gaps();
            }
        }
    }

    /// Adds a tick of this window; within it ticks may come in any order.
    pub(super) fn add(&mut self, tick: &impl Tick, price: Decimal, time: Timestamp) {
        self.high = self.high.max(price);
        self.low = self.low.min(price);
        if time < self.first_time {
            self.open = price;
            self.first_time = time;
        }
        if time >= self.last_time {
            self.close = price;
            self.last_time = time;
        }
        let size = tick.size();
        self.volume = self
            .volume
            .zip(size)
            .and_then(|(total, size)| exact::add(total, size));
        self.turnover = self
            .turnover
            .zip(size)
            .and_then(|(total, size)| exact::add(total, exact::mul(price, size)?));
        self.trades = self.trades.zip(size).map(|(trades, _)| trades + 1);
        self.received = tick.received();
    }

    #[inline]
    pub(super) fn candle(&self, symbol: Symbol, interval: Interval, state: CandleState) -> Candle {
        // A division costs more than all the rest: only the final candle is worth it.
        let vwap = match state {
            CandleState::Partial => None,
            _ => self
                .turnover
                .zip(self.volume)
                .and_then(|(turnover, volume)| turnover.checked_div(volume)),
        };
        Candle {
            symbol,
            interval,
            start: self.window.start,
            open: self.open,
            high: self.high,
            low: self.low,
            close: self.close,
            volume: self.volume,
            turnover: self.turnover,
            trades: self.trades,
            vwap,
            state: Some(state),
            tainted: self.tainted,
            truncated: self.truncated,
            first_time: Some(self.first_time),
            last_time: Some(self.last_time),
            received: self.received,
            detail: (),
        }
    }
}
