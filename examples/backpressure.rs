//! One slow consumer under each overflow policy: what it gets, and what it is told it did not get.
//!
//! `cargo run --example backpressure --features sim` runs five simulated seconds each, in no time
//! and without a network. The venue sends 400 quotes a second; the consumer takes 50.

#![allow(clippy::print_stdout, reason = "an example's output is for reading")]

use std::error::Error;
use std::time::Duration;

use feedline::sim::gate::GateSim;
use feedline::venue::gate::Spot;
use feedline::{ErrorKind, Event, Overflow};
use futures_util::StreamExt;
use tokio::time::{Instant, sleep};

const SYMBOLS: [&str; 4] = ["BTC_USDT", "ETH_USDT", "SOL_USDT", "XRP_USDT"];
const CAPACITY: usize = 64;

// Paused, so that the seconds pass as fast as they are computed.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("policy        taken  missing  merged  age of the last   how it ended");
    for overflow in [
        Overflow::DropOldest,
        Overflow::Wait,
        Overflow::Conflate,
        Overflow::Fail,
    ] {
        run(overflow).await?;
    }
    println!(
        "\nmissing: exactly counted by gaps in the stream. merged: replaced by a newer quote of its \
         symbol.\nWait loses nothing here, but what it takes is ever older: the rest waits at the \
         venue, which\nends the connection of those who do not read for too long."
    );
    Ok(())
}

async fn run(overflow: Overflow) -> Result<(), Box<dyn Error>> {
    let venue = GateSim::builder()
        .symbols(SYMBOLS)
        .seed(7)
        .rate(400.0)
        .in_memory()?;
    let gate = Spot::builder()
        .url(venue.url())
        .dial(venue.dialer())
        .clock(venue.clock())
        .build()?;
    let mut quotes = gate
        .book_ticker(SYMBOLS)
        .overflow(overflow)
        .capacity(CAPACITY)
        .await?;

    let (mut taken, mut missing) = (0, 0);
    let mut age = Duration::ZERO;
    let mut end = "the five seconds were over".to_owned();
    let until = Instant::now() + Duration::from_secs(5);
    while Instant::now() < until {
        match quotes.next().await {
            Some(Ok(Event::Data(quote))) => {
                taken += 1;
                if let Some(received) = quote.received {
                    age = venue.clock().now().wall.duration_since(received);
                }
                // The work that makes it slow.
                sleep(Duration::from_millis(20)).await;
            }
            Some(Ok(Event::Gap(gap))) => missing += gap.missed.unwrap_or(0),
            Some(Ok(Event::Status(status))) => println!("{status}"),
            Some(Err(error)) if matches!(error.kind(), ErrorKind::Overflow { .. }) => {
                end = error.to_string();
                break;
            }
            Some(Err(error)) => return Err(error.into()),
            None => break,
        }
    }
    let merged = quotes.merged();
    let policy = format!("{overflow:?}");
    println!("{policy:<12} {taken:>6}  {missing:>7}  {merged:>6}  {age:>15.3?}   {end}");
    gate.shutdown(Duration::from_secs(2)).await?;
    venue.shutdown().await;
    Ok(())
}
