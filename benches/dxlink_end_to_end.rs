//! DXLink's whole way from a loopback socket to the consumer, frames of 32 compact quotes or
//! executions, beside the same bytes read by bare tokio-tungstenite and dropped.
//!
//! As in `end_to_end`, the client is one thread with everything on it, and the figure to look at is
//! its processor time a row, as a ratio within one run.
//!
//! ```text
//! cargo bench --features dxlink --bench dxlink_end_to_end
//! ```
#![allow(clippy::print_stdout, reason = "a bench")]

mod firehose;

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::thread;

use feedline::market::Record;
use feedline::venue::dxlink::{DxItem, DxLink, DxLinkProtocol};
use feedline::{Event, Overflow};
use firehose::Stopwatch;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message};

const ROWS: usize = 32;
const SYMBOL: &str = "SPY";

/// What is sent, and the fields of its rows.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    contract: &'static str,
    fields: &'static [&'static str],
    row: fn(usize) -> String,
}

const QUOTES: Kind = Kind {
    name: "Quote",
    contract: "TICKER",
    fields: &["eventSymbol", "bidPrice", "bidSize", "askPrice", "askSize"],
    row: |n| {
        format!(
            "\"{SYMBOL}\",{}.{:02},{}.0,{}.{:02},200.0",
            559,
            n % 50,
            100 + n % 7,
            559,
            50 + n % 50
        )
    },
};

const EXECUTIONS: Kind = Kind {
    name: "TimeAndSale",
    contract: "STREAM",
    fields: &[
        "eventSymbol",
        "eventFlags",
        "index",
        "time",
        "sequence",
        "exchangeCode",
        "price",
        "size",
        "aggressorSide",
        "type",
    ],
    row: |n| {
        let millis = 1_727_888_400_000_u64 + n as u64;
        let index = (millis / 1_000) << 32 | (millis % 1_000) << 22;
        format!(
            "\"{SYMBOL}\",0,{index},{millis},0,\"Q\",559.{:02},{}.0,\"BUY\",\"NEW\"",
            n % 100,
            1 + n % 9
        )
    },
};

fn main() {
    let (frames, rounds) = if firehose::is_bench() {
        (20_000, 9)
    } else {
        (200, 1)
    };
    firehose::pin_thread(0);
    println!("{frames} frames of {ROWS} rows, {rounds} rounds, medians");
    println!(
        "{:14} {:>12} {:>16} {:>8}",
        "", "bare ns/row", "feedline ns/row", "ratio"
    );
    for kind in [QUOTES, EXECUTIONS] {
        let (mut bares, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            bares.push(bare(kind, frames));
            ours.push(feedline(kind, frames));
        }
        let ratios = ours.iter().zip(&bares).map(|(a, b)| a / b).collect();
        println!(
            "{:14} {:12.1} {:16.1} {:8.2}",
            kind.name,
            firehose::median(bares),
            firehose::median(ours),
            firehose::median(ratios)
        );
    }
}

/// A server for one connection, which sends so many frames once something is subscribed.
fn serve(kind: Kind, frames: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
    let address = listener.local_addr().expect("it has an address");
    thread::spawn(move || {
        firehose::pin_thread(1);
        let (stream, _) = listener.accept().expect("a client comes");
        stream.set_nodelay(true).expect("a TCP socket");
        let mut socket = tungstenite::accept(stream).expect("the client upgrades");
        while let Ok(message) = socket.read() {
            let Ok(text) = message.to_text() else {
                continue;
            };
            let Ok(asked) = serde_json::from_str::<Value>(text) else {
                continue;
            };
            let channel = &asked["channel"];
            let answers = match asked["type"].as_str() {
                Some("SETUP") => vec![
                    json!({"type": "SETUP", "channel": 0, "version": "1.0", "keepaliveTimeout": 60}),
                    json!({"type": "AUTH_STATE", "channel": 0, "state": "AUTHORIZED"}),
                ],
                Some("CHANNEL_REQUEST") => vec![json!({
                    "type": "CHANNEL_OPENED", "channel": channel, "service": "FEED",
                    "parameters": {"contract": kind.contract}
                })],
                Some("FEED_SETUP") => vec![json!({
                    "type": "FEED_CONFIG", "channel": channel, "dataFormat": "COMPACT",
                    "aggregationPeriod": 0, "eventFields": {kind.name: kind.fields}
                })],
                Some("FEED_SUBSCRIPTION") => {
                    // A client that measured enough may be gone before all is sent.
                    let _ = burst(socket.get_mut(), kind, frames);
                    continue;
                }
                _ => continue,
            };
            for answer in answers {
                socket
                    .send(Message::text(answer.to_string()))
                    .expect("it listens");
            }
        }
    });
    format!("ws://{address}/")
}

fn burst(socket: &mut TcpStream, kind: Kind, frames: usize) -> std::io::Result<()> {
    const CYCLE: usize = 256;
    let mut bytes = Vec::new();
    let mut ends = Vec::new();
    for frame in 0..CYCLE {
        let rows: Vec<String> = (0..ROWS)
            .map(|row| (kind.row)(frame * ROWS + row))
            .collect();
        let payload = format!(
            "{{\"type\":\"FEED_DATA\",\"channel\":1,\"data\":[\"{}\",[{}]]}}",
            kind.name,
            rows.join(",")
        );
        let length = u16::try_from(payload.len()).expect("a short message");
        bytes.extend([0x81, 126]);
        bytes.extend(length.to_be_bytes());
        bytes.extend(payload.as_bytes());
        ends.push(bytes.len());
    }
    let mut left = frames;
    while left > 0 {
        let count = left.min(CYCLE);
        socket.write_all(&bytes[..ends[count - 1]])?;
        left -= count;
    }
    Ok(())
}

fn bare(kind: Kind, frames: usize) -> f64 {
    firehose::runtime().block_on(async {
        let url = serve(kind, frames);
        let address = url.trim_start_matches("ws://").trim_end_matches('/');
        let stream = tokio::net::TcpStream::connect(address)
            .await
            .expect("it listens");
        stream.set_nodelay(true).expect("a TCP socket");
        let (mut socket, _) = tokio_tungstenite::client_async(&url, stream)
            .await
            .expect("it upgrades");
        let ask = Message::text(r#"{"type":"FEED_SUBSCRIPTION","channel":1}"#);
        socket.send(ask).await.expect("it reads");
        let stopwatch = Stopwatch::start();
        for _ in 0..frames {
            std::hint::black_box(socket.next().await.expect("a frame").expect("of data"));
        }
        stopwatch.read().1 / (frames * ROWS) as f64
    })
}

fn feedline(kind: Kind, frames: usize) -> f64 {
    firehose::runtime().block_on(async {
        let dxlink = DxLink::builder()
            .url(serve(kind, frames))
            .build()
            .expect("a URL");
        let spent = if kind.name == QUOTES.name {
            take(dxlink.quotes([SYMBOL]), frames).await
        } else {
            take(dxlink.time_and_sales([SYMBOL]), frames).await
        };
        dxlink.close();
        spent
    })
}

async fn take<T>(subscribe: feedline::feed::Subscribe<DxLinkProtocol, T>, frames: usize) -> f64
where
    DxItem: feedline::feed::Carries<T>,
    T: Record + Send + 'static,
{
    let mut feed = subscribe
        .overflow(Overflow::Wait)
        .await
        .expect("it accepts");
    let stopwatch = Stopwatch::start();
    let mut rows = 0;
    while rows < frames * ROWS {
        match feed.next().await {
            Some(Ok(Event::Data(row))) => {
                std::hint::black_box(&row);
                rows += 1;
            }
            Some(Ok(_)) => {}
            end => panic!("after {rows} rows: {:?}", end.map(|end| end.map(|_| ()))),
        }
    }
    stopwatch.read().1 / (frames * ROWS) as f64
}
