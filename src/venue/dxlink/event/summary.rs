use serde::{Deserialize, Serialize};

use super::super::field::Field;
use super::super::row::{Build, Reader, Source, Unfit};
use super::super::{Day, PriceType};
use crate::decimal::{self, Decimal};
use crate::market::Record;
use crate::{Symbol, Timestamp};

/// The day's prices, the previous day's close and the open interest.
///
/// Source: dxFeed API, `Summary`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Summary {
    /// The instrument.
    pub symbol: Symbol,
    /// The day of the prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Day>,
    /// First price of the day.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub open: Option<Decimal>,
    /// Highest price of the day.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub high: Option<Decimal>,
    /// Lowest price of the day.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub low: Option<Decimal>,
    /// Last price of the day, once it is over.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub close: Option<Decimal>,
    /// How firm `close` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_type: Option<PriceType>,
    /// The trading day before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_day: Option<Day>,
    /// Its last price.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub previous_close: Option<Decimal>,
    /// How firm `previous_close` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_close_type: Option<PriceType>,
    /// What was traded on it, in shares or contracts.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub previous_volume: Option<Decimal>,
    /// Contracts open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_interest: Option<u64>,
    /// When the event was made (`eventTime`), which few servers tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Timestamp>,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
}

impl Build for Summary {
    fn build<'a, S: Source<'a>>(row: &mut Reader<S>) -> Result<Self, Unfit> {
        Ok(Self {
            day: row.day(Field::DayId),
            open: row.decimal(Field::DayOpenPrice),
            high: row.decimal(Field::DayHighPrice),
            low: row.decimal(Field::DayLowPrice),
            close: row.decimal(Field::DayClosePrice),
            close_type: row.one_of(Field::DayClosePriceType, PriceType::from_wire),
            previous_day: row.day(Field::PrevDayId),
            previous_close: row.decimal(Field::PrevDayClosePrice),
            previous_close_type: row.one_of(Field::PrevDayClosePriceType, PriceType::from_wire),
            previous_volume: row.amount(Field::PrevDayVolume),
            open_interest: row.count(Field::OpenInterest),
            event_time: row.millis(Field::EventTime),
            received: row.received(),
            symbol: row.take_symbol(),
        })
    }
}

impl Record for Summary {
    const LATEST_REPLACES: bool = true;

    fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    fn time(&self) -> Option<Timestamp> {
        self.event_time
    }

    fn received(&self) -> Option<Timestamp> {
        self.received
    }
}
