use std::fmt;

use serde::{Deserialize, Serialize};

use crate::decimal::{self, Decimal};
use crate::market::{Detail, Record};
use crate::{Symbol, Timestamp};

/// What the account holds of an instrument, after a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "D: Detail", deserialize = "D: Detail"))]
pub struct Position<D = ()> {
    /// The instrument.
    pub symbol: Symbol,
    /// How much, never less than zero; zero once it is closed.
    #[serde(with = "decimal::text")]
    pub size: Decimal,
    /// Which way; absent once it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<PositionSide>,
    /// What was paid or received for one unit, on average.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub entry_price: Option<Decimal>,
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

/// Which way a position goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PositionSide {
    /// It was bought.
    Long,
    /// It was sold without having been held.
    Short,
}

impl fmt::Display for PositionSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Long => "long",
            Self::Short => "short",
        })
    }
}

impl<D> Position<D> {
    /// The same position without the venue's own fields.
    pub fn common(self) -> Position {
        Position {
            symbol: self.symbol,
            size: self.size,
            side: self.side,
            entry_price: self.entry_price,
            time: self.time,
            received: self.received,
            detail: (),
        }
    }
}

impl<D> Record for Position<D> {
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
        let position: Position = Position {
            symbol: Symbol::new("AAPL"),
            size: Decimal::TEN,
            side: Some(PositionSide::Short),
            entry_price: None,
            time: None,
            received: None,
            detail: (),
        };
        let json = r#"{"symbol":"AAPL","size":"10","side":"short"}"#;
        assert_eq!(serde_json::to_string(&position).unwrap(), json);
        assert_eq!(serde_json::from_str::<Position>(json).unwrap(), position);
    }
}
