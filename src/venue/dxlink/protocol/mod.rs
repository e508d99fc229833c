mod asked;
mod requests;
mod rows;
mod teller;
#[cfg(test)]
mod tests;
mod topic_set;

use std::time::Duration;

use asked::Asked;
use teller::Teller;
use topic_set::TopicSet;

use super::channels::{Channels, Use};
use super::error_code::Remedy;
use super::feed_data::FeedReader;
use super::indexed::DxItem;
use super::keepalive::{self, Keepalive};
use super::lines::Lines;
use super::login::{Login, Step};
use super::request;
use super::server::{ServerMessage, ServerSetup};
use super::topic::{RowKey, Topic};
use super::{BookUpdate, DxEvent, ErrorCode};
use crate::feed::{
    self, CredentialError, Failure, Op, Output, Protocol, Refusal, Request, Spec, Token, TopicId,
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
    /// Topics that have brought something since they were last subscribed to.
    brought: TopicSet,
    /// What the venue still has of topics that are gone: to be taken out when something is sent next.
    orphans: Vec<(u64, Option<RowKey>)>,
    /// How many errors of the venue may still be logged.
    loggable: u32,
}

/// Errors that are logged of one connection: a venue may repeat them without end.
const LOGGED: u32 = 20;

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
            brought: TopicSet::default(),
            orphans: Vec::new(),
            loggable: LOGGED,
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
            Step::Live => {
                out.authorized();
                out.live();
            }
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
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        let ours = self.channels.get(channel);
        let opened = ours.map(|channel| channel.opened);
        // The venue may quote what it was sent.
        let words = code.words(&self.login.redact(text));
        if self.loggable > 0 {
            self.loggable -= 1;
            tracing::warn!(channel, words, "the venue reports an error");
        }
        match code.remedy(text, opened.is_some()) {
            Remedy::Fatal => {
                let error = Error::new(ErrorKind::Connect(words)).with_venue(self.spec.venue);
                out.fail(Failure::Fatal(error));
            }
            Remedy::Reconnect => {
                out.fail(Failure::Retry(Interruption::Announced {
                    text: words.into(),
                }));
            }
            Remedy::Reauthorize => {
                let step = self.login.refuse(&words);
                self.step(step, now, out);
            }
            Remedy::Refuse if opened == Some(true) => {
                self.complained(channel, words, now, topics, out);
            }
            Remedy::Refuse => self.refused(channel, words, now, out),
            Remedy::Report => match self.channels.only_unopened() {
                // Nothing else that is asked for is answered.
                Some(number) if channel == 0 => self.refused(number, words, now, out),
                _ => {
                    let topics = self.channels.topics_on(channel);
                    out.complained(&topics, Refusal::passing(words));
                    out.ignored("ERROR");
                }
            },
        }
    }

    /// A channel will not be opened.
    fn refused(&mut self, number: u64, words: String, now: Now, out: &mut impl Output<Self>) {
        if let Some(channel) = self.channels.get_mut(number) {
            channel.complaint = Some(words);
            self.closed(number, now, out);
        }
    }

    /// Takes out at the venue what is left there of topics that are gone.
    fn take_out_orphans(&mut self, now: Now, out: &mut impl Output<Self>) {
        for (number, key) in std::mem::take(&mut self.orphans) {
            match key {
                Some(key) => self.remove(number, &[key.item()], now, out),
                None => self.cancel(number, now, out),
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

    fn clock_time(event: &DxItem) -> Option<Timestamp> {
        event.time().filter(|_| event.is_news())
    }

    fn open(&mut self, now: Now, out: &mut impl Output<Self>) {
        self.channels.reset();
        self.lines.reset();
        self.asked.clear();
        self.brought.clear();
        self.orphans.clear();
        self.loggable = LOGGED;
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
        self.take_out_orphans(now, out);
        let message = match ServerMessage::parse(frame.bytes()) {
            Ok(message) => message,
            Err(malformed) => return Err(self.unreadable(&malformed, now, topics, out)),
        };
        match message {
            ServerMessage::FeedData(data) => return self.data(&data, now, topics, out),
            ServerMessage::FeedConfig(config) => match self.channels.get_mut(config.channel) {
                Some(channel) => config.apply(&mut channel.schema),
                None => out.ignored("FEED_CONFIG of a channel that is not open"),
            },
            ServerMessage::DomConfig(config) => match self.channels.get_mut(config.channel) {
                Some(channel) => channel.depth_limit = config.depth_limit,
                None => out.ignored("DOM_CONFIG of a channel that is not open"),
            },
            ServerMessage::DomSnapshot(snapshot) => {
                let channel = self.channels.get(snapshot.channel);
                match channel.map(|channel| (&channel.use_, channel.depth_limit)) {
                    Some((Use::Dom(id), depth_limit)) => {
                        let id = *id;
                        self.brought.insert(id);
                        let symbol = topics.get(id).symbol.clone();
                        let received = Some(now.wall);
                        let book: BookUpdate = snapshot.into_book(symbol, depth_limit, received);
                        out.event(id, DxItem::Event(DxEvent::Book(book)));
                    }
                    _ => out.ignored("DOM_SNAPSHOT of a channel that is not open"),
                }
            }
            ServerMessage::ChannelOpened(opened) => self.opened(opened.channel, now, topics, out),
            ServerMessage::ChannelClosed { channel } => self.closed(channel, now, out),
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
            } => self.error(channel, &code, &text, now, topics, out),
            ServerMessage::Keepalive => {}
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
        self.take_out_orphans(now, out);
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

    fn timeout(&mut self, now: Now, topics: &Topics<Topic>, out: &mut impl Output<Self>) {
        self.take_out_orphans(now, out);
        if self
            .keepalive
            .as_ref()
            .is_some_and(|keepalive| keepalive.due() <= now.instant)
        {
            self.send(request::keepalive(), now, out);
        }
        // Half a snapshot would wait for its other half for ever.
        while let Some(id) = self.lines.next_overdue(now.instant) {
            let mut teller = Teller::new(&mut self.asked, out);
            let symbol = &topics.get(id).symbol;
            self.lines
                .overdue(id, symbol, &mut |shown| teller.show(id, shown));
            teller.finish();
        }
        let step = self.login.timeout(now);
        self.step(step, now, out);
    }

    fn reading(&mut self, now: Now, reading: bool) {
        self.lines.reading(now.instant, reading);
        self.channels.reading(now.instant, reading);
    }

    fn anew(&mut self, topic: TopicId) {
        self.lines.begin_anew(topic);
    }

    fn vacated(&mut self, topic: TopicId) {
        self.lines.forget(topic);
        if let Some((place, key)) = self.channels.vacate(topic) {
            self.no_longer_asked(topic, place.request);
            if place.sent.is_some() {
                self.orphans.push((place.channel, key));
            }
        }
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
