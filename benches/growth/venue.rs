//! A venue in memory that accepts whatever is asked of it and counts its topics.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex};

use feedline::transport::{Dial, Io};
use futures_util::future::BoxFuture;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio_tungstenite::tungstenite::Message;

#[derive(Clone, Debug, Default)]
pub(crate) struct Venue(Arc<Mutex<HashSet<String>>>);

impl Venue {
    pub(crate) fn start() -> Self {
        Self::default()
    }

    pub(crate) fn url(&self) -> &'static str {
        "ws://growth.invalid/ws/v4/"
    }

    pub(crate) fn dialer(&self) -> Arc<dyn Dial> {
        Arc::new(self.clone())
    }

    /// How many topics it holds.
    pub(crate) fn holds(&self) -> usize {
        self.0.lock().expect("no panic").len()
    }

    fn forget_all(&self) {
        self.0.lock().expect("no panic").clear();
    }

    fn answer(&self, request: &str) -> Value {
        let request: Value = serde_json::from_str(request).expect("JSON");
        if request["channel"] == "spot.ping" {
            return json!({ "time": 1_790_359_171, "channel": "spot.pong", "event": "" });
        }
        let mut topics = self.0.lock().expect("no panic");
        let named = request["payload"].as_array().expect("a list").iter();
        for symbol in named.map(|symbol| symbol.as_str().expect("a symbol")) {
            let done = match request["event"].as_str() {
                Some("subscribe") => topics.insert(symbol.to_owned()),
                _ => topics.remove(symbol),
            };
            assert!(done, "{request}");
        }
        json!({
            "time": 1_790_359_171, "time_ms": 1_790_359_171_119_u64,
            "id": request["id"], "channel": request["channel"], "event": request["event"],
            "payload": request["payload"], "result": { "status": "success" },
        })
    }
}

impl Dial for Venue {
    fn dial(&self, _: &str, _: u16) -> BoxFuture<'static, io::Result<Box<dyn Io>>> {
        let (near, far) = tokio::io::duplex(64 << 10);
        tokio::spawn(serve(self.clone(), far));
        Box::pin(async move { Ok(Box::new(near) as Box<dyn Io>) })
    }
}

async fn serve(venue: Venue, far: DuplexStream) {
    let mut socket = tokio_tungstenite::accept_async(far)
        .await
        .expect("a client");
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Text(text) = message {
            let answer = Message::text(venue.answer(&text).to_string());
            if socket.send(answer).await.is_err() {
                break;
            }
        }
    }
    // A client that wants nothing more closes its connection sooner than it has asked for each topic.
    venue.forget_all();
}
