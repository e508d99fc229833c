//! Candles of one second out of trades, across an interruption.
//!
//! `cargo run --example candles --features sim` simulates a venue inside this process, by a clock
//! that goes on by itself as soon as everybody waits: twelve seconds of market take a moment, and
//! every run prints the same. The venue cuts the connection once; the candles that the gap touches
//! say so.

#![allow(clippy::print_stdout, reason = "an example's output is for reading")]

use std::error::Error;
use std::time::Duration;

use feedline::market::{Candle, CandleState, Interval};
use feedline::sim::gate::GateSim;
use feedline::sim::{Fault, Script};
use feedline::venue::gate::Spot;
use feedline::{Clock, Event, FeedExt, Overflow, Timestamp};
use futures_util::StreamExt;

const SYMBOLS: [&str; 2] = ["BTC_USDT", "ETH_USDT"];

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn Error>> {
    let start = Timestamp::from_secs(1_790_000_000).ok_or("no such time")?;
    let venue = GateSim::builder()
        .symbols(SYMBOLS)
        .seed(7)
        .rate(20.0)
        .clock(Clock::starting_at(start))
        .faults(Script::new().at(Duration::from_millis(4_700), Fault::Cut))
        .in_memory()?;
    let gate = Spot::builder()
        .url(venue.url())
        .dial(venue.dialer())
        .clock(venue.clock())
        .seed(7) // of the time until it connects again
        .build()?;

    let trades = gate
        .trades(SYMBOLS)
        .overflow(Overflow::Wait) // lose none of the trades: a candle would be tainted
        .await?;
    let candles = trades
        .candles(Interval::seconds(1))
        .partials(false) // only what is over, not every trade's effect
        .grace(Duration::from_secs(2)) // what comes late revises, for so long
        .candle_history(60); // the last minute of every symbol, to be read at any time
    let history = candles.history();

    let mut candles = candles.take_until(Box::pin(tokio::time::sleep(Duration::from_secs(12))));
    while let Some(event) = candles.next().await {
        match event? {
            Event::Data(candle) => println!("{}", line(&candle)),
            // In its place: the candles after it that it touches are tainted. One that has been
            // told already would be told again, revised, within its grace.
            Event::Gap(gap) => println!("  gap, exactly here: {gap}"),
            Event::Status(status) => println!("  {status}"),
        }
    }

    for symbol in SYMBOLS {
        let candles = history.candles(symbol);
        let tainted = candles.iter().filter(|candle| candle.tainted).count();
        println!(
            "{symbol}: {} candles kept, {tainted} tainted",
            candles.len()
        );
    }
    drop(candles); // unsubscribes
    venue.shutdown().await;
    Ok(())
}

fn line(candle: &Candle) -> String {
    let Candle {
        symbol,
        start,
        open,
        high,
        low,
        close,
        ..
    } = candle;
    let mut line = format!("{symbol} {start}  open {open} high {high} low {low} close {close}");
    for (is, word) in [
        (candle.state == Some(CandleState::Revised), "revised"),
        (candle.truncated, "truncated"),
        (candle.tainted, "tainted"),
    ] {
        if is {
            line.push_str(&format!("  {word}"));
        }
    }
    line
}
