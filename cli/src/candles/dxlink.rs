//! `feedline candles dxlink`.

use clap::Args;
use feedline::Overflow;
use feedline::venue::dxlink::DxLink;

use super::{Show, Showing};
use crate::args::EXIT_CODES;
use crate::interrupt::Interrupt;
use crate::outcome::{Failure, Outcome};
use crate::venue::Client;
use crate::venue::dxlink::{Connection, HELP, Since, candle_symbols, split};

/// DXLink, as dxFeed and tastytrade have it.
///
/// Of symbols such as AAPL, candles are made of the executions that come from now on, as the
/// options say. Symbols such as 'AAPL{=5m}' are the venue's own candles: its history, and then the
/// newest one as it changes; what would cut them otherwise has no meaning with them.
#[derive(Debug, Args)]
pub(crate) struct Dxlink {
    /// The venue's own names, such as AAPL, or of its own candles, such as 'AAPL{=5m}'.
    #[arg(required = true)]
    symbols: Vec<String>,
    /// Where the history of the venue's own candles begins: a time such as 2026-01-02T09:30:00Z,
    /// or how far back from now, such as 6h [default: 1d].
    #[arg(long, value_name = "TIME")]
    from: Option<Since>,
    #[command(flatten)]
    connection: Connection,
}

pub(super) fn help() -> String {
    format!("{HELP}\n\n{EXIT_CODES}")
}

pub(super) async fn run(args: Dxlink, show: &Show, interrupt: &Interrupt) -> Outcome {
    let client = args.connection.client(&show.options)?;
    let outcome = candles(&client, &args.symbols, args.from, show, interrupt).await;
    client.say_goodbye().await;
    outcome
}

/// The venue's own candles, or those made of executions, by what the symbols are.
pub(super) async fn candles(
    client: &DxLink,
    symbols: &[String],
    from: Option<Since>,
    show: &Show,
    interrupt: &Interrupt,
) -> Outcome {
    let symbols = split(symbols);
    let own = symbols.iter().filter(|symbol| symbol.contains('{')).count();
    match own {
        0 => made(client, symbols, from, show, interrupt).await,
        _ if own == symbols.len() => venues(client, &symbols, from, show, interrupt).await,
        _ => Err(Failure::usage(
            "either all symbols are those of the venue's own candles, such as 'AAPL{=5m}', or none \
             is: then candles are made of their executions",
        )),
    }
}

/// Candles made of executions.
async fn made(
    client: &DxLink,
    symbols: Vec<String>,
    from: Option<Since>,
    show: &Show,
    interrupt: &Interrupt,
) -> Outcome {
    if from.is_some() {
        return Err(Failure::usage(
            "executions come from now on, without --from: only the venue's own candles have a \
             history, such as those of 'AAPL{=5m}'",
        ));
    }
    let sales = client.time_and_sales(&symbols).overflow(Overflow::Wait);
    let showing = Showing::new(show, symbols, interrupt);
    showing.made_of(sales, client).await
}

/// The venue's own.
async fn venues(
    client: &DxLink,
    symbols: &[String],
    from: Option<Since>,
    show: &Show,
    interrupt: &Interrupt,
) -> Outcome {
    show.cut
        .refuse("the venue's own candles are as their symbols say")?;
    let symbols = candle_symbols(symbols)?;
    // As the venue calls them in its events.
    let names = symbols.iter().map(ToString::to_string).collect();
    let since = from.unwrap_or(Since::DAY);
    let candles = client
        .candles(since.time(), symbols)
        .overflow(Overflow::Wait);
    let showing = Showing::new(show, names, interrupt);
    showing.venues(candles, client).await
}
