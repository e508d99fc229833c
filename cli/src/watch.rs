//! `feedline watch`: shows a live feed.

mod channel;
mod summary;

use std::num::NonZeroU64;
use std::time::Duration;

use clap::{Args, Parser};
use feedline::Event;
use feedline::feed::{Carries, Subscribe, Subscription};
use feedline::venue::gate::{self, Spot, SpotEvent, SpotProtocol};

use crate::args::Venue;
use crate::event::{Data, Line};
use crate::interrupt::Interrupt;
use crate::outcome::Outcome;
use crate::output::{Output, note};
use crate::text;
use channel::{Channel, Parameters, Selected};
use summary::Summary;

/// How many events are taken at once, before they are shown.
const BATCH: usize = 256;
/// How long nothing is said while the venue has not accepted the subscription.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long the connection may take to close.
const GOODBYE: Duration = Duration::from_millis(500);

/// Show what a venue sends: a line an event, gaps and interruptions included.
#[derive(Debug, Parser)]
pub(crate) struct Watch {
    /// The venue.
    #[arg(value_enum)]
    venue: Venue,
    /// What to watch.
    #[arg(value_enum)]
    channel: Channel,
    /// The venue's own names, such as BTC_USDT.
    #[arg(required = true, value_delimiter = ',')]
    symbols: Vec<String>,
    #[command(flatten)]
    parameters: Parameters,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Args)]
struct Options {
    /// Connect here instead of to the venue: a testnet, a proxy, `feedline sim`.
    #[arg(long)]
    url: Option<String>,
    /// Write JSON Lines: each event an object whose `kind` is trade, quote, ticker, candle or book,
    /// or gap or status.
    #[arg(long)]
    json: bool,
    /// End after this long, counted from the venue's acceptance: 10s, 1m, 500ms.
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    lasting: Option<Duration>,
    /// End after this many data events; gaps and statuses do not count.
    #[arg(long)]
    count: Option<NonZeroU64>,
    /// Go on with the other symbols when the venue refuses some.
    #[arg(long)]
    allow_partial: bool,
    /// No summary at the end.
    #[arg(short, long)]
    quiet: bool,
}

/// Runs the command.
pub(crate) async fn run(args: Watch, interrupt: &Interrupt) -> Outcome {
    let Venue::Gate = args.venue;
    let selected = args.parameters.select(args.channel)?;
    let url = args.options.url.as_deref().unwrap_or(gate::SPOT_URL);
    let client = Spot::builder().url(url).build()?;
    let (symbols, options) = (args.symbols, &args.options);
    let outcome = match selected {
        Selected::Trades => show(client.trades(symbols), &client, options, interrupt).await,
        Selected::Quotes => show(client.book_ticker(symbols), &client, options, interrupt).await,
        Selected::Tickers => show(client.tickers(symbols), &client, options, interrupt).await,
        Selected::Candlesticks(interval) => {
            show(
                client.candlesticks(interval, symbols),
                &client,
                options,
                interrupt,
            )
            .await
        }
        Selected::OrderBook(depth, speed) => {
            let books = client.order_book(depth, speed, symbols);
            show(books, &client, options, interrupt).await
        }
        Selected::OrderBookUpdate(speed) => {
            let updates = client.order_book_update(speed, symbols);
            show(updates, &client, options, interrupt).await
        }
        Selected::Obu(level) => show(client.obu(level, symbols), &client, options, interrupt).await,
    };
    // What does not close in time is ended with the process.
    let _ = client.shutdown(GOODBYE).await;
    outcome
}

/// Subscribes, and shows events until the user, the options or the venue end it.
async fn show<T: Data>(
    mut subscribe: Subscribe<SpotProtocol, T>,
    client: &Spot,
    options: &Options,
    interrupt: &Interrupt,
) -> Outcome
where
    SpotEvent: Carries<T>,
{
    if options.allow_partial {
        subscribe = subscribe.allow_partial();
    }
    let subscription = tokio::select! {
        accepted = subscribe => accepted?,
        () = interrupt.wait() => return Ok(()),
        never = complain(client, options.quiet) => match never {},
    };
    let mut summary = Summary::default();
    let outcome = tokio::select! {
        outcome = follow(subscription, options, &mut summary) => outcome,
        () = elapsed(options.lasting) => Ok(()),
        () = interrupt.wait() => Ok(()),
    };
    if !options.quiet && !matches!(outcome, Err(crate::Failure::OutputClosed)) {
        note(summary);
    }
    outcome
}

/// Says what the subscription waits for, every few seconds.
async fn complain(client: &Spot, quiet: bool) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(PATIENCE).await;
        let health = client.health();
        if !quiet {
            let trouble = health.trouble.unwrap_or_default();
            note(format_args!(
                "not accepted yet, state {}: {trouble}",
                health.state
            ));
        }
    }
}

async fn follow<T: Data>(
    mut subscription: Subscription<T>,
    options: &Options,
    summary: &mut Summary,
) -> Outcome {
    let mut output = Output::new();
    let mut events = Vec::new();
    let wanted = options.count.map_or(u64::MAX, NonZeroU64::get);
    loop {
        let count = subscription.next_batch(&mut events, BATCH).await?;
        for event in events.drain(..) {
            summary.count(&event);
            write(event, options.json, &mut output)?;
            if summary.data() == wanted {
                return output.flush();
            }
        }
        output.flush()?;
        if count == 0 {
            return Ok(());
        }
    }
}

fn write<T: Data>(event: Event<T>, json: bool, output: &mut Output) -> Outcome {
    if json {
        return output.json(&Line::new(event));
    }
    output.line(match event {
        Event::Data(data) => text::data(&data.tagged()),
        Event::Gap(gap) => text::gap(&gap),
        Event::Status(status) => text::status(&status),
    })
}

/// Waits that long, or for ever.
async fn elapsed(lasting: Option<Duration>) {
    match lasting {
        Some(lasting) => tokio::time::sleep(lasting).await,
        None => std::future::pending().await,
    }
}
