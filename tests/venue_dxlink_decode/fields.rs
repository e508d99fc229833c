//! One event compared with what is expected of it, field by field.

use feedline::venue::dxlink::{Day, Decoded};
use serde_json::{Value, json};

use super::{contains, time};

/// Compares one event field by field: by the sheet's names, and by the kind of each.
pub(super) fn event(decoded: &Decoded, wanted: &Value) -> Result<(), String> {
    let seen = serde_json::to_value(decoded).unwrap();
    let kind = wanted["eventType"].as_str().unwrap();
    let Decoded::Event(row) = decoded else {
        // A row that only removes: type, symbol, index and flags are all that it has.
        let wanted = json!({
            "event_type": kind, "symbol": wanted["eventSymbol"], "event_flags": wanted["eventFlags"],
        });
        return contains(&seen, &wanted, "removed");
    };
    if row.event.event_type() != kind {
        return Err(format!("{} instead of {kind}", row.event.event_type()));
    }
    let infinite = |value: &Value| value == "Infinity" || value == "-Infinity";
    let mut dropped = 0;
    for (name, wanted) in wanted.as_object().unwrap() {
        let Some((path, how)) = place(kind, name) else {
            return Err(format!("no place for {name}"));
        };
        let seen = path.split('.').fold(&seen, |value, key| &value[key]);
        let same = match how {
            // No decimal is infinite: the value is absent, and counted.
            "decimal" if infinite(wanted) => {
                dropped += 1;
                seen.is_null()
            }
            "decimal" => same_number(seen, wanted),
            "float" if infinite(wanted) => seen == wanted,
            "float" => seen.as_f64() == wanted.as_f64(),
            "size" => same_number(seen, wanted) || (seen == "0" && wanted == "NaN"),
            "count" => seen.as_i64().unwrap_or(0) == wanted.as_i64().unwrap_or(0),
            "time" => *seen == time(wanted),
            "day" => match seen.as_str() {
                Some(day) => json!(day.parse::<Day>().unwrap().day_id()) == *wanted,
                None => wanted == 0,
            },
            "name" => match wanted.as_str().unwrap() {
                "UNDEFINED" => seen.is_null(),
                name => *seen == name.to_lowercase(),
            },
            "text" => match wanted.as_str().unwrap() {
                "" | "\0" => seen.is_null(),
                _ => seen == wanted,
            },
            "boolean" => seen == wanted,
            _ => true,
        };
        if !same {
            return Err(format!("{kind}.{name} is {seen} instead of {wanted}"));
        }
    }
    if row.dropped_values != dropped {
        return Err(format!(
            "{} values dropped instead of {dropped}",
            row.dropped_values
        ));
    }
    Ok(())
}

fn same_number(seen: &Value, wanted: &Value) -> bool {
    match wanted.as_f64() {
        Some(wanted) => seen.as_str().and_then(|text| text.parse().ok()) == Some(wanted),
        None => seen.is_null(),
    }
}

/// Where a field of the venue's is in the serialised event, and what kind of value it is.
fn place(kind: &str, field: &str) -> Option<(&'static str, &'static str)> {
    let special = match (kind, field) {
        ("Quote", "bidTime") => Some(("detail.bid_time", "time")),
        ("Quote", "askTime") => Some(("detail.ask_time", "time")),
        ("Quote", "bidExchangeCode") => Some(("detail.bid_exchange", "text")),
        ("Quote", "askExchangeCode") => Some(("detail.ask_exchange", "text")),
        ("Quote", "timeNanoPart") => Some(("detail.time_nano_part", "count")),
        ("Quote", "eventTime") => Some(("detail.event_time", "time")),
        ("TimeAndSale", "index") => Some(("id", "count")),
        ("TimeAndSale", "size") => Some(("size", "size")),
        ("TimeAndSale", "sequence") => Some(("detail.sequence", "count")),
        ("TimeAndSale", "exchangeCode") => Some(("detail.exchange", "text")),
        ("TimeAndSale", "bidPrice") => Some(("detail.bid", "decimal")),
        ("TimeAndSale", "askPrice") => Some(("detail.ask", "decimal")),
        ("TimeAndSale", "exchangeSaleConditions") => Some(("detail.conditions", "text")),
        ("TimeAndSale", "tradeThroughExempt") => Some(("detail.trade_through_exempt", "text")),
        ("TimeAndSale", "spreadLeg") => Some(("detail.spread_leg", "boolean")),
        ("TimeAndSale", "extendedTradingHours") => Some(("detail.extended_hours", "boolean")),
        ("TimeAndSale", "validTick") => Some(("detail.valid_tick", "boolean")),
        ("TimeAndSale", "type") => Some(("detail.kind", "name")),
        ("Candle", "index") => Some(("detail.index", "count")),
        ("Candle", "sequence") => Some(("detail.sequence", "count")),
        ("Candle", "time") => Some(("start", "time")),
        ("Candle", "count") => Some(("trades", "count")),
        ("Candle", "openInterest") => Some(("detail.open_interest", "decimal")),
        _ => None,
    };
    special.or(match field {
        "eventType" => Some(("event_type", "checked")),
        "eventSymbol" => Some(("symbol", "text")),
        "eventTime" => Some(("event_time", "time")),
        "eventFlags" => Some(("event_flags", "count")),
        "index" => Some(("index", "count")),
        "time" => Some(("time", "time")),
        // Part of `time`, and zero in all samples.
        "timeNanoPart" => Some(("time", "checked")),
        "sequence" => Some(("sequence", "count")),
        "bidPrice" => Some(("bid", "decimal")),
        "bidSize" => Some(("bid_size", "decimal")),
        "askPrice" => Some(("ask", "decimal")),
        "askSize" => Some(("ask_size", "decimal")),
        "price" => Some(("price", "decimal")),
        "size" => Some(("size", "decimal")),
        "change" => Some(("change", "decimal")),
        "exchangeCode" => Some(("exchange", "text")),
        "dayId" => Some(("day", "day")),
        "dayVolume" => Some(("day_volume", "decimal")),
        "dayTurnover" => Some(("day_turnover", "decimal")),
        "tickDirection" => Some(("tick_direction", "name")),
        "extendedTradingHours" => Some(("extended_hours", "boolean")),
        "openInterest" => Some(("open_interest", "count")),
        "description" => Some(("description", "text")),
        "shortSaleRestriction" => Some(("short_sale_restriction", "name")),
        "tradingStatus" => Some(("trading_status", "name")),
        "high52WeekPrice" => Some(("high_52_weeks", "decimal")),
        "low52WeekPrice" => Some(("low_52_weeks", "decimal")),
        "highLimitPrice" => Some(("high_limit", "decimal")),
        "lowLimitPrice" => Some(("low_limit", "decimal")),
        "shares" => Some(("shares", "decimal")),
        "beta" => Some(("beta", "float")),
        "open" => Some(("open", "decimal")),
        "high" => Some(("high", "decimal")),
        "low" => Some(("low", "decimal")),
        "close" => Some(("close", "decimal")),
        "volume" => Some(("volume", "decimal")),
        "expiration" => Some(("expiration", "day")),
        "volatility" => Some(("volatility", "float")),
        "callVolume" => Some(("call_volume", "decimal")),
        "putVolume" => Some(("put_volume", "decimal")),
        "putCallRatio" => Some(("put_call_ratio", "float")),
        "forwardPrice" => Some(("forward_price", "float")),
        "dividend" => Some(("dividend", "float")),
        "interest" => Some(("interest", "float")),
        "source" => Some(("source", "text")),
        "action" => Some(("action", "name")),
        "orderId" => Some(("order_id", "count")),
        "count" => Some(("count", "count")),
        "orderSide" | "aggressorSide" => Some(("side", "name")),
        "scope" => Some(("scope", "name")),
        "marketMaker" => Some(("market_maker", "text")),
        _ => None,
    })
}
