//! The command line.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, CommandFactory, Parser, Subcommand};

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

/// Reads the process's command line, or ends the process with help or with what is wrong.
pub(crate) fn read() -> Args {
    Args::try_parse().unwrap_or_else(|error| with_what_is_valid(error).exit())
}

/// Of a venue or command that does not exist, clap says only what is similar; this says what there
/// is.
fn with_what_is_valid(mut error: clap::Error) -> clap::Error {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return error;
    }
    let mut command = Args::command();
    for word in std::env::args_os().skip(1) {
        let inner = word.to_str().and_then(|word| command.find_subcommand(word));
        if let Some(inner) = inner.cloned() {
            command = inner;
        }
    }
    let names: Vec<_> = command
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    if names.is_empty() {
        return error;
    }
    let valid = StyledStr::from(format!("possible values: {}", names.join(", ")));
    error.insert(
        ContextKind::Suggested,
        ContextValue::StyledStrs(vec![valid]),
    );
    error
}
