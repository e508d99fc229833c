use serde::{Deserialize, Serialize};

use crate::decimal::{self, Decimal};
use crate::market::{Detail, Id, Record, Side};
use crate::words::words;
use crate::{Symbol, Timestamp};

/// An order of the account, as it stands after a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "D: Detail", deserialize = "D: Detail"))]
pub struct Order<D = ()> {
    /// The venue's identifier.
    pub id: Id,
    /// The identifier that the client gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Id>,
    /// The instrument.
    pub symbol: Symbol,
    /// Whether it buys or sells, if it does one of the two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// Under what conditions it trades.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<OrderKind>,
    /// What has become of it.
    pub status: OrderStatus,
    /// Its limit.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub price: Option<Decimal>,
    /// How much it is for.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub size: Option<Decimal>,
    /// How much of it was done.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub filled: Option<Decimal>,
    /// How much of it is still to be done.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub remaining: Option<Decimal>,
    /// When it changed, by the venue's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
    /// What else the venue sent.
    #[serde(default, skip_serializing_if = "Detail::is_empty")]
    pub detail: D,
}

words! {
    /// Under what conditions an order trades.
    OrderKind {
        /// At any price.
        Market = "market",
        /// At its price or a better one.
        Limit = "limit",
        /// At any price, once the market has reached its trigger.
        Stop = "stop",
        /// At its price or a better one, once the market has reached its trigger.
        StopLimit = "stop_limit",
    }
}

words! {
    /// What has become of an order, in words that venues share; a venue's own are in its detail.
    OrderStatus {
        /// It is on its way and does not trade yet.
        Pending = "pending",
        /// It may trade.
        Open = "open",
        /// All of it was done.
        Filled = "filled",
        /// It was withdrawn before all of it was done.
        Cancelled = "cancelled",
        /// It was not accepted.
        Rejected = "rejected",
        /// Its time was over before all of it was done.
        Expired = "expired",
    }
}

impl OrderStatus {
    /// Whether nothing more is to come of it.
    pub fn is_over(&self) -> bool {
        matches!(
            self,
            Self::Filled | Self::Cancelled | Self::Rejected | Self::Expired
        )
    }
}

impl<D> Order<D> {
    /// The same order without the venue's own fields.
    pub fn common(self) -> Order {
        Order {
            id: self.id,
            client_id: self.client_id,
            symbol: self.symbol,
            side: self.side,
            kind: self.kind,
            status: self.status,
            price: self.price,
            size: self.size,
            filled: self.filled,
            remaining: self.remaining,
            time: self.time,
            received: self.received,
            detail: (),
        }
    }
}

impl<D> Record for Order<D> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_serialised_form_leaves_out_what_is_absent() {
        let order: Order = Order {
            id: Id::from("7"),
            client_id: None,
            symbol: Symbol::new("AAPL"),
            side: Some(Side::Buy),
            kind: Some(OrderKind::StopLimit),
            status: OrderStatus::Open,
            price: decimal::parse("1.50").ok(),
            size: None,
            filled: None,
            remaining: None,
            time: Some(Timestamp::EPOCH),
            received: None,
            detail: (),
        };
        let json = r#"{"id":"7","symbol":"AAPL","side":"buy","kind":"stop_limit","status":"open","price":"1.50","time":"1970-01-01T00:00:00Z"}"#;
        assert_eq!(serde_json::to_string(&order).unwrap(), json);
        assert_eq!(serde_json::from_str::<Order>(json).unwrap(), order);
    }
}
