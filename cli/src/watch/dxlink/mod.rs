//! `feedline watch dxlink`.

pub(super) mod channel;

use clap::Args;
use feedline::venue::dxlink::DxLink;

use super::Watching;
use crate::args::EXIT_CODES;
use crate::interrupt::Interrupt;
use crate::live::Options;
use crate::outcome::Outcome;
use crate::venue::Client;
use crate::venue::dxlink::{Connection, HELP, candle_symbols, split};
use channel::{Channel, Parameters};

/// DXLink, as dxFeed and tastytrade have it.
#[derive(Debug, Args)]
pub(crate) struct Dxlink {
    /// What to watch.
    #[arg(value_enum)]
    channel: Channel,
    /// The venue's own names, such as AAPL, .AAPL270115C230, or for candles 'AAPL{=5m}'.
    #[arg(required = true)]
    symbols: Vec<String>,
    #[command(flatten)]
    parameters: Parameters,
    #[command(flatten)]
    connection: Connection,
}

pub(super) fn help() -> String {
    format!("{HELP}\n\n{EXIT_CODES}")
}

pub(super) async fn run(args: Dxlink, options: &Options, interrupt: &Interrupt) -> Outcome {
    args.parameters.check(args.channel)?;
    let symbols = split(&args.symbols);
    let client = args.connection.client(options)?;
    let on = Watching::new(&client, options, interrupt);
    let outcome = show(&on, args.channel, &args.parameters, symbols).await;
    client.say_goodbye().await;
    outcome
}

/// Shows a channel until something ends it.
pub(super) async fn show(
    on: &Watching<'_, DxLink>,
    channel: Channel,
    parameters: &Parameters,
    symbols: Vec<String>,
) -> Outcome {
    let client = on.client;
    match channel {
        Channel::Quotes => on.show(client.quotes(symbols)).await,
        Channel::TimeAndSales => on.show(client.time_and_sales(symbols)).await,
        Channel::LastSales => on.show(client.last_sales(symbols)).await,
        Channel::LastSalesEth => on.show(client.last_sales_eth(symbols)).await,
        Channel::Summaries => on.show(client.summaries(symbols)).await,
        Channel::Profiles => on.show(client.profiles(symbols)).await,
        Channel::Greeks => on.show(client.greeks(symbols)).await,
        Channel::Candles => {
            let symbols = candle_symbols(&symbols)?;
            on.show(client.candles(parameters.from(), symbols)).await
        }
        Channel::Underlyings => on.show(client.underlyings(symbols)).await,
        Channel::TheoPrices => on.show(client.theo_prices(symbols)).await,
        Channel::OptionSales => on.show(client.option_sales(symbols)).await,
        Channel::Series => on.show(client.series(symbols)).await,
        Channel::Orders => {
            let source = parameters.needed_source(channel)?;
            on.show(client.orders(source, symbols)).await
        }
        Channel::SpreadOrders => {
            let source = parameters.needed_source(channel)?;
            on.show(client.spread_orders(source, symbols)).await
        }
        Channel::AnalyticOrders => {
            let source = parameters.needed_source(channel)?;
            on.show(client.analytic_orders(source, symbols)).await
        }
        Channel::Configurations => on.show(client.configurations(symbols)).await,
        Channel::Messages => on.show(client.messages(symbols)).await,
        Channel::Dom => {
            let (source, depth) = (parameters.source(), parameters.depth());
            on.show(client.dom(source, depth, symbols)).await
        }
        Channel::Raw => {
            let event_type = parameters.event_type()?;
            on.show(client.raw(event_type, symbols)).await
        }
    }
}
