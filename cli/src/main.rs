//! The feedline tool: watch, decode and simulate market-data venues.

mod args;
mod candles;
mod decode;
mod demo;
mod event;
mod interrupt;
mod live;
mod logging;
mod outcome;
mod output;
mod sim;
mod text;
mod watch;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use args::{Args, Command};
use interrupt::Interrupt;
use outcome::{Failure, Outcome};

fn main() -> ExitCode {
    let args = Args::parse();
    logging::start(args.verbose);
    outcome::exit_code(run(args.command))
}

/// Runs a command on a runtime of its own.
///
/// The command itself stays on this thread, so that a standard output that blocks holds up nothing
/// but the command: heartbeats and signals are the workers' business.
fn run(command: Command) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(async {
        let interrupt = Interrupt::listen()
            .map_err(|error| Failure::failed(format!("cannot listen to signals: {error}")))?;
        match command {
            Command::Watch(watch) => watch::run(watch, &interrupt).await,
            Command::Candles(candles) => candles::run(candles, &interrupt).await,
            Command::Decode(decode) => decode::run(decode, &interrupt).await,
            Command::Sim(sim) => sim::run(sim, &interrupt).await,
            Command::Demo(demo) => demo::run(demo, &interrupt).await,
        }
    });
    runtime.shutdown_timeout(Duration::from_millis(500));
    outcome
}
