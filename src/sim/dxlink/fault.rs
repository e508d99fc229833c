//! What can go wrong with dxLink alone.

use serde::{Deserialize, Serialize};

use crate::sim::core::fault::once;

/// One of dxLink's own faults: a standing rule, as most [`Fault`](crate::sim::Fault)s are.
///
/// A line of a script holds it as `{"fault": "dxlink", "kind": "withdraw", "symbol": "AAPL"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DxLinkFault {
    /// Rows that cannot be read: a text stands where a number belongs.
    UnreadableRow {
        /// Which rows.
        #[serde(default)]
        place: RowPlace,
        /// Only this symbol's.
        #[serde(default)]
        symbol: Option<String>,
        /// Cut short instead, each in a frame of its own.
        #[serde(default)]
        short: bool,
        /// How many rows.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// `FEED_SUBSCRIPTION` is answered by `ERROR` and `CHANNEL_CLOSED`: all that the channel carries
    /// is withdrawn.
    Withdraw {
        /// Only requests that name this symbol.
        #[serde(default)]
        symbol: Option<String>,
        /// The venue's text; none leaves the `ERROR` out.
        #[serde(default)]
        text: Option<String>,
        /// How many requests.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// Items of this symbol are refused, with `ERROR` on their channel; the request's others are
    /// served.
    RefuseItem {
        /// The symbol.
        symbol: String,
        /// The venue's text.
        #[serde(default)]
        text: Option<String>,
        /// How many items.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// History comes without the flags of a snapshot: neither its beginning nor its end is marked.
    Unflagged {
        /// Only this symbol's.
        #[serde(default)]
        symbol: Option<String>,
        /// How many snapshots.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// Numbers are written as texts, which can be read all the same.
    Texts {
        /// How many frames.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// Candles bear another spelling of the symbol that was asked for: `{=1m}` for `{=m}`.
    Respell {
        /// How many frames.
        #[serde(default = "once")]
        times: Option<u32>,
    },
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RowPlace {
    /// It begins a snapshot.
    Begin,
    /// It is in a snapshot and neither begins nor ends it.
    Middle,
    /// It ends a snapshot.
    End,
    /// It is in no snapshot.
    #[default]
    Live,
}

impl DxLinkFault {
    /// Every kind a script may name.
    pub const KINDS: &'static [&'static str] = &[
        "unreadable_row",
        "withdraw",
        "refuse_item",
        "unflagged",
        "texts",
        "respell",
    ];

    pub(in crate::sim) fn times(&self) -> Option<u32> {
        match self {
            Self::UnreadableRow { times, .. }
            | Self::Withdraw { times, .. }
            | Self::RefuseItem { times, .. }
            | Self::Unflagged { times, .. }
            | Self::Texts { times }
            | Self::Respell { times } => *times,
        }
    }
}
