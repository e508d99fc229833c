//! Balances.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::account;
use crate::decimal::{self, Decimal};
use crate::market::Detail;
use crate::venue::tastytrade::fields::Fields;
use crate::venue::tastytrade::words::Effect;
use crate::{Symbol, Timestamp};

/// An account's balance. `total` is its cash and `available` what may be traded with; the asset is the
/// account's currency, US dollars where the venue does not say.
pub type Balance = account::Balance<BalanceDetail>;

/// tastytrade's own fields of a balance, amounts in the account's currency.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BalanceDetail {
    /// The account's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Symbol>,
    /// What the account would be worth if everything were closed.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub net_liquidating_value: Option<Decimal>,
    /// What shares may be bought for.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub equity_buying_power: Option<Decimal>,
    /// What options may be bought for.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub derivative_buying_power: Option<Decimal>,
    /// What may be bought and sold within the day.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub day_trading_buying_power: Option<Decimal>,
    /// What the account must keep.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub maintenance_requirement: Option<Decimal>,
    /// What is on its way.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub pending_cash: Option<Decimal>,
    /// Which way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_cash_effect: Option<Effect>,
    /// What else the venue sent, under its own names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub more: Map<String, Value>,
}

impl Detail for BalanceDetail {}

/// Reads a balance.
pub(super) fn read(text: &str, received: Option<Timestamp>) -> Option<Balance> {
    let mut fields = Fields::parse(text).ok()?;
    Some(Balance {
        asset: fields.symbol("currency").unwrap_or_else(|| "USD".into()),
        available: fields.decimal("available-trading-funds"),
        held: None,
        total: fields.decimal("cash-balance"),
        change: None,
        time: fields.time("updated-at"),
        received,
        detail: BalanceDetail {
            account: fields.symbol("account-number"),
            net_liquidating_value: fields.decimal("net-liquidating-value"),
            equity_buying_power: fields.decimal("equity-buying-power"),
            derivative_buying_power: fields.decimal("derivative-buying-power"),
            day_trading_buying_power: fields.decimal("day-trading-buying-power"),
            maintenance_requirement: fields.decimal("maintenance-requirement"),
            pending_cash: fields.decimal("pending-cash"),
            pending_cash_effect: fields.word("pending-cash-effect"),
            more: fields.rest(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_their_digits() {
        let text = r#"{"account-number":"A","cash-balance":"9999.0","pending-cash":0.10,"long-bond-value":"1.00"}"#;
        let balance = read(text, None).unwrap();
        assert_eq!(balance.asset, "USD");
        assert_eq!(balance.total.unwrap().to_string(), "9999.0");
        assert_eq!(balance.detail.pending_cash.unwrap().to_string(), "0.10");
        assert_eq!(balance.detail.more["long-bond-value"], "1.00");
    }
}
