//! Decodes every spot frame of the sample collection that `FEEDLINE_SAMPLES` points to.
#![cfg(feature = "gate")]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::PathBuf;

use feedline::Timestamp;
use feedline::venue::gate;
use serde_json::{Value, json};

#[test]
fn samples_decode_as_expected() {
    let Ok(folder) = std::env::var("FEEDLINE_SAMPLES") else {
        eprintln!("skipped: set FEEDLINE_SAMPLES to the folder with gate.jsonl");
        return;
    };
    let lines = std::fs::read_to_string(PathBuf::from(folder).join("gate.jsonl")).unwrap();
    let mut failures = Vec::new();
    let mut checked = 0;
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let sample: Value = serde_json::from_str(line).unwrap();
        let inbound = sample["dir"].is_null() || sample["dir"] == "in";
        if sample["market"] != "spot" || !inbound {
            continue;
        }
        checked += 1;
        if let Err(failure) = check(&sample) {
            failures.push(format!("{}: {failure}", sample["name"]));
        }
    }
    assert!(checked > 0, "no spot frames in gate.jsonl");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check(sample: &Value) -> Result<(), String> {
    let frame = sample["frame"].as_str().ok_or("frame is not a text")?;
    let decoded = gate::decode(frame.as_bytes()).map_err(|error| error.to_string())?;
    let decoded: Vec<Value> = decoded
        .iter()
        .map(|d| serde_json::to_value(d).unwrap())
        .collect();
    let expect = &sample["expect"];
    let wanted: Vec<Value> = match expect["kind"].as_str().ok_or("no kind")? {
        "trades" => items(expect, trade),
        "tickers" => items(expect, ticker),
        "candles" => items(expect, candle),
        "bbo" => vec![quote(expect)],
        "book_update" | "book_snapshot" => vec![book(expect)],
        "ack" => vec![ack(expect)],
        "pong" => vec![json!({"kind": "pong"})],
        "system" => vec![json!({"kind": "system"})],
        _ => vec![json!({"kind": "ignored", "channel": sample["channel"]})],
    };
    if decoded.len() != wanted.len() {
        return Err(format!(
            "{} items instead of {}: {decoded:?}",
            decoded.len(),
            wanted.len()
        ));
    }
    for (decoded, mut wanted) in decoded.iter().zip(wanted) {
        if let Some(millis) = expect["env_ms"]
            .as_i64()
            .filter(|_| wanted["kind"] != "ignored")
        {
            wanted["detail"] = json!({"sent": time(millis * 1_000_000)});
        }
        contains(decoded, &wanted, "")?;
        if let Some(level) = expect.get("level").and_then(Value::as_str) {
            contains(
                &decoded["detail"]["l"],
                &json!(level.parse::<u16>().unwrap()),
                "l",
            )?;
        }
        if let Some(level) = expect.get("stream_level") {
            contains(&decoded["detail"]["l"], level, "l")?;
        }
        for (key, side) in [("n_bids", "bids"), ("n_asks", "asks")] {
            if let Some(count) = expect.get(key) {
                contains(&json!(decoded[side].as_array().map(Vec::len)), count, key)?;
            }
        }
        for (keys, side) in [
            (["first_bid", "best_bid"], "bids"),
            (["first_ask", "best_ask"], "asks"),
        ] {
            for key in keys {
                if let Some(level) = expect.get(key).filter(|level| !level.is_null()) {
                    contains(&decoded[side][0], level, key)?;
                }
            }
        }
    }
    Ok(())
}

/// Whether `actual` has every key of `wanted`; a wanted `null` must be absent.
fn contains(actual: &Value, wanted: &Value, path: &str) -> Result<(), String> {
    if let Value::Object(wanted) = wanted {
        for (key, wanted) in wanted {
            contains(&actual[key.as_str()], wanted, &format!("{path}.{key}"))?;
        }
        return Ok(());
    }
    if actual == wanted {
        return Ok(());
    }
    Err(format!("{path} is {actual} instead of {wanted}"))
}

fn items(expect: &Value, item: fn(&Value) -> Value) -> Vec<Value> {
    expect["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(item)
        .collect()
}

fn time(nanos: i64) -> String {
    Timestamp::from_nanos(nanos).to_string()
}

fn millis(value: &Value) -> Value {
    value
        .as_i64()
        .map_or(Value::Null, |millis| json!(time(millis * 1_000_000)))
}

fn trade(item: &Value) -> Value {
    json!({
        "kind": "trade", "symbol": item["symbol"], "id": item["id"], "price": item["price"],
        "size": item["size"], "side": item["side"], "time": time(item["ts_ns"].as_i64().unwrap()),
    })
}

fn ticker(item: &Value) -> Value {
    json!({
        "kind": "ticker", "symbol": item["symbol"], "last": item["last"], "bid": item["bid"],
        "ask": item["ask"], "volume": item["base_volume"], "turnover": item["quote_volume"],
    })
}

fn candle(item: &Value) -> Value {
    let state = item["closed"]
        .as_bool()
        .map(|closed| if closed { "final" } else { "partial" });
    json!({
        "kind": "candle", "symbol": item["symbol"], "interval": item["interval"],
        "start": time(item["open_s"].as_i64().unwrap() * 1_000_000_000),
        "open": item["o"], "high": item["h"], "low": item["l"], "close": item["c"],
        "volume": item["base_volume"], "turnover": item["quote_volume"], "state": state,
    })
}

fn quote(expect: &Value) -> Value {
    json!({
        "kind": "quote", "symbol": expect["symbol"], "bid": expect["bid"], "ask": expect["ask"],
        "bid_size": expect["bid_size"], "ask_size": expect["ask_size"], "sequence": expect["u"],
        "time": millis(&expect["ts_ms"]),
    })
}

fn book(expect: &Value) -> Value {
    let whole = expect["kind"] == "book_snapshot" || expect["full"] == true;
    let last = if expect["kind"] == "book_snapshot" {
        &expect["id"]
    } else {
        &expect["u"]
    };
    json!({
        "kind": "book", "symbol": expect["symbol"], "first": expect["U"], "last": last,
        "action": if whole { "snapshot" } else { "delta" }, "time": millis(&expect["ts_ms"]),
    })
}

fn ack(expect: &Value) -> Value {
    let mut wanted = json!({
        "kind": if expect["ok"] == true { "ack" } else { "rejected" },
        "op": expect["op"], "channel": expect["channel"], "id": expect["id"],
        "payload": expect["payload"],
    });
    if expect["ok"] == false {
        wanted["code"] = expect["error"]["code"].clone();
        wanted["text"] = expect["error"]["message"].clone();
    }
    wanted
}
