use serde::{Deserialize, Serialize};

use super::super::field::Field;
use super::super::row::{Build, Reader, Source, Unfit};
use super::super::{Day, float};
use crate::decimal::{self, Decimal};
use crate::market::Record;
use crate::{Symbol, Timestamp};

/// Volatility and volumes of one expiration of options on an underlying, computed by a model.
///
/// Source: dxFeed API, `Series`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Series {
    /// The instrument.
    pub symbol: Symbol,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// What the event is known by within its symbol: a number of the series, not a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// Tells events of one millisecond apart, 0 to 2^22 - 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
    /// The last day of the options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Day>,
    /// Implied volatility as a fraction.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub volatility: Option<f64>,
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
    /// Puts traded for each call; infinite where no call was.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub put_call_ratio: Option<f64>,
    /// Implied forward price.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub forward_price: Option<f64>,
    /// Implied simple dividend return.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub dividend: Option<f64>,
    /// Implied simple interest return.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub interest: Option<f64>,
    /// When the event was made (`eventTime`), which few servers tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Timestamp>,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
}

impl Build for Series {
    fn build<'a, S: Source<'a>>(row: &mut Reader<S>) -> Result<Self, Unfit> {
        Ok(Self {
            time: row.moment(),
            index: row.integer(Field::Index),
            sequence: row.count(Field::Sequence),
            expiration: row.day(Field::Expiration),
            volatility: row.float(Field::Volatility),
            call_volume: row.amount(Field::CallVolume),
            put_volume: row.amount(Field::PutVolume),
            put_call_ratio: row.float(Field::PutCallRatio),
            forward_price: row.float(Field::ForwardPrice),
            dividend: row.float(Field::Dividend),
            interest: row.float(Field::Interest),
            event_time: row.millis(Field::EventTime),
            received: row.received(),
            symbol: row.take_symbol(),
        })
    }
}

impl Record for Series {
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

    fn slot(&self) -> Option<i64> {
        self.index
    }
}
