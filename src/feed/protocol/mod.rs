pub(super) mod spec;
pub(super) mod topic;

use std::borrow::Cow;
use std::time::{Duration, Instant};

use super::{Heartbeat, Spec, Topic, TopicId, Topics};
use crate::transport::{Address, Frame, FrameRef};
use crate::{Error, GapId, Interruption, Now, Timestamp};

/// One venue's words: what to send and what its frames mean.
///
/// A protocol does no I/O and reads no clock; the machine calls it and carries out what it puts
/// into the [`Output`]. State that belongs to one socket is reset in [`open`](Protocol::open).
pub trait Protocol: Sized + Send + 'static {
    /// What can be subscribed to.
    type Topic: Topic;
    /// The venue's typed events.
    type Event: Clone + Send + 'static;
    /// What needs I/O besides the socket, such as fetching a token.
    type Effect: Send + 'static;
    /// The outcome of an effect.
    type Reply: Send + 'static;

    /// The venue's demands.
    fn spec(&self) -> &Spec;

    /// Where to connect.
    fn address(&self) -> &Address;

    /// The event's own time, to bound what an outage may have cost.
    fn event_time(event: &Self::Event) -> Option<Timestamp>;

    /// When the event happened, where that shows what the venue's clock read as it was sent. The time of a
    /// candle does not: it is that of its beginning.
    fn clock_time(event: &Self::Event) -> Option<Timestamp> {
        Self::event_time(event)
    }

    /// The event's own place in its topic's numbering, where the channel declares one by
    /// [`ChannelSpec::numbering`](super::ChannelSpec::numbering).
    fn position(_event: &Self::Event) -> Option<Position> {
        None
    }

    /// The socket is open: log in, or call [`Output::live`] at once.
    fn open(&mut self, now: Now, out: &mut impl Output<Self>);

    /// A message came.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when it cannot be read; it costs a gap, not the connection.
    fn frame(
        &mut self,
        now: Now,
        frame: FrameRef<'_>,
        topics: &Topics<Self::Topic>,
        out: &mut impl Output<Self>,
    ) -> Result<(), Malformed>;

    /// Ask for a change of the venue's set, in one request.
    fn request(
        &mut self,
        now: Now,
        request: Request<'_>,
        topics: &Topics<Self::Topic>,
        out: &mut impl Output<Self>,
    );

    /// Send the venue's own probe; not called where the probe is a WebSocket ping.
    fn heartbeat(&mut self, now: Now, out: &mut impl Output<Self>);

    /// An effect came back. That of a [topic's own effect](Output::effect_for) comes only while the topic
    /// is still the one that it was run for.
    fn reply(
        &mut self,
        now: Now,
        reply: Self::Reply,
        topics: &Topics<Self::Topic>,
        out: &mut impl Output<Self>,
    );

    /// The moment asked for by [`Output::wake_at`] has come.
    fn timeout(&mut self, now: Now, topics: &Topics<Self::Topic>, out: &mut impl Output<Self>);

    /// Nobody wants the connection any more and it is about to be closed: what should be said first.
    /// What is put out here, effects included, has a second to be carried out.
    fn close(&mut self, _now: Now, _topics: &Topics<Self::Topic>, _out: &mut impl Output<Self>) {}

    /// The next subscription of a topic is to bring all that a new one would, and not only what was
    /// missed since the last: somebody has joined who has none of it, or asked for it anew.
    fn anew(&mut self, _topic: TopicId) {}

    /// A number has lost its topic, and may become another's: nothing of the old one counts any more.
    fn vacated(&mut self, _topic: TopicId) {}

    /// Events of a topic may be missing, from one event time to another: a protocol that can fetch
    /// them asks for it here.
    fn missing(&mut self, _missing: MissingSpan, _out: &mut impl Output<Self>) {}

    /// Reading stops or goes on, by the consumers' choice: what does not come meanwhile may lie in
    /// the socket. For protocols that wait for something of their own.
    fn reading(&mut self, _now: Now, _reading: bool) {}
}

/// A request to the venue for topics that may travel together.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Names the request until it is answered. From 1 to 2^31 - 1.
    pub id: RequestId,
    /// What to do.
    pub op: Op,
    /// With which topics; never empty.
    pub topics: &'a [TopicId],
}

/// Names a request on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u32);

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Adds topics to the venue's set.
    Subscribe,
    /// Takes them out of it.
    Unsubscribe,
}

/// An event's place in its topic's numbering: the numbers that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The first of them.
    pub first: u64,
    /// The last of them, not before the first.
    pub last: u64,
}

/// Where events of a topic may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingSpan {
    /// Whose.
    pub topic: TopicId,
    /// The gap that was announced.
    pub gap: GapId,
    /// The last event before it, in the venue's time where events carry it.
    pub from: Timestamp,
    /// The first event after it, or the time by now.
    pub to: Timestamp,
}

/// A jump in the venue's numbering of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// The number that should have come.
    pub expected: u64,
    /// The number that came.
    pub received: u64,
    /// How many events are missing, where the numbers tell.
    pub missed: Option<u64>,
    /// Time of the event that came, if it has one.
    pub time: Option<Timestamp>,
    /// Whether what follows is of no use without a new beginning: the machine subscribes to the topic
    /// again and announces the gap as repaired when that comes.
    pub resync: bool,
}

/// Why a venue refused a request, or a topic of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The topic that the venue named, if it named one of the request's.
    pub topic: Option<TopicId>,
    /// The venue's code.
    pub code: Option<i64>,
    /// The venue's words.
    pub text: String,
    /// The refusal may pass: ask again later instead of giving the topic up.
    pub passing: bool,
    /// Nobody knows what the venue means by it: a topic that it has accepted before is asked for again
    /// later all the same, any other is given up.
    pub doubtful: bool,
    /// How long the venue wants to be left alone, where it says so.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal in these words, which names no topic and does not pass.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            topic: None,
            code: None,
            text: text.into(),
            passing: false,
            doubtful: false,
            retry_after: None,
        }
    }

    /// A refusal in these words that may pass.
    pub fn passing(text: impl Into<String>) -> Self {
        Self {
            passing: true,
            ..Self::new(text)
        }
    }
}

/// A message that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The topic whose event it was, if that much could be read.
    pub topic: Option<TopicId>,
    /// How many events it held, if that is known.
    pub events: Option<u64>,
    /// From when on events may be missing with it, where the protocol knows of an earlier time than that
    /// of the last event before it: history that was asked for from then on.
    pub from: Option<Timestamp>,
    /// What is wrong with it; never the frame itself.
    pub reason: Cow<'static, str>,
    /// Whether what follows of the topic is of no use without it: the topic is subscribed to again, and
    /// the gap is announced as repaired when its new beginning comes.
    pub resync: bool,
}

impl Malformed {
    /// A message of which not even the topic can be read.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            topic: None,
            events: None,
            from: None,
            reason: reason.into(),
            resync: false,
        }
    }

    /// One event of this topic.
    pub fn event(topic: TopicId, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            topic: Some(topic),
            events: Some(1),
            ..Self::new(reason)
        }
    }

    /// What follows builds on what could not be read.
    #[must_use]
    pub fn resync(mut self) -> Self {
        self.resync = true;
        self
    }
}

/// Why a protocol gives the connection up.
#[derive(Debug)]
pub enum Failure {
    /// Reconnect.
    Retry(Interruption),
    /// Reconnect, but not before this long: the venue said so, or is known to need it.
    RetryAfter(Interruption, Duration),
    /// End all handles: a retry would not help.
    Fatal(Error),
}

/// Where a snapshot begins and where it is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotEdge {
    /// What comes next is part of it.
    Begin,
    /// It is complete.
    End {
        /// The venue left the oldest part out.
        snipped: bool,
    },
}

/// What a protocol may do, implemented by the machine.
pub trait Output<P: Protocol> {
    /// Sends a frame, after those already waiting.
    fn send(&mut self, frame: Frame);
    /// The login is done: requests may be sent.
    fn live(&mut self);
    /// An event of a topic.
    fn event(&mut self, topic: TopicId, event: P::Event);
    /// The venue carried out a whole request.
    fn settled(&mut self, request: RequestId);
    /// The venue refused a whole request. Where it names a topic of it, that one is refused and the
    /// others are asked for again; where it names none, halves of it are, until the culprit stands alone.
    fn refused(&mut self, request: RequestId, refusal: Refusal);
    /// The venue answered a request topic by topic. Topics of the request that are not among the
    /// results are asked for again.
    fn answered(&mut self, request: RequestId, results: Vec<(TopicId, Result<(), Refusal>)>);
    /// The venue says that its set of topics is exactly this: topics asked for that are in it are
    /// accepted, active ones that are not have been dropped.
    fn whole_state(&mut self, held: &[TopicId]);
    /// The venue's numbering of a topic jumped.
    fn sequence_gap(&mut self, topic: TopicId, jump: Jump);
    /// Part of a message could not be read: its gap stands here, between the events before and after.
    fn malformed(&mut self, malformed: Malformed);
    /// The venue has taken a topic away, without being asked to, and perhaps said why: it is asked for
    /// again, with backoff, and what is missing meanwhile is told.
    fn dropped(&mut self, topic: TopicId, why: Option<Refusal>);
    /// The venue complains of something that these topics have to do with, and goes on to bring them: they
    /// are stale, in its words, until they bring something.
    fn complained(&mut self, _topics: &[TopicId], _why: Refusal) {}
    /// What an outage of this topic had cost has come, or will not come. For topics of a channel
    /// that [`backfills`](super::ChannelSpec::backfills).
    fn repaired(&mut self, topic: TopicId, well: bool);
    /// A snapshot of a topic begins or is complete.
    fn snapshot(&mut self, topic: TopicId, edge: SnapshotEdge);
    /// An event that cannot be used because the beginning of its subscription has not come: it
    /// shows at least that the venue brings the topic.
    fn stray(&mut self, topic: TopicId);
    /// Events of this topic came and are kept back until they can be delivered whole: it is stale from a
    /// second on, until an event of it is delivered, and what a stream lacks that ends meanwhile is said.
    fn withheld(&mut self, _topic: TopicId) {}
    /// A new beginning of this topic comes next, asked for or not. If one was to be asked for because what
    /// came before was of no use, it need not be any more.
    fn begun_anew(&mut self, _topic: TopicId) {}
    /// The venue has accepted the credentials. An answer to a request, data and the answer to a probe show
    /// by themselves that a connection serves; a login is the protocol's own.
    fn authorized(&mut self) {}
    /// Events that had come before came again, and were left out: they say nothing new.
    fn repeated(&mut self, topic: TopicId, count: u64);
    /// The time the venue put on a message without events.
    fn venue_time(&mut self, time: Timestamp);
    /// Values of optional fields that could not be held exactly and were left out.
    fn dropped_values(&mut self, count: u32);
    /// A message of no interest or of an unknown kind.
    fn ignored(&mut self, what: &str);
    /// Runs an effect for the connection; its reply comes to [`Protocol::reply`], unless the connection
    /// has been lost by then.
    fn effect(&mut self, effect: P::Effect);
    /// Runs an effect for one topic. Numbers of topics are used again, so a reply that comes after this
    /// topic was released is dropped.
    fn effect_for(&mut self, topic: TopicId, effect: P::Effect);
    /// Calls [`Protocol::timeout`] at `at`, instead of any moment asked for before.
    fn wake_at(&mut self, at: Instant);
    /// Proves life by other times from now on: the venue has told its own.
    fn heartbeat(&mut self, heartbeat: Heartbeat);
    /// The venue will end the connection within this time. Where it allows a second one
    /// ([`Spec::spare`](super::Spec::spare)), a successor can be made ready before.
    fn retire(&mut self, within: Duration);
    /// Gives the connection up. The first failure of a read stands, but a fatal one wins over one that
    /// is retried.
    fn fail(&mut self, failure: Failure);
}
