//! The command line.

use clap::{ArgAction, Parser, Subcommand, ValueEnum};

use crate::{candles, decode, demo, sim, watch};

/// Told by every command's help.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  it did what was asked, or Ctrl-C or the reader of the output ended it
  1  the feed failed or was refused, a file cannot be used, or the demo's account does not add up
  2  the command line cannot be used

RUST_LOG sets what is logged to standard error, such as feedline=debug.";

/// Market-data venues as streams of typed events, in which nothing is lost in silence.
#[derive(Debug, Parser)]
#[command(name = "feedline", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Log to standard error; twice for more.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(after_help = EXIT_CODES)]
    Watch(watch::Watch),
    #[command(after_help = EXIT_CODES)]
    Candles(candles::Candles),
    #[command(after_help = EXIT_CODES)]
    Decode(decode::Decode),
    Sim(sim::Sim),
    #[command(after_help = EXIT_CODES)]
    Demo(demo::Demo),
}

/// A venue that the tool knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Venue {
    /// Gate, spot market.
    Gate,
}
