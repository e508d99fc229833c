//! One symbol of the simulated market.

use std::collections::VecDeque;

use super::MarketTrade;
use super::book::Book;
use super::candles::Candles;
use crate::market::Side;
use crate::{Decimal, Symbol, Timestamp};

/// What a venue gives in one answer.
const TRADES_KEPT: usize = 1_000;

/// Levels a side of the book is refilled to, and where it is cut: enough for windows of 400.
const LEVELS: usize = 450;
const MOST_LEVELS: usize = 520;

/// The widest spread, in ticks.
const WIDEST: i64 = 8;

/// Prices a market starts from: symbol, price in ticks, digits of the price, digits of the size.
const KNOWN: [(&str, i64, u32, u32); 8] = [
    ("BTC_USDT", 837_909, 1, 6),
    ("ETH_USDT", 281_544, 2, 4),
    ("SOL_USDT", 16_437, 2, 3),
    ("XRP_USDT", 24_810, 4, 2),
    ("DOGE_USDT", 215_370, 6, 1),
    ("ADA_USDT", 68_230, 5, 2),
    ("LTC_USDT", 9_412, 2, 4),
    ("GT_USDT", 18_735, 3, 3),
];

/// Where a symbol's price starts, and how finely it is divided.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Listing {
    /// The price at the start, in ticks.
    pub(in super::super) ticks: i64,
    pub(in super::super) price_digits: u32,
    pub(in super::super) size_digits: u32,
}

/// The symbols a simulator knows unless told otherwise.
pub(in super::super) fn default_symbols() -> impl Iterator<Item = Symbol> {
    KNOWN.iter().map(|(name, ..)| Symbol::new(name))
}

/// One symbol: its book, candles and latest trades.
#[derive(Clone, Debug)]
pub(in super::super) struct Pair {
    pub(in super::super) symbol: Symbol,
    pub(in super::super) book: Book,
    pub(in super::super) candles: Candles,
    pub(in super::super) trades: VecDeque<MarketTrade>,
    pub(in super::super) price_digits: u32,
    pub(in super::super) size_digits: u32,
    anchor: i64,
    next_id: u64,
    rng: fastrand::Rng,
}

impl Pair {
    pub(super) fn new(
        symbol: Symbol,
        listing: Option<Listing>,
        mut rng: fastrand::Rng,
        start: Timestamp,
    ) -> Self {
        let known = KNOWN.iter().find(|(name, ..)| symbol == **name);
        let (anchor, price_digits, size_digits) = match (listing, known) {
            (Some(listing), _) => (listing.ticks, listing.price_digits, listing.size_digits),
            (None, Some((_, ticks, price, size))) => (*ticks, *price, *size),
            (None, None) => (rng.i64(20_000..500_000), 4, 3),
        };
        let next_id = rng.u64(200_000_000..250_000_000);
        let price = Decimal::new(anchor, price_digits);
        let mut pair = Self {
            symbol,
            book: Book::new(rng.u64(30_000_000_000..50_000_000_000), start),
            candles: Candles::new(price.normalize(), start),
            trades: VecDeque::new(),
            price_digits,
            size_digits,
            anchor,
            next_id,
            rng,
        };
        pair.book
            .set(Side::Buy, anchor, pair.rng.i64(100..100_000), start);
        pair.book
            .set(Side::Sell, anchor + 1, pair.rng.i64(100..100_000), start);
        pair.refill(start);
        pair
    }

    pub(in super::super) fn price(&self, ticks: i64) -> Decimal {
        Decimal::new(ticks, self.price_digits).normalize()
    }

    pub(in super::super) fn size(&self, lots: i64) -> Decimal {
        Decimal::new(lots, self.size_digits).normalize()
    }

    /// A number that grows with every trade and every change of the book.
    pub(in super::super) fn version(&self) -> u64 {
        self.book.id() + self.next_id
    }

    /// One trade against the book, and the changes around it.
    pub(super) fn trade(&mut self, time: Timestamp) -> MarketTrade {
        let side = self.next_side();
        let maker = match side {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        };
        self.refill(time);
        let best = self.book.best(maker).unwrap_or(super::Rung {
            price: self.anchor,
            size: 1,
        });
        let lots = if self.rng.u8(..) < 90 {
            best.size
        } else {
            self.rng.i64(1..=best.size.max(1))
        };
        self.book.set(maker, best.price, best.size - lots, time);
        for _ in 0..self.rng.usize(1..4) {
            self.shuffle(time);
        }
        if self.rng.u8(..) < 40 {
            self.book.touch(time);
        }
        self.requote(side, time);
        self.refill(time);
        self.record(self.price(best.price), self.size(lots), side, time)
    }

    /// Takes a trade into the candles and the history.
    pub(super) fn record(
        &mut self,
        price: Decimal,
        size: Decimal,
        side: Side,
        time: Timestamp,
    ) -> MarketTrade {
        let trade = MarketTrade {
            symbol: self.symbol.clone(),
            id: self.next_id,
            price,
            size,
            side,
            time,
        };
        self.next_id += 1;
        self.candles.add(price, size, time);
        if self.trades.len() >= TRADES_KEPT {
            self.trades.pop_front();
        }
        self.trades.push_back(trade.clone());
        trade
    }

    /// A walk that is drawn back to where it began, so that months of it stay plausible.
    fn next_side(&mut self) -> Side {
        let price = self
            .book
            .best(Side::Buy)
            .map_or(self.anchor, |best| best.price);
        let reach = (self.anchor / 10).max(1);
        let pull = ((self.anchor - price) * 100 / reach).clamp(-100, 100);
        if self.rng.i64(0..256) < 128 + pull {
            Side::Buy
        } else {
            Side::Sell
        }
    }

    /// One change of one level, near the top more often than deep down.
    fn shuffle(&mut self, time: Timestamp) {
        let side = if self.rng.bool() {
            Side::Buy
        } else {
            Side::Sell
        };
        let rungs = self.book.side(side);
        let (one, other) = (self.rng.usize(..LEVELS), self.rng.usize(..LEVELS));
        let Some(rung) = rungs.get(one * other / LEVELS).copied() else {
            return;
        };
        let size = self.rng.i64(100..100_000);
        match self.rng.u8(..10) {
            0..6 => self.book.set(side, rung.price, size, time),
            6..8 => self.book.set(side, rung.price, 0, time),
            _ => {
                let step = if self.rng.bool() { 1 } else { -1 };
                let price = rung.price + step;
                let crosses = match side {
                    Side::Buy => self
                        .book
                        .best(Side::Sell)
                        .is_some_and(|ask| price >= ask.price),
                    Side::Sell => self
                        .book
                        .best(Side::Buy)
                        .is_some_and(|bid| price <= bid.price),
                };
                if price > 0 && !crosses {
                    self.book.set(side, price, size, time);
                }
            }
        }
    }

    /// Lets the side that took follow the price it moved, or the spread would widen for ever.
    fn requote(&mut self, taker: Side, time: Timestamp) {
        let (Some(bid), Some(ask)) = (self.book.best(Side::Buy), self.book.best(Side::Sell)) else {
            return;
        };
        if ask.price - bid.price <= WIDEST {
            return;
        }
        let inside = self.rng.i64(1..=WIDEST);
        let price = match taker {
            Side::Buy => ask.price - inside,
            Side::Sell => bid.price + inside,
        };
        let size = self.rng.i64(100..100_000);
        self.book.set(taker, price, size, time);
    }

    /// Keeps both sides between their bounds.
    fn refill(&mut self, time: Timestamp) {
        for side in [Side::Buy, Side::Sell] {
            while self.book.side(side).len() < LEVELS {
                let away = if side == Side::Buy { -1 } else { 1 };
                let worst = match self.book.side(side).last() {
                    Some(worst) => worst.price,
                    None => self.anchor,
                };
                let price = worst + away * self.rng.i64(1..4);
                if price <= 0 {
                    break;
                }
                let size = self.rng.i64(100..100_000);
                self.book.set(side, price, size, time);
            }
            while self.book.side(side).len() > MOST_LEVELS {
                let Some(worst) = self.book.side(side).last().copied() else {
                    break;
                };
                self.book.set(side, worst.price, 0, time);
            }
        }
    }
}
