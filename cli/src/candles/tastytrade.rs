//! `feedline candles tastytrade`.

use clap::Args;

use super::{Show, dxlink};
use crate::args::EXIT_CODES;
use crate::interrupt::Interrupt;
use crate::outcome::Outcome;
use crate::venue::Client;
use crate::venue::dxlink::Since;
use crate::venue::tastytrade::{Accounts, Connection, HELP};

/// tastytrade, with the candles of DXLink.
///
/// Of symbols such as AAPL, candles are made of the executions that come from now on, as the
/// options say. Symbols such as 'AAPL{=5m}' are the venue's own candles: its history, and then the
/// newest one as it changes; what would cut them otherwise has no meaning with them.
#[derive(Debug, Args)]
pub(crate) struct Tastytrade {
    /// The streamer's names, such as AAPL, or of the venue's own candles, such as 'AAPL{=5m}'.
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

pub(super) async fn run(args: Tastytrade, show: &Show, interrupt: &Interrupt) -> Outcome {
    let client = args.connection.client(&show.options)?;
    let outcome = dxlink::candles(client.market(), &args.symbols, args.from, show, interrupt).await;
    Accounts(&client).say_goodbye().await;
    outcome
}
