//! How a command ends.

use std::io::{self, Write};
use std::process::ExitCode;

use feedline::{Error, ErrorKind};

/// What a command comes to.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a command stopped before it was done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Whoever read standard output has gone, as `head` does: nothing to complain about.
    OutputClosed,
    /// It went wrong.
    Failed(String),
    /// The command line cannot be used.
    Usage(String),
}

impl Failure {
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self::Failed(text.into())
    }

    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    /// An error together with what caused it.
    pub(crate) fn from_chain(error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            let cause = error.to_string();
            // Most say what caused them themselves.
            if !text.contains(&cause) {
                text.push_str(": ");
                text.push_str(&cause);
            }
            source = error.source();
        }
        Self::Failed(text)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Invalid(_) => Self::Usage(error.to_string()),
            _ => Self::from_chain(&error),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Failed(format!("standard output: {error}")),
        }
    }
}

/// Tells what went wrong, and with which code the process ends.
pub(crate) fn exit_code(outcome: Outcome) -> ExitCode {
    let (text, code) = match outcome {
        Ok(()) | Err(Failure::OutputClosed) => return ExitCode::SUCCESS,
        Err(Failure::Failed(text)) => (text, 1),
        Err(Failure::Usage(text)) => (text, 2),
    };
    let bold = anstyle::AnsiColor::Red.on_default().bold();
    // With standard error gone there is nowhere left to complain.
    let _ = writeln!(anstream::stderr(), "{bold}error:{bold:#} {text}");
    ExitCode::from(code)
}
