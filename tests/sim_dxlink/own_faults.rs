//! What goes wrong in dxLink's own words.

use std::time::Duration;

use feedline::sim::dxlink::DxEvent;
use feedline::sim::{DataFormat, Fault, Script, SessionId};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::faults::{quote, with_quotes};
use super::support::{
    add, at, auth, builder, connect, next, now, request, rows, send, setup, text, with_channel,
    within,
};

#[tokio::test(start_paused = true)]
async fn a_token_can_expire_and_be_renewed() {
    let sim = builder().tokens(["one", "two"]).in_memory().unwrap();
    let mut socket = connect(&sim).await;
    send(&mut socket, setup()).await;
    send(&mut socket, auth("one")).await;
    send(&mut socket, request(1, "TICKER")).await;
    add(&mut socket, 1, json!([{"type": "Quote", "symbol": "AAPL"}])).await;
    now(&mut socket).await;
    sim.inject(Fault::ExpireToken { revoke: true });
    let unauthorized = r#"{"type":"AUTH_STATE","channel":0,"state":"UNAUTHORIZED"}"#;
    assert_eq!(text(&mut socket).await, unauthorized);
    sim.publish(quote(1.0));
    sim.publish(quote(2.0));
    assert!(now(&mut socket).await.is_empty());
    send(&mut socket, auth("one")).await;
    assert_eq!(text(&mut socket).await, unauthorized);
    send(&mut socket, auth("two")).await;
    assert_eq!(next(&mut socket).await["state"], "AUTHORIZED");
    // Everything begins again.
    assert_eq!(next(&mut socket).await["data"][0]["bidPrice"], 2.0);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_may_never_end() {
    let sim = builder().in_memory().unwrap();
    let fields = json!({"TimeAndSale": ["eventFlags", "index"]});
    let mut socket = with_channel(&sim, "HISTORY", fields).await;
    for second in [-2, -1] {
        sim.publish(DxEvent::new("TimeAndSale", "AAPL").at(at(second), 0));
    }
    let other = Some("IBM".to_owned());
    sim.inject(Fault::EndlessSnapshot {
        symbol: other,
        times: Some(1),
    });
    let item = json!([{"type": "TimeAndSale", "symbol": "AAPL", "fromTime": 0}]);
    add(&mut socket, 1, item.clone()).await;
    let frames = within(&mut socket, Duration::from_millis(1)).await;
    assert_eq!(rows(&frames, "TimeAndSale", 2).last().unwrap()[0], 10);
    sim.inject(Fault::EndlessSnapshot {
        symbol: None,
        times: Some(1),
    });
    for ends in [false, true] {
        add(&mut socket, 1, item.clone()).await;
        let frames = within(&mut socket, Duration::from_millis(1)).await;
        let rows = rows(&frames, "TimeAndSale", 2);
        assert_eq!(rows[0][0], 4);
        assert_eq!(rows.iter().any(|row| row[0] == 10), ends);
    }
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_venue_may_close_a_channel() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_quotes(&sim).await;
    sim.inject(Fault::CloseChannel { channel: Some(3) });
    assert!(now(&mut socket).await.is_empty());
    sim.inject(Fault::CloseChannel { channel: None });
    assert_eq!(
        text(&mut socket).await,
        r#"{"type":"CHANNEL_CLOSED","channel":1}"#
    );
    assert!(sim.active_topics().is_empty());
    // What was under way is no fault of the client's, and the number is free again.
    add(&mut socket, 1, json!([{"type": "Quote", "symbol": "IBM"}])).await;
    assert!(now(&mut socket).await.is_empty());
    send(&mut socket, request(1, "TICKER")).await;
    assert_eq!(next(&mut socket).await["type"], "CHANNEL_OPENED");
    assert!(sim.breaches().is_empty());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_format_may_change_in_mid_session() {
    let sim = builder().in_memory().unwrap();
    let mut socket = with_quotes(&sim).await;
    sim.inject(Fault::ChangeFormat {
        format: DataFormat::Full,
    });
    sim.publish(quote(1.0));
    sim.inject(Fault::ChangeFormat {
        format: DataFormat::Compact,
    });
    sim.publish(quote(2.0));
    let fields = r#""aggregationPeriod":0,"eventFields":{"Quote":["eventSymbol","bidPrice"]}}"#;
    assert_eq!(
        now(&mut socket).await,
        [
            format!(r#"{{"type":"FEED_CONFIG","channel":1,"dataFormat":"FULL",{fields}"#),
            r#"{"type":"FEED_DATA","channel":1,"data":[{"eventType":"Quote","eventSymbol":"AAPL","bidPrice":1.0}]}"#.into(),
            format!(r#"{{"type":"FEED_CONFIG","channel":1,"dataFormat":"COMPACT",{fields}"#),
            r#"{"type":"FEED_DATA","channel":1,"data":["Quote",["AAPL",2.0]]}"#.into(),
        ]
    );
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn faults_can_be_scripted_and_aimed() {
    let script: Script = r#"
        {"at":"10s","fault":"change_format","format":"full"}
        {"at":"20s","session":2,"fault":"close_channel","channel":1}
        {"after_subscribes":3,"fault":"expire_token","revoke":true}
        {"at":"0s","fault":"bare_setup"}
        {"at":"0s","fault":"endless_snapshot","symbol":"AAPL"}
        {"at":"0s","fault":"refuse_auth"}
        {"at":"0s","fault":"session_not_found","times":2}
    "#
    .parse()
    .unwrap();
    let sim = builder().faults(script).in_memory().unwrap();
    let (mut one, mut two) = (with_quotes(&sim).await, with_quotes(&sim).await);
    sleep(Duration::from_secs(21)).await;
    let types = |frames: Vec<Value>| -> Vec<Value> {
        frames.iter().map(|frame| frame["type"].clone()).collect()
    };
    assert_eq!(
        types(within(&mut one, Duration::from_millis(1)).await),
        ["FEED_CONFIG"]
    );
    assert_eq!(
        types(within(&mut two, Duration::from_millis(1)).await),
        ["FEED_CONFIG", "CHANNEL_CLOSED"]
    );
    add(&mut one, 1, json!([{"type": "Quote", "symbol": "IBM"}])).await;
    let frames = within(&mut one, Duration::from_millis(1)).await;
    assert!(frames.iter().any(|frame| frame["state"] == "UNAUTHORIZED"));
    assert_eq!(sim.sessions(), [SessionId(1), SessionId(2)]);
    sim.shutdown().await;
}
