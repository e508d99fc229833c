//! `feedline candles`: shows candles, made of a live feed's trades or the venue's own.

mod clock;
mod cut;
mod dxlink;
mod gate;
mod lines;
mod open;
mod plot;
mod showing;
mod tastytrade;
mod told;

use clap::{Args, Parser, Subcommand};

use crate::args::EXIT_CODES;
use crate::interrupt::Interrupt;
use crate::live::Options;
use crate::outcome::{Failure, Outcome};
use cut::Cut;
pub(crate) use plot::release as release_terminal;
use showing::Showing;

/// Make candles of a venue's trades, by the trades' own time, or show the venue's own.
///
/// A line a candle as soon as it is final, and again when it is revised; gaps and interruptions
/// stand in their place. Candles that a gap touches are marked. What is still open in the end is
/// written then, as it is. No trade is dropped here: when the output is slow, the venue is read no
/// faster.
#[derive(Debug, Parser)]
#[command(subcommand_value_name = "VENUE", subcommand_help_heading = "Venues")]
pub(crate) struct Candles {
    #[command(subcommand)]
    venue: Venue,
    #[command(flatten)]
    show: Show,
}

#[derive(Debug, Subcommand)]
enum Venue {
    #[command(after_help = EXIT_CODES)]
    Gate(gate::Gate),
    #[command(after_help = dxlink::help())]
    Dxlink(dxlink::Dxlink),
    #[command(after_help = tastytrade::help())]
    Tastytrade(tastytrade::Tastytrade),
}

/// How candles are made and shown, of every venue.
#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    cut: Cut,
    /// Write candles that are not final too, with every trade.
    #[arg(long, global = true)]
    partials: bool,
    /// Draw the candles: in place while they come, until q or Ctrl-C, or once at the end if
    /// standard output is not a terminal.
    #[arg(long, global = true)]
    plot: bool,
    #[command(flatten)]
    options: Options,
}

impl Show {
    /// Here, because clap does not see a conflict across the venue's name.
    fn check(&self) -> Outcome {
        let others = [("--json", self.options.json), ("--partials", self.partials)];
        match others.iter().find(|(_, given)| self.plot && *given) {
            Some((name, _)) => Err(Failure::usage(format!(
                "--plot cannot be used with {name}: the picture shows what is not final by itself, \
                 and is no text"
            ))),
            None => self.cut.check(),
        }
    }
}

/// Runs the command.
pub(crate) async fn run(args: Candles, interrupt: &Interrupt) -> Outcome {
    args.show.check()?;
    match args.venue {
        Venue::Gate(gate) => gate::run(gate, &args.show, interrupt).await,
        Venue::Dxlink(dxlink) => dxlink::run(dxlink, &args.show, interrupt).await,
        Venue::Tastytrade(tastytrade) => tastytrade::run(tastytrade, &args.show, interrupt).await,
    }
}
