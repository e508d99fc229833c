use serde::{Deserialize, Serialize};

use crate::decimal::{self, Decimal};
use crate::market::{Detail, Record};
use crate::{Symbol, Timestamp};

/// What the account has of an asset, after a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "D: Detail", deserialize = "D: Detail"))]
pub struct Balance<D = ()> {
    /// The asset, such as `USD`.
    pub asset: Symbol,
    /// What can be traded with.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub available: Option<Decimal>,
    /// What is held back for orders.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub held: Option<Decimal>,
    /// All of it.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub total: Option<Decimal>,
    /// By how much it changed.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub change: Option<Decimal>,
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

impl<D> Balance<D> {
    /// The same balance without the venue's own fields.
    pub fn common(self) -> Balance {
        Balance {
            asset: self.asset,
            available: self.available,
            held: self.held,
            total: self.total,
            change: self.change,
            time: self.time,
            received: self.received,
            detail: (),
        }
    }
}

impl<D> Record for Balance<D> {
    const LATEST_REPLACES: bool = false;

    /// The asset.
    fn symbol(&self) -> &Symbol {
        &self.asset
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
        let balance: Balance = Balance {
            asset: Symbol::new("USD"),
            available: Some(Decimal::new(105, 1)),
            held: None,
            total: Some(Decimal::ONE),
            change: None,
            time: None,
            received: None,
            detail: (),
        };
        let json = r#"{"asset":"USD","available":"10.5","total":"1"}"#;
        assert_eq!(serde_json::to_string(&balance).unwrap(), json);
        assert_eq!(serde_json::from_str::<Balance>(json).unwrap(), balance);
    }
}
