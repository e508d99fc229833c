use serde::{Deserialize, Serialize};

use super::super::field::Field;
use super::super::float;
use super::super::row::{Build, Reader, Source, Unfit};
use crate::decimal::{self, Decimal};
use crate::market::Record;
use crate::{Symbol, Timestamp};

/// Volatility and volumes of all options on an underlying, computed by a model.
///
/// Source: dxFeed API, `Underlying`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Underlying {
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
    /// Implied volatility of 30 days as a fraction.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub volatility: Option<f64>,
    /// Implied volatility of the first expiration as a fraction.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub front_volatility: Option<f64>,
    /// Implied volatility of the second expiration as a fraction.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub back_volatility: Option<f64>,
    /// Calls traded today, in contracts.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub call_volume: Option<Decimal>,
    /// Puts traded today, in contracts.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub put_volume: Option<Decimal>,
    /// Options traded today, in contracts; only where asked for.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub option_volume: Option<Decimal>,
    /// Puts traded for each call; infinite where no call was.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub put_call_ratio: Option<f64>,
    /// When the event was made (`eventTime`), which few servers tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Timestamp>,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
}

impl Build for Underlying {
    fn build<'a, S: Source<'a>>(row: &mut Reader<S>) -> Result<Self, Unfit> {
        Ok(Self {
            time: row.time_or_index(),
            index: row.index_or_time(),
            sequence: row.count(Field::Sequence),
            volatility: row.float(Field::Volatility),
            front_volatility: row.float(Field::FrontVolatility),
            back_volatility: row.float(Field::BackVolatility),
            call_volume: row.amount(Field::CallVolume),
            put_volume: row.amount(Field::PutVolume),
            option_volume: row.amount(Field::OptionVolume),
            put_call_ratio: row.float(Field::PutCallRatio),
            event_time: row.millis(Field::EventTime),
            received: row.received(),
            symbol: row.take_symbol(),
        })
    }
}

impl Record for Underlying {
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
