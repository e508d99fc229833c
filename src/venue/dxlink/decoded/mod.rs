mod convert;
mod snapshot_row;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
pub use snapshot_row::SnapshotKey;

use super::{DxEvent, ErrorCode, EventFlags};
use crate::Symbol;

/// What a frame of DXLink says, as [`Decoder`](super::Decoder) reads it.
///
/// Serialised flat, with the variant's name in snake case as `message`. Periods are in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decoded {
    /// An event of FEED_DATA or DOM_SNAPSHOT.
    Event(Box<DecodedEvent>),
    /// A row that removes its index and has nothing else to say.
    Removed(Removed),
    /// A part of FEED_DATA that cannot be used.
    Refused {
        /// The channel.
        channel: u64,
        /// The event type, where that could be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event_type: Option<String>,
        /// The symbol, where it was one row and that could be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        symbol: Option<Symbol>,
        /// Why.
        reason: String,
    },
    /// The server's timeouts.
    Setup {
        /// The server's version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
        /// After how long a silence the server is dead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keepalive_timeout: Option<f64>,
        /// After how long a silence the server would like to give the client up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accept_keepalive_timeout: Option<f64>,
    },
    /// Whether the connection is authorized.
    AuthState {
        /// It is.
        authorized: bool,
        /// Whose token it was, where the server tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_id: Option<String>,
    },
    /// A channel was opened.
    ChannelOpened {
        /// The channel.
        channel: u64,
        /// `FEED` or `DOM`.
        service: String,
        /// Of a FEED channel: what it delivers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contract: Option<String>,
        /// Of a FEED channel, an addition of the server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sub_format: Option<String>,
        /// Of a DOM channel.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        symbol: Option<Symbol>,
    },
    /// A channel was closed.
    ChannelClosed {
        /// The channel.
        channel: u64,
    },
    /// What the server applies to a FEED channel from now on.
    FeedConfig {
        /// The channel.
        channel: u64,
        /// `FULL` or `COMPACT`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data_format: Option<String>,
        /// How long updates are gathered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        aggregation_period: Option<f64>,
        /// The fields of the types that it names.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        event_fields: BTreeMap<String, Vec<String>>,
    },
    /// What the server applies to a DOM channel from now on.
    DomConfig {
        /// The channel.
        channel: u64,
        /// How long updates are gathered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        aggregation_period: Option<f64>,
        /// The most levels a side.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        depth_limit: Option<u32>,
        /// The fields of a level.
        order_fields: Vec<String>,
    },
    /// The server complains.
    Error {
        /// The channel; 0 is the connection itself.
        channel: u64,
        /// The venue's code.
        code: ErrorCode,
        /// The venue's words.
        text: String,
    },
    /// The server is alive.
    Keepalive,
    /// A message of a type that feedline does not know.
    Unknown {
        /// The type.
        name: String,
        /// The channel.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<u64>,
    },
}

/// An event and how it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DecodedEvent {
    /// The channel.
    pub channel: u64,
    /// What an indexed event means for its snapshot and transaction.
    #[serde(default, skip_serializing_if = "EventFlags::is_empty")]
    pub event_flags: EventFlags,
    /// It takes its index out: by its flags, or because it is an order without size.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removes: bool,
    /// How many optional values could not be read or held and are absent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dropped_values: u32,
    /// The event.
    #[serde(flatten)]
    pub event: DxEvent,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A row that removes its index and has nothing else to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Removed {
    /// The channel.
    pub channel: u64,
    /// The venue's name of the event type.
    pub event_type: SmolStr,
    /// The instrument.
    pub symbol: Symbol,
    /// Of the order family: which book.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SmolStr>,
    /// What is removed.
    pub index: i64,
    /// What the row means for its snapshot and transaction.
    #[serde(default, skip_serializing_if = "EventFlags::is_empty")]
    pub event_flags: EventFlags,
}

impl DecodedEvent {
    pub(super) fn new(channel: u64, event: DxEvent) -> Self {
        Self {
            channel,
            event_flags: EventFlags::default(),
            removes: false,
            dropped_values: 0,
            event,
        }
    }
}
