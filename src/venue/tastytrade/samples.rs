//! Recorded and documented frames, which are not in the repository: the environment's
//! `FEEDLINE_SAMPLES` names their directory.

use serde_json::Value;

use super::account::{AccountEvent, AccountUpdate, Decoded, decode};
use super::rest_error::RestError;
use super::{account, account_info, quote_tokens};
use crate::Timestamp;
use crate::feed::Secret;

/// The samples of a service, or nothing if there are none on this machine.
fn samples(service: &str) -> Vec<Value> {
    let Some(directory) = std::env::var_os("FEEDLINE_SAMPLES") else {
        #[allow(clippy::print_stderr, reason = "a test that skips itself says so")]
        {
            eprintln!("skipped: FEEDLINE_SAMPLES is not set");
        }
        return Vec::new();
    };
    let path = std::path::Path::new(&directory).join("dxlink.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let found: Vec<Value> = lines
        .filter(|sample: &Value| sample["service"] == service)
        .collect();
    assert!(!found.is_empty());
    found
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn rest_answers_are_read_and_requests_written() {
    for sample in samples("TASTY_REST") {
        let (name, expect) = (&sample["name"], &sample["expect"]);
        let frame = sample["frame"].as_str().unwrap();
        match expect["kind"].as_str().unwrap() {
            "api-quote-tokens" => {
                let quote = quote_tokens::parse(frame.as_bytes(), Timestamp::EPOCH).unwrap();
                assert_eq!(quote.token.secret.expose(), expect["token"], "{name}");
                assert_eq!(quote.level.as_str(), expect["level"], "{name}");
                let url = expect["dxlink-url"].as_str().unwrap();
                let address = crate::transport::Address::parse(url).unwrap();
                assert_eq!(quote.address.endpoint(), address.endpoint(), "{name}");
                let life = expect["lifetime_h"].as_i64().unwrap() * 3_600;
                assert_eq!(quote.token.expires, Timestamp::from_secs(life), "{name}");
            }
            "error" => {
                let status = u16::try_from(expect["http"].as_u64().unwrap()).unwrap();
                let error = RestError::refused(account_info::PATH, status, frame.as_bytes(), &[]);
                assert!(
                    error.to_string().contains(expect["code"].as_str().unwrap()),
                    "{name}"
                );
                assert_eq!(error.is_retryable(), expect["retryable"], "{name}");
                assert!(error.is_auth(), "{name}");
            }
            "oauth-refresh" => {
                let wanted: Value = serde_json::from_str(frame).unwrap();
                let (refresh, secret) = (&wanted["refresh_token"], &wanted["client_secret"]);
                let (refresh, secret) = (Secret::from(text(refresh)), Secret::from(text(secret)));
                let body = super::access::grant(&secret, &refresh).unwrap();
                assert_eq!(
                    serde_json::from_str::<Value>(&body).unwrap(),
                    wanted,
                    "{name}"
                );
                assert_eq!(super::access::PATH, expect["path"], "{name}");
            }
            other => panic!("{name}: {other}"),
        }
    }
}

#[test]
fn account_messages_are_read_and_actions_written() {
    for sample in samples("TASTY_ACCOUNT") {
        let (name, expect) = (&sample["name"], &sample["expect"]);
        let frame = sample["frame"].as_str().unwrap();
        match expect["kind"].as_str().unwrap() {
            "action" => {
                let Some(written) = account::written(frame) else {
                    // Only older clients use it.
                    assert_eq!(expect["action"], "user-message-subscribe", "{name}");
                    continue;
                };
                let wanted: Value = serde_json::from_str(frame).unwrap();
                assert_eq!(
                    serde_json::from_str::<Value>(&written).unwrap(),
                    wanted,
                    "{name}"
                );
            }
            "ack" => {
                let Some(Decoded::Answer(answer)) = decode(frame, None).unwrap() else {
                    panic!("{name}")
                };
                assert_eq!(answer.ok, expect["status"] == "ok", "{name}");
                assert_eq!(answer.action, expect["action"].as_str().unwrap(), "{name}");
                let request = answer.request.map_or(Value::Null, Value::from);
                assert_eq!(request, expect["request-id"], "{name}");
                let words = answer.text.as_deref().map_or(Value::Null, Value::from);
                assert_eq!(words, expect["message"], "{name}");
            }
            "notification" => {
                let Some(Decoded::Events(events)) = decode(frame, None).unwrap() else {
                    panic!("{name}")
                };
                notification(&events, expect, &text(name));
            }
            "batch" => {
                let Some(Decoded::Events(events)) = decode(frame, None).unwrap() else {
                    panic!("{name}")
                };
                assert_eq!(events.len() as u64, expect["count"], "{name}");
                let types: Vec<&str> = events.iter().map(kind).collect();
                assert_eq!(Value::from(types), expect["types"], "{name}");
            }
            other => panic!("{name}: {other}"),
        }
    }
}

fn kind(event: &AccountEvent) -> &str {
    match &event.update {
        AccountUpdate::Order(_) => "Order",
        AccountUpdate::Balance(_) => "AccountBalance",
        AccountUpdate::QuoteAlert(_) => "QuoteAlert",
        AccountUpdate::Notice(notice) => &notice.name,
        other => panic!("{other:?}"),
    }
}

fn notification(events: &[AccountEvent], expect: &Value, name: &str) {
    let first = &events[0];
    assert_eq!(kind(first), expect["type"], "{name}");
    let time = first.time.unwrap().as_millis();
    assert_eq!(time, expect["timestamp"].as_i64().unwrap(), "{name}");
    let sequence = first.sequence.map_or(Value::Null, Value::from);
    assert_eq!(sequence, expect["ws-sequence"], "{name}");
    if let Some(account) = expect["account-number"].as_str() {
        assert_eq!(first.account, account, "{name}");
    }
    let json = serde_json::to_string(events).unwrap();
    let back: Vec<AccountEvent> = serde_json::from_str(&json).unwrap();
    assert_eq!(back, events, "{name}");
    match &first.update {
        AccountUpdate::Order(order) => {
            assert_eq!(order.id.to_string(), expect["id"], "{name}");
            let status = order.detail.status.as_ref().unwrap();
            assert_eq!(status.as_str(), expect["status"], "{name}");
            assert_eq!(order.detail.legs.len() as u64, expect["legs"], "{name}");
            if let Some(price) = expect["price"].as_str() {
                assert_eq!(order.price.unwrap().to_string(), price, "{name}");
            }
            let fills: Vec<Value> = events[1..]
                .iter()
                .map(|event| match &event.update {
                    AccountUpdate::Fill(fill) => {
                        vec![fill.price.to_string(), fill.size.to_string()].into()
                    }
                    other => panic!("{name}: {other:?}"),
                })
                .collect();
            assert_eq!(Value::from(fills), expect["fills"], "{name}");
        }
        AccountUpdate::Balance(balance) => {
            let cash = balance.total.unwrap().to_string();
            assert_eq!(cash, expect["cash-balance"], "{name}");
            let value = balance.detail.net_liquidating_value.unwrap().to_string();
            assert_eq!(value, expect["net-liquidating-value"], "{name}");
        }
        AccountUpdate::QuoteAlert(alert) => {
            assert_eq!(alert.symbol.as_str(), expect["symbol"], "{name}");
            let threshold = alert.threshold.unwrap().to_string();
            assert_eq!(threshold, expect["threshold"], "{name}");
        }
        other => panic!("{name}: {other:?}"),
    }
}
