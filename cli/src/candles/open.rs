//! The candles that are not final yet.

use feedline::market::{Candle, CandleState};

/// The open candle of each symbol, in the order in which the symbols were first seen.
#[derive(Debug, Default)]
pub(crate) struct Open {
    candles: Vec<Candle>,
}

impl Open {
    /// Takes note of a candle's state. Whether it is shown as it comes: final or revised.
    pub(crate) fn enter(&mut self, candle: &Candle) -> bool {
        let known = self
            .candles
            .iter()
            .position(|open| open.symbol == candle.symbol);
        if candle.state == Some(CandleState::Partial) {
            match known {
                Some(at) => self.candles[at] = candle.clone(),
                None => self.candles.push(candle.clone()),
            }
            return false;
        }
        if let Some(at) = known
            && self.candles[at].start == candle.start
        {
            self.candles.remove(at);
        }
        true
    }

    /// The open candle of a symbol.
    pub(crate) fn of(&self, symbol: &str) -> Option<&Candle> {
        self.candles.iter().find(|open| open.symbol == *symbol)
    }

    /// Takes all of them out.
    pub(crate) fn take(&mut self) -> Vec<Candle> {
        std::mem::take(&mut self.candles)
    }
}
