//! `feedline sim`: runs a venue's simulator.

mod options;
mod venue;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::args::EXIT_CODES;
use crate::interrupt::Interrupt;
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, note};
use options::{AccountOptions, MarketOptions};
use venue::Started;

const FAULTS: &str = r##"The faults file:
  JSON Lines: each line an object with a "fault", that fault's own fields, and when it happens:

    at                 this long after the start: "250ms", "5s", "2m", "1h"
    every              and again whenever this much time has passed
    after_subscribes   instead: once this many subscribe requests have arrived
    after_frames       instead: once this many data frames have been queued
    session            only this connection; the first is 1

  Empty lines and lines that begin with # are skipped. An example:

    # a cut every ten seconds, one refusal, three garbled frames, and a minute of silence
    {"at": "5s", "every": "10s", "fault": "cut"}
    {"at": "0s", "fault": "refuse", "channel": "spot.trades", "code": 3, "text": "internal error"}
    {"after_frames": 500, "fault": "garble", "times": 3}
    {"after_subscribes": 3, "fault": "mute", "for": "1m"}

  Faults: "##;

/// Run a simulator of a venue on a port of this machine, until Ctrl-C.
///
/// It speaks the venue's WebSocket and REST protocols, so that any client of the venue works
/// against it. Its addresses are the first lines on standard output, the WebSocket's first; of
/// tastytrade the market data's, the account streamer's, and REST's.
#[derive(Debug, Parser)]
#[command(after_long_help = faults_help())]
pub(crate) struct Sim {
    /// The venue.
    #[arg(value_enum)]
    venue: SimVenue,
    /// Where to listen; port 0 lets the system choose a free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "HOST:PORT")]
    listen: String,
    /// Play these recorded frames instead of a market (Gate): JSON Lines, each an object with the
    /// text as `frame`.
    #[arg(long, value_name = "FILE")]
    frames: Option<PathBuf>,
    /// Play the frames over and over.
    #[arg(long = "loop", requires = "frames")]
    looped: bool,
    /// Trades a second, all symbols together, or frames a second.
    #[arg(long, default_value_t = 50.0)]
    rate: f64,
    /// Seed of the market: the same seed, the same market.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What goes wrong, and when; see below.
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// The symbols it knows, besides those in the frames; a few well-known ones unless told.
    #[arg(long, value_delimiter = ',')]
    symbols: Option<Vec<String>>,
    #[command(flatten)]
    market: MarketOptions,
    #[command(flatten)]
    account: AccountOptions,
    /// No summary at the end.
    #[arg(short, long)]
    quiet: bool,
}

/// A venue that can be simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SimVenue {
    /// Gate, spot market.
    Gate,
    /// A dxLink server, as dxFeed's demo.
    Dxlink,
    /// tastytrade: REST, dxLink and the account streamer.
    Tastytrade,
}

fn faults_help() -> String {
    let names = feedline::sim::Fault::NAMES.join(", ");
    format!("{FAULTS}{names}\n\n{EXIT_CODES}")
}

/// Runs the command.
pub(crate) async fn run(args: Sim, interrupt: &Interrupt) -> Outcome {
    args.check()?;
    let sim = Started::start(&args).await?;
    announce(&sim)?;
    interrupt.wait().await;
    let (connects, breaches) = sim.counts();
    sim.shutdown().await;
    if !args.quiet {
        note(format_args!(
            "{connects} connects, {breaches} breaches of the venue's rules"
        ));
    }
    Ok(())
}

impl Sim {
    /// An option of another venue would do nothing, and nobody would know.
    fn check(&self) -> Outcome {
        let alien = match self.venue {
            SimVenue::Gate => self.market.given().or_else(|| self.account.given()),
            SimVenue::Dxlink if self.frames.is_some() => Some("--frames"),
            SimVenue::Dxlink => self.account.given(),
            SimVenue::Tastytrade if self.frames.is_some() => Some("--frames"),
            SimVenue::Tastytrade => None,
        };
        match alien {
            None => Ok(()),
            Some(option) => Err(Failure::usage(format!(
                "{option} is no option of this venue's simulator"
            ))),
        }
    }
}

/// Tells where it listens. That nobody reads it is no reason to stop.
fn announce(sim: &Started) -> Outcome {
    let mut output = Output::new();
    for address in sim.addresses() {
        output.line(address)?;
    }
    match output.flush() {
        Err(Failure::OutputClosed) => Ok(()),
        written => written,
    }
}
