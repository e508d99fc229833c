//! The whole way from a loopback socket to the consumer, one trade a WebSocket message, beside the
//! same bytes read by bare tokio-tungstenite and dropped, and read and parsed by serde_json into
//! borrowed strings and dropped.
//!
//! The client is one thread with everything on it: socket, decoding, routing, queue, consumer. The
//! figure to look at is its processor time a message, and that as a ratio within one run. Then the
//! latency from the server's write to the consumer's hands at a steady pace.
//!
//! ```text
//! cargo bench --bench end_to_end                  all
//! cargo bench --bench end_to_end -- bare next     only these
//! ```
#![allow(clippy::print_stdout, reason = "a bench")]

mod firehose;

use std::time::Duration;

use feedline::market::Id;
use feedline::venue::gate::{Spot, Trade};
use feedline::{Event, Overflow, Subscription};
use firehose::{Order, Server, Stopwatch, id_of};
use futures_util::{SinkExt, StreamExt};
use hdrhistogram::Histogram;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

const PER_SECOND: u32 = 5_000;
const BATCH: usize = 256;

/// All fields of the message, as a program would parse it that has no library.
#[derive(Deserialize)]
#[allow(dead_code, reason = "parsing them is the point")]
struct Envelope<'a> {
    time: i64,
    time_ms: i64,
    channel: &'a str,
    event: &'a str,
    #[serde(borrow)]
    result: Plain<'a>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "parsing them is the point")]
struct Plain<'a> {
    id: u64,
    create_time: i64,
    create_time_ms: &'a str,
    side: &'a str,
    currency_pair: &'a str,
    amount: &'a str,
    price: &'a str,
}

type Way = fn(usize) -> (f64, f64);

fn main() {
    let ways: [(&str, Way); 4] = [
        ("bare", bare),
        ("serde", serde),
        ("next", next),
        ("next_batch", next_batch),
    ];
    let ways = ways
        .into_iter()
        .filter(|(name, _)| firehose::is_wanted(name));
    let ways: Vec<_> = ways.collect();
    let (messages, rounds) = if firehose::is_bench() {
        (400_000, 9)
    } else {
        (20_000, 1)
    };
    firehose::pin_thread(0);
    throughput(&ways, messages, rounds);
    let (messages, rounds) = if firehose::is_bench() {
        (15_000, 3)
    } else {
        (500, 1)
    };
    latency(messages, rounds);
}

/// Runs every way in turn, so that whatever slows the machine slows all of them.
fn throughput(ways: &[(&str, Way)], messages: usize, rounds: usize) {
    let mut figures = vec![(Vec::new(), Vec::new()); ways.len()];
    for _ in 0..rounds {
        for ((_, way), (walls, processors)) in ways.iter().zip(&mut figures) {
            let (wall, processor) = way(messages);
            walls.push(wall / messages as f64);
            processors.push(processor / messages as f64);
        }
    }
    let of = |name: &str| ways.iter().position(|(known, _)| *known == name);
    // Ratios are taken within each round before the median is.
    let ratio = |processors: &[f64], base: Option<usize>| {
        let base = base.map_or(&[][..], |at| &figures[at].1[..]);
        firehose::median(processors.iter().zip(base).map(|(a, b)| a / b).collect())
    };
    if ways.is_empty() {
        return;
    }
    println!("{messages} messages, {rounds} rounds, medians");
    println!(
        "{:12} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "cpu ns", "least", "wall ns", "/ bare", "/ serde"
    );
    for ((name, _), (walls, processors)) in ways.iter().zip(&figures) {
        println!(
            "{name:12} {:9.1} {:9.1} {:9.1} {:9.2} {:9.2}",
            firehose::median(processors.clone()),
            processors.iter().copied().fold(f64::INFINITY, f64::min),
            firehose::median(walls.clone()),
            ratio(processors, of("bare")),
            ratio(processors, of("serde")),
        );
    }
}

/// A bare connection, subscribed.
async fn connect(server: &Server) -> WebSocketStream<TcpStream> {
    let address = server.url.trim_start_matches("ws://");
    let address = address.split('/').next().expect("a host");
    let stream = TcpStream::connect(address).await.expect("it listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let (mut socket, _) = tokio_tungstenite::client_async(&server.url, stream)
        .await
        .expect("it upgrades");
    let subscribe = Message::text(firehose::SUBSCRIBE);
    socket.send(subscribe).await.expect("it reads");
    let acknowledged = socket.next().await.expect("it answers");
    acknowledged.expect("with a message");
    socket
}

/// Times so many messages of a bare connection.
fn read(messages: usize, mut take: impl FnMut(usize, &str)) -> (f64, f64) {
    firehose::runtime().block_on(async {
        let server = Server::start();
        let mut socket = connect(&server).await;
        let stopwatch = Stopwatch::start();
        server.send(Order::Burst { messages });
        for n in 0..messages {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => take(n, &text),
                other => panic!("message {n}: {other:?}"),
            }
        }
        stopwatch.read()
    })
}

fn bare(messages: usize) -> (f64, f64) {
    read(messages, |_, text| {
        std::hint::black_box(text);
    })
}

fn serde(messages: usize) -> (f64, f64) {
    read(messages, |n, text| {
        let message: Envelope<'_> = serde_json::from_str(text).expect("a trade");
        assert_eq!(message.result.id, id_of(n));
        std::hint::black_box(message);
    })
}

async fn subscribe(server: &Server) -> (Spot, Subscription<Trade>) {
    let spot = Spot::builder().url(&server.url).build().expect("a URL");
    let trades = spot.trades([firehose::SYMBOL]).overflow(Overflow::Wait);
    let trades = trades.await.expect("it accepts");
    (spot, trades)
}

/// The trade, if it is the one that must come next.
#[inline]
fn expect(event: &Event<Trade>, n: usize) -> &Trade {
    match event {
        Event::Data(trade) if trade.id == Some(Id::Number(id_of(n))) => trade,
        other => panic!("message {n}: {other:?}"),
    }
}

fn next(messages: usize) -> (f64, f64) {
    firehose::runtime().block_on(async {
        let server = Server::start();
        let (spot, mut trades) = subscribe(&server).await;
        let stopwatch = Stopwatch::start();
        server.send(Order::Burst { messages });
        for n in 0..messages {
            match trades.next().await {
                Some(Ok(event)) => std::hint::black_box(expect(&event, n)),
                other => panic!("message {n}: {other:?}"),
            };
        }
        let spent = stopwatch.read();
        drop(trades);
        finish(&spot).await;
        spent
    })
}

fn next_batch(messages: usize) -> (f64, f64) {
    firehose::runtime().block_on(async {
        let server = Server::start();
        let (spot, mut trades) = subscribe(&server).await;
        let stopwatch = Stopwatch::start();
        server.send(Order::Burst { messages });
        let (mut batch, mut n) = (Vec::new(), 0);
        while n < messages {
            let count = trades.next_batch(&mut batch, BATCH).await;
            assert!(count.expect("no error") > 0, "a stream without end");
            for event in batch.drain(..) {
                std::hint::black_box(expect(&event, n));
                n += 1;
            }
        }
        let spent = stopwatch.read();
        drop(trades);
        finish(&spot).await;
        spent
    })
}

async fn finish(spot: &Spot) {
    let ended = spot.shutdown(Duration::from_secs(5)).await;
    ended.expect("nothing had to be stopped");
}

/// Latencies at a steady pace, from just before the server's write to the consumer's hands.
fn latency(messages: usize, rounds: usize) {
    type Way = fn(usize) -> Paced;
    let ways: [(&str, Way); 2] = [("paced_serde", paced_serde), ("paced_next", paced_next)];
    let ways = ways
        .into_iter()
        .filter(|(name, _)| firehose::is_wanted(name));
    let ways: Vec<_> = ways.collect();
    if ways.is_empty() {
        return;
    }
    println!("\n{messages} messages at {PER_SECOND} a second, microseconds");
    println!(
        "{:12} {:>9} {:>9} {:>9} {:>9}",
        "", "p50", "p99", "p99.9", "cpu ns"
    );
    for _ in 0..rounds {
        for (name, way) in &ways {
            let paced = way(messages);
            let at = |quantile| paced.latency.value_at_quantile(quantile) as f64 / 1_000.0;
            println!(
                "{name:12} {:9.1} {:9.1} {:9.1} {:9.0}",
                at(0.5),
                at(0.99),
                at(0.999),
                paced.processor / messages as f64
            );
        }
    }
}

struct Paced {
    latency: Histogram<u64>,
    processor: f64,
}

impl Paced {
    fn new() -> Self {
        Self {
            latency: Histogram::new(3).expect("three digits"),
            processor: 0.0,
        }
    }

    fn note(&mut self, sent: i64) {
        let late = firehose::stamp() - sent;
        self.latency += u64::try_from(late).expect("sent before it came");
    }
}

fn order(messages: usize) -> Order {
    Order::Paced {
        messages,
        per_second: PER_SECOND,
    }
}

fn paced_serde(messages: usize) -> Paced {
    firehose::runtime().block_on(async {
        let server = Server::start();
        let mut socket = connect(&server).await;
        let mut paced = Paced::new();
        let stopwatch = Stopwatch::start();
        server.send(order(messages));
        for n in 0..messages {
            let message = socket.next().await.expect("a stream without end");
            let message = message.expect("no error");
            let text = message.to_text().expect("text");
            let envelope: Envelope<'_> = serde_json::from_str(text).expect("a trade");
            assert_eq!(envelope.result.id, id_of(n));
            let (millis, fraction) = envelope.result.create_time_ms.split_at(13);
            let millis: i64 = millis.parse().expect("digits");
            let nanos: i64 = fraction[1..].parse().expect("digits");
            paced.note(millis * 1_000_000 + nanos);
        }
        paced.processor = stopwatch.read().1;
        paced
    })
}

fn paced_next(messages: usize) -> Paced {
    firehose::runtime().block_on(async {
        let server = Server::start();
        let (spot, mut trades) = subscribe(&server).await;
        let mut paced = Paced::new();
        let stopwatch = Stopwatch::start();
        server.send(order(messages));
        for n in 0..messages {
            match trades.next().await {
                Some(Ok(event)) => paced.note(expect(&event, n).time.as_nanos()),
                other => panic!("message {n}: {other:?}"),
            }
        }
        paced.processor = stopwatch.read().1;
        drop(trades);
        finish(&spot).await;
        paced
    })
}
