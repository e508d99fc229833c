//! `feedline decode gate`.

use clap::{Args, ValueEnum};
use feedline::venue::gate::{self, Decoded};

use super::frames::{Frames, Malformed};

/// Gate.
#[derive(Debug, Args)]
pub(crate) struct Gate {
    /// The venue's market.
    #[arg(long, value_enum, default_value = "spot")]
    market: Market,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Market {
    /// Spot.
    Spot,
}

impl Gate {
    /// What reads frames of this market.
    pub(super) fn frames(&self) -> Spot {
        let Market::Spot = self.market;
        Spot
    }
}

/// Reads each frame by itself.
#[derive(Debug)]
pub(super) struct Spot;

impl Frames for Spot {
    type Item = Decoded;

    fn decode(&mut self, frame: &[u8]) -> Result<Vec<Decoded>, Malformed> {
        let decoded = gate::decode(frame).map_err(|error| Malformed {
            channel: error.channel().map(Into::into),
            symbol: error.symbol().cloned(),
            ..Malformed::new(error.reason())
        })?;
        Ok(decoded)
    }

    fn kind(decoded: &Decoded) -> &'static str {
        match decoded {
            Decoded::Trade(_) => "trade",
            Decoded::Quote(_) => "quote",
            Decoded::Ticker(_) => "ticker",
            Decoded::Candle(_) => "candle",
            Decoded::Book(_) => "book",
            Decoded::Ack { .. } => "ack",
            Decoded::Rejected { .. } => "rejected",
            Decoded::Pong => "pong",
            Decoded::System { .. } => "system",
            Decoded::Ignored { .. } => "ignored",
            Decoded::Dropped { .. } => "dropped",
            _ => "other",
        }
    }
}
