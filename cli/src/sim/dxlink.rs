//! `feedline sim dxlink`.

use std::time::Duration;

use clap::Args;
use feedline::sim::dxlink::DxLinkSim;

use super::behaviour::Behaviour;
use super::market::{Market, failure};
use crate::outcome::Outcome;

/// DXLink, as dxFeed's demonstration: services FEED and DOM.
#[derive(Debug, Args)]
pub(crate) struct Dxlink {
    /// How long the market has been trading when it starts, which candles and other snapshots
    /// show; of any time at most 2000 trades.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = humantime::parse_duration)]
    history: Duration,
    #[command(flatten)]
    behaviour: Behaviour,
}

pub(super) async fn start(args: &Dxlink, market: &Market) -> Outcome<DxLinkSim> {
    // It may run for months, and nobody asks for what it sent.
    let builder = DxLinkSim::builder()
        .journal(false)
        .seed(market.seed)
        .rate(market.rate)
        .faults(market.faults()?)
        .history(args.history);
    let mut builder = args.behaviour.apply(builder);
    if let Some(symbols) = &market.symbols {
        builder = builder.symbols(symbols.iter().map(String::as_str));
    }
    let started = builder.listen(&market.listen).await;
    started.map_err(|error| failure(&error))
}
