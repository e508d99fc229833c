use serde::{Deserialize, Serialize};

use super::{Detail, Id, Record};
use crate::decimal::{self, Decimal};
use crate::{Symbol, Timestamp};

/// The best bid and ask at one moment. An absent price means that side of the book is empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "D: Detail", deserialize = "D: Detail"))]
pub struct Quote<D = ()> {
    /// The instrument.
    pub symbol: Symbol,
    /// Best price somebody pays.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub bid: Option<Decimal>,
    /// Size offered at `bid`.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub bid_size: Option<Decimal>,
    /// Best price somebody asks.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub ask: Option<Decimal>,
    /// Size offered at `ask`.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub ask_size: Option<Decimal>,
    /// When it came about, by the venue's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// The venue's sequence number of the book at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
    /// What else the venue sent.
    #[serde(default, skip_serializing_if = "Detail::is_empty")]
    pub detail: D,
}

impl<D> Quote<D> {
    /// The same quote without the venue's own fields.
    pub fn common(self) -> Quote {
        Quote {
            symbol: self.symbol,
            bid: self.bid,
            bid_size: self.bid_size,
            ask: self.ask,
            ask_size: self.ask_size,
            time: self.time,
            sequence: self.sequence,
            received: self.received,
            detail: (),
        }
    }
}

impl<D> Record for Quote<D> {
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

    fn identity(&self) -> Option<Id> {
        self.sequence.map(Id::Number)
    }
}
