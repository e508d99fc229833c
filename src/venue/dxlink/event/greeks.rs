use serde::{Deserialize, Serialize};

use super::super::field::Field;
use super::super::float;
use super::super::row::{Build, Reader, Source, Unfit};
use crate::decimal::{self, Decimal};
use crate::market::Record;
use crate::{Symbol, Timestamp};

/// An option's sensitivities, computed by a model.
///
/// The latest replaces: in a queue that conflates one is kept for each symbol.
///
/// Source: dxFeed API, `Greeks`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Greeks {
    /// The instrument.
    pub symbol: Symbol,
    /// When it was made; the index tells it where `time` was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// What the event is known by within its symbol; made of time and sequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// Tells events of one millisecond apart, 0 to 2^22 - 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
    /// The option's market price.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub price: Option<Decimal>,
    /// Implied volatility as a fraction: 0.3188 is 31.88 %.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub volatility: Option<f64>,
    /// First derivative of the price by the underlying's price.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub delta: Option<f64>,
    /// Second derivative of the price by the underlying's price.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// Change of the price a day to expiration.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub theta: Option<f64>,
    /// Change of the price a percent of interest rate.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub rho: Option<f64>,
    /// Change of the price a percent of volatility.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub vega: Option<f64>,
    /// When the event was made (`eventTime`), which few servers tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Timestamp>,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
}

impl Build for Greeks {
    fn build<'a, S: Source<'a>>(row: &mut Reader<S>) -> Result<Self, Unfit> {
        Ok(Self {
            time: row.time_or_index(),
            index: row.index_or_time(),
            sequence: row.count(Field::Sequence),
            price: row.decimal(Field::Price),
            volatility: row.float(Field::Volatility),
            delta: row.float(Field::Delta),
            gamma: row.float(Field::Gamma),
            theta: row.float(Field::Theta),
            rho: row.float(Field::Rho),
            vega: row.float(Field::Vega),
            event_time: row.millis(Field::EventTime),
            received: row.received(),
            symbol: row.take_symbol(),
        })
    }
}

impl Record for Greeks {
    const LATEST_REPLACES: bool = true;

    fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    fn time(&self) -> Option<Timestamp> {
        self.time
    }

    fn received(&self) -> Option<Timestamp> {
        self.received
    }
}
