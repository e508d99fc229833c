//! `feedline sim gate`.

use std::path::PathBuf;

use clap::Args;
use feedline::sim::Recording;
use feedline::sim::gate::GateSim;

use super::market::{Market, failure};
use crate::outcome::{Failure, Outcome};

/// Gate, spot market. Its second line is the address of its REST interface.
#[derive(Debug, Args)]
pub(crate) struct Gate {
    /// Play these recorded frames instead of a market: JSON Lines, each an object with the text as
    /// `frame`.
    #[arg(long, value_name = "FILE")]
    frames: Option<PathBuf>,
    /// Play the frames over and over.
    #[arg(long = "loop", requires = "frames")]
    looped: bool,
}

pub(super) async fn start(args: &Gate, market: &Market) -> Outcome<GateSim> {
    // It may run for months, and nobody asks for what it sent.
    let mut builder = GateSim::builder()
        .journal(false)
        .seed(market.seed)
        .rate(market.rate);
    if let Some(symbols) = &market.symbols {
        builder = builder.symbols(symbols.iter().map(String::as_str));
    }
    if let Some(path) = &args.frames {
        let recording = Recording::read(path).map_err(|error| Failure::from_chain(&error))?;
        builder = builder.recording(recording, args.looped);
    }
    let builder = builder.faults(market.faults()?);
    let started = builder.listen(&market.listen).await;
    started.map_err(|error| failure(&error))
}
