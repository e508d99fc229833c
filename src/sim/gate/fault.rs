//! What can go wrong with Gate alone.

use serde::{Deserialize, Serialize};

use crate::sim::core::fault::once;

/// One of Gate's own faults: a standing rule, as most [`Fault`](crate::sim::Fault)s are.
///
/// A line of a script holds it as `{"fault": "gate", "kind": "replay", "symbol": "BTC_USDT"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum GateFault {
    /// The numbers of books and trades are wrong: `u`, `U`, `lastUpdateId`, `id`.
    Numbers {
        /// What is wrong with them.
        wrong: WrongNumber,
        /// Only on this channel.
        #[serde(default)]
        channel: Option<String>,
        /// Only this symbol's.
        #[serde(default)]
        symbol: Option<String>,
        /// Those of whole books, instead of those of changes and trades.
        #[serde(default)]
        snapshots: bool,
        /// How many frames.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// The change of a book before the last one is sent again.
    Replay {
        /// Only this symbol's.
        #[serde(default)]
        symbol: Option<String>,
        /// How many changes.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// A whole book is sent again that is older than what has been sent since: the one that a
    /// stream of changes began with, or the one before the last.
    OldSnapshot {
        /// Only this symbol's.
        #[serde(default)]
        symbol: Option<String>,
        /// How many.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// Whole books have their sides exchanged, so that the best bid is above the best ask.
    Crossed {
        /// Only this symbol's.
        #[serde(default)]
        symbol: Option<String>,
        /// How many.
        #[serde(default = "once")]
        times: Option<u32>,
    },
}

/// What is wrong with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WrongNumber {
    /// The last, or only, one is missing: `u`, `lastUpdateId`, `id`.
    NoLast,
    /// The first is missing: `U`.
    NoFirst,
    /// The first is greater than the last.
    Backwards,
    /// They are texts, which can be read all the same.
    Text,
    /// They do not fit into 64 bits.
    Huge,
    /// They are negative.
    Negative,
    /// They are `null`.
    Null,
}

impl GateFault {
    /// Every kind a script may name.
    pub const KINDS: &'static [&'static str] = &["numbers", "replay", "old_snapshot", "crossed"];

    pub(in crate::sim) fn times(&self) -> Option<u32> {
        match self {
            Self::Numbers { times, .. }
            | Self::Replay { times, .. }
            | Self::OldSnapshot { times, .. }
            | Self::Crossed { times, .. } => *times,
        }
    }
}
