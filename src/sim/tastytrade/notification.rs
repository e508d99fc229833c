//! What the account streamer tells.

use serde_json::{Map, Value, json};

/// A notification of the account streamer, made by hand or by the simulator.
///
/// The venue always sends the whole object, and some clients insist on it: each constructor fills
/// in every key that the venue does, with values of a quiet account, to be changed with
/// [`with`](Self::with).
///
/// ```
/// use feedline::sim::tastytrade::Notification;
///
/// let order = Notification::order("5WT00001", 7, "AAPL")
///     .with("status", "Live")
///     .with("price", "226.5");
/// assert_eq!(order.data()["legs"][0]["symbol"], "AAPL");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    pub(super) kind: String,
    pub(super) data: Map<String, Value>,
}

impl Notification {
    /// A notification of any type, with exactly this object.
    pub fn new(kind: impl Into<String>, data: Map<String, Value>) -> Self {
        Self {
            kind: kind.into(),
            data,
        }
    }

    fn made(kind: &str, data: Value) -> Self {
        let data = match data {
            Value::Object(data) => data,
            _ => Map::new(),
        };
        Self::new(kind, data)
    }

    /// A day order for one share that was just received.
    pub fn order(account: &str, id: u64, symbol: &str) -> Self {
        Self::made(
            "Order",
            json!({
                "id": id,
                "account-number": account,
                "time-in-force": "Day",
                "order-type": "Limit",
                "size": "1",
                "price": "1.0",
                "price-effect": "Debit",
                "underlying-symbol": symbol,
                "underlying-instrument-type": "Equity",
                "status": "Received",
                "cancellable": true,
                "editable": true,
                "edited": false,
                "ext-client-order-id": format!("sim-{id}"),
                "user-id": "20011",
                "username": "simulated",
                "legs": [leg(symbol, "1", "1", &[])],
            }),
        )
    }

    /// Orders that depend on each other, such as `OCO` or `OTOCO`.
    pub fn complex_order(account: &str, id: u64, kind: &str, orders: &[Self]) -> Self {
        let orders: Vec<Value> = orders
            .iter()
            .map(|order| order.data.clone().into())
            .collect();
        Self::made(
            "ComplexOrder",
            json!({ "id": id, "account-number": account, "type": kind, "orders": orders }),
        )
    }

    /// A position in shares; less than 0 for a short one.
    pub fn position(account: &str, symbol: &str, quantity: i64) -> Self {
        let direction = match quantity {
            0 => "Zero",
            1.. => "Long",
            _ => "Short",
        };
        Self::made(
            "CurrentPosition",
            json!({
                "account-number": account,
                "symbol": symbol,
                "instrument-type": "Equity",
                "underlying-symbol": symbol,
                "quantity": quantity.unsigned_abs().to_string(),
                "quantity-direction": direction,
                "close-price": "1.0",
                "average-open-price": "1.0",
                "average-yearly-market-close-price": "1.0",
                "average-daily-market-close-price": "1.0",
                "multiplier": 1,
                "cost-effect": if quantity < 0 { "Debit" } else { "Credit" },
                "is-suppressed": false,
                "is-frozen": false,
                "restricted-quantity": "0.0",
                "realized-day-gain": "0.0",
                "realized-day-gain-effect": "None",
                "realized-today": "0.0",
                "realized-today-effect": "None",
            }),
        )
    }

    /// An alert that the last price rose over a threshold.
    pub fn quote_alert(symbol: &str, threshold: f64) -> Self {
        Self::made(
            "QuoteAlert",
            json!({
                "user-external-id": "U0000020011",
                "symbol": symbol,
                "dx-symbol": symbol,
                "instrument-type": "Equity",
                "alert-external-id": format!("alert-{symbol}"),
                "field": "Last",
                "operator": ">",
                "threshold": threshold.to_string(),
                "threshold-numeric": threshold,
                "expires-at": 4_102_444_800_000_i64,
            }),
        )
    }

    /// A public watchlist.
    pub fn watchlist(name: &str, symbols: &[&str]) -> Self {
        let entry = |symbol: &&str| json!({ "symbol": symbol, "instrument-type": "Equity" });
        let entries: Vec<Value> = symbols.iter().map(entry).collect();
        Self::made(
            "PublicWatchlists",
            json!({
                "name": name,
                "group-name": "Simulated",
                "order-index": 1,
                "watchlist-entries": entries,
            }),
        )
    }

    /// Changes a key of the object.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.data.insert(key.to_owned(), value.into());
        self
    }

    /// Makes the order one for this many shares, of which so many are still open and these fills
    /// were done: price and quantity.
    #[must_use]
    pub fn with_leg(self, quantity: u64, open: u64, fills: &[(String, u64)]) -> Self {
        let symbol = self.data.get("underlying-symbol").and_then(Value::as_str);
        let symbol = symbol.unwrap_or_default().to_owned();
        let leg = leg(&symbol, &quantity.to_string(), &open.to_string(), fills);
        self.with("size", quantity.to_string())
            .with("legs", Value::from(vec![leg]))
    }

    /// The type, such as `Order`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The object.
    pub fn data(&self) -> &Map<String, Value> {
        &self.data
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.data.get(key)?.as_str()
    }

    /// Sets the times that are not set yet.
    pub(super) fn dated(mut self, now: &str) -> Self {
        let keys: &[&str] = match self.kind.as_str() {
            "Order" => &["received-at", "updated-at"],
            "AccountBalance" => &["updated-at"],
            "CurrentPosition" => &["created-at", "updated-at"],
            "QuoteAlert" => &["created-at", "triggered-at", "completed-at"],
            _ => &[],
        };
        for key in keys {
            self.data.entry(*key).or_insert_with(|| now.into());
        }
        let legs = self.data.get_mut("legs").and_then(Value::as_array_mut);
        for leg in legs.into_iter().flatten() {
            let fills = leg.get_mut("fills").and_then(Value::as_array_mut);
            for fill in fills.into_iter().flatten().filter_map(Value::as_object_mut) {
                fill.entry("filled-at").or_insert_with(|| now.into());
            }
        }
        if self.kind == "AccountBalance" {
            let day = now.get(..10).unwrap_or(now);
            self.data
                .entry("snapshot-date")
                .or_insert_with(|| day.into());
        }
        if self.kind == "ComplexOrder"
            && let Some(Value::Array(orders)) = self.data.get_mut("orders")
        {
            for order in orders.iter_mut().filter_map(Value::as_object_mut) {
                for key in ["received-at", "updated-at"] {
                    order.entry(key).or_insert_with(|| now.into());
                }
            }
        }
        self
    }
}

fn leg(symbol: &str, quantity: &str, open: &str, fills: &[(String, u64)]) -> Value {
    let fills: Vec<Value> = fills
        .iter()
        .enumerate()
        .map(|(number, (price, quantity))| {
            json!({
                "fill-id": format!("fill-{}", number + 1),
                "quantity": quantity.to_string(),
                "fill-price": price,
                "destination-venue": "SIM",
            })
        })
        .collect();
    json!({
        "instrument-type": "Equity",
        "symbol": symbol,
        "quantity": quantity,
        "remaining-quantity": open,
        "action": "Buy to Open",
        "fills": fills,
    })
}
