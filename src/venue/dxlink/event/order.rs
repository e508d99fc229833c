use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::super::field::Field;
use super::super::row::{Build, Reader, Source, Unfit};
use super::super::{OrderAction, OrderScope, OrderSide};
use crate::decimal::{self, Decimal};
use crate::market::Record;
use crate::{Symbol, Timestamp};

/// One order of a book, one price of it, or one exchange's best price: `scope` tells which.
///
/// An order of size zero, or without size, is no longer in the book.
///
/// Source: dxFeed API, `Order` and `OrderBase`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Order {
    /// The instrument.
    pub symbol: Symbol,
    /// The book it is of, such as `NTV` (orders) or `ntv` (prices).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SmolStr>,
    /// When the order was placed or changed, exact to the nanosecond where the venue tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// What the order is known by within its symbol and source. It holds the source: do not compute
    /// with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// Tells events of one millisecond apart, 0 to 2^22 - 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
    /// Buying or selling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<OrderSide>,
    /// Price of one unit.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub price: Option<Decimal>,
    /// How much is offered, in shares or contracts.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub size: Option<Decimal>,
    /// How many orders it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// What it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<OrderScope>,
    /// The exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<char>,
    /// The market maker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market_maker: Option<SmolStr>,
    /// What happened to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<OrderAction>,
    /// When that happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_time: Option<Timestamp>,
    /// The exchange's number of the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<i64>,
    /// Another number of it, such as the order that it replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aux_order_id: Option<i64>,
    /// How much of it has been executed.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub executed_size: Option<Decimal>,
    /// The number of the trade that changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_id: Option<i64>,
    /// Price of that trade.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub trade_price: Option<Decimal>,
    /// Size of that trade.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub trade_size: Option<Decimal>,
    /// When the event was made (`eventTime`), which few servers tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Timestamp>,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
}

impl Build for Order {
    fn build<'a, S: Source<'a>>(row: &mut Reader<S>) -> Result<Self, Unfit> {
        Ok(Self {
            source: row.name(Field::Source),
            time: row.moment(),
            index: row.integer(Field::Index),
            sequence: row.count(Field::Sequence),
            side: row.one_of(Field::OrderSide, OrderSide::from_wire),
            price: row.decimal(Field::Price),
            size: row.size(Field::Size)?,
            count: row.count(Field::Count),
            scope: row.one_of(Field::Scope, OrderScope::from_wire),
            exchange: row.character(Field::ExchangeCode),
            market_maker: row.name(Field::MarketMaker),
            action: row.one_of(Field::Action, OrderAction::from_wire),
            action_time: row.millis(Field::ActionTime),
            order_id: row.integer(Field::OrderId),
            aux_order_id: row.integer(Field::AuxOrderId),
            executed_size: row.amount(Field::ExecutedSize),
            trade_id: row.integer(Field::TradeId),
            trade_price: row.decimal(Field::TradePrice),
            trade_size: row.amount(Field::TradeSize),
            event_time: row.millis(Field::EventTime),
            received: row.received(),
            symbol: row.take_symbol(),
        })
    }
}

impl Record for Order {
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
