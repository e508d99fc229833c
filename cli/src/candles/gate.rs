//! `feedline candles gate`.

use clap::Args;
use feedline::Overflow;

use super::{Show, Showing};
use crate::interrupt::Interrupt;
use crate::outcome::Outcome;
use crate::venue::{Client, gate};

/// Gate, spot market.
#[derive(Debug, Args)]
pub(crate) struct Gate {
    /// The venue's own names, such as BTC_USDT.
    #[arg(required = true, value_delimiter = ',')]
    symbols: Vec<String>,
}

pub(super) async fn run(args: Gate, show: &Show, interrupt: &Interrupt) -> Outcome {
    let client = gate::client(&show.options)?;
    // A slow terminal is no reason to lose trades: the venue is read no faster instead.
    let trades = client.trades(&args.symbols).overflow(Overflow::Wait);
    let showing = Showing::new(show, args.symbols, interrupt);
    let outcome = showing.made_of(trades, &client).await;
    client.say_goodbye().await;
    outcome
}
