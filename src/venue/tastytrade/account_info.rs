use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use smol_str::SmolStr;

use super::fields::Fields;
use super::rest::data;
use super::rest_error::RestError;
use crate::{Symbol, Timestamp};

/// Where the list comes from.
pub(super) const PATH: &str = "/customers/me/accounts";

/// An account of the user's, as `GET /customers/me/accounts` tells of it.
///
/// Source: tastytrade's developer documentation, Accounts and Customers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccountInfo {
    /// Its number, such as `5WT00001`.
    pub number: Symbol,
    /// What the user calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<SmolStr>,
    /// Such as `Individual`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_type: Option<SmolStr>,
    /// `Margin` or `Cash`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin_or_cash: Option<SmolStr>,
    /// What the user may do there, such as `owner`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<SmolStr>,
    /// Whether it is closed.
    #[serde(default)]
    pub is_closed: bool,
    /// Whether futures may be traded there.
    #[serde(default)]
    pub is_futures_approved: bool,
    /// When it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Timestamp>,
    /// What else the venue told, under its own names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub more: Map<String, Value>,
}

/// Reads the venue's list.
pub(super) fn parse(body: &[u8]) -> Result<Vec<AccountInfo>, RestError> {
    let unreadable = || RestError::unreadable(PATH, "its list");
    let mut list: Fields<'_> = data(PATH, body)?;
    // An answer without a list is not one without accounts.
    list.raw("items").ok_or_else(unreadable)?;
    list.list("items", account).ok_or_else(unreadable)
}

fn account(text: &str) -> Option<AccountInfo> {
    let mut item = Fields::parse(text).ok()?;
    let authority = item.text("authority-level");
    let mut fields = Fields::parse(item.raw("account")?).ok()?;
    Some(AccountInfo {
        number: fields.symbol("account-number")?,
        nickname: fields.text("nickname"),
        account_type: fields.text("account-type-name"),
        margin_or_cash: fields.text("margin-or-cash"),
        authority,
        is_closed: fields.flag("is-closed").unwrap_or(false),
        is_futures_approved: fields.flag("is-futures-approved").unwrap_or(false),
        opened_at: fields.time("opened-at"),
        more: fields.rest(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_and_nothing_of_them_is_lost() {
        let body = br#"{"data":{"items":[{"account":{"account-number":"5WT00001","is-closed":false,"day-trader-status":"true","opened-at":"2020-01-02T03:04:05.000+00:00"},"authority-level":"owner"}]},"context":"/customers/me/accounts"}"#;
        let accounts = parse(body).unwrap();
        assert_eq!(accounts.len(), 1);
        assert_eq!(accounts[0].number, "5WT00001");
        assert_eq!(accounts[0].authority.as_deref(), Some("owner"));
        assert_eq!(accounts[0].more["day-trader-status"], "true");
        let json = serde_json::to_string(&accounts).unwrap();
        let back: Vec<AccountInfo> = serde_json::from_str(&json).unwrap();
        assert_eq!(back, accounts);
        assert!(parse(br#"{"data":{}}"#).is_err());
        assert!(parse(br#"{"data":{"items":[{"account":{}}]}}"#).is_err());
    }
}
