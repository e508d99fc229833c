//! An operator of your own: a stream around a stream, and a method that makes it chain.
//!
//! `notable(factor)` yields only trades that are `factor` times as large as the average of their
//! symbol so far. `cargo run --example custom_operator --features sim` tries it on a simulated
//! venue inside this process, by a clock that goes on as soon as everybody waits; it ends by
//! itself.
//!
//! Where an operator of the library or of `StreamExt` does what is wanted, take that: this one
//! could be a `filter_map` with a map of averages in its closure. A type of its own can be named,
//! stored, asked what it has seen, and tested by polling it.

#![allow(clippy::print_stdout, reason = "an example's output is for reading")]

use std::collections::HashMap;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use feedline::market::{Interval, Trade};
use feedline::sim::gate::GateSim;
use feedline::sim::{Fault, Script};
use feedline::venue::gate::Spot;
use feedline::{Clock, Decimal, Event, Feed, FeedExt, Symbol, Timestamp};
use futures_util::{Stream, StreamExt};
use pin_project::pin_project;

/// The method. A trait of extensions, implemented for every feed, is what makes `.notable(…)`
/// chain after any other operator.
trait NotableExt: Feed {
    /// Yields trades that are at least `factor` times as large as the average of their symbol so
    /// far; gaps and statuses stay in their places.
    ///
    /// Holds nothing back. What is not notable is dropped, and counted by `passed_over`.
    fn notable<D>(self, factor: u32) -> Notable<Self>
    where
        // The bound stands here and not at the trait, so that a wrong use is told where it is made.
        Self: Feed<Data = Trade<D>> + Sized,
    {
        Notable {
            stream: self,
            factor: factor.into(),
            averages: HashMap::new(),
            passed_over: 0,
        }
    }
}

impl<S: Feed> NotableExt for S {}

/// How many items are taken at once that yield nothing, before others may run.
const BUDGET: usize = 256;

/// The stream. `pin_project` gives `poll_next` a pinned reference to the stream beneath, and plain
/// ones to the rest, without unsafe code.
#[pin_project]
#[must_use = "streams do nothing unless polled"]
struct Notable<S> {
    #[pin]
    stream: S,
    factor: Decimal,
    averages: HashMap<Symbol, Average>,
    passed_over: u64,
}

#[derive(Debug, Default)]
struct Average {
    sum: Decimal,
    count: u32,
}

impl Average {
    /// Whether `size` is large against what came before it; from then on it is part of that.
    fn take(&mut self, size: Decimal, factor: Decimal) -> bool {
        // Compared by multiplying: exact, and no division by a count of zero.
        let large = self.count > 0 && size * Decimal::from(self.count) >= factor * self.sum;
        self.sum += size;
        self.count += 1;
        large
    }
}

impl<S> Notable<S> {
    /// How many trades were not notable. What an operator drops, it counts.
    fn passed_over(&self) -> u64 {
        self.passed_over
    }
}

impl<S, D> Stream for Notable<S>
where
    S: Feed<Data = Trade<D>>,
{
    // The error type is that of the stream beneath, whatever it is: so live, recorded and simulated
    // feeds compose alike.
    type Item = Result<Event<Trade<D>>, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        // After an item that yields nothing, poll again: returning `Pending` here would be a
        // promise that somebody wakes this task, and nobody has made it.
        for _ in 0..BUDGET {
            // `ready!` returns `Pending` when the stream beneath does, which has made the promise.
            let trade = match ready!(this.stream.as_mut().poll_next(cx)) {
                Some(Ok(Event::Data(trade))) => trade,
                // Gaps and statuses at once and in their place: they tell what the data around
                // them are worth. So do the error and the end, which are passed on as they are.
                other => return Poll::Ready(other),
            };
            let average = this.averages.entry(trade.symbol.clone()).or_default();
            if average.take(trade.size, *this.factor) {
                return Poll::Ready(Some(Ok(Event::Data(trade))));
            }
            *this.passed_over += 1;
        }
        // A feed that is always ready must not keep the whole thread: others run, then this again.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, self.stream.size_hint().1) // it may drop all of them, and adds none
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn Error>> {
    let start = Timestamp::from_secs(1_790_000_000).ok_or("no such time")?;
    let venue = GateSim::builder()
        .seed(7)
        .rate(50.0)
        .clock(Clock::starting_at(start))
        .faults(Script::new().at(Duration::from_secs(3), Fault::Cut))
        .in_memory()?;
    let gate = Spot::builder()
        .url(venue.url())
        .dial(venue.dialer())
        .clock(venue.clock())
        .seed(7)
        .build()?;

    let trades = gate.trades(["BTC_USDT", "ETH_USDT"]).await?;
    let mut notable = trades.notable(3);
    let end = tokio::time::Instant::now() + Duration::from_secs(6);
    while let Ok(Some(event)) = tokio::time::timeout_at(end, notable.next()).await {
        match event? {
            Event::Data(trade) => println!("{} {} @ {}", trade.symbol, trade.size, trade.price),
            Event::Gap(gap) => println!("  gap, exactly here: {gap}"),
            Event::Status(status) => println!("  {status}"),
        }
    }
    println!("{} trades were not notable", notable.passed_over());

    // It chains like any other, in front of others too: candles of the notable trades alone.
    let trades = gate.trades(["BTC_USDT"]).await?;
    let mut candles = trades
        .notable(2)
        .candles(Interval::seconds(5))
        .partials(false)
        .data();
    if let Some(candle) = candles.next().await.transpose()? {
        let trades = candle.trades.unwrap_or_default();
        println!(
            "{trades} notable trades in five seconds, the last @ {}",
            candle.close
        );
    }
    drop((notable, candles)); // unsubscribes
    venue.shutdown().await;
    Ok(())
}
