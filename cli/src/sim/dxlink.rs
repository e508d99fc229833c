//! `feedline sim dxlink`.

use std::time::Duration;

use clap::Args;
use feedline::sim::dxlink::{DxLinkSim, FieldOrder};

use super::Running;
use super::market::{Market, failure};
use crate::outcome::Outcome;

/// The word that asks for no token.
const DEMO: &str = "demo";

/// DXLink, as dxFeed and tastytrade have it: services FEED and DOM, without a REST interface.
#[derive(Debug, Args)]
pub(crate) struct Dxlink {
    /// The token that clients must send, such as test-token; with demo they need none, as at
    /// dxFeed's demonstration.
    #[arg(long, default_value = DEMO)]
    token: String,
    /// How long the market has been trading when it starts, which candles and other snapshots
    /// show; of any time at most 2000 trades.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = humantime::parse_duration)]
    history: Duration,
    /// Refuse clients that do not wait for each answer of the handshake, as tastytrade does.
    #[arg(long)]
    strict_order: bool,
    /// The timeout that it announces: it says something at least every half of it.
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = humantime::parse_duration)]
    keepalive: Duration,
    /// For how long it gathers updates for clients that ask for no period of their own.
    #[arg(long, value_name = "DURATION", default_value = "100ms", value_parser = humantime::parse_duration)]
    aggregation: Duration,
    /// Serve the fields of events in another order than asked for, as a server may.
    #[arg(long)]
    reversed_fields: bool,
}

pub(super) async fn start(args: &Dxlink, market: &Market) -> Outcome<DxLinkSim> {
    // It may run for months, and nobody asks for what it sent.
    let mut builder = DxLinkSim::builder()
        .journal(false)
        .seed(market.seed)
        .rate(market.rate)
        .faults(market.faults()?)
        .history(args.history)
        .strict_order(args.strict_order)
        .keepalive(args.keepalive)
        .period(args.aggregation);
    if let Some(symbols) = &market.symbols {
        builder = builder.symbols(symbols.iter().map(String::as_str));
    }
    if args.token != DEMO {
        builder = builder.tokens([args.token.as_str()]);
    }
    if args.reversed_fields {
        builder = builder.field_order(FieldOrder::Reversed);
    }
    let started = builder.listen(&market.listen).await;
    started.map_err(|error| failure(&error))
}

impl Running for DxLinkSim {
    fn addresses(&self) -> Vec<String> {
        vec![self.url()]
    }

    fn connects(&self) -> usize {
        self.attempts().len()
    }

    fn breaches(&self) -> usize {
        self.breaches().len()
    }

    async fn shutdown(&self) {
        self.shutdown().await;
    }
}
