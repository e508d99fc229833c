//! A venue on loopback that sends trades as fast as they are read, or at a steady pace, and the
//! clocks to measure a client by.
#![allow(dead_code, reason = "each bench uses a part")]

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

pub(crate) const SYMBOL: &str = "ABC_USDT";
/// What the client asks for, as Gate's clients do.
pub(crate) const SUBSCRIBE: &str = r#"{"time":1790359171,"id":1,"channel":"spot.trades","event":"subscribe","payload":["ABC_USDT"]}"#;

const FIRST_ID: u64 = 120_643_714;
/// So many frames are made before the clock starts, and sent over and over.
const CYCLE: usize = 8_192;
/// The venue's wall clock when the process started, in nanoseconds.
const EPOCH: i64 = 1_790_359_171_119_653_000;

/// The trade id of the `n`th message.
pub(crate) fn id_of(n: usize) -> u64 {
    FIRST_ID + (n % CYCLE) as u64
}

/// Nanoseconds now by the clock that paced trades are stamped with.
pub(crate) fn stamp() -> i64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let since = START.get_or_init(Instant::now).elapsed();
    EPOCH + i64::try_from(since.as_nanos()).expect("a bench is short")
}

/// What the server does once it has acknowledged the subscription.
#[derive(Clone, Copy)]
pub(crate) enum Order {
    Burst { messages: usize },
    Paced { messages: usize, per_second: u32 },
}

/// Serves one connection.
pub(crate) struct Server {
    pub(crate) url: String,
    orders: mpsc::Sender<Order>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
        let address = listener.local_addr().expect("it has an address");
        let (orders, ordered) = mpsc::channel();
        thread::spawn(move || {
            pin_thread(1);
            let (stream, _) = listener.accept().expect("a client comes");
            serve(stream, &ordered);
        });
        let url = format!("ws://{address}/ws/v4/");
        Self { url, orders }
    }

    pub(crate) fn send(&self, order: Order) {
        self.orders.send(order).expect("the server runs");
    }
}

fn serve(stream: TcpStream, orders: &mpsc::Receiver<Order>) {
    stream.set_nodelay(true).expect("a TCP socket");
    let mut socket = tungstenite::accept(stream).expect("the client upgrades");
    let request = socket.read().expect("the client subscribes");
    let request = request.to_text().expect("in text");
    socket.send(acknowledgement(request)).expect("it listens");
    // A client that is done before its bench has begun sends no order.
    let Ok(order) = orders.recv() else { return };
    // A client that measured enough may be gone before all is sent.
    let _ = match order {
        Order::Burst { messages } => burst(&mut socket, messages),
        Order::Paced {
            messages,
            per_second,
        } => paced(&mut socket, messages, per_second),
    };
    while socket.read().is_ok() {}
}

fn acknowledgement(request: &str) -> Message {
    let request: serde_json::Value = serde_json::from_str(request).expect("JSON");
    let answer = serde_json::json!({
        "time": 1_790_359_171, "time_ms": 1_790_359_171_119_u64,
        "id": request["id"], "channel": request["channel"], "event": "subscribe",
        "payload": request["payload"], "result": { "status": "success" },
    });
    Message::text(answer.to_string())
}

fn burst(socket: &mut WebSocket<TcpStream>, messages: usize) -> std::io::Result<()> {
    let mut frames = Vec::new();
    for n in 0..CYCLE {
        append(&mut frames, n, EPOCH + n as i64 * 1_000);
    }
    let length = frames.len() / CYCLE;
    let mut left = messages;
    while left > 0 {
        let count = left.min(CYCLE);
        socket.get_mut().write_all(&frames[..count * length])?;
        left -= count;
    }
    Ok(())
}

fn paced(
    socket: &mut WebSocket<TcpStream>,
    messages: usize,
    per_second: u32,
) -> std::io::Result<()> {
    let period = Duration::from_secs(1) / per_second;
    let mut due = Instant::now();
    let mut frame = Vec::new();
    for n in 0..messages {
        due += period;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        frame.clear();
        append(&mut frame, n, stamp());
        socket.get_mut().write_all(&frame)?;
    }
    Ok(())
}

/// One unmasked text frame with one trade, always of the same length.
fn append(frames: &mut Vec<u8>, n: usize, nanos: i64) {
    let (secs, millis) = (nanos / 1_000_000_000, nanos / 1_000_000);
    let (id, fraction) = (id_of(n), nanos % 1_000_000);
    // The longer word has the shorter number beside it.
    let amount = 1 + n * 7_919 % 999_999;
    let (side, amount) = match n % 3 {
        0 => ("sell", format!("0.{amount:06}")),
        _ => ("buy", format!("10.{amount:06}")),
    };
    let price = format!("{}.{}", 83_000 + n * 31 % 1_000, n % 10);
    let payload = format!(
        r#"{{"time":{secs},"time_ms":{millis},"channel":"spot.trades","event":"update","result":{{"id":{id},"create_time":{secs},"create_time_ms":"{millis}.{fraction:06}","side":"{side}","currency_pair":"{SYMBOL}","amount":"{amount}","price":"{price}"}}}}"#
    );
    let length = u16::try_from(payload.len()).expect("a short message");
    frames.extend([0x81, 126]);
    frames.extend(length.to_be_bytes());
    frames.extend(payload.as_bytes());
}

/// Keeps this thread on one core if `taskset` is there; without it the figures are only noisier.
pub(crate) fn pin_thread(core: usize) {
    if thread::available_parallelism().map_or(1, usize::from) <= core {
        return;
    }
    let Ok(path) = std::fs::read_link("/proc/thread-self") else {
        return;
    };
    if let Some(thread) = path.file_name() {
        let _ = Command::new("taskset")
            .args(["-cp", &core.to_string()])
            .arg(thread)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// Time since a moment: by the wall, and on the processor for this thread alone.
pub(crate) struct Stopwatch {
    wall: Instant,
    processor: Option<u64>,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            processor: processor(),
            wall: Instant::now(),
        }
    }

    /// Nanoseconds by the wall and on the processor; these are the wall's where the system does not
    /// tell.
    pub(crate) fn read(&self) -> (f64, f64) {
        let wall = self.wall.elapsed().as_nanos() as f64;
        let spent = processor().zip(self.processor);
        (
            wall,
            spent.map_or(wall, |(now, start)| (now - start) as f64),
        )
    }
}

fn processor() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split_whitespace().next()?.parse().ok()
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Whether to measure; `cargo test` runs benches too, and then once round is enough.
pub(crate) fn is_bench() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Whether `name` is among the arguments, or none is named.
pub(crate) fn is_wanted(name: &str) -> bool {
    let mut named = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .peekable();
    named.peek().is_none() || named.any(|argument| argument == name)
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
