//! Market data, from the quote token on.

use std::time::Duration;

use feedline::sim::dxlink::DxEvent;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::support::{Socket, builder, closed, connect, get, next, now, send};

async fn greet(socket: &mut Socket) {
    let setup = json!({"type": "SETUP", "channel": 0, "version": "0.1-test/1", "keepaliveTimeout": 200_000});
    send(socket, setup).await;
    assert_eq!(next(socket).await["type"], "SETUP");
    assert_eq!(next(socket).await["state"], "UNAUTHORIZED");
}

async fn authorize(socket: &mut Socket, token: &Value) -> Value {
    send(
        socket,
        json!({"type": "AUTH", "channel": 0, "token": token}),
    )
    .await;
    next(socket).await
}

#[tokio::test(start_paused = true)]
async fn a_quote_token_opens_the_market() {
    let sim = builder()
        .dxlink(|dxlink| dxlink.strict_order(true))
        .in_memory()
        .unwrap();
    let (_, answer) = get(&sim, "/api-quote-tokens").await;
    let mut socket = connect(&sim, answer["data"]["dxlink-url"].as_str().unwrap()).await;
    greet(&mut socket).await;
    assert_eq!(
        authorize(&mut socket, &json!("wrong")).await["state"],
        "UNAUTHORIZED"
    );
    let state = authorize(&mut socket, &answer["data"]["token"]).await;
    assert_eq!(
        (&state["state"], &state["userId"]),
        (&json!("AUTHORIZED"), &json!("20011"))
    );
    send(&mut socket, json!({"type": "CHANNEL_REQUEST", "channel": 1, "service": "FEED", "parameters": {"contract": "AUTO"}})).await;
    assert_eq!(next(&mut socket).await["type"], "CHANNEL_OPENED");
    send(&mut socket, json!({"type": "FEED_SUBSCRIPTION", "channel": 1, "add": [{"type": "Quote", "symbol": "AAPL"}]})).await;
    now(&mut socket).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(
        sim.publish(DxEvent::new("Quote", "AAPL").with("bidPrice", 1.5)),
        1
    );
    assert_eq!(now(&mut socket).await[0]["data"][0]["bidPrice"], 1.5);
    assert_eq!(
        sim.active_topics().into_iter().collect::<Vec<_>>(),
        ["AUTO Quote AAPL"]
    );
    // The order of the handshake is strict, since we asked for it.
    let mut hasty = connect(&sim, &sim.dxlink_url()).await;
    send(
        &mut hasty,
        json!({"type": "SETUP", "channel": 0, "version": "0.1"}),
    )
    .await;
    send(
        &mut hasty,
        json!({"type": "AUTH", "channel": 0, "token": answer["data"]["token"]}),
    )
    .await;
    assert_eq!(next(&mut hasty).await["type"], "SETUP");
    assert!(
        next(&mut hasty).await["message"]
            .as_str()
            .unwrap()
            .ends_with("Session not found: api")
    );
    assert!(closed(&mut hasty).await.is_some());
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_quote_token_is_good_for_a_day() {
    let sim = builder().in_memory().unwrap();
    let token = json!(sim.quote_token());
    for (hours, state) in [(23, "AUTHORIZED"), (2, "UNAUTHORIZED")] {
        sleep(Duration::from_secs(hours * 3_600)).await;
        let mut socket = connect(&sim, &sim.dxlink_url()).await;
        greet(&mut socket).await;
        assert_eq!(authorize(&mut socket, &token).await["state"], state);
    }
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn market_data_may_be_elsewhere() {
    let sim = builder()
        .dxlink_url("ws://elsewhere.invalid/x")
        .in_memory()
        .unwrap();
    let (_, answer) = get(&sim, "/api-quote-tokens").await;
    assert_eq!(answer["data"]["dxlink-url"], "ws://elsewhere.invalid/x");
    sim.shutdown().await;
}
