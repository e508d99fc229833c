//! `feedline watch`: shows a live feed.

mod channel;

use clap::Parser;
use feedline::Event;
use feedline::feed::{Carries, Subscribe, Subscription};
use feedline::venue::gate::{Spot, SpotEvent, SpotProtocol};

use crate::args::Venue;
use crate::event::{Data, Line};
use crate::interrupt::Interrupt;
use crate::live::{self, Options, Summary};
use crate::outcome::Outcome;
use crate::output::Output;
use crate::text;
use channel::{Channel, Parameters, Selected};

/// How many events are taken at once, before they are shown.
const BATCH: usize = 256;

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

/// Runs the command.
pub(crate) async fn run(args: Watch, interrupt: &Interrupt) -> Outcome {
    let Venue::Gate = args.venue;
    let selected = args.parameters.select(args.channel)?;
    let client = args.options.client()?;
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
    live::say_goodbye(&client).await;
    outcome
}

/// Subscribes, and shows events until the user, the options or the venue end it.
async fn show<T: Data>(
    subscribe: Subscribe<SpotProtocol, T>,
    client: &Spot,
    options: &Options,
    interrupt: &Interrupt,
) -> Outcome
where
    SpotEvent: Carries<T>,
{
    let accepted = options.accepted(subscribe, client, interrupt).await?;
    let Some(subscription) = accepted else {
        return Ok(());
    };
    let mut summary = Summary::of("events");
    let following = follow(subscription, options, &mut summary);
    let outcome = options.until_end(following, interrupt).await;
    options.sum_up(&summary, &outcome);
    outcome
}

async fn follow<T: Data>(
    mut subscription: Subscription<T>,
    options: &Options,
    summary: &mut Summary,
) -> Outcome {
    let mut output = Output::new();
    let mut events = Vec::new();
    let wanted = options.wanted();
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
