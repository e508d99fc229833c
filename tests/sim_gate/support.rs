//! A plain client.

use std::time::Duration;

use feedline::sim::gate::{GateSim, GateSimBuilder};
use feedline::transport::Io;
use feedline::{Clock, Timestamp};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

pub(crate) type Socket = WebSocketStream<Box<dyn Io>>;

pub(crate) const START: i64 = 1_790_359_171;

pub(crate) fn builder() -> GateSimBuilder {
    let clock = Clock::starting_at(Timestamp::from_secs(START).unwrap());
    GateSim::builder()
        .symbols(["BTC_USDT", "ETH_USDT"])
        .clock(clock)
        .seed(7)
        .rate(0.0)
}

pub(crate) async fn dial(sim: &GateSim) -> Box<dyn Io> {
    try_dial(sim).await.unwrap()
}

pub(crate) async fn try_dial(sim: &GateSim) -> std::io::Result<Box<dyn Io>> {
    let url = sim.url();
    let authority = url
        .strip_prefix("ws://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    sim.dialer().dial(host, port.parse().unwrap()).await
}

pub(crate) async fn try_connect(sim: &GateSim) -> Result<Socket, tungstenite::Error> {
    let io = dial(sim).await;
    client_async(sim.url(), io).await.map(|(socket, _)| socket)
}

pub(crate) async fn connect(sim: &GateSim) -> Socket {
    try_connect(sim).await.unwrap()
}

pub(crate) async fn send(socket: &mut Socket, channel: &str, event: &str, payload: Value) {
    let request = json!({ "time": START, "channel": channel, "event": event, "payload": payload });
    socket
        .send(Message::text(request.to_string()))
        .await
        .unwrap();
}

pub(crate) async fn subscribe(socket: &mut Socket, channel: &str, payload: Value) {
    send(socket, channel, "subscribe", payload).await;
}

/// The next text, within a simulated minute.
pub(crate) async fn next(socket: &mut Socket) -> Value {
    let message = timeout(Duration::from_secs(60), socket.next())
        .await
        .expect("a frame")
        .unwrap();
    serde_json::from_str(message.unwrap().to_text().unwrap()).unwrap()
}

/// Everything that arrives within a time, unparsed.
pub(crate) async fn texts_within(socket: &mut Socket, time: Duration) -> Vec<String> {
    let end = Instant::now() + time;
    let mut texts = Vec::new();
    while let Ok(Some(Ok(message))) = tokio::time::timeout_at(end, socket.next()).await {
        if let Message::Text(text) = message {
            texts.push(text.to_string());
        }
    }
    texts
}

pub(crate) async fn within(socket: &mut Socket, time: Duration) -> Vec<Value> {
    let texts = texts_within(socket, time).await;
    texts
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect()
}

pub(crate) async fn get(sim: &GateSim, path: &str) -> (u16, Value) {
    request(sim, "GET", path).await
}

pub(crate) async fn request(sim: &GateSim, method: &str, path: &str) -> (u16, Value) {
    let mut io = dial(sim).await;
    let request =
        format!("{method} /api/v4{path} HTTP/1.1\r\nhost: sim\r\nconnection: close\r\n\r\n");
    io.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    io.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

pub(crate) async fn with_trades(sim: &GateSim) -> Socket {
    let mut socket = connect(sim).await;
    subscribe(&mut socket, "spot.trades", json!(["BTC_USDT", "ETH_USDT"])).await;
    assert_eq!(next(&mut socket).await["result"]["status"], "success");
    socket
}
