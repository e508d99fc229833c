//! Orders and their legs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use smol_str::SmolStr;

use super::fill::LegFill;
use crate::account::{self, OrderKind, OrderStatus};
use crate::decimal::{self, Decimal};
use crate::market::{Detail, Side};
use crate::venue::tastytrade::fields::Fields;
use crate::venue::tastytrade::words::{Action, Effect, InstrumentType, OrderType, Status};
use crate::{Symbol, Timestamp};

/// An order. Its symbol is its leg's if it has one leg, and that of its underlying otherwise; side,
/// filled and remaining size are told of an order of one leg alone.
pub type Order = account::Order<OrderDetail>;

/// tastytrade's own fields of an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrderDetail {
    /// The account's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Symbol>,
    /// The venue's own word for its status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The venue's own word for its conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_type: Option<OrderType>,
    /// How long it is to stand: `Day`, `GTC`, `GTD`, `Ext`…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_in_force: Option<SmolStr>,
    /// Whether the account pays or receives its price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_effect: Option<Effect>,
    /// The price at which a stop order begins to trade.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub stop_trigger: Option<Decimal>,
    /// What its legs are derived from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub underlying: Option<Symbol>,
    /// What kind of instrument that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub underlying_type: Option<InstrumentType>,
    /// Whether it may be withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellable: Option<bool>,
    /// Whether it may be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub editable: Option<bool>,
    /// Whether it was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<bool>,
    /// When the venue received it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<Timestamp>,
    /// When it was sent to an exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight_at: Option<Timestamp>,
    /// When it came into an exchange's book.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_at: Option<Timestamp>,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal_at: Option<Timestamp>,
    /// What it buys and sells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legs: Vec<Leg>,
    /// What else the venue sent, under its own names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub more: Map<String, Value>,
}

impl Detail for OrderDetail {}

/// A leg of an order: one instrument, bought or sold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Leg {
    /// The instrument, in the venue's spelling (not DXLink's).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// What kind of instrument it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument_type: Option<InstrumentType>,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// How much it is for, in shares or contracts.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub quantity: Option<Decimal>,
    /// How much of it is still to be done.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub remaining: Option<Decimal>,
    /// What was done of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fills: Vec<LegFill>,
    /// What else the venue sent, under its own names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub more: Map<String, Value>,
}

impl Leg {
    /// Whether it buys or sells.
    pub fn side(&self) -> Option<Side> {
        self.action.as_ref().and_then(side)
    }

    fn read(text: &str) -> Option<Self> {
        let mut fields = Fields::parse(text).ok()?;
        Some(Self {
            symbol: fields.symbol("symbol"),
            instrument_type: fields.word("instrument-type"),
            action: fields.word("action"),
            quantity: fields.decimal("quantity"),
            remaining: fields.decimal("remaining-quantity"),
            fills: fields.list("fills", LegFill::read).unwrap_or_default(),
            more: fields.rest(),
        })
    }
}

/// Which side an action is on.
pub(super) fn side(action: &Action) -> Option<Side> {
    match action {
        Action::BuyToOpen | Action::BuyToClose | Action::Buy => Some(Side::Buy),
        Action::SellToOpen | Action::SellToClose | Action::Sell => Some(Side::Sell),
        Action::Other(_) => None,
    }
}

/// Reads an order; `None` if it lacks what makes it one.
pub(super) fn read(text: &str, received: Option<Timestamp>) -> Option<Order> {
    let mut fields = Fields::parse(text).ok()?;
    let id = fields.id("id")?;
    let status: Status = fields.word("status")?;
    let legs = fields.list("legs", Leg::read).unwrap_or_default();
    let underlying = fields.symbol("underlying-symbol");
    let order_type: Option<OrderType> = fields.word("order-type");
    let one = match legs.as_slice() {
        [leg] => Some(leg),
        _ => None,
    };
    let of_leg = one.and_then(|leg| leg.symbol.clone());
    let symbol = of_leg.or_else(|| underlying.clone()).or_else(|| {
        let first = legs.first();
        first.and_then(|leg| leg.symbol.clone())
    })?;
    let remaining = one.and_then(|leg| leg.remaining);
    let quantity = one.and_then(|leg| leg.quantity);
    let filled = quantity.zip(remaining);
    Some(Order {
        id,
        client_id: fields.id("ext-client-order-id"),
        symbol,
        side: one.and_then(Leg::side),
        kind: order_type.as_ref().map(kind),
        status: common(&status),
        price: fields.decimal("price"),
        size: fields.decimal("size").or(quantity),
        filled: filled.and_then(|(quantity, left)| quantity.checked_sub(left)),
        remaining,
        time: fields.time("updated-at"),
        received,
        detail: OrderDetail {
            account: fields.symbol("account-number"),
            status: Some(status),
            order_type,
            time_in_force: fields.text("time-in-force"),
            price_effect: fields.word("price-effect"),
            stop_trigger: fields.decimal("stop-trigger"),
            underlying,
            underlying_type: fields.word("underlying-instrument-type"),
            cancellable: fields.flag("cancellable"),
            editable: fields.flag("editable"),
            edited: fields.flag("edited"),
            received_at: fields.time("received-at"),
            in_flight_at: fields.time("in-flight-at"),
            live_at: fields.time("live-at"),
            terminal_at: fields.time("terminal-at"),
            legs,
            more: fields.rest(),
        },
    })
}

fn kind(order_type: &OrderType) -> OrderKind {
    match order_type {
        OrderType::Limit => OrderKind::Limit,
        OrderType::Market => OrderKind::Market,
        OrderType::Stop => OrderKind::Stop,
        OrderType::StopLimit => OrderKind::StopLimit,
        other => OrderKind::Other(other.as_str().into()),
    }
}

/// The venue's statuses in words that venues share.
fn common(status: &Status) -> OrderStatus {
    match status {
        Status::Received | Status::Routed | Status::InFlight | Status::Contingent => {
            OrderStatus::Pending
        }
        // Until the exchange has agreed, it may still trade.
        Status::Live | Status::CancelRequested | Status::ReplaceRequested => OrderStatus::Open,
        Status::Filled => OrderStatus::Filled,
        Status::Cancelled | Status::Removed | Status::PartiallyRemoved => OrderStatus::Cancelled,
        Status::Rejected => OrderStatus::Rejected,
        Status::Expired => OrderStatus::Expired,
        Status::Other(word) => OrderStatus::Other(word.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Id;

    #[test]
    fn an_order_of_one_leg_tells_its_side_and_what_is_left() {
        let text = r#"{"id":7,"account-number":"A","status":"Live","order-type":"Limit","price":"0.05","size":"3","underlying-symbol":"SPY","updated-at":1748448002553,"brand-new":1,"legs":[{"symbol":"SPY   260821C00700000","quantity":"3","remaining-quantity":2,"action":"Sell to Open"}]}"#;
        let order = read(text, None).unwrap();
        assert_eq!(order.id, Id::from("7"));
        assert_eq!(order.symbol, "SPY   260821C00700000");
        assert_eq!(order.side, Some(Side::Sell));
        assert_eq!(order.status, OrderStatus::Open);
        assert_eq!(order.kind, Some(OrderKind::Limit));
        assert_eq!(order.filled, Some(Decimal::ONE));
        assert_eq!(order.remaining, Some(Decimal::TWO));
        assert_eq!(order.detail.more["brand-new"], 1);
        let json = serde_json::to_string(&order).unwrap();
        assert_eq!(serde_json::from_str::<Order>(&json).unwrap(), order);
    }

    #[test]
    fn an_order_of_two_legs_is_one_on_the_underlying() {
        let text = r#"{"id":"7","status":"Odd","underlying-symbol":"SPY","legs":[{"symbol":"X","action":"Buy to Open"},{"symbol":"Y","action":"Sell to Open"}]}"#;
        let order = read(text, None).unwrap();
        assert_eq!((order.symbol.as_str(), order.side), ("SPY", None));
        assert_eq!(order.status, OrderStatus::Other("Odd".into()));
        assert_eq!(read(r#"{"status":"Live"}"#, None), None);
        assert_eq!(read(r#"{"id":1,"status":"Live"}"#, None), None);
    }
}
