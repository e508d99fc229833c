//! One symbol's candles, built from its trades.

use std::collections::VecDeque;
use std::time::Duration;

use crate::{Decimal, Timestamp};

/// Gate's sixteen candle lengths, which cover those of every other venue: name and seconds.
pub(in super::super) const INTERVALS: [(&str, i64); 16] = [
    ("10s", 10),
    ("30s", 30),
    ("1m", 60),
    ("3m", 180),
    ("5m", 300),
    ("15m", 900),
    ("30m", 1_800),
    ("1h", 3_600),
    ("2h", 7_200),
    ("4h", 14_400),
    ("6h", 21_600),
    ("8h", 28_800),
    ("12h", 43_200),
    ("1d", 86_400),
    ("7d", 604_800),
    ("30d", 2_592_000),
];

/// Every length is a multiple of the shortest.
const SHORTEST: i64 = INTERVALS[0].1;

/// What a venue keeps of each length, and the most it gives in one answer.
const HISTORY: usize = 1_000;

/// A candle of a simulated market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Bar {
    pub(in super::super) start: Timestamp,
    pub(in super::super) open: Decimal,
    pub(in super::super) high: Decimal,
    pub(in super::super) low: Decimal,
    pub(in super::super) close: Decimal,
    pub(in super::super) base: Decimal,
    pub(in super::super) quote: Decimal,
    pub(in super::super) trades: u64,
}

impl Bar {
    fn flat(start: Timestamp, price: Decimal) -> Self {
        Self {
            start,
            open: price,
            high: price,
            low: price,
            close: price,
            base: Decimal::ZERO,
            quote: Decimal::ZERO,
            trades: 0,
        }
    }

    fn add(&mut self, price: Decimal, size: Decimal) {
        if self.trades == 0 {
            (self.open, self.high, self.low) = (price, price, price);
        }
        self.high = self.high.max(price);
        self.low = self.low.min(price);
        self.close = price;
        self.base += size;
        self.quote += price * size;
        self.trades += 1;
    }
}

#[derive(Clone, Debug)]
struct Series {
    seconds: i64,
    current: Bar,
    closed: VecDeque<Bar>,
}

impl Series {
    fn end(&self) -> Timestamp {
        let length = Duration::from_secs(self.seconds.unsigned_abs());
        self.current.start.saturating_add(length)
    }

    fn roll(&mut self, time: Timestamp) {
        let start = window_start(time, self.seconds);
        if start <= self.current.start {
            return;
        }
        let length = Duration::from_secs(self.seconds.unsigned_abs());
        while self.current.start < start {
            let next = Bar::flat(self.end(), self.current.close);
            let done = std::mem::replace(&mut self.current, next);
            if self.closed.len() >= HISTORY {
                self.closed.pop_front();
            }
            self.closed.push_back(done);
            // After a long silence only what the history can hold is worth filling in.
            let earliest = start.saturating_sub(length * u32::try_from(HISTORY).unwrap_or(1));
            self.current.start = self.current.start.max(earliest);
        }
    }
}

/// The candles of one symbol, of every length.
#[derive(Clone, Debug)]
pub(in super::super) struct Candles {
    series: Vec<Series>,
    next_boundary: Timestamp,
}

impl Candles {
    pub(super) fn new(price: Decimal, time: Timestamp) -> Self {
        let series = INTERVALS.iter().map(|(_, seconds)| Series {
            seconds: *seconds,
            current: Bar::flat(window_start(time, *seconds), price),
            closed: VecDeque::new(),
        });
        Self {
            series: series.collect(),
            next_boundary: window_start(time, SHORTEST).saturating_add(Duration::from_secs(10)),
        }
    }

    /// Closes every window that has ended by `time`.
    pub(in super::super) fn roll(&mut self, time: Timestamp) {
        if time < self.next_boundary {
            return;
        }
        for series in &mut self.series {
            series.roll(time);
        }
        self.next_boundary = window_start(time, SHORTEST).saturating_add(Duration::from_secs(10));
    }

    pub(super) fn add(&mut self, price: Decimal, size: Decimal, time: Timestamp) {
        self.roll(time);
        for series in &mut self.series {
            series.current.add(price, size);
        }
    }

    /// The open candle of the length at this place in [`INTERVALS`].
    pub(in super::super) fn current(&self, interval: usize) -> &Bar {
        &self.series[interval].current
    }

    /// When the open candle ends.
    pub(in super::super) fn end(&self, interval: usize) -> Timestamp {
        self.series[interval].end()
    }

    /// When the candle that starts at `start` ends.
    pub(in super::super) fn after(&self, interval: usize, start: Timestamp) -> Timestamp {
        let length = Duration::from_secs(self.series[interval].seconds.unsigned_abs());
        start.saturating_add(length)
    }

    /// The closed candles that start in `from..to`, oldest first.
    pub(in super::super) fn between(
        &self,
        interval: usize,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<Bar> {
        let closed = &self.series[interval].closed;
        let first = closed.partition_point(|bar| bar.start < from);
        closed
            .range(first..)
            .take_while(|bar| bar.start < to)
            .cloned()
            .collect()
    }

    /// The candles kept of this length, oldest first, the open one last.
    pub(in super::super) fn all(&self, interval: usize) -> impl DoubleEndedIterator<Item = &Bar> {
        let series = &self.series[interval];
        series.closed.iter().chain(std::iter::once(&series.current))
    }
}

/// Where this length's place in [`INTERVALS`] is.
pub(in super::super) fn interval_index(name: &str) -> Option<usize> {
    INTERVALS.iter().position(|(known, _)| *known == name)
}

fn window_start(time: Timestamp, seconds: i64) -> Timestamp {
    let start = time
        .as_nanos()
        .div_euclid(1_000_000_000)
        .div_euclid(seconds)
        * seconds;
    Timestamp::from_secs(start).unwrap_or(Timestamp::EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_leaves_flat_candles_and_a_bounded_history() {
        let second = |count| Timestamp::from_secs(count).unwrap();
        let mut candles = Candles::new(Decimal::ONE, second(0));
        candles.add(Decimal::TWO, Decimal::ONE, second(5));
        candles.roll(second(31));
        let bars: Vec<_> = candles.all(0).map(|bar| (bar.start, bar.trades)).collect();
        assert_eq!(
            bars,
            [
                (second(0), 1),
                (second(10), 0),
                (second(20), 0),
                (second(30), 0)
            ]
        );
        candles.roll(second(1_000_000));
        assert!(candles.all(0).count() <= HISTORY + 1);
        assert_eq!(candles.current(0).start, second(1_000_000));
    }
}
