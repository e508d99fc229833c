use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{GapId, Scope, Text};

/// The feed's condition changed at this place of the stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Status {
    /// What changed.
    pub kind: StatusKind,
    /// For which symbols.
    pub scope: Scope,
    /// How many earlier statuses of this kind, with no data after them, it stands for as well.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub folded: u64,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes fields by reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What a [`Status`] says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StatusKind {
    /// The feed is not live, from here on; feedline is already repairing it.
    Interrupted {
        /// Why.
        cause: Interruption,
    },
    /// It is live again, and so is every topic of the handle.
    Resumed {
        /// How long it was not.
        #[serde(with = "seconds")]
        downtime: Duration,
        /// How many connects it took.
        attempts: u32,
    },
    /// What comes may be old, or nothing comes although the feed is connected.
    Stale {
        /// Why.
        why: Staleness,
    },
    /// No longer stale.
    Fresh,
    /// The venue refused a topic, for good: it brings nothing any more, also if it was live before, and is
    /// not asked for again. The other topics go on. Adding it anew asks once more.
    Rejected(Rejection),
    /// The gap of this id has been filled, or its effect undone by a new snapshot.
    Repaired {
        /// Which gap.
        gap: GapId,
    },
    /// The gap of this id could not be repaired and stays.
    RepairFailed {
        /// Which gap.
        gap: GapId,
    },
    /// What comes next of these symbols is what there was before: history, or the whole of a book.
    /// It is complete at the next `SnapshotEnded`.
    SnapshotBegan,
    /// The snapshot is complete; what comes from here on is live.
    SnapshotEnded {
        /// The venue left the oldest part out.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        snipped: bool,
    },
}

/// Why a feed is not live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Interruption {
    /// No connection could be made.
    Connect {
        /// What went wrong.
        error: Text,
    },
    /// The other side closed the connection.
    Closed {
        /// The WebSocket close code, if there was a close frame.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<u16>,
        /// The reason in the close frame.
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        reason: Text,
    },
    /// The connection broke.
    Io {
        /// What went wrong.
        error: Text,
    },
    /// Nothing came, not even the answer to a probe.
    Mute {
        /// For how long.
        #[serde(with = "seconds")]
        silence: Duration,
    },
    /// The venue did not answer a request in time.
    Unanswered {
        /// The request's channel.
        channel: String,
    },
    /// The venue did not complete the login in time, or refused it.
    Login {
        /// What went wrong.
        error: Text,
    },
    /// A text message was not UTF-8, which ends a WebSocket connection.
    NotUtf8,
    /// A message was longer than the limit, which ends the connection.
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The other side broke the WebSocket protocol.
    WebSocket {
        /// How.
        error: Text,
    },
    /// The venue announced that it will close the connection.
    Announced {
        /// What it said.
        text: Text,
    },
    /// The endpoint has failed so often, for everyone in this process, that only one attempt at a time
    /// goes through until one succeeds.
    CircuitOpen {
        /// How often in a row.
        failures: u32,
        /// The last failure.
        error: Text,
    },
    /// The tokio runtime that the connection ran in has ended; it goes on in another.
    RuntimeEnded,
    /// Data stayed away, also after it had been asked for again, although the connection answers.
    Quiet {
        /// For how long.
        #[serde(with = "seconds")]
        silence: Duration,
    },
}

/// Why a live feed is stale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Staleness {
    /// Another handle of the connection is full and may not lose anything, so nothing is read.
    Backpressure {
        /// Which one.
        by: Text,
    },
    /// The venue accepted the topic but did not send the first event that it promises.
    NoFirstData,
    /// The venue took the topic away without being asked to, or did not complete what it had begun;
    /// the topic is asked for again.
    Withdrawn,
    /// Nothing came for longer than the consumer finds normal.
    Silence {
        /// For how long.
        #[serde(with = "seconds")]
        silence: Duration,
    },
    /// Data has stayed away for far longer than this topic or connection has ever shown: the venue is
    /// being asked again.
    Quiet {
        /// For how long, when it was noticed.
        #[serde(with = "seconds")]
        silence: Duration,
    },
    /// The venue refuses the topic for the time being; it is asked for again, ever more rarely.
    Refused {
        /// The venue's error code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<i64>,
        /// The venue's words.
        text: Text,
    },
    /// Events come, but the snapshot that they build on has not: they cannot be used until it does.
    AwaitingSnapshot,
}

/// A topic that the venue refused, in the venue's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rejection {
    /// What was asked for: the symbol, with the channel's parameters where it has any.
    pub topic: Text,
    /// The venue's error code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// The venue's text.
    pub text: Text,
}

impl Rejection {
    /// The refusal of `topic`.
    pub fn new(topic: impl Into<Text>, code: Option<i64>, text: impl Into<Text>) -> Self {
        Self {
            topic: topic.into(),
            code,
            text: text.into(),
        }
    }
}

impl Status {
    /// A change that concerns `scope`.
    pub fn new(kind: StatusKind, scope: Scope) -> Self {
        Self {
            kind,
            scope,
            folded: 0,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.scope, self.kind)?;
        match self.folded {
            0 => Ok(()),
            count => write!(f, " (and {count} before)"),
        }
    }
}

impl fmt::Display for StatusKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interrupted { cause } => write!(f, "interrupted: {cause}"),
            Self::Resumed { downtime, attempts } => {
                let connects = if *attempts == 1 {
                    "connect"
                } else {
                    "connects"
                };
                write!(f, "resumed after {downtime:.3?} and {attempts} {connects}")
            }
            Self::Stale { why } => write!(f, "stale: {why}"),
            Self::Fresh => f.write_str("fresh again"),
            Self::Rejected(rejection) => write!(f, "rejected: {rejection}"),
            Self::Repaired { gap } => write!(f, "gap {} repaired", gap.number()),
            Self::RepairFailed { gap } => write!(f, "gap {} cannot be repaired", gap.number()),
            Self::SnapshotBegan => f.write_str("snapshot begins"),
            Self::SnapshotEnded { snipped: false } => f.write_str("snapshot is complete"),
            Self::SnapshotEnded { snipped: true } => {
                f.write_str("snapshot is complete but for its oldest part")
            }
        }
    }
}

impl fmt::Display for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { error } => write!(f, "cannot connect: {error}"),
            Self::Closed { code: None, .. } => f.write_str("the venue closed the connection"),
            Self::Closed {
                code: Some(code),
                reason,
            } => {
                write!(
                    f,
                    "the venue closed the connection with code {code} {reason:?}"
                )
            }
            Self::Io { error } => write!(f, "the connection broke: {error}"),
            Self::Mute { silence } => write!(f, "mute for {silence:.0?}, probe unanswered"),
            Self::Unanswered { channel } => write!(f, "a request on {channel} was not answered"),
            Self::Login { error } => write!(f, "login failed: {error}"),
            Self::NotUtf8 => f.write_str("a text message was not UTF-8"),
            Self::TooLong { limit } => write!(f, "a message was longer than {limit} bytes"),
            Self::WebSocket { error } => write!(f, "WebSocket protocol: {error}"),
            Self::Announced { text } => write!(f, "the venue announced a close: {text}"),
            Self::CircuitOpen { failures, error } => {
                write!(f, "waiting after {failures} failures in a row: {error}")
            }
            Self::RuntimeEnded => f.write_str("the runtime of the connection ended"),
            Self::Quiet { silence } => write!(f, "no data for {silence:.0?}, though asked again"),
        }
    }
}

impl fmt::Display for Staleness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backpressure { by } => write!(f, "waiting for {by}, which is full"),
            Self::NoFirstData => f.write_str("accepted, but the promised first data did not come"),
            Self::Withdrawn => f.write_str("no longer brought by the venue, and asked for again"),
            Self::Silence { silence } => write!(f, "nothing came for {silence:.0?}"),
            Self::Quiet { silence } => write!(f, "no data for {silence:.0?}, and asked again"),
            Self::Refused { code: None, text } => write!(f, "refused for now: {text}"),
            Self::Refused {
                code: Some(code),
                text,
            } => write!(f, "refused for now: {text}, code {code}"),
            Self::AwaitingSnapshot => f.write_str("events come, but their snapshot has not"),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.topic, self.text)?;
        match self.code {
            Some(code) => write!(f, ", code {code})"),
            None => f.write_str(")"),
        }
    }
}

/// Durations as a decimal number of seconds.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(value.as_secs_f64())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(from)?).map_err(de::Error::custom)
    }
}
