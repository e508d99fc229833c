use serde::{Deserialize, Serialize};

use crate::decimal::{self, Decimal};
use crate::market::{Detail, Id, Record, Side};
use crate::{Symbol, Timestamp};

/// An execution of an order of the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "D: Detail", deserialize = "D: Detail"))]
pub struct Fill<D = ()> {
    /// The venue's identifier.
    pub id: Id,
    /// The order's identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<Id>,
    /// The instrument.
    pub symbol: Symbol,
    /// Whether the account bought or sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// Price of one unit.
    #[serde(with = "decimal::text")]
    pub price: Decimal,
    /// How much was traded.
    #[serde(with = "decimal::text")]
    pub size: Decimal,
    /// Whether the order was there first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// What the venue took for it; less than zero for what it paid.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub fee: Option<Decimal>,
    /// When it happened, by the venue's clock.
    pub time: Timestamp,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
    /// What else the venue sent.
    #[serde(default, skip_serializing_if = "Detail::is_empty")]
    pub detail: D,
}

/// Which part an order had in an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It was in the book.
    Maker,
    /// It met one that was in the book.
    Taker,
}

impl<D> Fill<D> {
    /// The same fill without the venue's own fields.
    pub fn common(self) -> Fill {
        Fill {
            id: self.id,
            order_id: self.order_id,
            symbol: self.symbol,
            side: self.side,
            price: self.price,
            size: self.size,
            role: self.role,
            fee: self.fee,
            time: self.time,
            received: self.received,
            detail: (),
        }
    }
}

impl<D> Record for Fill<D> {
    const LATEST_REPLACES: bool = false;

    fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    fn time(&self) -> Option<Timestamp> {
        Some(self.time)
    }

    fn received(&self) -> Option<Timestamp> {
        self.received
    }

    fn identity(&self) -> Option<Id> {
        Some(self.id.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_serialised_form_leaves_out_what_is_absent() {
        let fill: Fill = Fill {
            id: Id::from("f1"),
            order_id: Some(Id::from("7")),
            symbol: Symbol::new("AAPL"),
            side: Some(Side::Sell),
            price: Decimal::new(10, 1),
            size: Decimal::ONE,
            role: Some(Role::Maker),
            fee: None,
            time: Timestamp::EPOCH,
            received: None,
            detail: (),
        };
        let json = r#"{"id":"f1","order_id":"7","symbol":"AAPL","side":"sell","price":"1.0","size":"1","role":"maker","time":"1970-01-01T00:00:00Z"}"#;
        assert_eq!(serde_json::to_string(&fill).unwrap(), json);
        assert_eq!(serde_json::from_str::<Fill>(json).unwrap(), fill);
    }
}
