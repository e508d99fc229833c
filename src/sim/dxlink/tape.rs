//! What happened to one symbol: its trades, minutes and days.

use std::collections::VecDeque;

use super::index;
use super::series::Bar;
use crate::market::Side;
use crate::sim::market::{MarketTrade, Pair};
use crate::{Decimal, Timestamp};

/// Trades kept for candles of less than a minute, and minutes for the longer ones: a week.
const TICKS: usize = 10_000;
const MINUTES: usize = 10_080;

/// A trade and the quote at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    pub(super) millis: i64,
    /// Its number within the millisecond.
    pub(super) sequence: i64,
    pub(super) price: Decimal,
    pub(super) size: Decimal,
    pub(super) side: Side,
    pub(super) bid: Option<Decimal>,
    pub(super) ask: Option<Decimal>,
    /// `UP`, `DOWN` and what lies between.
    pub(super) direction: &'static str,
}

/// One day's prices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) number: i64,
    pub(super) open: Option<Decimal>,
    pub(super) high: Decimal,
    pub(super) low: Decimal,
    pub(super) close: Decimal,
    pub(super) volume: Decimal,
    pub(super) turnover: Decimal,
}

/// The tape of one symbol.
#[derive(Clone, Debug)]
pub(super) struct Tape {
    pub(super) ticks: VecDeque<Tick>,
    pub(super) minutes: VecDeque<Bar>,
    pub(super) day: Day,
    pub(super) before: Day,
    /// The latest time of any trade, in milliseconds.
    latest: i64,
}

impl Tape {
    /// A tape of nothing; the day before closed at this price.
    pub(super) fn new(price: Decimal, now: Timestamp) -> Self {
        let number = index::day(now);
        let before = Day {
            number: number - 1,
            open: Some(price),
            high: price,
            low: price,
            close: price,
            ..Day::default()
        };
        Self {
            ticks: VecDeque::new(),
            minutes: VecDeque::new(),
            day: Day {
                number,
                ..Day::default()
            },
            before,
            latest: i64::MIN,
        }
    }

    /// Takes a trade; gives it with the quote of its moment.
    pub(super) fn record(&mut self, pair: &Pair, trade: &MarketTrade) -> Tick {
        let millis = trade.time.as_millis();
        let last = self.ticks.back();
        // By a clock that was set back a time may come twice: its numbers must not.
        let sequence = match last {
            Some(last) if millis <= self.latest => last.sequence + 1,
            _ => 0,
        };
        self.latest = self.latest.max(millis);
        let best = |side| pair.book.best(side).map(|rung| pair.price(rung.price));
        let tick = Tick {
            millis,
            sequence: sequence.min(index::MAX_SEQUENCE),
            price: trade.price,
            size: trade.size,
            side: trade.side,
            bid: best(Side::Buy),
            ask: best(Side::Sell),
            direction: direction(last, trade.price),
        };
        if self.ticks.len() >= TICKS {
            self.ticks.pop_front();
        }
        self.ticks.push_back(tick.clone());
        let start = millis.div_euclid(60_000) * 60_000;
        match self.minutes.back_mut() {
            Some(bar) if bar.millis == start => bar.add(&tick, tick.price),
            _ => {
                if self.minutes.len() >= MINUTES {
                    self.minutes.pop_front();
                }
                self.minutes
                    .push_back(Bar::new(start, 0, &tick, tick.price));
            }
        }
        self.count(index::day(trade.time), &tick);
        tick
    }

    fn count(&mut self, number: i64, tick: &Tick) {
        if number != self.day.number {
            let today = Day {
                number,
                ..Day::default()
            };
            let done = std::mem::replace(&mut self.day, today);
            if done.open.is_some() {
                self.before = done;
            }
        }
        let day = &mut self.day;
        if day.open.is_none() {
            (day.high, day.low) = (tick.price, tick.price);
        }
        day.open = day.open.or(Some(tick.price));
        day.high = day.high.max(tick.price);
        day.low = day.low.min(tick.price);
        day.close = tick.price;
        day.volume += tick.size;
        day.turnover += tick.size * tick.price;
    }
}

fn direction(last: Option<&Tick>, price: Decimal) -> &'static str {
    let Some(last) = last else {
        return "UNDEFINED";
    };
    if price > last.price {
        "UP"
    } else if price < last.price {
        "DOWN"
    } else if matches!(last.direction, "UP" | "ZERO_UP") {
        "ZERO_UP"
    } else if matches!(last.direction, "DOWN" | "ZERO_DOWN") {
        "ZERO_DOWN"
    } else {
        "ZERO"
    }
}
