//! What is set of the simulator of every venue.

use std::path::PathBuf;

use clap::Args;
use feedline::sim::{Script, SimError};

use crate::outcome::{Failure, Outcome};

#[derive(Debug, Args)]
pub(super) struct Market {
    /// Where to listen; port 0 lets the system choose a free one.
    #[arg(
        long,
        global = true,
        default_value = "127.0.0.1:0",
        value_name = "HOST:PORT"
    )]
    pub(super) listen: String,
    /// Trades a second, all symbols together; of recorded frames, frames a second.
    #[arg(long, global = true, default_value_t = 50.0)]
    pub(super) rate: f64,
    /// Seed of the market: the same seed, the same market.
    #[arg(long, global = true, default_value_t = 0)]
    pub(super) seed: u64,
    /// What goes wrong, and when; see below.
    #[arg(long, global = true, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// The symbols it knows, besides those in recorded frames; a few well-known ones unless told.
    #[arg(long, global = true, value_delimiter = ',')]
    pub(super) symbols: Option<Vec<String>>,
    /// No summary at the end.
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
}

impl Market {
    /// What goes wrong; nothing without a file.
    pub(super) fn faults(&self) -> Outcome<Script> {
        self.faults.as_ref().map_or_else(
            || Ok(Script::new()),
            |path| Script::read(path).map_err(|error| Failure::from_chain(&error)),
        )
    }
}

/// Why a simulator could not start: for what was asked of it, or for what happened.
pub(super) fn failure(error: &SimError) -> Failure {
    match error {
        SimError::Symbol { .. } | SimError::Rate { .. } => Failure::usage(error.to_string()),
        error => Failure::from_chain(error),
    }
}
