//! Logs of feedline and the libraries beneath it, off unless asked for.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

use crate::output::note;

/// Logs to standard error what `RUST_LOG` says or, without it, as much as the count of `--verbose`.
pub(crate) fn start(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::OFF,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let mut filter = Targets::new().with_target("feedline", level);
    if let Ok(text) = std::env::var("RUST_LOG") {
        match text.parse::<Targets>() {
            Ok(targets) => filter = targets,
            Err(error) => note(format_args!("RUST_LOG is ignored: {error}")),
        }
    }
    let colours = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(colours)
        .with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .init();
}
