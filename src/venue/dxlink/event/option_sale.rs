use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::super::field::Field;
use super::super::row::{Build, Reader, Source, Unfit};
use super::super::{OrderSide, SaleKind, float};
use crate::decimal::{self, Decimal};
use crate::market::Record;
use crate::{Symbol, Timestamp};

/// One execution of an option, published under its underlying's symbol.
///
/// Source: dxFeed API, `OptionSale`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OptionSale {
    /// The instrument.
    pub symbol: Symbol,
    /// The option.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<SmolStr>,
    /// When it happened, exact to the nanosecond where the venue tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// What the sale is known by: corrections and cancels have the index of the sale they are
    /// about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// Tells events of one millisecond apart, 0 to 2^22 - 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
    /// Whether the sale is new, corrected or taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sale_kind: Option<SaleKind>,
    /// Price of one option.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub price: Option<Decimal>,
    /// How much was traded, in contracts.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub size: Option<Decimal>,
    /// The taker's side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<OrderSide>,
    /// The exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<char>,
    /// Best bid at that moment.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub bid: Option<Decimal>,
    /// Best ask at that moment.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub ask: Option<Decimal>,
    /// The exchange's sale conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<SmolStr>,
    /// The trade-through-exempt flag, a character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_through_exempt: Option<char>,
    /// Whether it is a part of a spread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread_leg: Option<bool>,
    /// Whether it happened outside regular hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_hours: Option<bool>,
    /// Whether it counts for the day's prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_tick: Option<bool>,
    /// The underlying's price at that moment.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub underlying_price: Option<Decimal>,
    /// Implied volatility as a fraction.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub volatility: Option<f64>,
    /// The option's delta.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub delta: Option<f64>,
    /// When the event was made (`eventTime`), which few servers tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Timestamp>,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
}

impl Build for OptionSale {
    fn build<'a, S: Source<'a>>(row: &mut Reader<S>) -> Result<Self, Unfit> {
        Ok(Self {
            option: row.name(Field::OptionSymbol),
            time: row.moment(),
            index: row.integer(Field::Index),
            sequence: row.count(Field::Sequence),
            sale_kind: row.one_of(Field::Type, SaleKind::from_wire),
            price: row.decimal(Field::Price),
            size: row.size(Field::Size)?,
            side: row.one_of(Field::AggressorSide, OrderSide::from_wire),
            exchange: row.character(Field::ExchangeCode),
            bid: row.decimal(Field::BidPrice),
            ask: row.decimal(Field::AskPrice),
            conditions: row.name(Field::ExchangeSaleConditions),
            trade_through_exempt: row.character(Field::TradeThroughExempt),
            spread_leg: row.boolean(Field::SpreadLeg),
            extended_hours: row.boolean(Field::ExtendedTradingHours),
            valid_tick: row.boolean(Field::ValidTick),
            underlying_price: row.decimal(Field::UnderlyingPrice),
            volatility: row.float(Field::Volatility),
            delta: row.float(Field::Delta),
            event_time: row.millis(Field::EventTime),
            received: row.received(),
            symbol: row.take_symbol(),
        })
    }
}

impl Record for OptionSale {
    const LATEST_REPLACES: bool = false;

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
