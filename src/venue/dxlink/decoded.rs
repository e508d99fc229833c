use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::dom::DomConfig;
use super::server::{ChannelOpened, FeedConfig, ServerMessage};
use super::{Change, DxEvent, ErrorCode, EventFlags, Malformed, Mark};
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

/// What has snapshots of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SnapshotKey {
    /// The venue's name of the event type.
    pub event_type: SmolStr,
    /// The instrument.
    pub symbol: Symbol,
    /// Which book; `DEFAULT` for types without sources.
    pub source: SmolStr,
}

const DEFAULT_SOURCE: SmolStr = SmolStr::new_static("DEFAULT");

impl Decoded {
    /// What [`Snapshots`](super::Snapshots) takes of it; `None` for what has no index.
    pub fn into_row(self) -> Option<(SnapshotKey, Mark, Change<DxEvent>)> {
        match self {
            Self::Event(decoded) => {
                let DecodedEvent {
                    event,
                    event_flags: flags,
                    removes,
                    ..
                } = *decoded;
                let mark = Mark {
                    flags,
                    index: event.index()?,
                };
                let key = SnapshotKey {
                    event_type: event.event_type().into(),
                    symbol: event.symbol().clone(),
                    source: event.source().map_or(DEFAULT_SOURCE, Into::into),
                };
                let change = match removes {
                    true => Change::Remove,
                    false => Change::Set(event),
                };
                Some((key, mark, change))
            }
            Self::Removed(removed) => {
                let mark = Mark {
                    flags: removed.event_flags,
                    index: removed.index,
                };
                let key = SnapshotKey {
                    event_type: removed.event_type,
                    symbol: removed.symbol,
                    source: removed.source.unwrap_or(DEFAULT_SOURCE),
                };
                Some((key, mark, Change::Remove))
            }
            _ => None,
        }
    }

    pub(super) fn refused(channel: u64, malformed: &Malformed) -> Self {
        Self::Refused {
            channel,
            event_type: malformed.event_type().map(ToOwned::to_owned),
            symbol: malformed.symbol().cloned(),
            reason: malformed.full_reason(),
        }
    }

    pub(super) fn feed_config(config: FeedConfig<'_>) -> Self {
        let lists = config.event_fields.into_iter();
        Self::FeedConfig {
            channel: config.channel,
            data_format: config.data_format.map(|format| format.as_str().to_owned()),
            aggregation_period: config
                .aggregation_period
                .as_ref()
                .map(Duration::as_secs_f64),
            event_fields: lists
                .map(|(name, fields)| (name.into_owned(), owned(fields)))
                .collect(),
        }
    }

    pub(super) fn dom_config(config: DomConfig<'_>) -> Self {
        Self::DomConfig {
            channel: config.channel,
            aggregation_period: config
                .aggregation_period
                .as_ref()
                .map(Duration::as_secs_f64),
            depth_limit: config.depth_limit,
            order_fields: owned(config.order_fields),
        }
    }

    pub(super) fn channel_opened(opened: ChannelOpened<'_>) -> Self {
        Self::ChannelOpened {
            channel: opened.channel,
            service: opened.service.into_owned(),
            contract: opened.contract.map(Cow::into_owned),
            sub_format: opened.sub_format.map(Cow::into_owned),
            symbol: opened.symbol.as_deref().map(Symbol::new),
        }
    }

    /// Of the messages that change nothing in how others are read.
    pub(super) fn of_small(message: ServerMessage<'_>) -> Self {
        match message {
            ServerMessage::Setup(setup) => Self::Setup {
                version: setup.version.map(Cow::into_owned),
                keepalive_timeout: setup.keepalive_timeout.as_ref().map(Duration::as_secs_f64),
                accept_keepalive_timeout: setup
                    .accept_keepalive_timeout
                    .as_ref()
                    .map(Duration::as_secs_f64),
            },
            ServerMessage::AuthState {
                authorized,
                user_id,
            } => Self::AuthState {
                authorized,
                user_id: user_id.map(Cow::into_owned),
            },
            ServerMessage::Error {
                channel,
                code,
                text,
            } => Self::Error {
                channel,
                code,
                text: text.into_owned(),
            },
            ServerMessage::Keepalive => Self::Keepalive,
            ServerMessage::Unknown { name, channel } => Self::Unknown {
                name: name.into_owned(),
                channel,
            },
            ServerMessage::ChannelClosed { channel } => Self::ChannelClosed { channel },
            ServerMessage::ChannelOpened(opened) => Self::channel_opened(opened),
            ServerMessage::FeedConfig(config) => Self::feed_config(config),
            ServerMessage::DomConfig(config) => Self::dom_config(config),
            ServerMessage::FeedData(_) | ServerMessage::DomSnapshot(_) => Self::Unknown {
                name: "data".to_owned(),
                channel: None,
            },
        }
    }
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

fn owned(texts: Vec<Cow<'_, str>>) -> Vec<String> {
    texts.into_iter().map(Cow::into_owned).collect()
}
