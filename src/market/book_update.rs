use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Detail, Id, Record};
use crate::decimal::{self, Decimal};
use crate::{Symbol, Timestamp};

/// A change of an order book, or a whole one.
///
/// Apply a snapshot by replacing the book, a delta by setting each level to its new absolute size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "D: Detail", deserialize = "D: Detail"))]
pub struct BookUpdate<D = ()> {
    /// The instrument.
    pub symbol: Symbol,
    /// Whether this replaces the book or changes it.
    pub action: BookAction,
    /// Buy levels, in the venue's order.
    pub bids: Vec<Level>,
    /// Sell levels, in the venue's order.
    pub asks: Vec<Level>,
    /// First sequence number that the update covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// Last sequence number that the update covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<u64>,
    /// When the book changed, by the venue's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
    /// What else the venue sent.
    #[serde(default, skip_serializing_if = "Detail::is_empty")]
    pub detail: D,
}

impl<D> BookUpdate<D> {
    /// The same update without the venue's own fields.
    pub fn common(self) -> BookUpdate {
        BookUpdate {
            symbol: self.symbol,
            action: self.action,
            bids: self.bids,
            asks: self.asks,
            first: self.first,
            last: self.last,
            time: self.time,
            received: self.received,
            detail: (),
        }
    }
}

impl<D> Record for BookUpdate<D> {
    const LATEST_REPLACES: bool = true;
    const BUILDS_ON_PREVIOUS: bool = true;

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
        (self.action == BookAction::Snapshot).then_some(0)
    }

    /// A snapshot has none: it is there to be applied, whenever it comes.
    fn identity(&self) -> Option<Id> {
        match self.action {
            BookAction::Snapshot => None,
            BookAction::Delta => self.last.map(Id::Number),
        }
    }
}

/// What to do with an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BookAction {
    /// Replace the whole book.
    Snapshot,
    /// Change the levels named.
    Delta,
}

/// One price of an order book. Serialised as a pair of strings, `["83790.9", "0.497321"]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// The price.
    pub price: Decimal,
    /// What is offered there, absolute; zero removes the level.
    pub size: Decimal,
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_tuple(2)?;
        pair.serialize_element(&format_args!("{}", self.price))?;
        pair.serialize_element(&format_args!("{}", self.size))?;
        pair.end()
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<T: Deserializer<'de>>(deserializer: T) -> Result<Self, T::Error> {
        let (price, size) =
            <(std::borrow::Cow<'de, str>, std::borrow::Cow<'de, str>)>::deserialize(deserializer)?;
        Ok(Self {
            price: decimal::parse(&price).map_err(de::Error::custom)?,
            size: decimal::parse(&size).map_err(de::Error::custom)?,
        })
    }
}
