use std::borrow::Cow;
use std::time::Instant;

use super::{Heartbeat, Spec, Topic, TopicId, Topics};
use crate::transport::{Address, Frame, FrameRef};
use crate::{Error, Interruption, Now, Timestamp};

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

    /// An effect came back.
    fn reply(&mut self, now: Now, reply: Self::Reply, out: &mut impl Output<Self>);

    /// The moment asked for by [`Output::wake_at`] has come.
    fn timeout(&mut self, now: Now, out: &mut impl Output<Self>);

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

/// Why a venue refused a request.
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
}

/// A message that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The topic whose event it was, if that much could be read.
    pub topic: Option<TopicId>,
    /// How many events it held, if that is known.
    pub events: Option<u64>,
    /// What is wrong with it; never the frame itself.
    pub reason: Cow<'static, str>,
}

/// Why a protocol gives the connection up.
#[derive(Debug)]
pub enum Failure {
    /// Reconnect.
    Retry(Interruption),
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
    /// The venue refused a request.
    fn refused(&mut self, request: RequestId, refusal: Refusal);
    /// The venue's numbering of a topic jumped. With `resync` the machine subscribes to the topic
    /// afresh and announces the gap as repaired when its new beginning comes.
    fn sequence_gap(&mut self, topic: TopicId, expected: u64, received: u64, resync: bool);
    /// The venue has taken a topic away, without being asked to: it is asked for again, and what is
    /// missing meanwhile is told.
    fn dropped(&mut self, topic: TopicId);
    /// What an outage of this topic had cost has come, or will not come. For topics of a channel
    /// that [`backfills`](super::ChannelSpec::backfills).
    fn repaired(&mut self, topic: TopicId, well: bool);
    /// A snapshot of a topic begins or is complete.
    fn snapshot(&mut self, topic: TopicId, edge: SnapshotEdge);
    /// An event that cannot be used because the beginning of its subscription has not come: it
    /// shows at least that the venue brings the topic.
    fn stray(&mut self, topic: TopicId);
    /// The time the venue put on a message without events.
    fn venue_time(&mut self, time: Timestamp);
    /// Values of optional fields that could not be held exactly and were left out.
    fn dropped_values(&mut self, count: u32);
    /// A message of no interest or of an unknown kind.
    fn ignored(&mut self, what: &str);
    /// Runs an effect; its reply comes to [`Protocol::reply`].
    fn effect(&mut self, effect: P::Effect);
    /// Calls [`Protocol::timeout`] at `at`, instead of any moment asked for before.
    fn wake_at(&mut self, at: Instant);
    /// Proves life by other times from now on: the venue has told its own.
    fn heartbeat(&mut self, heartbeat: Heartbeat);
    /// Gives the connection up.
    fn fail(&mut self, failure: Failure);
}
