use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::super::field::Field;
use super::super::row::{Build, Reader, Source, Unfit};
use super::super::{Day, ShortSaleRestriction, TradingStatus, float};
use crate::decimal::{self, Decimal};
use crate::market::Record;
use crate::{Symbol, Timestamp};

/// What an instrument is, whether it is traded, and its key figures.
///
/// Source: dxFeed API, `Profile`. Figures are in the instrument's currency where they are amounts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Profile {
    /// The instrument.
    pub symbol: Symbol,
    /// The name in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<SmolStr>,
    /// Whether short sales are restricted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_sale_restriction: Option<ShortSaleRestriction>,
    /// Whether it is traded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trading_status: Option<TradingStatus>,
    /// Why trading is halted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<SmolStr>,
    /// When the halt began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halt_start: Option<Timestamp>,
    /// When the halt ended or ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halt_end: Option<Timestamp>,
    /// Highest price allowed today.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub high_limit: Option<Decimal>,
    /// Lowest price allowed today.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub low_limit: Option<Decimal>,
    /// Highest price of 52 weeks.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub high_52_weeks: Option<Decimal>,
    /// Lowest price of 52 weeks.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub low_52_weeks: Option<Decimal>,
    /// How the price moves with the market; a model number.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub beta: Option<f64>,
    /// Earnings a share, of a year.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub earnings_per_share: Option<Decimal>,
    /// Dividends a year.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub dividend_frequency: Option<Decimal>,
    /// The last dividend, a share.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub ex_dividend_amount: Option<Decimal>,
    /// The first day of trading without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ex_dividend_day: Option<Day>,
    /// Shares outstanding.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub shares: Option<Decimal>,
    /// Shares that are traded freely.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub free_float: Option<Decimal>,
    /// When the event was made (`eventTime`), which few servers tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Timestamp>,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
}

impl Build for Profile {
    fn build<'a, S: Source<'a>>(row: &mut Reader<S>) -> Result<Self, Unfit> {
        Ok(Self {
            description: row.name(Field::Description),
            short_sale_restriction: row
                .one_of(Field::ShortSaleRestriction, ShortSaleRestriction::from_wire),
            trading_status: row.one_of(Field::TradingStatus, TradingStatus::from_wire),
            status_reason: row.name(Field::StatusReason),
            halt_start: row.millis(Field::HaltStartTime),
            halt_end: row.millis(Field::HaltEndTime),
            high_limit: row.decimal(Field::HighLimitPrice),
            low_limit: row.decimal(Field::LowLimitPrice),
            high_52_weeks: row.decimal(Field::High52WeekPrice),
            low_52_weeks: row.decimal(Field::Low52WeekPrice),
            beta: row.float(Field::Beta),
            earnings_per_share: row.decimal(Field::EarningsPerShare),
            dividend_frequency: row.decimal(Field::DividendFrequency),
            ex_dividend_amount: row.decimal(Field::ExDividendAmount),
            ex_dividend_day: row.day(Field::ExDividendDayId),
            shares: row.decimal(Field::Shares),
            free_float: row.decimal(Field::FreeFloat),
            event_time: row.millis(Field::EventTime),
            received: row.received(),
            symbol: row.take_symbol(),
        })
    }
}

impl Record for Profile {
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
