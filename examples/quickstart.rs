//! Trades as they come, and then candles made out of them.
//!
//! `cargo run --example quickstart --features sim` runs against a simulated venue inside this
//! process, which cuts the connection once on the way; no network is used and it ends by itself.
//! With `-- --live` it does the same against the real venue, for ten seconds each.

#![allow(clippy::print_stdout, reason = "an example's output is for reading")]

use std::error::Error;
use std::time::Duration;

use feedline::market::{CandleState, Interval};
use feedline::sim::gate::GateSim;
use feedline::sim::{Fault, Script};
use feedline::venue::gate::Spot;
use feedline::{Event, FeedExt, Overflow};
use futures_util::StreamExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().any(|argument| argument == "--live") {
        return run(&Spot::new(), Duration::from_secs(10)).await;
    }
    let venue = GateSim::builder()
        .symbols(["BTC_USDT", "ETH_USDT"])
        .seed(7)
        .rate(10.0)
        .faults(Script::new().at(Duration::from_secs(1), Fault::Cut))
        .in_memory()?;
    let gate = Spot::builder()
        .url(venue.url())
        .dial(venue.dialer())
        .build()?;
    run(&gate, Duration::from_secs(3)).await?;
    venue.shutdown().await;
    Ok(())
}

async fn run(gate: &Spot, span: Duration) -> Result<(), Box<dyn Error>> {
    print_trades(gate, span).await?;
    print_candles(gate, span).await?;
    gate.shutdown(Duration::from_secs(2)).await?;
    Ok(())
}

/// Everything that a subscription yields.
async fn print_trades(gate: &Spot, span: Duration) -> Result<(), feedline::Error> {
    let trades = gate.trades(["BTC_USDT", "ETH_USDT"]).await?;
    let mut trades = trades.take_until(Box::pin(tokio::time::sleep(span)));
    while let Some(event) = trades.next().await {
        match event? {
            Event::Data(trade) => {
                println!("{} {} @ {}", trade.symbol, trade.size, trade.price);
            }
            Event::Gap(gap) => println!("  gap, exactly here: {gap}"),
            Event::Status(status) => println!("  {status}"),
        }
    }
    Ok(())
}

/// Candles of one second by the trades' own time. A candle that a gap touches says so.
async fn print_candles(gate: &Spot, span: Duration) -> Result<(), feedline::Error> {
    let trades = gate.trades(["BTC_USDT"]).overflow(Overflow::Wait).await?;
    let mut candles = trades
        .candles(Interval::seconds(1))
        .data()
        .take_until(Box::pin(tokio::time::sleep(span)));
    while let Some(candle) = candles.next().await.transpose()? {
        if candle.state == Some(CandleState::Final) {
            println!(
                "{} {}  open {} high {} low {} close {}{}",
                candle.symbol,
                candle.start,
                candle.open,
                candle.high,
                candle.low,
                candle.close,
                if candle.tainted { "  (tainted)" } else { "" },
            );
        }
    }
    Ok(())
}
