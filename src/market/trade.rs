use serde::{Deserialize, Serialize};

use super::{Detail, Id, Record, Side};
use crate::decimal::{self, Decimal};
use crate::{Symbol, Timestamp};

/// One execution: somebody took liquidity at a price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "D: Detail", deserialize = "D: Detail"))]
pub struct Trade<D = ()> {
    /// The instrument.
    pub symbol: Symbol,
    /// Price of one unit.
    #[serde(with = "decimal::text")]
    pub price: Decimal,
    /// How much was traded, in the unit the venue's channel documents (base asset on spot markets).
    #[serde(with = "decimal::text")]
    pub size: Decimal,
    /// The taker's side, if the venue tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// The venue's identifier of the trade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// When it happened, by the venue's clock.
    pub time: Timestamp,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
    /// What else the venue sent.
    #[serde(default, skip_serializing_if = "Detail::is_empty")]
    pub detail: D,
}

impl<D> Trade<D> {
    /// The same trade without the venue's own fields.
    pub fn common(self) -> Trade {
        Trade {
            symbol: self.symbol,
            price: self.price,
            size: self.size,
            side: self.side,
            id: self.id,
            time: self.time,
            received: self.received,
            detail: (),
        }
    }
}

impl<D> Record for Trade<D> {
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
        self.id.clone()
    }
}
