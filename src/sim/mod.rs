//! Venue simulators, for tests of feedline and of your own program.
//!
//! A simulator speaks its venue's protocol on one port, plain WebSocket and HTTP, faithfully enough
//! that any client of that venue works against it. It plays a seeded [`Market`] or a [`Recording`],
//! goes wrong on demand ([`Fault`], [`Script`]), and remembers what it sent to whom, who asked for
//! what, and every [`Breach`] of the venue's rules.
//!
//! With tokio's clock paused and connections in memory, the same seed and script give the same
//! frames in the same order:
//!
//! ```
//! use std::time::Duration;
//! use feedline::sim::Fault;
//! use feedline::sim::gate::GateSim;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sim = GateSim::builder().symbols(["BTC_USDT"]).seed(7).rate(20.0).in_memory()?;
//! // … connect a client to `sim.url()` through `sim.dialer()` …
//! sim.inject(Fault::Cut);
//! assert!(sim.breaches().is_empty());
//! sim.shutdown().await;
//! # Ok(()) }
//! ```

mod core;
pub mod dxlink;
pub mod gate;
mod market;
pub mod tastytrade;

use std::fmt;
use std::io;

pub use core::fault::{DataFormat, Delayed, Fault};
pub use core::journal::{
    Attempt, AttemptOutcome, Breach, BreachKind, Delivery, Fate, Identity, Published, Request,
};
pub use core::recording::{Recording, RecordingError};
pub use core::script::{Script, ScriptError};
pub use market::{Market, MarketTrade};

/// A WebSocket session of a simulator: the first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whom a hand-made frame goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum To {
    /// Every session.
    All,
    /// One session.
    Session(SessionId),
    /// Every session subscribed to this topic, written as in
    /// [`active_topics`](gate::GateSim::active_topics).
    Topic(String),
}

/// A hand-made frame.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RawFrame {
    /// A text frame.
    Text(String),
    /// A binary frame.
    Binary(Vec<u8>),
    /// A WebSocket ping.
    Ping(Vec<u8>),
    /// A close frame.
    Close {
        /// The close code.
        code: u16,
        /// The close reason.
        reason: String,
    },
}

/// Why a simulator could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// A simulator must be started inside a tokio runtime.
    #[error("a simulator must be started inside a tokio runtime")]
    NoRuntime,
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// A symbol cannot be used.
    #[error("{symbol:?} cannot be used: expected {expected}")]
    Symbol {
        /// The symbol.
        symbol: String,
        /// What the venue's symbols look like.
        expected: &'static str,
    },
    /// A rate cannot be used.
    #[error("{rate} is no rate: expected from 0 to a million events a second")]
    Rate {
        /// The rate.
        rate: f64,
    },
    /// A queue limit cannot be used.
    #[error("a session's queue must hold at least one frame")]
    Queue,
}
