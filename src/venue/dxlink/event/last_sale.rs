use serde::{Deserialize, Serialize};

use super::super::field::Field;
use super::super::row::{Build, Reader, Source, Unfit};
use super::super::{Day, TickDirection};
use crate::decimal::{self, Decimal};
use crate::market::{Record, Tick};
use crate::{Symbol, Timestamp};

/// The last sale and the day's volume: the venue's `Trade` and `TradeETH`.
///
/// It is a state, not an execution: states in between may be left out by aggregation, and all
/// fields are absent before the first sale of the day. Executions are
/// [`TimeAndSale`](super::TimeAndSale).
///
/// Source: dxFeed API, `Trade` and `TradeETH`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LastSale {
    /// The instrument.
    pub symbol: Symbol,
    /// Which of the two: sales of regular or of extended hours.
    pub session: SaleSession,
    /// Price of the last sale.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub price: Option<Decimal>,
    /// How much was sold, in shares or contracts.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub size: Option<Decimal>,
    /// When it happened, exact to the nanosecond where the venue tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// Tells events of one millisecond apart, 0 to 2^22 - 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
    /// The exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<char>,
    /// The change of the price that the venue sends with it; from which price is not documented.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub change: Option<Decimal>,
    /// The day of volume and turnover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Day>,
    /// What was traded on the day, in shares or contracts.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub day_volume: Option<Decimal>,
    /// What was paid for it on the day.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub day_turnover: Option<Decimal>,
    /// How the price compares with the one before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick_direction: Option<TickDirection>,
    /// Whether the sale happened outside regular hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_hours: Option<bool>,
    /// The exchange's number of the sale, which few servers send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_id: Option<i64>,
    /// When the event was made (`eventTime`), which few servers tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Timestamp>,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
}

impl Build for LastSale {
    fn build<'a, S: Source<'a>>(row: &mut Reader<S>) -> Result<Self, Unfit> {
        Ok(Self {
            session: SaleSession::Regular,
            price: row.decimal(Field::Price),
            size: row.size(Field::Size)?,
            time: row.moment(),
            sequence: row.count(Field::Sequence),
            exchange: row.character(Field::ExchangeCode),
            change: row.decimal(Field::Change),
            day: row.day(Field::DayId),
            day_volume: row.amount(Field::DayVolume),
            day_turnover: row.decimal(Field::DayTurnover),
            tick_direction: row.one_of(Field::TickDirection, TickDirection::from_wire),
            extended_hours: row.boolean(Field::ExtendedTradingHours),
            trade_id: row.integer(Field::TradeId),
            event_time: row.millis(Field::EventTime),
            received: row.received(),
            symbol: row.take_symbol(),
        })
    }
}

impl Record for LastSale {
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
        Some(self.session as i64)
    }
}

impl Tick for LastSale {
    fn price(&self) -> Option<Decimal> {
        self.price
    }

    /// None: sales in between may have been left out, so sizes do not add up.
    fn size(&self) -> Option<Decimal> {
        None
    }
}

/// Which last sale a [`LastSale`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaleSession {
    /// Of regular hours: the venue's `Trade`.
    Regular,
    /// Of extended hours: the venue's `TradeETH`.
    Extended,
}
