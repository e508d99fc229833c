//! `feedline decode`: reads recorded frames.

mod frame;
mod lines;
mod tally;

use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::{Parser, ValueEnum};
use feedline::Symbol;
use feedline::venue::gate::{self, Decoded};
use serde::Serialize;

use crate::args::Venue;
use crate::interrupt::Interrupt;
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, note};
use lines::{Line, Lines};
use tally::Tally;

/// Longer lines are not read: one of them must not take all memory.
const LINE_LIMIT: usize = 16 << 20;
/// Input read at once.
const READ: usize = 64 * 1024;
/// How long a line at work may take to finish when the user wants to end.
const LAST_LINE: Duration = Duration::from_millis(500);

/// Read frames from standard input, one a line, and write what they say as JSON Lines.
///
/// A line is the text of a frame as it came or, for a binary frame, `hex:` and its bytes. Each item
/// of a frame becomes one object with `line`, the input line's number from 1, `kind`, and the fields
/// of the event. What cannot be read becomes an object of kind `malformed` with a `reason`, and the
/// next line goes on; lines longer than 16 MiB are such. A summary goes to standard error.
#[derive(Debug, Parser)]
pub(crate) struct Decode {
    /// The venue.
    #[arg(value_enum)]
    venue: Venue,
    /// The venue's market.
    #[arg(long, value_enum, default_value = "spot")]
    market: Market,
    /// No summary at the end.
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Market {
    /// Spot.
    Spot,
}

/// One object of the output.
#[derive(Debug, Serialize)]
struct Item<'a> {
    line: u64,
    #[serde(flatten)]
    said: Said<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Said<'a> {
    Decoded(&'a Decoded),
    Malformed(Malformed<'a>),
}

#[derive(Debug, Serialize)]
struct Malformed<'a> {
    kind: &'static str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    symbol: Option<&'a Symbol>,
}

/// Runs the command.
pub(crate) async fn run(args: Decode, interrupt: &Interrupt) -> Outcome {
    let (Venue::Gate, Market::Spot) = (args.venue, args.market);
    let tally = Arc::new(Tally::default());
    let stop = Arc::new(AtomicBool::new(false));
    let (ended, mut end) = tokio::sync::oneshot::channel();
    // A thread of its own, because a read of standard input cannot be cancelled: when the user ends
    // the command, the process ends around it.
    let work = {
        let (tally, stop) = (Arc::clone(&tally), Arc::clone(&stop));
        move || {
            // Nobody listens only when the command has ended.
            let _ = ended.send(decode(io::stdin().lock(), &tally, &stop));
        }
    };
    std::thread::Builder::new()
        .name("decode".to_owned())
        .spawn(work)
        .map_err(|error| Failure::failed(format!("cannot start: {error}")))?;
    let outcome = tokio::select! {
        outcome = &mut end => outcome,
        () = interrupt.wait() => {
            stop.store(true, Ordering::Relaxed);
            // It waits for input unless it answers: all it had written is flushed.
            match tokio::time::timeout(LAST_LINE, end).await {
                Ok(outcome) => outcome,
                Err(_) => Ok(Ok(())),
            }
        }
    };
    let outcome = outcome.unwrap_or_else(|_| Err(Failure::failed("the decoder panicked")));
    if !args.quiet && !matches!(outcome, Err(Failure::OutputClosed)) {
        note(&*tally);
    }
    outcome
}

/// Decodes line by line until the input or the user ends it.
fn decode(input: impl Read, tally: &Tally, stop: &AtomicBool) -> Outcome {
    let mut output = Output::new();
    let mut lines = Lines::new(BufReader::with_capacity(READ, input), LINE_LIMIT);
    loop {
        // Nothing decoded stays behind while the input pauses.
        if lines.must_wait() {
            output.flush()?;
        }
        let read = lines
            .next()
            .map_err(|error| Failure::failed(format!("standard input: {error}")))?;
        let Some(line) = read else {
            return output.flush();
        };
        write(line, tally, &mut output)?;
        if stop.load(Ordering::Relaxed) {
            return output.flush();
        }
    }
}

/// Writes what one line says.
fn write(line: Line<'_>, tally: &Tally, output: &mut Output) -> Outcome {
    let number = tally.line();
    let mut malformed = |reason: &str, channel, symbol| {
        tally.item("malformed");
        let said = Said::Malformed(Malformed {
            kind: "malformed",
            reason,
            channel,
            symbol,
        });
        output.json(&Item { line: number, said })
    };
    let text = match line {
        Line::Whole(text) => text,
        Line::TooLong => {
            let reason = format!("the line is longer than {} MiB", LINE_LIMIT >> 20);
            return malformed(&reason, None, None);
        }
    };
    let frame = match frame::bytes(text) {
        Ok(frame) => frame,
        Err(reason) => return malformed(reason, None, None),
    };
    match gate::decode(&frame) {
        Err(error) => malformed(error.reason(), error.channel(), error.symbol()),
        Ok(decoded) => decoded.iter().try_for_each(|decoded| {
            tally.item(tally::kind(decoded));
            let said = Said::Decoded(decoded);
            output.json(&Item { line: number, said })
        }),
    }
}
