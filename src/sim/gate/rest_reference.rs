//! What Gate's REST interface tells about pairs and currencies.

use std::collections::BTreeSet;

use hyper::StatusCode;
use serde_json::json;

use super::rest::{error, list};
use crate::sim::core::venue::RestResponse;
use crate::sim::market::Pair;

/// Lists that general clients fetch before they use the spot market: the venue's other markets,
/// which have nothing here.
pub(super) const EMPTY: [&str; 9] = [
    "/delivery/btc/contracts",
    "/delivery/usdt/contracts",
    "/futures/btc/contracts",
    "/futures/usd1/contracts",
    "/futures/usdt/contracts",
    "/margin/currency_pairs",
    "/margin/uni/currency_pairs",
    "/options/contracts",
    "/options/underlyings",
];

pub(super) fn instrument(pair: &Pair) -> String {
    let (base, quote) = halves(pair);
    json!({
        "id": pair.symbol.as_str(),
        "base": base,
        "quote": quote,
        "fee": "0.2",
        "min_base_amount": pair.size(1).to_string(),
        "min_quote_amount": "1",
        "amount_precision": pair.size_digits,
        "precision": pair.price_digits,
        "trade_status": "tradable",
        "sell_start": 0,
        "buy_start": 0,
        "type": "normal",
        "st_tag": false,
        "delisting_time": 0,
    })
    .to_string()
}

/// Every currency of these pairs, or one of them.
pub(super) fn currencies(pairs: &[Pair], wanted: Option<&str>) -> RestResponse {
    let known: BTreeSet<&str> = pairs
        .iter()
        .flat_map(|pair| <[&str; 2]>::from(halves(pair)))
        .filter(|name| !name.is_empty())
        .collect();
    match wanted {
        None => RestResponse::json(list(known.into_iter().map(currency))),
        Some(name) if known.contains(name) => RestResponse::json(currency(name)),
        Some(name) => {
            let text = format!("Invalid currency {name}");
            error(StatusCode::BAD_REQUEST, "INVALID_CURRENCY", &text)
        }
    }
}

fn currency(name: &str) -> String {
    json!({
        "currency": name,
        "name": name,
        "delisted": false,
        "withdraw_disabled": false,
        "withdraw_delayed": false,
        "deposit_disabled": false,
        "trade_disabled": false,
        "chain": name,
        "chains": [],
    })
    .to_string()
}

/// Base and quote.
fn halves(pair: &Pair) -> (&str, &str) {
    let name = pair.symbol.as_str();
    name.split_once('_').unwrap_or((name, ""))
}
