//! How much memory a client of a thousand symbols takes: seven connections of up to 150 topics, with
//! the venue simulated in another process.
//!
//! ```text
//! cargo run --release --example memory --features sim
//! ```
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::error::Error;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use feedline::sim::gate::GateSim;
use feedline::venue::gate::Spot;
use futures_util::StreamExt;

type Fallible<T> = Result<T, Box<dyn Error>>;

const SYMBOLS: usize = 1_000;
/// Trades a second, of all symbols together.
const RATE: f64 = 5_000.0;
const LISTEN: Duration = Duration::from_secs(5);

fn main() -> Fallible<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match std::env::args().nth(1).as_deref() {
        Some("venue") => runtime.block_on(venue()),
        _ => runtime.block_on(client()),
    }
}

fn symbols() -> impl Iterator<Item = String> {
    (0..SYMBOLS).map(|number| format!("COIN{number}_USDT"))
}

/// Serves until its input ends, which is when the client is gone.
async fn venue() -> Fallible<()> {
    let builder = GateSim::builder().symbols(symbols()).rate(RATE);
    let sim = builder.journal(false).listen("127.0.0.1:0").await?;
    println!("{}", sim.url());
    let input = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    input.await??;
    sim.shutdown().await;
    Ok(())
}

/// The venue's process, which ends with this one.
fn spawn_venue() -> Fallible<(Child, String)> {
    let mut venue = Command::new(std::env::current_exe()?)
        .arg("venue")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = venue.stdout.take().ok_or("the venue has no output")?;
    let mut url = String::new();
    BufReader::new(output).read_line(&mut url)?;
    Ok((venue, url.trim().to_owned()))
}

async fn client() -> Fallible<()> {
    let (mut venue, url) = spawn_venue()?;
    let before = resident()?;
    println!("before          {:6.1} MiB resident", mebibytes(before));

    let spot = Spot::builder().url(url).build()?;
    let started = Instant::now();
    let mut trades = spot.trades(symbols()).await?;
    let connections = spot.metrics().connections.len();
    println!(
        "subscribed      {:6.1} MiB resident: {SYMBOLS} symbols on {connections} connections, {:?}",
        mebibytes(resident()?),
        started.elapsed(),
    );

    let mut events = 0_u64;
    let until = tokio::time::Instant::now() + LISTEN;
    while let Ok(event) = tokio::time::timeout_at(until, trades.next()).await {
        event.ok_or("the stream ended")??;
        events += 1;
    }
    println!(
        "reading         {:6.1} MiB resident after {events} events",
        mebibytes(resident()?)
    );

    tokio::time::sleep(LISTEN).await;
    println!(
        "not reading     {:6.1} MiB resident with {} events queued",
        mebibytes(resident()?),
        trades.queued()
    );
    drop(trades);
    spot.shutdown(Duration::from_secs(5)).await?;
    drop(venue.stdin.take());
    venue.wait()?;
    Ok(())
}

/// Kibibytes of this process in memory.
fn resident() -> Fallible<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kibibytes.ok_or("the system does not tell")?.parse()?)
}

fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1_024.0
}
