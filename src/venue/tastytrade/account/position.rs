//! Positions.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::account::{self, PositionSide};
use crate::decimal::{self, Decimal};
use crate::market::Detail;
use crate::venue::tastytrade::fields::Fields;
use crate::venue::tastytrade::words::{Effect, InstrumentType};
use crate::{Symbol, Timestamp};

/// A position, in shares or contracts.
pub type Position = account::Position<PositionDetail>;

/// tastytrade's own fields of a position, amounts in the account's currency.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PositionDetail {
    /// The account's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Symbol>,
    /// What kind of instrument it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument_type: Option<InstrumentType>,
    /// What it is derived from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub underlying: Option<Symbol>,
    /// The price at the last close.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub close_price: Option<Decimal>,
    /// How many units of the underlying one unit stands for.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub multiplier: Option<Decimal>,
    /// Whether closing it is paid or received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_effect: Option<Effect>,
    /// How much of it may not be traded.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub restricted_quantity: Option<Decimal>,
    /// What it has brought since the last close, without its sign.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub realized_day_gain: Option<Decimal>,
    /// What it has brought today, without its sign.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub realized_today: Option<Decimal>,
    /// Whether it is not to be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_suppressed: Option<bool>,
    /// Whether it may not be traded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_frozen: Option<bool>,
    /// When it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// What else the venue sent, under its own names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub more: Map<String, Value>,
}

impl Detail for PositionDetail {}

/// Reads a position; `None` if it lacks what makes it one.
pub(super) fn read(text: &str, received: Option<Timestamp>) -> Option<Position> {
    let mut fields = Fields::parse(text).ok()?;
    let side = match &*fields.text("quantity-direction")? {
        "Long" => Some(PositionSide::Long),
        "Short" => Some(PositionSide::Short),
        "Zero" => None,
        // A direction that is not known must not be taken for none.
        _ => return None,
    };
    Some(Position {
        symbol: fields.symbol("symbol")?,
        size: fields.decimal("quantity")?,
        side,
        entry_price: fields.decimal("average-open-price"),
        time: fields.time("updated-at"),
        received,
        detail: PositionDetail {
            account: fields.symbol("account-number"),
            instrument_type: fields.word("instrument-type"),
            underlying: fields.symbol("underlying-symbol"),
            close_price: fields.decimal("close-price"),
            multiplier: fields.decimal("multiplier"),
            cost_effect: fields.word("cost-effect"),
            restricted_quantity: fields.decimal("restricted-quantity"),
            realized_day_gain: fields.decimal("realized-day-gain"),
            realized_today: fields.decimal("realized-today"),
            is_suppressed: fields.flag("is-suppressed"),
            is_frozen: fields.flag("is-frozen"),
            created_at: fields.time("created-at"),
            more: fields.rest(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_is_a_side_and_zero_is_none() {
        let position = |direction: &str| {
            let text = format!(
                r#"{{"symbol":"AAPL","quantity":"5","quantity-direction":"{direction}","average-open-price":"1.50","realized-day-gain-effect":"None"}}"#
            );
            read(&text, None)
        };
        let short = position("Short").unwrap();
        assert_eq!(short.side, Some(PositionSide::Short));
        assert_eq!(short.entry_price.unwrap().to_string(), "1.50");
        assert_eq!(short.detail.more["realized-day-gain-effect"], "None");
        assert_eq!(position("Zero").unwrap().side, None);
        assert_eq!(position("Sideways"), None);
    }
}
