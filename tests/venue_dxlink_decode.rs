//! Decodes every frame of a DXLink server in the sample collection that `FEEDLINE_SAMPLES` points
//! to, and puts the runs among them through the snapshot algorithm.
#![cfg(feature = "dxlink")]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use feedline::Timestamp;
use feedline::venue::dxlink::{
    Change, Decoded, Decoder, DxEvent, Emit, EventKind, Mark, SnapshotKey, Snapshots,
};
use serde_json::{Value, json};

fn samples() -> Option<Vec<Value>> {
    let Ok(folder) = std::env::var("FEEDLINE_SAMPLES") else {
        eprintln!("skipped: set FEEDLINE_SAMPLES to the folder with dxlink.jsonl");
        return None;
    };
    let lines = std::fs::read_to_string(PathBuf::from(folder).join("dxlink.jsonl")).unwrap();
    let lines = lines.lines().filter(|line| !line.trim().is_empty());
    let samples = lines.map(|line| serde_json::from_str(line).unwrap());
    let ours = ["BASE", "FEED", "DOM"];
    let samples: Vec<Value> = samples
        .filter(|sample: &Value| {
            sample["direction"] == "server"
                && ours.iter().any(|service| sample["service"] == *service)
        })
        .collect();
    assert!(!samples.is_empty(), "no frames of a server in dxlink.jsonl");
    Some(samples)
}

#[test]
fn samples_decode_as_expected() {
    let Some(samples) = samples() else { return };
    let failures: Vec<String> = samples
        .iter()
        .filter_map(|sample| Some(format!("{}: {}", sample["name"], check(sample).err()?)))
        .collect();
    eprintln!("{} frames", samples.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn decode(sample: &Value) -> Result<Vec<Decoded>, String> {
    let mut decoder = Decoder::new();
    for (event_type, fields) in sample["given"]["eventFields"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let fields: Vec<&str> = fields
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        decoder.fields(event_type, &fields);
    }
    let frame = sample["frame"].as_str().unwrap();
    let decoded = decoder
        .decode(frame.as_bytes())
        .map_err(|error| error.to_string())?;
    // The serialised form is a public contract: it must read back.
    let json = serde_json::to_string(&decoded).unwrap();
    let back: Vec<Decoded> = serde_json::from_str(&json).map_err(|error| error.to_string())?;
    if back != decoded {
        return Err(format!("{json} does not read back"));
    }
    Ok(decoded)
}

fn check(sample: &Value) -> Result<(), String> {
    let expect = &sample["expect"];
    let kind = expect["kind"].as_str().ok_or("no kind")?;
    let decoded = match (kind, decode(sample)) {
        ("decode_error", Err(_)) => return Ok(()),
        (_, decoded) => decoded?,
    };
    let seen: Vec<Value> = decoded
        .iter()
        .map(|d| serde_json::to_value(d).unwrap())
        .collect();
    let wanted = match kind {
        "FEED_DATA" => return data(&decoded, expect),
        "decode_error" => json!({
            "message": "refused", "channel": expect["channel"], "event_type": expect["eventType"],
            "reason": expect["reason"],
        }),
        "SETUP" => json!({
            "message": "setup", "version": expect["version"],
            "keepalive_timeout": expect["keepaliveTimeout"].as_f64(),
            "accept_keepalive_timeout": expect["acceptKeepaliveTimeout"].as_f64(),
        }),
        "AUTH_STATE" => json!({
            "message": "auth_state", "authorized": expect["state"] == "AUTHORIZED",
            "user_id": expect["userId"],
        }),
        "ERROR" => json!({
            "message": "error", "channel": expect["channel"],
            "text": expect.get("message").unwrap_or(&seen[0]["text"]),
            "code": expect["error"].as_str().unwrap().to_lowercase(),
        }),
        "CHANNEL_OPENED" => json!({
            "message": "channel_opened", "channel": expect["channel"], "service": expect["service"],
            "contract": expect["contract"], "sub_format": expect["subFormat"],
        }),
        "CHANNEL_CLOSED" => json!({"message": "channel_closed", "channel": expect["channel"]}),
        "FEED_CONFIG" => json!({
            "message": "feed_config", "channel": expect["channel"],
            "data_format": expect["dataFormat"],
            "aggregation_period": expect["aggregationPeriod"].as_f64(),
            "event_fields": expect["eventFields"],
        }),
        "DOM_CONFIG" => json!({
            "message": "dom_config", "channel": expect["channel"],
            "aggregation_period": expect["aggregationPeriod"].as_f64(),
            "depth_limit": expect["depthLimit"], "order_fields": expect["orderFields"],
        }),
        "DOM_SNAPSHOT" => json!({
            "message": "event", "kind": "book", "channel": expect["channel"], "action": "snapshot",
            "time": time(&expect["time"]), "bids": levels(&expect["bids"]),
            "asks": levels(&expect["asks"]),
        }),
        "unknown" => json!({"message": "unknown", "channel": expect["channel"]}),
        other => return Err(format!("nothing known of {other}")),
    };
    let [seen] = &seen[..] else {
        return Err(format!("{} items", seen.len()));
    };
    contains(seen, &wanted, "")
}

/// Whether `actual` has every key of `wanted`; a wanted `null` must be absent.
fn contains(actual: &Value, wanted: &Value, path: &str) -> Result<(), String> {
    if let Value::Object(wanted) = wanted {
        for (key, wanted) in wanted {
            contains(&actual[key.as_str()], wanted, &format!("{path}.{key}"))?;
        }
        return Ok(());
    }
    if actual == wanted || (wanted.is_f64() && actual.as_f64() == wanted.as_f64()) {
        return Ok(());
    }
    Err(format!("{path} is {actual} instead of {wanted}"))
}

fn time(millis: &Value) -> Value {
    let time = millis.as_i64().filter(|millis| *millis != 0);
    time.map_or(Value::Null, |millis| {
        json!(Timestamp::from_millis(millis).unwrap().to_string())
    })
}

fn levels(levels: &Value) -> Value {
    let level = |level: &Value| json!([level[0].to_string(), level[1].to_string()]);
    levels.as_array().unwrap().iter().map(level).collect()
}

fn data(decoded: &[Decoded], expect: &Value) -> Result<(), String> {
    let (refused, events): (Vec<_>, Vec<_>) = decoded
        .iter()
        .partition(|d| matches!(d, Decoded::Refused { .. }));
    let skipped = expect["skipped"].as_array().map_or(0, Vec::len);
    if refused.len() != skipped {
        return Err(format!(
            "{} refused instead of {skipped}: {refused:?}",
            refused.len()
        ));
    }
    let wanted = expect["events"].as_array().unwrap();
    if events.len() != wanted.len() || expect["count"] != wanted.len() {
        return Err(format!(
            "{} events instead of {}",
            events.len(),
            wanted.len()
        ));
    }
    for (seen, wanted) in events.iter().zip(wanted) {
        event(seen, wanted)?;
    }
    for (key, expected) in expect["snapshot"].as_object().into_iter().flatten() {
        snapshot_of_one_frame(decoded, key, expected)?;
    }
    Ok(())
}

/// Compares one event field by field: by the sheet's names, and by the kind of each.
fn event(decoded: &Decoded, wanted: &Value) -> Result<(), String> {
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
                Some(day) => {
                    json!(
                        day.parse::<feedline::venue::dxlink::Day>()
                            .unwrap()
                            .day_id()
                    ) == *wanted
                }
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

type Row = (SnapshotKey, Mark, Change<DxEvent>);

fn rows(decoded: Vec<Decoded>) -> impl Iterator<Item = (String, Row)> {
    decoded
        .into_iter()
        .filter_map(Decoded::into_row)
        .map(|row| {
            let key = &row.0;
            (
                format!("{}/{}/{}", key.event_type, key.symbol, key.source),
                row,
            )
        })
}

/// A frame that holds a whole snapshot.
fn snapshot_of_one_frame(decoded: &[Decoded], key: &str, expected: &Value) -> Result<(), String> {
    let mut snapshots = Snapshots::default();
    let mut seen = Vec::new();
    for (name, (row_key, mark, change)) in rows(decoded.to_vec()) {
        snapshots.row(&row_key, mark, change, &mut |emit| {
            if name == key {
                seen.push(emit);
            }
        });
    }
    let mut indices = Vec::new();
    let mut times = Vec::new();
    for emit in seen.iter().rev() {
        if let Emit::Snapshot { index, event, .. } = emit {
            indices.push(*index);
            times.extend(event.time().map(Timestamp::as_millis));
        }
    }
    let begun = matches!(seen.first(), Some(Emit::SnapshotBegin { .. }));
    let ended = matches!(seen.last(), Some(Emit::SnapshotEnd { snipped: false }));
    let same = json!(indices) == expected["indices_desc"] || json!(times) == expected["times_desc"];
    match begun && ended && same {
        true => Ok(()),
        false => Err(format!("snapshot of {key} is {seen:?}")),
    }
}

/// What a consumer that applies everything has.
#[derive(Default)]
struct Consumer {
    snapshots: Snapshots<SnapshotKey, DxEvent>,
    books: HashMap<String, BTreeMap<i64, DxEvent>>,
    keys: HashMap<String, SnapshotKey>,
}

impl Consumer {
    /// What the rows of one frame give, in the shape of the samples.
    fn frame(&mut self, decoded: Vec<Decoded>) -> Vec<Value> {
        let mut emits = Vec::new();
        for (name, (key, mark, change)) in rows(decoded) {
            let book = self.books.entry(name.clone()).or_default();
            let mut seen = Vec::new();
            self.snapshots
                .row(&key, mark, change, &mut |emit| seen.push(emit));
            self.keys.insert(name.clone(), key);
            if seen.is_empty() {
                continue;
            }
            let (mut set, mut removed, mut snipped) = (Vec::new(), Vec::new(), None);
            for emit in seen {
                match emit {
                    Emit::SnapshotBegin { .. } => book.clear(),
                    Emit::Snapshot { index, event, .. } => drop(book.insert(index, event)),
                    Emit::SnapshotEnd { snipped: cut } => snipped = Some(cut),
                    Emit::Update { index, event, .. } => {
                        set.push(index);
                        book.insert(index, event);
                    }
                    Emit::Remove { index, .. } => {
                        removed.push(index);
                        book.remove(&index);
                    }
                    other => panic!("{other:?}"),
                }
            }
            let indices: Vec<i64> = book.keys().rev().copied().collect();
            emits.push(match snipped {
                Some(snipped) => json!({
                    "kind": "snapshot", "indices_desc": indices, "snipped": snipped, "key": name,
                }),
                None => json!({
                    "kind": "update", "upsert": set, "remove": removed, "indices_desc": indices,
                    "key": name,
                }),
            });
        }
        // The samples show the updates of one frame together.
        emits.dedup_by(|next, last| merge(last, next));
        emits
    }
}

fn merge(last: &mut Value, next: &Value) -> bool {
    let both = last["kind"] == "update" && next["kind"] == "update" && last["key"] == next["key"];
    if both {
        for list in ["upsert", "remove"] {
            let more = next[list].as_array().unwrap().clone();
            last[list].as_array_mut().unwrap().extend(more);
        }
        last["indices_desc"] = next["indices_desc"].clone();
    }
    both
}

#[test]
fn runs_of_frames_make_whole_snapshots() {
    let Some(samples) = samples() else { return };
    let mut runs: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| sample["seq"].is_object()) {
        let id = sample["seq"]["id"].as_str().unwrap().to_owned();
        runs.entry(id).or_default().push(sample);
    }
    assert!(!runs.is_empty(), "no runs in dxlink.jsonl");
    eprintln!("{} runs", runs.len());
    for (id, mut frames) in runs {
        frames.sort_by_key(|sample| sample["seq"]["n"].as_u64());
        assert_eq!(json!(frames.len()), frames[0]["seq"]["of"], "{id}");
        let mut consumer = Consumer::default();
        for sample in frames {
            let (name, expect) = (&sample["name"], &sample["expect"]);
            let emits = consumer.frame(decode(sample).unwrap());
            assert_eq!(json!(emits), expect["emits"], "{name}");
            for (key, pending) in expect["pending_after"].as_object().unwrap() {
                let held = consumer
                    .keys
                    .get(key)
                    .map(|key| consumer.snapshots.pending(key));
                assert_eq!(json!(held.unwrap_or(0)), *pending, "{name}");
            }
            for (key, state) in expect["state_after"].as_object().unwrap() {
                let book = consumer.books.get(key).into_iter().flatten();
                let mut indices: Vec<i64> = book.map(|(index, _)| *index).collect();
                indices.reverse();
                assert_eq!(json!(indices), *state, "{name}");
            }
        }
    }
}

#[test]
fn kinds_are_known_by_the_venues_names() {
    assert_eq!(EventKind::from_name("TradeETH"), Some(EventKind::TradeEth));
}
