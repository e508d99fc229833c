//! Standard output, written in batches, and standard error.

use std::fmt;
use std::io::{self, StdoutLock, Write};

use anstream::AutoStream;
use serde::Serialize;

use crate::outcome::Outcome;

/// Bytes that are gathered at most before they are written.
const BATCH: usize = 64 * 1024;

/// Standard output: coloured where it is a terminal that wants colours, and gathered until
/// [`flush`](Self::flush), which is due whenever the command is about to wait.
pub(crate) struct Output {
    stream: AutoStream<StdoutLock<'static>>,
    gathered: Vec<u8>,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self {
            stream: AutoStream::auto(io::stdout().lock()),
            gathered: Vec::new(),
        }
    }

    /// A line of text.
    pub(crate) fn line(&mut self, text: impl fmt::Display) -> Outcome {
        writeln!(self.gathered, "{text}")?;
        self.keep_small()
    }

    /// A line of JSON.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Outcome {
        serde_json::to_writer(&mut self.gathered, value).map_err(io::Error::from)?;
        self.gathered.push(b'\n');
        self.keep_small()
    }

    /// Hands everything gathered to whoever reads.
    pub(crate) fn flush(&mut self) -> Outcome {
        if !self.gathered.is_empty() {
            self.stream.write_all(&self.gathered)?;
            self.gathered.clear();
        }
        self.stream.flush()?;
        Ok(())
    }

    fn keep_small(&mut self) -> Outcome {
        if self.gathered.len() >= BATCH {
            self.flush()?;
        }
        Ok(())
    }
}

/// A line for the person in front of the terminal, on standard error.
pub(crate) fn note(text: impl fmt::Display) {
    // With standard error gone there is nobody left to tell.
    let _ = writeln!(anstream::stderr(), "{text}");
}
