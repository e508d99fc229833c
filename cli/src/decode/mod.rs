//! `feedline decode`: reads recorded frames.

mod dxlink;
mod frame;
mod frames;
mod gate;
mod lines;
mod tally;

use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::{Parser, Subcommand};
use serde::Serialize;

use crate::args::EXIT_CODES;
use crate::interrupt::Interrupt;
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, note};
use frames::{Frames, MALFORMED, Malformed};
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
#[command(subcommand_value_name = "VENUE", subcommand_help_heading = "Venues")]
pub(crate) struct Decode {
    #[command(subcommand)]
    venue: Venue,
    /// No summary at the end.
    #[arg(short, long, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Venue {
    #[command(after_help = EXIT_CODES)]
    Gate(gate::Gate),
    #[command(after_help = EXIT_CODES)]
    Dxlink(dxlink::Dxlink),
}

/// One object of the output.
#[derive(Debug, Serialize)]
struct Item<'a, T> {
    line: u64,
    #[serde(flatten)]
    said: &'a T,
}

/// Runs the command.
pub(crate) async fn run(args: Decode, interrupt: &Interrupt) -> Outcome {
    match &args.venue {
        Venue::Gate(gate) => follow(gate.frames(), args.quiet, interrupt).await,
        Venue::Dxlink(dxlink) => follow(dxlink.frames(), args.quiet, interrupt).await,
    }
}

async fn follow<F: Frames>(mut frames: F, quiet: bool, interrupt: &Interrupt) -> Outcome {
    let tally = Arc::new(Tally::default());
    let stop = Arc::new(AtomicBool::new(false));
    let (ended, mut end) = tokio::sync::oneshot::channel();
    // A thread of its own, because a read of standard input cannot be cancelled: when the user ends
    // the command, the process ends around it.
    let work = {
        let (tally, stop) = (Arc::clone(&tally), Arc::clone(&stop));
        move || {
            // Nobody listens only when the command has ended.
            let _ = ended.send(decode(&mut frames, io::stdin().lock(), &tally, &stop));
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
    if !quiet && !matches!(outcome, Err(Failure::OutputClosed)) {
        note(&*tally);
    }
    outcome
}

/// Decodes line by line until the input or the user ends it.
fn decode(frames: &mut impl Frames, input: impl Read, tally: &Tally, stop: &AtomicBool) -> Outcome {
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
        write(line, frames, tally, &mut output)?;
        if stop.load(Ordering::Relaxed) {
            return output.flush();
        }
    }
}

/// Writes what one line says.
fn write<F: Frames>(line: Line<'_>, frames: &mut F, tally: &Tally, output: &mut Output) -> Outcome {
    let number = tally.line();
    match read(line, frames) {
        Ok(items) => items.iter().try_for_each(|said| {
            tally.item(F::kind(said));
            output.json(&Item { line: number, said })
        }),
        Err(malformed) => {
            tally.item(MALFORMED);
            let said = &malformed;
            output.json(&Item { line: number, said })
        }
    }
}

fn read<F: Frames>(line: Line<'_>, frames: &mut F) -> Result<Vec<F::Item>, Malformed> {
    match line {
        Line::Whole(text) => frames.decode(&frame::bytes(text).map_err(Malformed::new)?),
        Line::TooLong => Err(Malformed::new(format!(
            "the line is longer than {} MiB",
            LINE_LIMIT >> 20
        ))),
    }
}
