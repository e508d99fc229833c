//! Plain clients.

use std::time::Duration;

use feedline::sim::tastytrade::{TastytradeSim, TastytradeSimBuilder};
use feedline::transport::Io;
use feedline::{Clock, Timestamp};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

pub(crate) type Socket = WebSocketStream<Box<dyn Io>>;

pub(crate) const START: i64 = 1_790_859_180;

pub(crate) fn builder() -> TastytradeSimBuilder {
    TastytradeSim::builder()
        .symbols(["AAPL", "IBM"])
        .clock(Clock::starting_at(Timestamp::from_secs(START).unwrap()))
        .dxlink(|dxlink| dxlink.history(Duration::ZERO))
        .seed(7)
        .rate(0.0)
}

pub(crate) async fn dial(sim: &TastytradeSim) -> std::io::Result<Box<dyn Io>> {
    let url = sim.rest_url();
    let authority = url.trim_start_matches("http://");
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    sim.dialer().dial(host, port.parse().unwrap()).await
}

pub(crate) async fn connect(sim: &TastytradeSim, url: &str) -> Socket {
    let io = dial(sim).await.unwrap();
    client_async(url, io).await.unwrap().0
}

/// A connection to the account streamer.
pub(crate) async fn listen(sim: &TastytradeSim) -> Socket {
    connect(sim, &sim.account_url()).await
}

/// One HTTP request with these headers; the status, and the body as JSON or text.
pub(crate) async fn http(
    sim: &TastytradeSim,
    line: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, Value) {
    let mut io = dial(sim).await.unwrap();
    let length = body.len();
    let mut request = format!(
        "{line} HTTP/1.1\r\nhost: sim\r\nconnection: close\r\ncontent-length: {length}\r\n"
    );
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    let request = request + "\r\n" + body;
    io.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    io.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let json = serde_json::from_str(body);
    (status, json.unwrap_or_else(|_| Value::from(body)))
}

pub(crate) const AGENT: (&str, &str) = ("user-agent", "test/1");

/// A request with an access token.
pub(crate) async fn get(sim: &TastytradeSim, path: &str) -> (u16, Value) {
    let token = format!("Bearer {}", sim.access_token());
    http(
        sim,
        &format!("GET {path}"),
        &[AGENT, ("authorization", &token)],
        "",
    )
    .await
}

pub(crate) async fn send(socket: &mut Socket, message: Value) {
    let text = Message::text(message.to_string());
    socket.send(text).await.unwrap();
}

pub(crate) async fn text(socket: &mut Socket) -> String {
    let message = timeout(Duration::from_secs(100), socket.next())
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
    while let Ok(Some(Ok(message))) = timeout_at(end, socket.next()).await {
        if let Message::Text(text) = message {
            texts.push(text.to_string());
        }
    }
    texts
}

pub(crate) async fn now(socket: &mut Socket) -> Vec<Value> {
    let texts = texts_within(socket, Duration::from_millis(1)).await;
    let parse = |text: &String| serde_json::from_str(text).unwrap();
    texts.iter().map(parse).collect()
}

/// How a connection ended: the code and reason of the close frame, if there was one.
pub(crate) async fn closed(socket: &mut Socket) -> Option<(u16, String)> {
    loop {
        let message = timeout(Duration::from_secs(200), socket.next()).await;
        match message.expect("an end") {
            Some(Ok(Message::Close(Some(frame)))) => {
                return Some((frame.code.into(), frame.reason.to_string()));
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return None,
        }
    }
}

/// An action with a good token.
pub(crate) fn action(sim: &TastytradeSim, name: &str) -> Value {
    json!({"action": name, "auth-token": format!("Bearer {}", sim.access_token())})
}

/// A connection that hears of both accounts.
pub(crate) async fn connected(sim: &TastytradeSim) -> Socket {
    let mut socket = listen(sim).await;
    let mut message = action(sim, "connect");
    message["value"] = json!(["5WT00001", "5WT00002"]);
    send(&mut socket, message).await;
    assert_eq!(next(&mut socket).await["status"], "ok");
    socket
}
