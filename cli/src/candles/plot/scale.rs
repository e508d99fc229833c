//! Prices as heights.
//!
//! Heights are drawn, not computed with: binary floating point does.

use feedline::Decimal;
use feedline::market::Candle;

use super::glyph::Extent;

/// Rows between two prices on the axis, at least.
const TICK_ROWS: u16 = 3;

/// The range of prices that a number of rows shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    min: f64,
    max: f64,
    rows: u16,
    /// Digits after the point that prices have here.
    digits: usize,
}

impl Scale {
    /// That of these candles; `None` without any.
    pub(super) fn of(candles: &[Candle], rows: u16, digits: usize) -> Option<Self> {
        let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
        for candle in candles {
            min = min.min(float(candle.low));
            max = max.max(float(candle.high));
        }
        if min > max || rows == 0 {
            return None;
        }
        if max <= min {
            // One price only: it is drawn in the middle.
            let room = if min == 0.0 { 1.0 } else { min.abs() * 0.001 };
            (min, max) = (min - room, max + room);
        }
        Some(Self {
            min,
            max,
            rows,
            digits,
        })
    }

    /// The half of a cell, counted from the top, in which a price lies.
    fn half(&self, price: f64) -> u16 {
        let last = f64::from(2 * self.rows - 1);
        let share = (self.max - price) / (self.max - self.min);
        // Inside the range by the clamp.
        (share * last).round().clamp(0.0, last) as u16
    }

    pub(super) fn row(&self, price: Decimal) -> u16 {
        self.half(float(price)) / 2
    }

    pub(super) fn extent(&self, candle: &Candle) -> Extent {
        let (open, close) = (float(candle.open), float(candle.close));
        Extent {
            high: self.half(float(candle.high)),
            body: (self.half(open.max(close)), self.half(open.min(close))),
            low: self.half(float(candle.low)),
        }
    }

    /// A price with as many digits as all others.
    pub(super) fn text(&self, price: f64) -> String {
        format!("{price:.0$}", self.digits)
    }

    /// Round prices, each with its row.
    pub(super) fn ticks(&self) -> Vec<(u16, String)> {
        let most = f64::from((self.rows / TICK_ROWS).max(1));
        // There is no price between two that differ in the last digit.
        let finest = 0.1_f64.powf(self.digits as f64);
        let step = round_up((self.max - self.min) / most).max(finest);
        let mut ticks = Vec::new();
        // A multiple of the step is not exact; that must not take the outermost prices away.
        let exact = step * 1e-6;
        // Plus zero, since there is a negative one, which is written as such.
        let mut tick = ((self.min - exact) / step).ceil() + 0.0;
        // Their number is bounded by the choice of the step.
        while tick * step <= self.max + exact && ticks.len() < usize::from(self.rows) {
            let price = tick * step;
            ticks.push((self.half(price) / 2, self.text(price)));
            tick += 1.0;
        }
        ticks
    }
}

/// The next higher one of …, 0.1, 0.2, 0.5, 1, 2, 5, 10, …
fn round_up(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let nice = [1.0, 2.0, 5.0].map(|digit| digit * power);
    nice.into_iter()
        .find(|nice| *nice >= step * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

pub(super) fn float(number: Decimal) -> f64 {
    f64::try_from(number).unwrap_or(0.0)
}

/// A number in at most about five characters, for an axis.
pub(super) fn brief(number: f64) -> String {
    let (number, unit) = match number {
        _ if number >= 1e9 => (number / 1e9, "G"),
        _ if number >= 1e6 => (number / 1e6, "M"),
        _ if number >= 1e4 => (number / 1e3, "k"),
        _ => (number, ""),
    };
    let digits = match number {
        _ if number >= 100.0 => 0,
        _ if number >= 10.0 => 1,
        _ if number >= 1.0 => 2,
        _ => 4,
    };
    format!("{number:.digits$}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(min: f64, max: f64, rows: u16, digits: usize) -> Scale {
        Scale {
            min,
            max,
            rows,
            digits,
        }
    }

    #[test]
    fn the_axis_has_round_prices() {
        let text = |scale: Scale| -> Vec<String> {
            scale.ticks().into_iter().map(|(_, text)| text).collect()
        };
        assert_eq!(text(scale(99.7, 101.2, 12, 1)), ["100.0", "100.5", "101.0"]);
        assert_eq!(text(scale(0.0, 9.0, 9, 0)), ["0", "5"]);
        assert_eq!(
            text(scale(63_000.0, 63_400.0, 6, 0)),
            ["63000", "63200", "63400"]
        );
        assert_eq!(text(scale(0.00012, 0.00013, 3, 5)), ["0.00012", "0.00013"]);
    }

    #[test]
    fn the_highest_is_on_top_and_the_lowest_at_the_bottom() {
        let scale = scale(1.0, 2.0, 4, 0);
        assert_eq!((scale.half(2.0), scale.half(1.0)), (0, 7));
        assert_eq!((scale.half(9.0), scale.half(-9.0)), (0, 7));
    }

    #[test]
    fn numbers_are_brief() {
        let numbers = [0.0123, 1.5, 12.34, 1234.5, 12_345.0, 2.5e6, 7e9];
        assert_eq!(
            numbers.map(brief),
            ["0.0123", "1.50", "12.3", "1234", "12.3k", "2.50M", "7.00G"]
        );
    }
}
