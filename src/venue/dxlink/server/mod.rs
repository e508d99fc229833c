//! What the server says.
//!
//! Source: dxLink AsyncAPI. Keys come in any order, unknown ones are ignored, and so are messages of
//! unknown types.

mod feed_config;

use std::borrow::Cow;
use std::time::Duration;

pub(crate) use feed_config::{DataFormat, FeedConfig};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::dom::{DomConfig, DomSnapshot};
use super::feed_data::{Body, FeedData};
use super::value::{Bad, Read, Value};
use super::{ErrorCode, Malformed};

/// One message of the server.
#[derive(Debug)]
pub(crate) enum ServerMessage<'a> {
    /// The server's timeouts.
    Setup(ServerSetup<'a>),
    /// Whether the connection is authorized. Before AUTH was sent, `authorized: false` asks for it;
    /// after that it refuses it.
    AuthState {
        authorized: bool,
        user_id: Option<Cow<'a, str>>,
    },
    ChannelOpened(ChannelOpened<'a>),
    /// The answer to CHANNEL_CANCEL, or the server's own decision.
    ChannelClosed {
        channel: u64,
    },
    FeedConfig(FeedConfig<'a>),
    FeedData(FeedData<'a>),
    DomConfig(DomConfig<'a>),
    DomSnapshot(DomSnapshot),
    Error {
        channel: u64,
        code: ErrorCode,
        text: Cow<'a, str>,
    },
    Keepalive,
    /// A type that feedline does not know.
    Unknown {
        name: Cow<'a, str>,
        channel: Option<u64>,
    },
}

/// SETUP from the server.
#[derive(Debug, PartialEq)]
pub(crate) struct ServerSetup<'a> {
    /// Opaque.
    pub(crate) version: Option<Cow<'a, str>>,
    /// After how long a silence the server is dead.
    pub(crate) keepalive_timeout: Option<Duration>,
    /// After how long a silence the server would like to give the client up.
    pub(crate) accept_keepalive_timeout: Option<Duration>,
}

/// CHANNEL_OPENED.
#[derive(Debug, PartialEq)]
pub(crate) struct ChannelOpened<'a> {
    pub(crate) channel: u64,
    /// `FEED` or `DOM`.
    pub(crate) service: Cow<'a, str>,
    /// Of a FEED channel.
    pub(crate) contract: Option<Cow<'a, str>>,
    /// Of a DOM channel.
    pub(crate) symbol: Option<Cow<'a, str>>,
    /// Of a FEED channel, an addition of the server; always `LIST`.
    pub(crate) sub_format: Option<Cow<'a, str>>,
}

/// The messages are small but for data: every key is found at once, and read where it means
/// something.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Envelope<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    channel: Option<&'a RawValue>,
    #[serde(borrow)]
    version: Option<&'a RawValue>,
    #[serde(borrow)]
    keepalive_timeout: Option<&'a RawValue>,
    #[serde(borrow)]
    accept_keepalive_timeout: Option<&'a RawValue>,
    #[serde(borrow)]
    state: Option<&'a RawValue>,
    #[serde(borrow)]
    user_id: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    service: Option<&'a RawValue>,
    #[serde(borrow)]
    parameters: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) data_format: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) aggregation_period: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) event_fields: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) depth_limit: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) order_fields: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) time: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) bids: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) asks: Option<&'a RawValue>,
}

/// How servers begin a FEED_DATA message.
const BEGINNING: &[u8] = br#"{"type":"FEED_DATA","channel":"#;

impl<'a> ServerMessage<'a> {
    /// Reads one frame. FEED_DATA that begins as servers begin it is not looked into.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when it is not a JSON object with a type, or lacks what its type needs.
    #[inline]
    pub(crate) fn parse(frame: &'a [u8]) -> Result<Self, Malformed> {
        match feed_data(frame) {
            Some(data) => Ok(Self::FeedData(data)),
            None => Self::parse_any(frame),
        }
    }

    /// [`parse`](ServerMessage::parse) by serde alone.
    #[inline(never)]
    pub(super) fn parse_any(frame: &'a [u8]) -> Result<Self, Malformed> {
        let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        if frame.iter().find(|byte| !blank(byte)) != Some(&b'{') {
            return Err(Malformed::new("not a JSON object"));
        }
        let envelope: Envelope<'a> =
            serde_json::from_slice(frame).map_err(|error| Malformed::new(error.to_string()))?;
        let Some(name) = required("type", word(envelope.kind))? else {
            return Err(Malformed::new("type is missing"));
        };
        let channel = || count(envelope.channel).ok().flatten();
        let read = envelope.read(&name).map_err(|error| {
            let error = error.of_kind(&name);
            match channel() {
                Some(channel) => error.of_channel(channel),
                None => error,
            }
        });
        Ok(read?.unwrap_or_else(|| {
            let channel = channel();
            Self::Unknown { name, channel }
        }))
    }
}

impl<'a> Envelope<'a> {
    fn read(&self, name: &str) -> Result<Option<ServerMessage<'a>>, Malformed> {
        Ok(Some(match name {
            "SETUP" => ServerMessage::Setup(ServerSetup {
                version: text(self.version).unwrap_or_default(),
                keepalive_timeout: seconds(self.keepalive_timeout),
                accept_keepalive_timeout: seconds(self.accept_keepalive_timeout),
            }),
            "AUTH_STATE" => ServerMessage::AuthState {
                authorized: match need("state", text(self.state))?.as_ref() {
                    "AUTHORIZED" => true,
                    "UNAUTHORIZED" => false,
                    _ => return Err(Malformed::new("state is unknown")),
                },
                user_id: text(self.user_id).unwrap_or_default(),
            },
            "KEEPALIVE" => ServerMessage::Keepalive,
            "ERROR" => ServerMessage::Error {
                // An error that does not say where is one of the connection.
                channel: count(self.channel).ok().flatten().unwrap_or(0),
                code: text(self.error)
                    .unwrap_or_default()
                    .and_then(|code| ErrorCode::from_wire(&code))
                    .unwrap_or(ErrorCode::Unknown),
                text: text(self.message).unwrap_or_default().unwrap_or_default(),
            },
            "CHANNEL_OPENED" => {
                let parameters: Parameters<'a> = self
                    .parameters
                    .and_then(|raw| serde_json::from_str(raw.get()).ok())
                    .unwrap_or_default();
                ServerMessage::ChannelOpened(ChannelOpened {
                    channel: self.channel()?,
                    service: need("service", text(self.service))?,
                    contract: text(parameters.contract).unwrap_or_default(),
                    symbol: text(parameters.symbol).unwrap_or_default(),
                    sub_format: text(parameters.sub_format).unwrap_or_default(),
                })
            }
            "CHANNEL_CLOSED" => ServerMessage::ChannelClosed {
                channel: self.channel()?,
            },
            "FEED_CONFIG" => ServerMessage::FeedConfig(FeedConfig::read(self.channel()?, self)?),
            "FEED_DATA" => ServerMessage::FeedData(FeedData {
                channel: self.channel()?,
                body: Body::Raw(self.data.ok_or_else(|| Malformed::new("data is missing"))?),
            }),
            "DOM_CONFIG" => ServerMessage::DomConfig(DomConfig::read(self.channel()?, self)?),
            "DOM_SNAPSHOT" => ServerMessage::DomSnapshot(DomSnapshot::read(self.channel()?, self)?),
            _ => return Ok(None),
        }))
    }

    fn channel(&self) -> Result<u64, Malformed> {
        need("channel", count(self.channel))
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Parameters<'a> {
    #[serde(borrow)]
    contract: Option<&'a RawValue>,
    #[serde(borrow)]
    symbol: Option<&'a RawValue>,
    #[serde(borrow)]
    sub_format: Option<&'a RawValue>,
}

#[inline]
fn feed_data(frame: &[u8]) -> Option<FeedData<'_>> {
    let rest = frame.strip_prefix(BEGINNING)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // JSON has no leading zeros, and data has a channel of its own.
    if !(1..=18).contains(&digits) || rest[0] == b'0' {
        return None;
    }
    let mut channel = 0;
    for digit in &rest[..digits] {
        channel = channel * 10 + u64::from(digit - b'0');
    }
    let data = rest[digits..].strip_prefix(br#","data":["#)?;
    let at = frame.len() - data.len();
    Some(FeedData {
        channel,
        body: Body::Frame { frame, at },
    })
}

pub(super) fn text<'a>(raw: Option<&'a RawValue>) -> Read<Cow<'a, str>> {
    raw.map_or(Ok(None), Value::text)
}

/// A text that is one: what names the type of a message is not guessed.
pub(super) fn word<'a>(raw: Option<&'a RawValue>) -> Read<Cow<'a, str>> {
    match raw {
        Some(raw) if !raw.get().starts_with(['"', 'n']) => Err(Bad),
        raw => text(raw),
    }
}

pub(super) fn count<T: TryFrom<i64>>(raw: Option<&RawValue>) -> Read<T> {
    raw.map_or(Ok(None), Value::count)
}

/// Seconds, which may have a fraction; none if they make no time.
pub(super) fn seconds(raw: Option<&RawValue>) -> Option<Duration> {
    let seconds = raw.and_then(|raw| raw.float().ok().flatten())?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn required<T>(name: &'static str, value: Read<T>) -> Result<Option<T>, Malformed> {
    value.map_err(|Bad| Malformed::new(format!("{name} cannot be read")))
}

pub(super) fn need<T>(name: &'static str, value: Read<T>) -> Result<T, Malformed> {
    required(name, value)?.ok_or_else(|| Malformed::new(format!("{name} is missing")))
}

#[cfg(test)]
mod tests;
