use std::time::Duration;

use crate::Rate;

/// What a venue demands of a connection, as data.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Spec {
    /// The venue's name, for errors, logs and metrics.
    pub venue: &'static str,
    /// How life is proven.
    pub heartbeat: Heartbeat,
    /// How long the login may take.
    pub login_timeout: Duration,
    /// How long the venue may take to answer a request.
    pub answer_timeout: Duration,
    /// Most topics on one connection; the hub opens another for more.
    pub topics_per_connection: usize,
    /// Most topics of some channels, by name, on one connection; the hub opens another for more.
    pub channel_limits: &'static [(&'static str, usize)],
    /// Most connections of a client. What does not fit on them is refused with an error.
    pub connections: usize,
    /// Most topics in one request.
    pub topics_per_request: usize,
    /// Most bytes of topics in one request.
    pub bytes_per_request: usize,
    /// How many requests may wait for their answer at once.
    pub outstanding: usize,
    /// How fast requests may follow each other.
    pub requests: Rate,
    /// Most topics added and removed in any span of this length, where the venue counts them.
    pub changes: Option<Changes>,
    /// How fast connections may be opened, by the whole process.
    pub connects: Rate,
    /// Longest message accepted, in bytes.
    pub message_limit: usize,
    /// How long a connection may live by the venue's rules, where it ends them. Used where a
    /// [`spare`](Self::spare) is allowed.
    pub lifetime: Option<Duration>,
    /// Whether the venue allows a second connection for a while, one more than
    /// [`connections`](Self::connections), so that one that is about to end can be replaced before it
    /// does. The hub does so half a minute before the end, or a tenth of the time that was left when it
    /// was announced if that is more.
    pub spare: bool,
}

impl Spec {
    /// Limits that no venue minds; set what is stricter.
    pub fn new(venue: &'static str) -> Self {
        Self {
            venue,
            heartbeat: Heartbeat::default(),
            login_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(10),
            topics_per_connection: usize::MAX,
            channel_limits: &[],
            connections: usize::MAX,
            topics_per_request: 1,
            bytes_per_request: usize::MAX,
            outstanding: 16,
            requests: Rate::per_second(50),
            changes: None,
            connects: Rate::new(1, Duration::from_secs(1)).with_burst(10),
            message_limit: 8 << 20,
            lifetime: None,
            spare: false,
        }
    }
}

/// How many changes of its set of topics a venue allows in any span of this length.
///
/// Unlike a [`Rate`] it is a count over a rolling span: all of it may be used at once, and then
/// nothing until the first of it is that old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changes {
    /// How many topics added or removed; at least one.
    pub count: usize,
    /// In any span of this length.
    pub per: Duration,
}

/// When to probe a connection and when to give it up.
///
/// The verdict needs a probe: silence alone never ends a connection, because a quiet topic is not
/// a dead one. Any frame after the probe proves life. A venue that promises a message every so
/// often, and whose WebSocket layer may answer probes for a server that hangs, has a
/// [`silence`](Heartbeat::silence) besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// What is sent.
    pub probe: Probe,
    /// How long after the last probe, or after the last frame, the next is sent.
    pub interval: Duration,
    /// Whether a frame received puts the next probe off. Venues that drop a silent client want
    /// theirs regardless.
    pub only_when_quiet: bool,
    /// How long nothing at all may come after a probe.
    pub timeout: Duration,
    /// How long no message may come, pings and pongs not counted; `None` where messages come only
    /// when there is something to tell.
    pub silence: Option<Duration>,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self {
            probe: Probe::WebSocketPing,
            interval: Duration::from_secs(20),
            only_when_quiet: true,
            timeout: Duration::from_secs(10),
            silence: None,
        }
    }
}

/// What asks a venue whether it is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Probe {
    /// A ping of the WebSocket protocol.
    WebSocketPing,
    /// A message of the venue's own, made by [`Protocol::heartbeat`](super::Protocol::heartbeat).
    Message,
}

/// How a venue treats one channel.
#[derive(Debug)]
#[non_exhaustive]
pub struct ChannelSpec {
    /// The channel's name, for errors, logs and metrics.
    pub name: &'static str,
    /// How the venue accepts a topic.
    pub acceptance: Acceptance,
    /// What a handle gets that joins a topic already subscribed.
    pub join: Join,
    /// The venue promises a first event within this time of its answer; the topic counts as
    /// accepted when it comes and as refused when it does not.
    pub first_data: Option<Duration>,
    /// Every event replaces the one before it, so that a queue may keep the latest alone.
    pub latest_replaces: bool,
    /// A topic subscribed again brings what was missed meanwhile: its outages are told as being
    /// repaired, and the protocol says when they are, by
    /// [`Output::repaired`](super::Output::repaired).
    pub backfills: bool,
    /// Adding a topic again replaces it, so that it is never taken out to be asked for anew: nothing is
    /// missed between the two, which a venue that does not answer would not show.
    pub replaces: bool,
    /// What the venue's numbers of a topic's events are worth.
    pub numbering: Numbering,
    /// How often the venue sends something of every topic, where it documents that: a topic silent for
    /// three times as long is asked about, though no rhythm of its own has been learned.
    pub cadence: Option<Duration>,
    /// Its events come when something happens, and by no rhythm: silence is never questioned.
    pub sporadic: bool,
}

impl ChannelSpec {
    /// A channel whose requests are answered, whose joiners wait for the next event, and whose
    /// events are each worth keeping.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            acceptance: Acceptance::Answered,
            join: Join::Live,
            first_data: None,
            latest_replaces: false,
            backfills: false,
            replaces: false,
            numbering: Numbering::None,
            cadence: None,
            sporadic: false,
        }
    }

    /// With this way of joining.
    #[must_use]
    pub const fn join(mut self, join: Join) -> Self {
        self.join = join;
        self
    }

    /// With a first event promised within `within` of the answer.
    #[must_use]
    pub const fn first_data(mut self, within: Duration) -> Self {
        self.first_data = Some(within);
        self
    }

    /// Accepted as soon as it is sent: the venue does not answer.
    #[must_use]
    pub const fn unanswered(mut self) -> Self {
        self.acceptance = Acceptance::Sent;
        self
    }

    /// With outages that the venue fills when the topic is subscribed again.
    #[must_use]
    pub const fn backfills(mut self) -> Self {
        self.backfills = true;
        self
    }

    /// With topics that are asked for anew by adding them again.
    #[must_use]
    pub const fn replaces(mut self) -> Self {
        self.replaces = true;
        self
    }

    /// With events whose [position](super::Protocol::position) is worth this much.
    #[must_use]
    pub const fn numbered(mut self, numbering: Numbering) -> Self {
        self.numbering = numbering;
        self
    }

    /// With something to come of every topic at least this often.
    #[must_use]
    pub const fn cadence(mut self, every: Duration) -> Self {
        self.cadence = Some(every);
        self
    }

    /// With events that come when something happens, and by no rhythm: nothing is concluded from silence.
    #[must_use]
    pub const fn sporadic(mut self) -> Self {
        self.sporadic = true;
        self
    }

    /// With events of which only the latest counts.
    #[must_use]
    pub const fn latest_replaces(mut self) -> Self {
        self.latest_replaces = true;
        self
    }
}

/// What the numbers that a venue gives a topic's events are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Numbering {
    /// There are none, or they show nothing.
    None,
    /// Nobody promises that they are consecutive: they are believed for a topic once 200 events in a
    /// row were. A jump is a gap with an exact count then, and an outage's gap gets its exact count; a
    /// jump backwards ends the belief.
    Learned,
    /// The venue promises it; the protocol checks, and calls [`Output::sequence_gap`](super::Output::sequence_gap).
    Promised,
}

/// When a topic counts as accepted.
///
/// How an answer finds its request (an echoed id, the order of requests, the whole set of topics)
/// is the protocol's business: it tells the machine what was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Acceptance {
    /// When the venue says so.
    Answered,
    /// When the request has been handed to the transport.
    Sent,
}

/// What a handle gets that joins a topic already subscribed: what a new subscription would get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Join {
    /// The next event.
    Live,
    /// The last event, then the next.
    ReplayLast,
    /// A new subscription at the venue: the others get a gap and the new beginning too.
    Resubscribe,
}
