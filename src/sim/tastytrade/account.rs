//! The accounts, as REST tells of them and notifications change them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::notification::Notification;

/// One account.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) number: String,
    pub(super) opened: String,
    pub(super) balance: Notification,
    pub(super) orders: BTreeMap<String, Notification>,
    pub(super) positions: BTreeMap<String, Notification>,
}

impl Account {
    pub(super) fn new(number: String, now: &str) -> Self {
        Self {
            balance: Notification::balance(&number).dated(now),
            number,
            opened: now.to_owned(),
            orders: BTreeMap::new(),
            positions: BTreeMap::new(),
        }
    }

    /// Takes what a notification says: the state is what was told last.
    pub(super) fn apply(&mut self, told: &Notification) {
        match told.kind.as_str() {
            "AccountBalance" => self.balance = told.clone(),
            "Order" => {
                if let Some(id) = told.data.get("id") {
                    // The venue writes ids as numbers and as texts.
                    let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
                    self.orders.insert(id, told.clone());
                }
            }
            "CurrentPosition" => {
                let Some(symbol) = told.text("symbol").map(str::to_owned) else {
                    return;
                };
                if told.text("quantity-direction") == Some("Zero") {
                    self.positions.remove(&symbol);
                } else {
                    self.positions.insert(symbol, told.clone());
                }
            }
            _ => {}
        }
    }

    pub(super) fn describe(&self) -> Value {
        json!({
            "account-number": self.number,
            "external-id": format!("A{}", self.number),
            "opened-at": self.opened,
            "created-at": self.opened,
            "nickname": "Simulated",
            "account-type-name": "Individual",
            "day-trader-status": false,
            "is-closed": false,
            "is-firm-error": false,
            "is-firm-proprietary": false,
            "is-futures-approved": true,
            "is-test-drive": false,
            "is-foreign": false,
            "margin-or-cash": "Margin",
        })
    }

    /// Orders that were told of today; those that may still trade, if only `live` ones.
    pub(super) fn orders(&self, live: bool) -> Vec<Value> {
        let over = ["Filled", "Cancelled", "Rejected", "Expired", "Removed"];
        let wanted = |order: &&Notification| {
            !live
                || order
                    .text("status")
                    .is_none_or(|status| !over.contains(&status))
        };
        let orders = self.orders.values().filter(wanted);
        orders.map(|order| order.data.clone().into()).collect()
    }

    pub(super) fn order(&self, id: &str) -> Option<Value> {
        let order = self.orders.get(id)?;
        Some(order.data.clone().into())
    }

    pub(super) fn positions(&self) -> Vec<Value> {
        let positions = self.positions.values();
        positions
            .map(|position| position.data.clone().into())
            .collect()
    }
}
