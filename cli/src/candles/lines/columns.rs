//! A candle as a line of columns.

use feedline::Decimal;
use feedline::market::{Calendar, Candle};

use super::super::clock;
use crate::text::{BOLD, DIM, GREEN, RED, flags, push};

/// Lines whose figures stand below each other. A stream's widest figure is not known before it
/// comes, so columns widen as they must and never narrow.
#[derive(Debug)]
pub(crate) struct Columns {
    calendar: Calendar,
    symbol: usize,
    figures: [usize; 7],
}

impl Columns {
    pub(crate) fn new(calendar: Calendar) -> Self {
        Self {
            calendar,
            symbol: 8,
            figures: [0; 7],
        }
    }

    pub(crate) fn line(&mut self, candle: &Candle) -> String {
        let time = clock::full(candle.start, candle.interval, &self.calendar);
        self.symbol = self.symbol.max(candle.symbol.len());
        let (symbol, width) = (&candle.symbol, self.symbol);
        let style = if candle.close >= candle.open {
            GREEN
        } else {
            RED
        };
        let mut line = format!("{DIM}{time}{DIM:#}  {BOLD}{symbol:<width$}{BOLD:#}{style}");
        // Eight digits beyond those of the prices say nothing to people.
        let digits = candle.close.scale().max(candle.open.scale()) + 2;
        let vwap = candle.vwap.map(|vwap| vwap.round_dp(digits));
        let text = |figure: Option<Decimal>| figure.map(|figure| figure.to_string());
        let figures = [
            ("open", Some(candle.open.to_string())),
            ("high", Some(candle.high.to_string())),
            ("low", Some(candle.low.to_string())),
            ("close", Some(candle.close.to_string())),
            ("volume", text(candle.volume)),
            ("trades", candle.trades.map(|trades| trades.to_string())),
            ("vwap", text(vwap)),
        ];
        for (at, (name, figure)) in figures.into_iter().enumerate() {
            if at == 4 {
                push(&mut line, format_args!("{style:#}"));
            }
            let Some(figure) = figure else { continue };
            let width = &mut self.figures[at];
            *width = figure.len().max(*width);
            let width = *width;
            push(&mut line, format_args!("  {name} {figure:>width$}"));
        }
        push(&mut line, format_args!("{}", flags(candle)));
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candle(close: &str, volume: &str) -> Candle {
        serde_json::from_value(serde_json::json!({
            "symbol": "A_B", "interval": "1s", "start": "2026-01-02T03:04:05Z",
            "open": "9.5", "high": "10", "low": "9", "close": close,
            "volume": volume, "trades": 2, "vwap": "9.123456789",
            "state": "revised", "tainted": true,
        }))
        .unwrap()
    }

    #[test]
    fn figures_stand_below_each_other() {
        let mut columns = Columns::new(Calendar::utc());
        let mut line = |candle: &Candle| {
            let line = columns.line(candle);
            anstream::adapter::strip_str(&line).to_string()
        };
        let begins = "03:04:05  A_B       open 9.5  high 10  low 9";
        let ends = "trades 2  vwap 9.123  revised  tainted by a gap";
        assert_eq!(
            line(&candle("10", "10")),
            format!("{begins}  close 10  volume 10  {ends}")
        );
        assert_eq!(
            line(&candle("9", "1")),
            format!("{begins}  close  9  volume  1  {ends}")
        );
    }
}
