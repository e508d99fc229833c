//! What clients may ask for.

use feedline::sim::BreachKind;
use feedline::sim::dxlink::{DxLinkSim, Limits};
use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;

use super::support::{
    add, builder, closed, connect, greeted, next, now, quotes, remove, with_channel,
};
use std::time::Duration;

fn kinds(sim: &DxLinkSim) -> Vec<BreachKind> {
    sim.breaches().iter().map(|breach| breach.kind).collect()
}

fn items(count: usize) -> Value {
    (0..count)
        .map(|number| json!({"type": "Quote", "symbol": format!("S{number}")}))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_message_may_be_too_long() {
    let limits = Limits::new().message_bytes(8_192);
    let sim = builder().limits(limits).in_memory().unwrap();
    let mut socket = greeted(&sim).await;
    socket.send(Message::text(" ".repeat(8_193))).await.unwrap();
    assert_eq!(closed(&mut socket).await.unwrap().0, 1009);
    assert_eq!(kinds(&sim), [BreachKind::TooLarge]);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn changes_of_a_minute_are_counted() {
    let limits = Limits::new().changes_per_minute(10);
    let sim = builder().limits(limits).in_memory().unwrap();
    let mut socket = with_channel(&sim, "TICKER", quotes()).await;
    add(&mut socket, 1, items(6)).await;
    remove(&mut socket, 1, items(4)).await;
    now(&mut socket).await;
    assert!(sim.breaches().is_empty());
    add(&mut socket, 1, items(1)).await;
    let error = next(&mut socket).await;
    assert_eq!(
        (&error["error"], &error["channel"]),
        (&json!("BAD_ACTION"), &json!(1))
    );
    assert_eq!(sim.active_topics().len(), 2);
    sleep(Duration::from_secs(59)).await;
    add(&mut socket, 1, items(1)).await;
    sleep(Duration::from_secs(2)).await;
    add(&mut socket, 1, items(1)).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(kinds(&sim), [BreachKind::TooManyChanges; 2]);
    assert_eq!(sim.active_topics().len(), 3);
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn sessions_and_subscriptions_are_counted() {
    let sim = builder().limits(Limits::tastytrade()).in_memory().unwrap();
    let mut socket = with_channel(&sim, "HISTORY", json!({})).await;
    let candles = |count: usize| -> Value {
        let symbol = |number| format!("S{number}{{=m}}");
        (0..count)
            .map(|number| json!({"type": "Candle", "symbol": symbol(number), "fromTime": 0}))
            .collect()
    };
    add(&mut socket, 1, candles(100)).await;
    assert_eq!(next(&mut socket).await["type"], "FEED_CONFIG");
    // The same once more is nothing more.
    add(&mut socket, 1, candles(100)).await;
    add(&mut socket, 1, candles(101)).await;
    assert_eq!(next(&mut socket).await["error"], "BAD_ACTION");
    let mut others = Vec::new();
    for _ in 0..5 {
        others.push(connect(&sim).await);
    }
    assert_eq!(
        kinds(&sim),
        [
            BreachKind::TooManySubscriptions,
            BreachKind::TooManyConnections
        ]
    );
    sim.shutdown().await;
}
