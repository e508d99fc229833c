//! Decodes every frame of a DXLink server in the sample collection that `FEEDLINE_SAMPLES` points
//! to, and puts the runs among them through the snapshot algorithm.
#![cfg(feature = "dxlink")]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod fields;
mod runs;

use std::path::PathBuf;

use feedline::Timestamp;
use feedline::venue::dxlink::{Decoded, Decoder};
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
        fields::event(seen, wanted)?;
    }
    for (key, expected) in expect["snapshot"].as_object().into_iter().flatten() {
        runs::snapshot_of_one_frame(decoded, key, expected)?;
    }
    Ok(())
}
