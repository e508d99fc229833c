//! A plain client.

use std::time::Duration;

use feedline::sim::dxlink::{DxLinkSim, DxLinkSimBuilder};
use feedline::transport::Io;
use feedline::{Clock, Timestamp};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

pub(crate) type Socket = WebSocketStream<Box<dyn Io>>;

/// A Thursday, on a full minute.
pub(crate) const START: i64 = 1_790_859_180;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(START + second).unwrap()
}

/// Without a market that moves by itself, and without a past.
pub(crate) fn builder() -> DxLinkSimBuilder {
    DxLinkSim::builder()
        .symbols(["AAPL", "IBM", ".AAPL270115C230"])
        .clock(Clock::starting_at(at(0)))
        .seed(7)
        .rate(0.0)
        .history(Duration::ZERO)
}

pub(crate) async fn dial(sim: &DxLinkSim) -> std::io::Result<Box<dyn Io>> {
    let url = sim.url();
    let authority = url.trim_start_matches("ws://").split('/').next().unwrap();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    sim.dialer().dial(host, port.parse().unwrap()).await
}

pub(crate) async fn try_connect(sim: &DxLinkSim) -> Result<Socket, tungstenite::Error> {
    let io = dial(sim).await.unwrap();
    client_async(sim.url(), io).await.map(|(socket, _)| socket)
}

/// A connection on which nothing was said yet.
pub(crate) async fn connect(sim: &DxLinkSim) -> Socket {
    try_connect(sim).await.unwrap()
}

pub(crate) async fn send(socket: &mut Socket, message: Value) {
    let text = Message::text(message.to_string());
    socket.send(text).await.unwrap();
}

pub(crate) fn setup() -> Value {
    json!({"type": "SETUP", "channel": 0, "version": "0.1-test/1", "keepaliveTimeout": 60, "acceptKeepaliveTimeout": 60})
}

pub(crate) fn auth(token: &str) -> Value {
    json!({"type": "AUTH", "channel": 0, "token": token})
}

pub(crate) fn request(channel: u64, contract: &str) -> Value {
    json!({"type": "CHANNEL_REQUEST", "channel": channel, "service": "FEED", "parameters": {"contract": contract}})
}

/// The next text, within a simulated minute.
pub(crate) async fn text(socket: &mut Socket) -> String {
    let message = timeout(Duration::from_secs(60), socket.next())
        .await
        .expect("a frame")
        .unwrap();
    message.unwrap().to_text().unwrap().to_owned()
}

pub(crate) async fn next(socket: &mut Socket) -> Value {
    serde_json::from_str(&text(socket).await).unwrap()
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
    let parse = |text: &String| serde_json::from_str(text).unwrap();
    texts.iter().map(parse).collect()
}

/// Everything that arrives at once.
pub(crate) async fn now(socket: &mut Socket) -> Vec<String> {
    texts_within(socket, Duration::from_millis(1)).await
}

/// How a connection ended: the code and reason of the close frame, if there was one.
pub(crate) async fn closed(socket: &mut Socket) -> Option<(u16, String)> {
    loop {
        match timeout(Duration::from_secs(120), socket.next())
            .await
            .expect("an end")
        {
            Some(Ok(Message::Close(Some(frame)))) => {
                return Some((frame.code.into(), frame.reason.to_string()));
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return None,
        }
    }
}

/// A connection whose handshake is done, at the demo, and that may be silent for an hour.
pub(crate) async fn greeted(sim: &DxLinkSim) -> Socket {
    let mut socket = connect(sim).await;
    let mut setup = setup();
    setup["keepaliveTimeout"] = json!(3_600.0);
    send(&mut socket, setup).await;
    assert_eq!(next(&mut socket).await["type"], "SETUP");
    assert_eq!(next(&mut socket).await["state"], "AUTHORIZED");
    socket
}

/// Opens a feed channel, COMPACT, with these fields for each type.
pub(crate) async fn open(socket: &mut Socket, channel: u64, contract: &str, fields: Value) {
    send(socket, request(channel, contract)).await;
    assert_eq!(next(socket).await["type"], "CHANNEL_OPENED");
    let period = 0;
    let message = json!({"type": "FEED_SETUP", "channel": channel, "acceptAggregationPeriod": period,
        "acceptDataFormat": "COMPACT", "acceptEventFields": fields});
    send(socket, message).await;
    assert_eq!(next(socket).await["type"], "FEED_CONFIG");
}

/// A connection with one such channel, number 1.
pub(crate) async fn with_channel(sim: &DxLinkSim, contract: &str, fields: Value) -> Socket {
    let mut socket = greeted(sim).await;
    open(&mut socket, 1, contract, fields).await;
    socket
}

pub(crate) async fn add(socket: &mut Socket, channel: u64, items: Value) {
    send(
        socket,
        json!({"type": "FEED_SUBSCRIPTION", "channel": channel, "add": items}),
    )
    .await;
}

pub(crate) async fn remove(socket: &mut Socket, channel: u64, items: Value) {
    send(
        socket,
        json!({"type": "FEED_SUBSCRIPTION", "channel": channel, "remove": items}),
    )
    .await;
}

/// The rows of one type in these frames, of this many fields each.
pub(crate) fn rows(frames: &[Value], kind: &str, width: usize) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for frame in frames.iter().filter(|frame| frame["type"] == "FEED_DATA") {
        for pair in frame["data"].as_array().unwrap().chunks(2) {
            if pair[0] == kind {
                let values = pair[1].as_array().unwrap();
                assert_eq!(values.len() % width, 0, "{frame}");
                rows.extend(values.chunks(width).map(<[Value]>::to_vec));
            }
        }
    }
    rows
}

/// Quotes with few fields.
pub(crate) fn quotes() -> Value {
    json!({"Quote": ["eventSymbol", "bidPrice"]})
}
