//! Channels and what they agree on.

use std::time::Duration;

use feedline::sim::BreachKind;
use feedline::sim::dxlink::{DxEvent, FieldOrder};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::support::{
    add, builder, greeted, next, now, quotes, request, rows, send, text, with_channel, within,
};

#[tokio::test(start_paused = true)]
async fn channels_open_and_close() {
    let sim = builder().in_memory().unwrap();
    let mut socket = greeted(&sim).await;
    for contract in ["TICKER", "STREAM", "HISTORY", "AUTO"] {
        send(&mut socket, request(3, contract)).await;
        let parameters = &next(&mut socket).await["parameters"];
        assert_eq!(
            *parameters,
            json!({"contract": contract, "subFormat": "LIST"})
        );
        send(&mut socket, json!({"type": "CHANNEL_CANCEL", "channel": 3})).await;
        assert_eq!(
            text(&mut socket).await,
            r#"{"type":"CHANNEL_CLOSED","channel":3}"#
        );
    }
    assert!(sim.breaches().is_empty());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn channels_that_cannot_be_are_refused() {
    let sim = builder().in_memory().unwrap();
    let mut socket = greeted(&sim).await;
    send(&mut socket, request(1, "AUTO")).await;
    next(&mut socket).await;
    for (message, channel) in [
        (request(2, "AUTO"), 0),
        (request(0, "AUTO"), 0),
        (request(1, "AUTO"), 0),
        (request(3, "SOME"), 3),
        (
            json!({"type": "CHANNEL_REQUEST", "channel": 5, "service": "RPC", "parameters": {}}),
            5,
        ),
        (
            json!({"type": "CHANNEL_REQUEST", "channel": 5, "service": "DOM", "parameters": {}}),
            5,
        ),
        (json!({"type": "CHANNEL_CANCEL", "channel": 7}), 7),
        (
            json!({"type": "FEED_SUBSCRIPTION", "channel": 7, "reset": true}),
            7,
        ),
        (json!({"type": "DOM_SETUP", "channel": 1}), 1),
    ] {
        send(&mut socket, message.clone()).await;
        let error = next(&mut socket).await;
        assert_eq!(error["error"], "BAD_ACTION", "{message}");
        assert_eq!(error["channel"], channel, "{message}");
    }
    let kinds: Vec<_> = sim.breaches().iter().map(|breach| breach.kind).collect();
    assert_eq!(kinds[..3], [BreachKind::BadChannel; 3]);
    assert_eq!(kinds.len(), 9);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn fields_are_told_once_for_each_type_before_its_data() {
    let sim = builder().in_memory().unwrap();
    let mut socket = greeted(&sim).await;
    send(&mut socket, request(1, "TICKER")).await;
    next(&mut socket).await;
    let setup = json!({"type": "FEED_SETUP", "channel": 1, "acceptAggregationPeriod": 0.5,
        "acceptDataFormat": "COMPACT", "acceptEventFields": {"Quote": ["eventSymbol", "bidPrice", "colour"]}});
    send(&mut socket, setup).await;
    assert_eq!(
        now(&mut socket).await,
        [r#"{"type":"FEED_CONFIG","channel":1,"dataFormat":"COMPACT","aggregationPeriod":0.5}"#]
    );
    sim.publish(DxEvent::new("Quote", "AAPL").with("bidPrice", 100.0));
    add(&mut socket, 1, json!([{"type": "Quote", "symbol": "AAPL"}])).await;
    assert_eq!(
        now(&mut socket).await,
        [
            r#"{"type":"FEED_CONFIG","channel":1,"dataFormat":"COMPACT","aggregationPeriod":0.5,"eventFields":{"Quote":["eventSymbol","bidPrice","colour"]}}"#,
            r#"{"type":"FEED_DATA","channel":1,"data":["Quote",["AAPL",100.0,"NaN"]]}"#,
        ]
    );
    // Another symbol of the type needs no words; another type does, and so do other fields.
    add(&mut socket, 1, json!([{"type": "Quote", "symbol": "IBM"}])).await;
    assert_eq!(next(&mut socket).await["type"], "FEED_DATA");
    add(
        &mut socket,
        1,
        json!([{"type": "Profile", "symbol": "IBM"}]),
    )
    .await;
    let fields = &next(&mut socket).await["eventFields"];
    assert_eq!(fields["Profile"][4], "shortSaleRestriction");
    assert_eq!(next(&mut socket).await["type"], "FEED_DATA");
    let setup =
        json!({"type": "FEED_SETUP", "channel": 1, "acceptEventFields": {"Quote": ["askPrice"]}});
    send(&mut socket, setup).await;
    let frames = within(&mut socket, Duration::from_secs(1)).await;
    assert_eq!(frames[0]["eventFields"], Value::Null);
    assert_eq!(frames[1]["eventFields"], json!({"Quote": ["askPrice"]}));
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_setup_events_are_objects_with_everything() {
    let sim = builder().in_memory().unwrap();
    let mut socket = greeted(&sim).await;
    send(&mut socket, request(1, "TICKER")).await;
    next(&mut socket).await;
    sim.publish(DxEvent::new("Message", "AAPL"));
    sim.publish(DxEvent::new("Quote", "AAPL").with("askSize", 1.5e7));
    add(&mut socket, 1, json!([{"type": "Quote", "symbol": "AAPL"}])).await;
    let config = next(&mut socket).await;
    assert_eq!(
        (&config["dataFormat"], &config["aggregationPeriod"]),
        (&json!("FULL"), &json!(0.1))
    );
    assert_eq!(
        text(&mut socket).await,
        concat!(
            r#"{"type":"FEED_DATA","channel":1,"data":[{"eventType":"Quote","eventSymbol":"AAPL","eventTime":0,"#,
            r#""sequence":0,"timeNanoPart":0,"bidTime":0,"bidExchangeCode":"\u0000","bidPrice":"NaN","bidSize":"NaN","#,
            r#""askTime":0,"askExchangeCode":"\u0000","askPrice":"NaN","askSize":1.5E7}]}"#
        )
    );
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn settings_are_wishes_that_can_be_taken_back() {
    let sim = builder()
        .period(Duration::from_secs(5))
        .in_memory()
        .unwrap();
    let mut socket = greeted(&sim).await;
    send(&mut socket, request(1, "TICKER")).await;
    next(&mut socket).await;
    for (message, expected) in [
        (json!({}), Some(("FULL", 5.0))),
        (
            json!({"acceptAggregationPeriod": 0.25}),
            Some(("FULL", 0.25)),
        ),
        (
            json!({"acceptDataFormat": "COMPACT"}),
            Some(("COMPACT", 0.25)),
        ),
        (
            json!({"acceptAggregationPeriod": "NaN"}),
            Some(("COMPACT", 5.0)),
        ),
        (json!({"acceptAggregationPeriod": -1}), None),
        (json!({"acceptDataFormat": "XML"}), None),
    ] {
        let mut message = message;
        message["type"] = json!("FEED_SETUP");
        message["channel"] = json!(1);
        send(&mut socket, message).await;
        let answer = next(&mut socket).await;
        match expected {
            Some((format, period)) => {
                assert_eq!(answer["dataFormat"], format);
                assert_eq!(answer["aggregationPeriod"].as_f64(), Some(period));
            }
            None => assert_eq!(answer["error"], "INVALID_MESSAGE"),
        }
    }
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn servers_differ_in_fields() {
    let fields = json!({"Quote": ["eventSymbol", "bidPrice", "askPrice"]});
    let items = json!([{"type": "Quote", "symbol": "AAPL"}]);
    let sim = builder()
        .without_field("Quote", "askPrice")
        .field_order(FieldOrder::Reversed)
        .config_delay(Duration::from_secs(2))
        .in_memory()
        .unwrap();
    let mut socket = with_channel(&sim, "TICKER", fields).await;
    add(&mut socket, 1, items).await;
    let asked = Instant::now();
    let config = next(&mut socket).await;
    assert_eq!(
        config["eventFields"]["Quote"],
        json!(["bidPrice", "eventSymbol"])
    );
    assert_eq!(asked.elapsed().as_secs(), 2);
    let frames = [next(&mut socket).await];
    assert_eq!(rows(&frames, "Quote", 2)[0][1], "AAPL");
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn frames_hold_one_type_unless_told() {
    let items = json!([
        {"type": "Quote", "symbol": "AAPL"}, {"type": "Summary", "symbol": "AAPL"},
        {"type": "Quote", "symbol": "IBM"},
    ]);
    let mut fields = quotes();
    fields["Summary"] = json!(["eventSymbol", "openInterest"]);
    let types = |frame: &Value| -> Vec<String> {
        let data = frame["data"].as_array().unwrap().iter();
        data.step_by(2)
            .map(|kind| kind.as_str().unwrap().to_owned())
            .collect()
    };
    for mixed in [false, true] {
        let sim = builder().mixed_frames(mixed).in_memory().unwrap();
        let mut socket = with_channel(&sim, "AUTO", fields.clone()).await;
        add(&mut socket, 1, items.clone()).await;
        let frames = within(&mut socket, Duration::from_millis(10)).await;
        let kinds: Vec<_> = frames[1..].iter().map(types).collect();
        if mixed {
            assert_eq!(kinds, [vec!["Quote", "Summary", "Quote"]]);
        } else {
            assert_eq!(kinds, [["Quote"], ["Summary"]]);
        }
        assert_eq!(rows(&frames, "Quote", 2).len(), 2);
        sim.shutdown().await;
    }
}
