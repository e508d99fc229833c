//! `feedline watch gate`.

mod channel;

use clap::Args;

use super::Watching;
use crate::interrupt::Interrupt;
use crate::live::Options;
use crate::outcome::Outcome;
use crate::venue::{Client, gate};
use channel::{Channel, Parameters, Selected};

/// Gate, spot market.
#[derive(Debug, Args)]
pub(crate) struct Gate {
    /// What to watch.
    #[arg(value_enum)]
    channel: Channel,
    /// The venue's own names, such as BTC_USDT.
    #[arg(required = true, value_delimiter = ',')]
    symbols: Vec<String>,
    #[command(flatten)]
    parameters: Parameters,
}

pub(super) async fn run(args: Gate, options: &Options, interrupt: &Interrupt) -> Outcome {
    let selected = args.parameters.select(args.channel)?;
    let client = gate::client(options)?;
    let on = Watching::new(&client, options, interrupt);
    let symbols = args.symbols;
    let outcome = match selected {
        Selected::Trades => on.show(client.trades(symbols)).await,
        Selected::Quotes => on.show(client.book_ticker(symbols)).await,
        Selected::Tickers => on.show(client.tickers(symbols)).await,
        Selected::Candlesticks(interval) => on.show(client.candlesticks(interval, symbols)).await,
        Selected::OrderBook(depth, speed) => {
            on.show(client.order_book(depth, speed, symbols)).await
        }
        Selected::OrderBookUpdate(speed) => on.show(client.order_book_update(speed, symbols)).await,
        Selected::Obu(level) => on.show(client.obu(level, symbols)).await,
    };
    client.say_goodbye().await;
    outcome
}
