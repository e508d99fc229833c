//! What can go wrong with a venue, on demand.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sim::core::span;
use crate::sim::dxlink::DxLinkFault;
use crate::sim::gate::GateFault;
use crate::sim::tastytrade::TastytradeFault;

/// Something that goes wrong.
///
/// Three kinds. *Immediate* faults happen once, to every session there is or to the one they are
/// aimed at: [`Cut`](Self::Cut), [`Close`](Self::Close), [`Empty`](Self::Empty) and the like.
/// *Session* faults last, on the sessions there are when they start, and not on later ones:
/// [`Mute`](Self::Mute), [`MuteData`](Self::MuteData), [`MuteTopic`](Self::MuteTopic). All others are
/// *standing rules* that also hold for later sessions, until used up (`times`; `None` means for
/// ever), over (`lasting`; `None` means for ever) or ended by [`Heal`](Self::Heal). Those that begin
/// with a venue's name do nothing elsewhere, and neither do a venue's own: [`Gate`](Self::Gate),
/// [`DxLink`](Self::DxLink), [`Tastytrade`](Self::Tastytrade).
///
/// The serialised form is that of a line of a [`Script`](crate::sim::Script): `{"fault": "cut"}`; a
/// venue's own faults have a `kind` besides: `{"fault": "gate", "kind": "crossed"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// The connection drops without a close frame.
    Cut,
    /// The venue closes with a close frame.
    Close {
        /// The close code.
        #[serde(default = "going_away")]
        code: u16,
        /// The close reason.
        #[serde(default)]
        reason: String,
    },
    /// The venue hears but says nothing: no data, no replies, no pongs of any kind.
    Mute {
        /// For how long.
        #[serde(default, rename = "for", with = "span::option")]
        lasting: Option<Duration>,
    },
    /// Pings and requests are answered, data is not sent.
    MuteData {
        /// For how long.
        #[serde(default, rename = "for", with = "span::option")]
        lasting: Option<Duration>,
    },
    /// Pings and requests are answered, and the other topics' data are sent; this one's are not until
    /// it is subscribed again.
    MuteTopic {
        /// Of which symbol.
        symbol: String,
        /// Only on this channel; where the venue's channels carry types of events, only this type.
        #[serde(default)]
        channel: Option<String>,
        /// For how long at most.
        #[serde(default, rename = "for", with = "span::option")]
        lasting: Option<Duration>,
    },
    /// This symbol's subscriptions are acknowledged and stay silent.
    AckWithoutData {
        /// The symbol.
        symbol: String,
        /// For how long.
        #[serde(default, rename = "for", with = "span::option")]
        lasting: Option<Duration>,
    },
    /// Subscribe requests are refused.
    Refuse {
        /// Only requests that name this symbol.
        #[serde(default)]
        symbol: Option<String>,
        /// Only requests for this channel.
        #[serde(default)]
        channel: Option<String>,
        /// The venue's error code.
        #[serde(default = "bad_argument")]
        code: i64,
        /// The venue's text; without one, what the venue says of an unknown symbol.
        #[serde(default)]
        text: Option<String>,
        /// How many requests.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// Subscribe requests are neither served nor answered. `times` is once unless told; `null` is a
    /// topic that the venue never answers.
    Silent {
        /// Only requests that name this symbol.
        #[serde(default)]
        symbol: Option<String>,
        /// Only requests for this channel.
        #[serde(default)]
        channel: Option<String>,
        /// How many requests.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// The venue's words in a refusal are this long: what it says, and then nothing of sense. It
    /// refuses nothing by itself.
    Verbose {
        /// The length of the text.
        bytes: usize,
        /// How many refusals.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// Requests are served but not acknowledged.
    NoAck {
        /// How many requests.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// The acknowledgement comes after the first data.
    LateAck {
        /// How many requests.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// Something is sent late, in its own order.
    Delay {
        /// What is late.
        #[serde(default)]
        of: Delayed,
        /// By how much.
        #[serde(with = "span")]
        by: Duration,
        /// For how long.
        #[serde(default, rename = "for", with = "span::option")]
        lasting: Option<Duration>,
    },
    /// Data frames arrive with some characters wrong, so that they are no JSON.
    Garble {
        /// How many frames.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// Data frames arrive cut off in the middle.
    Truncate {
        /// How many frames.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// Data frames arrive twice.
    Duplicate {
        /// How many frames.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// Data frames arrive after the one that follows them.
    Reorder {
        /// How many frames.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// Book updates are left out, so that the venue's numbering jumps.
    SequenceGap {
        /// Only this symbol's.
        #[serde(default)]
        symbol: Option<String>,
        /// How many updates.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// Candles' closing frames are left out.
    Unclosed {
        /// How many candles.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// The envelope's time in milliseconds is 0.
    TimeZero {
        /// How many data frames.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// The times in data frames lie in the past.
    StaleTime {
        /// By how much.
        #[serde(with = "span")]
        by: Duration,
        /// How many data frames.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// Events are this old when they are sent, as in a delayed feed: their own times lie in the past,
    /// those of the messages do not.
    Age {
        /// How old.
        #[serde(with = "span")]
        by: Duration,
        /// For how long.
        #[serde(default, rename = "for", with = "span::option")]
        lasting: Option<Duration>,
    },
    /// The venue's clock is set, and with it every time that it says from now on. Steps add up, and
    /// nothing heals them.
    StepClock {
        /// By how much.
        #[serde(with = "span")]
        by: Duration,
        /// Back instead of forward.
        #[serde(default)]
        back: bool,
    },
    /// Events come without their own times.
    Untimed {
        /// How many data frames.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// A text frame of no bytes.
    Empty,
    /// A text frame `null`.
    Null,
    /// A text frame that is not UTF-8.
    NonUtf8,
    /// A text frame of this many bytes.
    Oversize {
        /// Its size.
        bytes: usize,
    },
    /// The connection of a slow reader, as the venue sees it, is dropped.
    SlowReader,
    /// The venue announces a planned shutdown, then drops the connection.
    Upgrade {
        /// The time between the two.
        #[serde(default = "notice", with = "span")]
        after: Duration,
    },
    /// Connections are accepted and dropped.
    AcceptThenClose {
        /// How long after the upgrade.
        #[serde(with = "span")]
        after: Duration,
        /// How many connections.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// Connections are dropped again and again: each when it has lived this long.
    Flap {
        /// How long.
        #[serde(with = "span")]
        lives: Duration,
        /// And up to this much longer, by the simulator's seed.
        #[serde(default, with = "span")]
        jitter: Duration,
        /// For how long connections do not last.
        #[serde(default, rename = "for", with = "span::option")]
        lasting: Option<Duration>,
    },
    /// Connections are ended once the client is logged in; where the venue knows no login, once its
    /// first subscription is acknowledged.
    CloseAfterLogin {
        /// How long after it.
        #[serde(default, with = "span")]
        after: Duration,
        /// With a close frame of this code; `None` without one.
        #[serde(default)]
        code: Option<u16>,
        /// How many connections.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// Upgrades are answered like this: what proxies, limiters and redirections do.
    AnswerUpgrade {
        /// The HTTP status.
        status: u16,
        /// A `Location`.
        #[serde(default)]
        location: Option<String>,
        /// A `Retry-After`, as it stands in the header: seconds or a date.
        #[serde(default)]
        retry_after: Option<String>,
        /// The body.
        #[serde(default)]
        text: String,
        /// How many upgrades.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// Upgrades are answered with this HTTP status.
    RejectUpgrade {
        /// The status.
        #[serde(default = "unavailable")]
        status: u16,
        /// How many upgrades.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// Connections are dropped before a byte is read.
    RefuseConnect {
        /// How many connections.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// REST order books are the oldest the venue has.
    SnapshotStale {
        /// How many answers.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// REST requests are answered with this HTTP status.
    RestFailure {
        /// The status.
        #[serde(default = "unavailable")]
        status: u16,
        /// How many requests.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// dxLink: the session's authorization ends, which `AUTH_STATE` says; its data stop until it
    /// authorizes itself again.
    ExpireToken {
        /// Whether its token is also refused from now on.
        #[serde(default)]
        revoke: bool,
    },
    /// dxLink: a good token is refused, as if it were bad.
    RefuseAuth {
        /// How many tokens.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// dxLink: a token is refused with `Session not found: api` and the connection is closed, as
    /// happens to clients that authorize themselves too early.
    SessionNotFound {
        /// How many tokens.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// dxLink: the venue's `SETUP` names no timeouts.
    BareSetup {
        /// How many handshakes.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// dxLink: a snapshot begins and never ends.
    EndlessSnapshot {
        /// Only this symbol's.
        #[serde(default)]
        symbol: Option<String>,
        /// How many snapshots.
        #[serde(default = "once")]
        times: Option<u32>,
    },
    /// dxLink: the venue closes channels of its own accord.
    CloseChannel {
        /// Only this one.
        #[serde(default)]
        channel: Option<u64>,
    },
    /// dxLink: the venue changes the data format of every feed channel in mid-session.
    ChangeFormat {
        /// To what.
        #[serde(default)]
        format: DataFormat,
    },
    /// One of Gate's own.
    Gate(GateFault),
    /// One of dxLink's own.
    #[serde(rename = "dxlink")]
    DxLink(DxLinkFault),
    /// One of tastytrade's own.
    Tastytrade(TastytradeFault),
    /// Ends every session fault and standing rule.
    Heal,
}

impl From<GateFault> for Fault {
    fn from(fault: GateFault) -> Self {
        Self::Gate(fault)
    }
}

impl From<DxLinkFault> for Fault {
    fn from(fault: DxLinkFault) -> Self {
        Self::DxLink(fault)
    }
}

impl From<TastytradeFault> for Fault {
    fn from(fault: TastytradeFault) -> Self {
        Self::Tastytrade(fault)
    }
}

/// What a [`Fault::Delay`] holds back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Delayed {
    /// Replies to requests.
    Acks,
    /// Data.
    #[default]
    Data,
    /// Answers to REST requests.
    Rest,
}

/// How dxLink writes events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DataFormat {
    /// As objects.
    #[default]
    Full,
    /// As rows of values, type by type.
    Compact,
}

impl Fault {
    /// Every name a script may use. What may stand in the `kind` of a venue's own faults is in
    /// [`GateFault::KINDS`], [`DxLinkFault::KINDS`] and [`TastytradeFault::KINDS`].
    pub const NAMES: &'static [&'static str] = &[
        "cut",
        "close",
        "mute",
        "mute_data",
        "mute_topic",
        "ack_without_data",
        "refuse",
        "silent",
        "verbose",
        "no_ack",
        "late_ack",
        "delay",
        "garble",
        "truncate",
        "duplicate",
        "reorder",
        "sequence_gap",
        "unclosed",
        "time_zero",
        "stale_time",
        "age",
        "step_clock",
        "untimed",
        "empty",
        "null",
        "non_utf8",
        "oversize",
        "slow_reader",
        "upgrade",
        "accept_then_close",
        "flap",
        "close_after_login",
        "answer_upgrade",
        "reject_upgrade",
        "refuse_connect",
        "snapshot_stale",
        "rest_failure",
        "expire_token",
        "refuse_auth",
        "session_not_found",
        "bare_setup",
        "endless_snapshot",
        "close_channel",
        "change_format",
        "gate",
        "dxlink",
        "tastytrade",
        "heal",
    ];

    /// How often it applies; `None` is for ever.
    pub(in crate::sim) fn times(&self) -> Option<u32> {
        match self {
            Self::Gate(fault) => fault.times(),
            Self::DxLink(fault) => fault.times(),
            Self::Tastytrade(fault) => fault.times(),
            Self::Refuse { times, .. }
            | Self::Silent { times, .. }
            | Self::Verbose { times, .. }
            | Self::Untimed { times }
            | Self::CloseAfterLogin { times, .. }
            | Self::AnswerUpgrade { times, .. }
            | Self::NoAck { times }
            | Self::LateAck { times }
            | Self::Garble { times }
            | Self::Truncate { times }
            | Self::Duplicate { times }
            | Self::Reorder { times }
            | Self::SequenceGap { times, .. }
            | Self::Unclosed { times }
            | Self::TimeZero { times }
            | Self::StaleTime { times, .. }
            | Self::AcceptThenClose { times, .. }
            | Self::RejectUpgrade { times, .. }
            | Self::RefuseConnect { times }
            | Self::SnapshotStale { times }
            | Self::RestFailure { times, .. }
            | Self::RefuseAuth { times }
            | Self::SessionNotFound { times }
            | Self::BareSetup { times }
            | Self::EndlessSnapshot { times, .. } => *times,
            _ => None,
        }
    }

    /// Whether only the venue can start it.
    pub(in crate::sim) fn is_the_venues(&self) -> bool {
        matches!(
            self,
            Self::ExpireToken { .. } | Self::CloseChannel { .. } | Self::ChangeFormat { .. }
        )
    }

    /// How long it applies; `None` is for ever.
    pub(in crate::sim) fn lasting(&self) -> Option<Duration> {
        match self {
            Self::Tastytrade(fault) => fault.lasting(),
            Self::Mute { lasting }
            | Self::MuteData { lasting }
            | Self::MuteTopic { lasting, .. }
            | Self::Age { lasting, .. }
            | Self::Flap { lasting, .. }
            | Self::AckWithoutData { lasting, .. }
            | Self::Delay { lasting, .. } => *lasting,
            _ => None,
        }
    }
}

/// How often a fault applies that does not say so.
pub(in crate::sim) fn once() -> Option<u32> {
    Some(1)
}

fn going_away() -> u16 {
    1001
}

fn bad_argument() -> i64 {
    2
}

fn unavailable() -> u16 {
    503
}

/// In the middle of the five to ten seconds that Gate gives.
fn notice() -> Duration {
    Duration::from_secs(7)
}
