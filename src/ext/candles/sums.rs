use super::exact;
use crate::market::Candle;
use crate::{Decimal, Timestamp};

/// What the ticks of a candle add up to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums {
    pub(super) open: Decimal,
    pub(super) high: Decimal,
    pub(super) low: Decimal,
    pub(super) close: Decimal,
    /// Gone for good once a tick has no size or the sum does not fit.
    pub(super) volume: Option<Decimal>,
    pub(super) turnover: Option<Decimal>,
    pub(super) ticks: u64,
    /// Whether every tick had a size, so that they were trades.
    sized: bool,
    pub(super) first_time: Option<Timestamp>,
    pub(super) last_time: Option<Timestamp>,
}

impl Sums {
    pub(super) fn of(price: Decimal, size: Option<Decimal>, time: Timestamp) -> Self {
        Self {
            open: price,
            high: price,
            low: price,
            close: price,
            volume: size,
            turnover: size.and_then(|size| exact::mul(price, size)),
            ticks: 1,
            sized: size.is_some(),
            first_time: Some(time),
            last_time: Some(time),
        }
    }

    /// Those of a candle from elsewhere.
    pub(super) fn of_candle(candle: &Candle) -> Self {
        Self {
            open: candle.open,
            high: candle.high,
            low: candle.low,
            close: candle.close,
            volume: candle.volume,
            turnover: candle.turnover,
            ticks: candle.trades.unwrap_or(0),
            sized: candle.trades.is_some(),
            first_time: candle.first_time,
            last_time: candle.last_time,
        }
    }

    /// No ticks at all, at the price of the last one before.
    pub(super) fn flat(price: Decimal, before: &Self) -> Self {
        Self {
            open: price,
            high: price,
            low: price,
            close: price,
            volume: before.volume.map(|_| Decimal::ZERO),
            turnover: before.turnover.map(|_| Decimal::ZERO),
            ticks: 0,
            sized: before.sized,
            first_time: None,
            last_time: None,
        }
    }

    /// Adds a tick; they may come in any order.
    #[inline]
    pub(super) fn add(&mut self, price: Decimal, size: Option<Decimal>, time: Timestamp) {
        if exact::less(self.high, price) {
            self.high = price;
        }
        if exact::less(price, self.low) {
            self.low = price;
        }
        if self.first_time.is_none_or(|first| time < first) {
            self.open = price;
            self.first_time = Some(time);
        }
        if self.last_time.is_none_or(|last| time >= last) {
            self.close = price;
            self.last_time = Some(time);
        }
        match size {
            Some(size) => {
                self.volume = self.volume.and_then(|total| exact::add(total, size));
                self.turnover = self
                    .turnover
                    .and_then(|total| exact::add(total, exact::mul(price, size)?));
            }
            None => (self.volume, self.turnover, self.sized) = (None, None, false),
        }
        self.ticks += 1;
    }

    /// Whether no tick is in it: neither one of ours nor one that is known of elsewhere.
    pub(super) fn is_empty(&self) -> bool {
        self.ticks == 0
            && self.first_time.is_none()
            && self.volume.is_none_or(|volume| volume.is_zero())
    }

    /// Whether nothing was traded, so that its prices are only carried on.
    pub(super) fn is_flat(&self) -> bool {
        self.ticks == 0 && (self.sized || self.volume == Some(Decimal::ZERO))
    }

    /// These followed by what came after them.
    pub(super) fn then(self, later: &Self) -> Self {
        let both = |add: fn(Decimal, Decimal) -> Option<Decimal>,
                    a: Option<Decimal>,
                    b: Option<Decimal>| a.zip(b).and_then(|(a, b)| add(a, b));
        let prices = if self.is_flat() {
            (later.open, later.high, later.low, later.close)
        } else if later.is_flat() {
            (self.open, self.high, self.low, self.close)
        } else {
            let (high, low) = (self.high.max(later.high), self.low.min(later.low));
            (self.open, high, low, later.close)
        };
        let (open, high, low, close) = prices;
        Self {
            open,
            high,
            low,
            close,
            volume: both(exact::add, self.volume, later.volume),
            turnover: both(exact::add, self.turnover, later.turnover),
            ticks: self.ticks.saturating_add(later.ticks),
            sized: self.sized && later.sized,
            first_time: self.first_time.or(later.first_time),
            last_time: later.last_time.or(self.last_time),
        }
    }

    pub(super) fn trades(&self) -> Option<u64> {
        self.sized.then_some(self.ticks)
    }

    #[inline]
    pub(super) fn vwap(&self) -> Option<Decimal> {
        exact::ratio(self.turnover?, self.volume?)
    }
}
