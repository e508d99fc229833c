//! A seeded market: trades, order books and candles that fit together.

mod book;
mod candles;
mod pair;

use std::collections::BTreeMap;
use std::time::Duration;

pub(super) use book::{Book, Delta, Rung};
pub(super) use candles::{Bar, Candles, INTERVALS, interval_index};
pub(super) use pair::{Listing, Pair, default_symbols};

use crate::market::Side;
use crate::{Decimal, Symbol, Timestamp};

/// A market that moves only when told the time.
///
/// The same seed, symbols, rate and start give the same trades, whatever steps it is moved in, so a
/// day can be run without a socket or a clock:
///
/// ```
/// use std::time::Duration;
/// use feedline::Timestamp;
/// use feedline::sim::Market;
///
/// let start = Timestamp::from_secs(1_700_000_000).unwrap();
/// let mut market = Market::new(7, ["BTC_USDT", "ETH_USDT"], 10.0, start);
/// let trades = market.step(start.saturating_add(Duration::from_secs(60)));
/// assert!(trades.len() > 500);
/// assert!(trades.is_sorted_by_key(|trade| trade.time));
/// ```
#[derive(Clone, Debug)]
pub struct Market {
    pairs: Vec<Pair>,
    index: BTreeMap<Symbol, usize>,
    rng: fastrand::Rng,
    /// The mean time between trades.
    period: Option<Duration>,
    next: Timestamp,
}

/// A trade of a simulated market.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MarketTrade {
    /// The symbol.
    pub symbol: Symbol,
    /// Its id: one more than that of the symbol's last trade.
    pub id: u64,
    /// The price.
    pub price: Decimal,
    /// The size, in the base asset.
    pub size: Decimal,
    /// The taker's side.
    pub side: Side,
    /// When it happened.
    pub time: Timestamp,
}

impl Market {
    /// A market of these symbols with `rate` trades a second, all symbols together, at most a
    /// million; 0 for none.
    pub fn new(
        seed: u64,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
        rate: f64,
        start: Timestamp,
    ) -> Self {
        let symbols = symbols.into_iter().map(|symbol| (symbol.into(), None));
        Self::listing(seed, symbols, rate, start)
    }

    /// The same, where the caller may say what each symbol's prices look like.
    pub(super) fn listing(
        seed: u64,
        symbols: impl IntoIterator<Item = (Symbol, Option<Listing>)>,
        rate: f64,
        start: Timestamp,
    ) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut market = Self {
            pairs: Vec::new(),
            index: BTreeMap::new(),
            period: None,
            next: start,
            rng: rng.fork(),
        };
        for (symbol, listing) in symbols {
            if !market.index.contains_key(&symbol) {
                market.index.insert(symbol.clone(), market.pairs.len());
                let pair = Pair::new(symbol, listing, rng.fork(), start);
                market.pairs.push(pair);
            }
        }
        market.set_rate(rate);
        market.schedule();
        market
    }

    pub(super) fn set_rate(&mut self, rate: f64) {
        let usable = rate.is_finite() && rate > 0.0 && !self.pairs.is_empty();
        self.period = usable.then(|| Duration::from_secs_f64((1.0 / rate).clamp(1e-6, 1e9)));
    }

    /// When the next trade will happen, if any.
    pub fn next_trade(&self) -> Option<Timestamp> {
        self.period.map(|_| self.next)
    }

    /// Moves to `now` and gives the trades that happened on the way, in order.
    pub fn step(&mut self, now: Timestamp) -> Vec<MarketTrade> {
        let mut trades = Vec::new();
        while self.period.is_some() && self.next <= now {
            let time = self.next;
            trades.extend(self.trade(time));
            self.schedule();
        }
        trades
    }

    /// One trade of a random symbol, outside the schedule.
    pub fn trade(&mut self, time: Timestamp) -> Option<MarketTrade> {
        if self.pairs.is_empty() {
            return None;
        }
        let pair = self.rng.usize(..self.pairs.len());
        Some(self.pairs[pair].trade(time))
    }

    /// Takes a trade made by hand, as if it had happened. `None` if the symbol is not in the market.
    pub fn record(
        &mut self,
        symbol: &str,
        price: Decimal,
        size: Decimal,
        side: Side,
        time: Timestamp,
    ) -> Option<MarketTrade> {
        let pair = self.pair_mut(symbol)?;
        Some(pair.record(price, size, side, time))
    }

    /// Leaves out what would have happened before `time`.
    pub(super) fn skip_to(&mut self, time: Timestamp) {
        self.next = self.next.max(time);
    }

    fn schedule(&mut self) {
        if let Some(period) = self.period {
            self.next = self
                .next
                .saturating_add(period.mul_f64(0.5 + self.rng.f64()));
        }
    }

    pub(super) fn pair(&self, symbol: &str) -> Option<&Pair> {
        self.index.get(symbol).map(|at| &self.pairs[*at])
    }

    pub(super) fn pair_mut(&mut self, symbol: &str) -> Option<&mut Pair> {
        self.index.get(symbol).map(|at| &mut self.pairs[*at])
    }

    pub(super) fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Closes the candles that have ended by `now`, trades or not.
    pub(super) fn roll(&mut self, now: Timestamp) {
        for pair in &mut self.pairs {
            pair.candles.roll(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + seconds).unwrap()
    }

    #[test]
    fn the_size_of_steps_does_not_matter() {
        let new = || Market::new(3, ["A_B", "C_D"], 20.0, at(0));
        let (mut one, mut many) = (new(), new());
        let all = one.step(at(30));
        let pieces: Vec<_> = (0..=30).flat_map(|second| many.step(at(second))).collect();
        assert_eq!(all, pieces);
        assert!(all.len() > 400);
    }

    #[test]
    fn books_never_cross_and_candles_add_up() {
        let mut market = Market::new(5, ["BTC_USDT"], 50.0, at(0));
        let mut total = Decimal::ZERO;
        for second in 1..600 {
            for trade in market.step(at(second)) {
                total += trade.size;
            }
            let book = &market.pairs()[0].book;
            let (bid, ask) = (
                book.best(Side::Buy).unwrap(),
                book.best(Side::Sell).unwrap(),
            );
            assert!(bid.price < ask.price);
        }
        for (interval, (name, _)) in INTERVALS.iter().enumerate() {
            let sum: Decimal = market.pairs()[0]
                .candles
                .all(interval)
                .map(|bar| bar.base)
                .sum();
            assert_eq!(sum, total, "{name}");
        }
    }
}
