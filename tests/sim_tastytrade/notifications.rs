//! What the account streamer tells.

use std::collections::BTreeSet;
use std::time::Duration;

use feedline::sim::Fate;
use feedline::sim::tastytrade::Notification;
use serde_json::{Value, json};

use super::support::{
    START, action, builder, connected, get, listen, next, now, send, texts_within,
};

#[tokio::test(start_paused = true)]
async fn everybody_hears_of_what_concerns_him() {
    let sim = builder().in_memory().unwrap();
    let mut both = connected(&sim).await;
    let mut one = listen(&sim).await;
    let mut message = action(&sim, "connect");
    message["value"] = json!(["5WT00001"]);
    send(&mut one, message).await;
    send(&mut one, action(&sim, "quote-alerts-subscribe")).await;
    send(&mut one, action(&sim, "public-watchlists-subscribe")).await;
    now(&mut one).await;
    assert_eq!(sim.notify([Notification::order("5WT00001", 7, "AAPL")]), 2);
    assert_eq!(sim.notify([Notification::order("5WT00002", 8, "IBM")]), 1);
    assert_eq!(sim.notify([Notification::quote_alert("AAPL", 200.0)]), 1);
    assert_eq!(sim.notify([Notification::watchlist("Mine", &["AAPL"])]), 1);
    let types = |frames: Vec<Value>| -> Vec<Value> {
        frames.iter().map(|frame| frame["type"].clone()).collect()
    };
    assert_eq!(
        types(now(&mut one).await),
        ["Order", "QuoteAlert", "PublicWatchlists"]
    );
    assert_eq!(types(now(&mut both).await), ["Order", "Order"]);
    let journal = sim.journal();
    let topics: Vec<_> = journal.iter().map(|event| event.topic.as_str()).collect();
    assert_eq!(
        topics,
        [
            "Order 5WT00001",
            "Order 5WT00001",
            "Order 5WT00002",
            "QuoteAlert AAPL",
            "PublicWatchlists Mine"
        ]
    );
    assert!(
        journal
            .iter()
            .all(|event| event.deliveries[0].fate == Fate::Sent)
    );
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn objects_are_whole() {
    let sim = builder().in_memory().unwrap();
    let mut socket = connected(&sim).await;
    send(&mut socket, action(&sim, "quote-alerts-subscribe")).await;
    next(&mut socket).await;
    let order = Notification::order("5WT00001", 7, "AAPL")
        .with("status", "Filled")
        .with_leg(3, 0, &[("226.5".into(), 3)]);
    sim.notify([order.clone()]);
    let frame = next(&mut socket).await;
    assert_eq!(frame["timestamp"], START * 1_000);
    let has = |data: &Value, keys: &str| {
        for key in keys.split(' ') {
            assert!(!data[key].is_null(), "{key} is not in {data}");
        }
    };
    has(
        &frame["data"],
        "account-number time-in-force order-type underlying-symbol \
        underlying-instrument-type status cancellable editable edited updated-at legs id",
    );
    let leg = &frame["data"]["legs"][0];
    has(
        leg,
        "instrument-type symbol action quantity remaining-quantity",
    );
    has(&leg["fills"][0], "fill-id quantity fill-price filled-at");
    assert_eq!(frame["data"]["updated-at"], "2026-10-01T12:53:00.000+00:00");
    sim.notify([
        Notification::balance("5WT00001"),
        Notification::position("5WT00001", "AAPL", 3),
        Notification::quote_alert("AAPL", 226.0),
        Notification::complex_order("5WT00001", 9, "OCO", &[order]),
    ]);
    let frames = now(&mut socket).await;
    let mut keys = String::from(
        "account-number snapshot-date updated-at cash-balance pending-cash \
        pending-margin-interest net-liquidating-value margin-equity available-trading-funds \
        cash-available-to-withdraw closed-loop-available-balance \
        unsettled-cryptocurrency-fiat-amount long-bond-value maintenance-requirement \
        maintenance-excess maintenance-call-value reg-t-call-value day-trading-call-value \
        day-equity-call-value day-trade-excess",
    )
    .split_whitespace()
    .collect::<Vec<_>>()
    .join(" ");
    for side in ["long", "short"] {
        for kind in [
            "equity",
            "derivative",
            "futures",
            "futures-derivative",
            "margineable",
            "cryptocurrency",
        ] {
            keys += &format!(" {side}-{kind}-value");
        }
    }
    for kind in [
        "equity",
        "derivative",
        "day-trading",
        "used-derivative",
        "effective-cryptocurrency",
    ] {
        keys += &format!(" {kind}-buying-power");
    }
    for kind in [
        "futures",
        "cryptocurrency",
        "equity-offering",
        "bond",
        "reg-t",
        "futures-overnight",
        "futures-intraday",
    ] {
        keys += &format!(" {kind}-margin-requirement");
    }
    has(&frames[0]["data"], &keys);
    has(
        &frames[1]["data"],
        "account-number symbol instrument-type underlying-symbol quantity \
        quantity-direction close-price average-open-price multiplier cost-effect is-suppressed \
        is-frozen realized-day-gain realized-today created-at updated-at",
    );
    has(
        &frames[2]["data"],
        "user-external-id symbol alert-external-id expires-at completed-at \
        created-at triggered-at field operator threshold threshold-numeric dx-symbol",
    );
    has(&frames[3]["data"], "account-number type id orders");
    has(&frames[3]["data"]["orders"][0], "updated-at legs status");
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn they_may_be_bundled_and_numbered() {
    let sim = builder().bundled(true).sequences(true).in_memory().unwrap();
    let mut socket = connected(&sim).await;
    sim.notify([
        Notification::order("5WT00001", 7, "AAPL"),
        Notification::quote_alert("AAPL", 1.0),
        Notification::balance("5WT00001"),
    ]);
    let frames = now(&mut socket).await;
    assert_eq!(frames.len(), 1);
    let results = frames[0]["results"].as_array().unwrap();
    let seen: Vec<_> = results
        .iter()
        .map(|one| (one["type"].clone(), one["ws-sequence"].clone()))
        .collect();
    assert_eq!(
        seen,
        [
            (json!("Order"), json!(1)),
            (json!("AccountBalance"), json!(3))
        ]
    );
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn orders_come_and_go_by_themselves() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let sim = builder().account_rate(2.0).in_memory().unwrap();
        let mut socket = connected(&sim).await;
        let texts = texts_within(&mut socket, Duration::from_secs(50)).await;
        let frames: Vec<Value> = texts
            .iter()
            .map(|text| serde_json::from_str(text).unwrap())
            .collect();
        let statuses: BTreeSet<_> = frames
            .iter()
            .filter_map(|frame| frame["data"]["status"].as_str())
            .collect();
        for status in [
            "Received",
            "Routed",
            "In Flight",
            "Live",
            "Filled",
            "Cancel Requested",
            "Cancelled",
        ] {
            assert!(statuses.contains(status), "{status}");
        }
        let orders = frames
            .iter()
            .filter(|frame| frame["type"] == "Order")
            .count();
        assert!((99..=100).contains(&orders), "{orders}");
        let held = get(&sim, "/accounts/5WT00001/positions").await.1;
        assert!(!held["data"]["items"].as_array().unwrap().is_empty());
        runs.push(texts);
        sim.shutdown().await;
    }
    assert!(runs[0] == runs[1]);
    let sim = builder().in_memory().unwrap();
    let mut socket = connected(&sim).await;
    sim.step_accounts(3);
    let frames = now(&mut socket).await;
    let statuses: Vec<_> = frames
        .iter()
        .map(|frame| frame["data"]["status"].clone())
        .collect();
    assert_eq!(statuses, ["Received", "Routed", "In Flight"]);
    sim.shutdown().await;
}
