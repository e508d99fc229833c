mod requests;
mod rows;
#[cfg(test)]
mod tests;

use std::time::Duration;

use rows::unreadable;

use super::channels::{Channels, Use};
use super::error_code::Remedy;
use super::feed_data::FeedReader;
use super::indexed::DxItem;
use super::keepalive::{self, Keepalive};
use super::lines::Lines;
use super::login::{Login, Step};
use super::request;
use super::server::{ServerMessage, ServerSetup};
use super::topic::Topic;
use super::{BookUpdate, DxEvent, ErrorCode};
use crate::feed::{
    self, CredentialError, Failure, Op, Output, Protocol, Request, RequestId, Spec, Token, TopicId,
    Topics,
};
use crate::transport::{Address, Frame, FrameRef};
use crate::{Error, ErrorKind, Interruption, Now, Rate, Timestamp};

/// The protocol of a DXLink endpoint, for use with a [`Connection`](crate::feed::Connection).
/// [`DxLink`](super::DxLink) is what most programs want.
///
/// Source: dxLink AsyncAPI, unless a comment says otherwise.
#[derive(Debug)]
pub struct DxLinkProtocol {
    spec: Spec,
    address: Address,
    aggregation: Option<Duration>,
    login: Login,
    keepalive: Option<Keepalive>,
    channels: Channels,
    lines: Lines,
    reader: FeedReader,
    /// Requests of which topics wait for their channel.
    asked: Vec<Asked>,
}

/// A subscribe request on its way.
#[derive(Debug)]
struct Asked {
    id: RequestId,
    topics: Vec<TopicId>,
    /// How many of them have not been sent.
    left: usize,
}

/// What a protocol needs that nobody else can do: fetch a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchToken {
    /// The venue did not take the last one.
    pub refused: bool,
}

impl DxLinkProtocol {
    /// The protocol at `address`. `login` tells that a token can be fetched.
    pub fn new(address: Address, login: bool) -> Self {
        Self {
            spec: spec(),
            address,
            aggregation: None,
            login: Login::new(login),
            keepalive: None,
            channels: Channels::default(),
            lines: Lines::default(),
            reader: FeedReader::default(),
            asked: Vec::new(),
        }
    }

    /// The venue has refused the last token.
    #[cfg(feature = "tastytrade")]
    pub(in crate::venue) fn token_refused(&self) -> bool {
        self.login.is_refused()
    }

    /// With other limits.
    pub(in crate::venue) fn with_spec(mut self, change: impl FnOnce(&mut Spec)) -> Self {
        change(&mut self.spec);
        self
    }

    /// Asks the server to gather updates for this long; for its own default without it.
    #[must_use]
    pub fn aggregation(mut self, period: Option<Duration>) -> Self {
        self.aggregation = period;
        self
    }

    fn send(&mut self, text: String, now: Now, out: &mut impl Output<Self>) {
        if let Some(keepalive) = &mut self.keepalive {
            keepalive.sent(now.instant);
        }
        out.send(Frame::text(text));
        self.schedule(out);
    }

    fn schedule(&self, out: &mut impl Output<Self>) {
        let keepalive = self.keepalive.as_ref().map(Keepalive::due);
        let login = self.login.renew_at();
        let next = keepalive.into_iter().chain(login).chain(self.lines.due());
        if let Some(at) = next.min() {
            out.wake_at(at);
        }
    }

    fn step(&mut self, step: Step, now: Now, out: &mut impl Output<Self>) {
        match step {
            Step::Nothing => {}
            Step::Fetch { refused } => out.effect(FetchToken { refused }),
            Step::Authorize(secret) => self.send(request::auth(secret.expose()), now, out),
            Step::Live => out.live(),
            Step::Fail(Failure::Fatal(error)) => {
                out.fail(Failure::Fatal(error.with_venue(self.spec.venue)));
            }
            Step::Fail(failure) => out.fail(failure),
        }
        self.schedule(out);
    }

    fn setup(&mut self, setup: &ServerSetup<'_>, now: Now, out: &mut impl Output<Self>) {
        let timeouts = (setup.keepalive_timeout, setup.accept_keepalive_timeout);
        let keepalive = self.keepalive.get_or_insert(Keepalive::new(now.instant));
        out.heartbeat(keepalive.setup(timeouts.0, timeouts.1));
        self.schedule(out);
    }

    fn error(
        &mut self,
        channel: u64,
        code: &ErrorCode,
        text: &str,
        now: Now,
        out: &mut impl Output<Self>,
    ) {
        // The venue's text, without what could be a token in it: the code and a few words.
        let words = || format!("{code:?} {text:.200}");
        match code.remedy(text) {
            Remedy::Fatal => {
                let error = Error::new(ErrorKind::Connect(words())).with_venue(self.spec.venue);
                out.fail(Failure::Fatal(error));
            }
            Remedy::Reconnect => {
                out.fail(Failure::Retry(Interruption::Announced {
                    text: words().into(),
                }));
            }
            Remedy::Reauthorize => {
                let step = self.login.refuse(&words());
                self.step(step, now, out);
            }
            Remedy::Report => {
                tracing::warn!(channel, ?code, text, "the venue reports an error");
                if self
                    .channels
                    .get(channel)
                    .is_some_and(|channel| !channel.opened)
                {
                    self.closed(channel, &words(), now, out);
                }
            }
        }
    }
}

impl Protocol for DxLinkProtocol {
    type Topic = Topic;
    type Event = DxItem;
    type Effect = FetchToken;
    type Reply = Result<Token, CredentialError>;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn address(&self) -> &Address {
        &self.address
    }

    fn event_time(event: &DxItem) -> Option<Timestamp> {
        event.time()
    }

    fn open(&mut self, now: Now, out: &mut impl Output<Self>) {
        self.channels.reset();
        self.lines.reset();
        self.asked.clear();
        self.keepalive = Some(Keepalive::new(now.instant));
        let version = concat!("0.1-feedline/", env!("CARGO_PKG_VERSION"));
        let setup = request::setup(version, keepalive::TIMEOUT, keepalive::TIMEOUT);
        self.send(setup, now, out);
        let step = self.login.open();
        self.step(step, now, out);
    }

    fn frame(
        &mut self,
        now: Now,
        frame: FrameRef<'_>,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) -> Result<(), feed::Malformed> {
        let message =
            ServerMessage::parse(frame.bytes()).map_err(|malformed| unreadable(&malformed))?;
        match message {
            ServerMessage::FeedData(data) => return self.data(&data, now, topics, out),
            ServerMessage::FeedConfig(config) => match self.channels.get_mut(config.channel) {
                Some(channel) => config.apply(&mut channel.schema),
                None => out.ignored("FEED_CONFIG of a channel that is not open"),
            },
            ServerMessage::DomSnapshot(snapshot) => {
                let channel = self.channels.get(snapshot.channel);
                match channel.map(|channel| &channel.use_) {
                    Some(Use::Dom(id)) => {
                        let id = *id;
                        let symbol = topics.get(id).symbol.clone();
                        let book: BookUpdate = snapshot.into_book(symbol, None, Some(now.wall));
                        out.event(id, DxItem::Event(DxEvent::Book(book)));
                    }
                    _ => out.ignored("DOM_SNAPSHOT of a channel that is not open"),
                }
            }
            ServerMessage::ChannelOpened(opened) => {
                match self.channels.get_mut(opened.channel) {
                    Some(channel) => channel.opened = true,
                    None => out.ignored("CHANNEL_OPENED of a channel that was not requested"),
                }
                self.flush(opened.channel, now, topics, out);
            }
            ServerMessage::ChannelClosed { channel } => {
                self.closed(channel, "the venue closed the channel", now, out);
            }
            ServerMessage::Setup(setup) => self.setup(&setup, now, out),
            ServerMessage::AuthState { authorized, .. } => {
                let step = if authorized {
                    self.login.authorized(now)
                } else {
                    self.login.unauthorized()
                };
                self.step(step, now, out);
            }
            ServerMessage::Error {
                channel,
                code,
                text,
            } => self.error(channel, &code, &text, now, out),
            ServerMessage::Keepalive | ServerMessage::DomConfig(_) => {}
            ServerMessage::Unknown { name, .. } => out.ignored(&name),
        }
        Ok(())
    }

    fn request(
        &mut self,
        now: Now,
        request: Request<'_>,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        match request.op {
            Op::Subscribe => self.subscribe(request, now, topics, out),
            Op::Unsubscribe => self.unsubscribe(request, now, topics, out),
        }
    }

    fn heartbeat(&mut self, now: Now, out: &mut impl Output<Self>) {
        self.send(request::keepalive(), now, out);
    }

    fn reply(
        &mut self,
        now: Now,
        reply: Result<Token, CredentialError>,
        _: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        let step = self.login.fetched(reply, now);
        self.step(step, now, out);
    }

    fn timeout(&mut self, now: Now, _: &Topics<Topic>, out: &mut impl Output<Self>) {
        if self
            .keepalive
            .as_ref()
            .is_some_and(|keepalive| keepalive.due() <= now.instant)
        {
            self.send(request::keepalive(), now, out);
        }
        // Half a snapshot would wait for its other half for ever.
        while let Some(id) = self.lines.overdue(now.instant) {
            self.afresh(id, now, out);
        }
        let step = self.login.timeout(now);
        self.step(step, now, out);
    }

    fn reading(&mut self, now: Now, reading: bool) {
        self.lines.reading(now.instant, reading);
    }
}

/// What DXLink demands.
fn spec() -> Spec {
    let mut spec = Spec::new("dxlink");
    spec.heartbeat = keepalive::heartbeat(keepalive::TIMEOUT);
    // SETUP and AUTH_STATE have ten seconds each in the official client.
    spec.login_timeout = Duration::from_secs(20);
    // Messages of at most 8 KB, as the official clients send them, less what is around the items.
    spec.bytes_per_request = 8_192 - 128;
    spec.topics_per_request = 1_000;
    spec.topics_per_connection = 25_000;
    // The official client gathers changes for a tenth of a second.
    spec.requests = Rate::per_second(10).with_burst(5);
    spec.outstanding = 16;
    spec.message_limit = 16 << 20;
    spec
}
