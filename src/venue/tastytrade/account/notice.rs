//! What the streamer tells besides orders, balances and positions.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use smol_str::SmolStr;

use super::order::{self, Order};
use crate::decimal::{self, Decimal};
use crate::market::Id;
use crate::venue::tastytrade::fields::Fields;
use crate::venue::tastytrade::words::InstrumentType;
use crate::{Symbol, Timestamp};

/// Orders that depend on each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ComplexOrder {
    /// The venue's identifier.
    pub id: Id,
    /// The account's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Symbol>,
    /// How they depend on each other: `OCO`, `OTOCO`…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<SmolStr>,
    /// The orders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<Order>,
    /// The order that sets the others off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger_order: Option<Box<Order>>,
    /// What else the venue sent, under its own names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub more: Map<String, Value>,
}

impl ComplexOrder {
    pub(super) fn read(text: &str, received: Option<Timestamp>) -> Option<Self> {
        let mut fields = Fields::parse(text).ok()?;
        Some(Self {
            id: fields.id("id")?,
            account: fields.symbol("account-number"),
            kind: fields.text("type"),
            orders: fields.list("orders", |text| order::read(text, received))?,
            trigger_order: fields
                .object("trigger-order", |text| order::read(text, received))
                .map(Box::new),
            more: fields.rest(),
        })
    }

    /// All orders of it.
    pub fn all(&self) -> impl Iterator<Item = &Order> {
        self.trigger_order
            .as_deref()
            .into_iter()
            .chain(&self.orders)
    }
}

/// An alert that a price has reached a threshold, or was set to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QuoteAlert {
    /// The venue's identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// The instrument, in the venue's spelling.
    pub symbol: Symbol,
    /// The instrument, in DXLink's spelling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dx_symbol: Option<Symbol>,
    /// What kind of instrument it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument_type: Option<InstrumentType>,
    /// Which value is watched: `Last`, `Bid`, `Ask`, `IV`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<SmolStr>,
    /// How it is compared: `>` or `<`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<SmolStr>,
    /// With what.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub threshold: Option<Decimal>,
    /// When it was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When the value was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triggered_at: Option<Timestamp>,
    /// When it was dealt with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// When it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What else the venue sent, under its own names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub more: Map<String, Value>,
}

impl QuoteAlert {
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut fields = Fields::parse(text).ok()?;
        Some(Self {
            id: fields.id("alert-external-id"),
            symbol: fields.symbol("symbol")?,
            dx_symbol: fields.symbol("dx-symbol"),
            instrument_type: fields.word("instrument-type"),
            field: fields.text("field"),
            operator: fields.text("operator"),
            threshold: fields.decimal("threshold"),
            created_at: fields.time("created-at"),
            triggered_at: fields.time("triggered-at"),
            completed_at: fields.time("completed-at"),
            expires_at: fields.time("expires-at"),
            more: fields.rest(),
        })
    }
}

/// A public watchlist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Watchlist {
    /// Its name.
    pub name: SmolStr,
    /// The group that it is shown in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<SmolStr>,
    /// What is on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<WatchlistEntry>,
    /// What else the venue sent, under its own names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub more: Map<String, Value>,
}

/// An instrument on a watchlist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WatchlistEntry {
    /// The instrument, in the venue's spelling.
    pub symbol: Symbol,
    /// What kind of instrument it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument_type: Option<InstrumentType>,
}

impl Watchlist {
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut fields = Fields::parse(text).ok()?;
        let entry = |text| {
            let mut fields = Fields::parse(text).ok()?;
            Some(WatchlistEntry {
                symbol: fields.symbol("symbol")?,
                instrument_type: fields.word("instrument-type"),
            })
        };
        Some(Self {
            name: fields.text("name")?,
            group: fields.text("group-name"),
            entries: fields.list("watchlist-entries", entry).unwrap_or_default(),
            more: fields.rest(),
        })
    }
}

/// A notification of a type that feedline does not know, or one that lacks what makes it one of its type,
/// as it came: `TradingStatus`, `OrderChain`, `ExternalTransaction`, `UnderlyingYearGainSummary`,
/// `UserMessage` and what may be added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Notice {
    /// The venue's name of the type.
    pub name: SmolStr,
    /// The object.
    pub data: Value,
}
