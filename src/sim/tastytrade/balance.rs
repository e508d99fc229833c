//! The balance of an account, which has many amounts.

use serde_json::Map;

use super::notification::Notification;

/// Amounts of a balance, which are texts; all that are not named here are `0.0`.
const AMOUNTS: [&str; 44] = [
    "available-trading-funds",
    "bond-margin-requirement",
    "cash-available-to-withdraw",
    "cash-balance",
    "closed-loop-available-balance",
    "cryptocurrency-margin-requirement",
    "day-equity-call-value",
    "day-trade-excess",
    "day-trading-buying-power",
    "day-trading-call-value",
    "derivative-buying-power",
    "effective-cryptocurrency-buying-power",
    "equity-buying-power",
    "equity-offering-margin-requirement",
    "fixed-income-security-margin-requirement",
    "futures-intraday-margin-requirement",
    "futures-margin-requirement",
    "futures-overnight-margin-requirement",
    "long-bond-value",
    "long-cryptocurrency-value",
    "long-derivative-value",
    "long-equity-value",
    "long-futures-derivative-value",
    "long-futures-value",
    "long-margineable-value",
    "maintenance-call-value",
    "maintenance-excess",
    "maintenance-requirement",
    "margin-equity",
    "net-liquidating-value",
    "pending-cash",
    "pending-margin-interest",
    "previous-day-cryptocurrency-fiat-amount",
    "reg-t-call-value",
    "reg-t-margin-requirement",
    "short-cryptocurrency-value",
    "short-derivative-value",
    "short-equity-value",
    "short-futures-derivative-value",
    "short-futures-value",
    "short-margineable-value",
    "special-memorandum-account-value",
    "unsettled-cryptocurrency-fiat-amount",
    "used-derivative-buying-power",
];

/// What an account of the simulator begins with.
const CASH: &str = "100000.0";

impl Notification {
    /// The balance of an account with nothing but cash.
    pub fn balance(account: &str) -> Self {
        let mut data = Map::new();
        data.insert("account-number".into(), account.into());
        data.insert("currency".into(), "USD".into());
        for name in AMOUNTS {
            let has_cash = matches!(
                name,
                "available-trading-funds"
                    | "cash-available-to-withdraw"
                    | "cash-balance"
                    | "derivative-buying-power"
                    | "equity-buying-power"
                    | "margin-equity"
                    | "net-liquidating-value"
            );
            let amount = if has_cash { CASH } else { "0.0" };
            data.insert(name.into(), amount.into());
        }
        data.insert("pending-cash-effect".into(), "None".into());
        Self::new("AccountBalance", data)
    }
}
