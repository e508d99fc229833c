use std::borrow::Cow;
use std::time::Duration;

use super::channels::{Channels, Use};
use super::error_code::Remedy;
use super::feed_data::{FeedData, FeedReader};
use super::indexed::DxItem;
use super::keepalive::{self, Keepalive};
use super::lines::{Lines, Shown};
use super::login::{Login, Step};
use super::request;
use super::row::Row;
use super::server::{DataFormat, ServerMessage, ServerSetup};
use super::snapshot::Change;
use super::topic::{EventName, RowRef, Service, Topic};
use super::{BookUpdate, DxEvent, ErrorCode};
use crate::feed::{
    self, CredentialError, Failure, Op, Output, Protocol, Refusal, Request, RequestId, Spec, Token,
    TopicId, Topics,
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
                out.fail(Failure::Retry(Interruption::Announced { text: words() }));
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

    /// The venue will not have this channel, or no longer.
    fn closed(&mut self, number: u64, why: &str, now: Now, out: &mut impl Output<Self>) {
        if self.channels.get(number).is_none() {
            return out.ignored("close of a channel that is not open");
        }
        let mut topics = self.channels.close(number);
        // Requests that have not been sent as a whole are made again as a whole; what was sent of
        // them on other channels is taken out, since it may not be wanted any more by then.
        let (refused, asked): (Vec<Asked>, Vec<Asked>) = std::mem::take(&mut self.asked)
            .into_iter()
            .partition(|asked| asked.topics.iter().any(|id| topics.contains(id)));
        self.asked = asked;
        for request in refused {
            for id in &request.topics {
                self.take_out(*id, now, out);
            }
            topics.retain(|id| !request.topics.contains(id));
            let refusal = Refusal {
                topic: None,
                code: None,
                text: why.to_owned(),
                passing: true,
            };
            out.refused(request.id, refusal);
        }
        for id in topics {
            out.dropped(id);
        }
    }

    /// Sends what waits for a channel that is open.
    fn flush(
        &mut self,
        number: u64,
        now: Now,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        let Some(channel) = self
            .channels
            .get_mut(number)
            .filter(|channel| channel.opened)
        else {
            return;
        };
        let waiting = std::mem::take(&mut channel.waiting);
        if waiting.is_empty() {
            return;
        }
        let mut messages = Vec::new();
        match channel.use_ {
            Use::Dom(id) => {
                if let Service::Dom { depth, .. } = topics.get(id).service {
                    messages.push(request::dom_setup(number, self.aggregation, Some(depth)));
                }
            }
            Use::Feed(_) => {
                let names = waiting
                    .iter()
                    .filter_map(|id| match &topics.get(*id).service {
                        Service::Feed { name, .. } => Some(name),
                        Service::Dom { .. } => None,
                    });
                let first = !channel.begun;
                let new = channel.unasked(names);
                if first || !new.is_empty() {
                    let lists: Vec<(&str, &[&str])> = new
                        .iter()
                        .filter_map(|name| match name {
                            EventName::Known(kind) => Some((kind.name(), kind.wanted_fields())),
                            EventName::Other(_) => None,
                        })
                        .collect();
                    for (name, fields) in &lists {
                        channel.schema.request(name, fields);
                    }
                    let format = Some(DataFormat::Compact);
                    messages.push(request::feed_setup(
                        number,
                        self.aggregation,
                        format,
                        &lists,
                    ));
                }
                let lines = &mut self.lines;
                let items: Vec<_> = waiting
                    .iter()
                    .filter_map(|id| {
                        let topic = topics.get(*id);
                        topic.item(lines.begin(*id, topic))
                    })
                    .collect();
                messages.extend(request::feed_subscriptions(number, first, &[], &items));
                channel.begun = true;
            }
        }
        for message in messages {
            self.send(message, now, out);
        }
        for id in waiting {
            self.sent(id, out);
        }
    }

    /// A topic's subscription has been sent: that is all that the venue asks for.
    fn sent(&mut self, id: TopicId, out: &mut impl Output<Self>) {
        let Some(at) = self
            .asked
            .iter()
            .position(|asked| asked.topics.contains(&id))
        else {
            return;
        };
        self.asked[at].left -= 1;
        if self.asked[at].left == 0 {
            let asked = self.asked.remove(at);
            out.settled(asked.id);
        }
    }

    fn subscribe(
        &mut self,
        request: Request<'_>,
        now: Now,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        self.asked.push(Asked {
            id: request.id,
            topics: request.topics.to_vec(),
            left: request.topics.len(),
        });
        let mut used = Vec::new();
        for id in request.topics {
            let topic = topics.get(*id);
            let (number, new) = self.channels.place_topic(*id, topic);
            if let Some(channel) = self.channels.get_mut(number) {
                channel.waiting.push(*id);
            }
            if !used.contains(&number) {
                used.push(number);
            }
            if new {
                let open = match &topic.service {
                    Service::Feed { contract, .. } => request::open_feed(number, *contract),
                    Service::Dom { source, .. } => {
                        let sources: Vec<Cow<'_, str>> = source
                            .iter()
                            .map(|source| Cow::Borrowed(source.as_str()))
                            .collect();
                        request::open_dom(number, &topic.symbol, &sources)
                    }
                };
                self.send(open, now, out);
            }
        }
        for number in used {
            self.flush(number, now, topics, out);
        }
    }

    fn unsubscribe(
        &mut self,
        request: Request<'_>,
        now: Now,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) {
        let mut removed: Vec<(u64, Vec<request::Item<'_>>)> = Vec::new();
        for id in request.topics {
            let topic = topics.get(*id);
            let Some(number) = self.channels.displace(*id, topic) else {
                continue;
            };
            self.lines.forget(*id);
            let from = match &topic.service {
                Service::Feed { from, .. } => *from,
                Service::Dom { .. } => {
                    self.channels.close(number);
                    self.send(request::cancel(number), now, out);
                    continue;
                }
            };
            let Some(item) = topic.item(from) else {
                continue;
            };
            match removed.iter_mut().find(|(known, _)| *known == number) {
                Some((_, items)) => items.push(item),
                None => removed.push((number, vec![item])),
            }
        }
        for (number, items) in removed {
            for message in request::feed_subscriptions(number, false, &items, &[]) {
                self.send(message, now, out);
            }
        }
        out.settled(request.id);
    }

    fn data(
        &mut self,
        data: &FeedData<'_>,
        now: Now,
        topics: &Topics<Topic>,
        out: &mut impl Output<Self>,
    ) -> Result<(), feed::Malformed> {
        let Self {
            channels,
            lines,
            reader,
            ..
        } = self;
        let Some(channel) = channels.get(data.channel()) else {
            out.ignored("data of a channel that is not open");
            return Ok(());
        };
        let (mut bad, mut lost) = (None, Vec::new());
        let read = reader.read(data, &channel.schema, &mut |row| {
            let row = match row {
                Ok(row) => row,
                Err(malformed) => {
                    note(&mut bad, &malformed, None);
                    return;
                }
            };
            let source = row
                .kind()
                .filter(|kind| kind.is_order())
                .and_then(|_| row.source());
            let key = RowRef {
                kind: row.kind(),
                name: row.name(),
                symbol: row.symbol(),
                source: source.as_deref(),
            };
            let Some(id) = channel.find(&key) else {
                return out.ignored("row of nothing that is subscribed");
            };
            let topic = topics.get(id);
            if let Err(malformed) = take(&row, id, topic, now, lines, &mut lost, out) {
                note(&mut bad, &malformed, Some(id));
            }
        });
        for id in lost {
            self.afresh(id, now, out);
        }
        self.schedule(out);
        match (read, bad) {
            (Ok(()), None) => Ok(()),
            (Ok(()), Some(bad)) => Err(bad),
            (Err(malformed), _) => Err(unreadable(&malformed)),
        }
    }

    /// Takes a topic out at the venue, to be asked for anew.
    fn afresh(&mut self, id: TopicId, now: Now, out: &mut impl Output<Self>) {
        if !self.take_out(id, now, out) {
            return;
        }
        // The rest of its request waits for another channel: all of it is made again.
        if let Some(at) = self.asked.iter().position(|it| it.topics.contains(&id)) {
            let request = self.asked.remove(at);
            for id in &request.topics {
                self.take_out(*id, now, out);
            }
            let refusal = Refusal {
                topic: None,
                code: None,
                text: "a snapshot was not completed".to_owned(),
                passing: true,
            };
            return out.refused(request.id, refusal);
        }
        out.dropped(id);
    }

    /// Takes a topic out, on a channel and, if it was sent, at the venue; tells whether it was there.
    fn take_out(&mut self, id: TopicId, now: Now, out: &mut impl Output<Self>) -> bool {
        let number = self.channels.place(id);
        let waits = number
            .and_then(|number| self.channels.get(number))
            .is_some_and(|channel| channel.waiting.contains(&id));
        let Some((number, key)) = self.channels.remove(id) else {
            return false;
        };
        self.lines.abandon(id);
        if !waits {
            for message in request::feed_subscriptions(number, false, &[key.item()], &[]) {
                self.send(message, now, out);
            }
        }
        true
    }
}

/// Hands a row on: at once, or when its snapshot or transaction is whole.
fn take(
    row: &Row<'_>,
    id: TopicId,
    topic: &Topic,
    now: Now,
    lines: &mut Lines,
    lost: &mut Vec<TopicId>,
    out: &mut impl Output<DxLinkProtocol>,
) -> Result<(), super::Malformed> {
    let received = Some(now.wall);
    if !topic.is_indexed() {
        let item = match &topic.service {
            Service::Feed {
                name: EventName::Other(_),
                ..
            } => row.raw(received),
            _ => row.read(received)?,
        };
        if item.dropped_values > 0 {
            out.dropped_values(item.dropped_values);
        }
        out.event(id, DxItem::Event(item.event));
        return Ok(());
    }
    let Some(mark) = row.mark()? else {
        return Err(super::Malformed::new("a row without index").of_kind(row.name()));
    };
    let (change, bad) = match row.change(received) {
        Ok(change) => (change, None),
        Err(malformed) => (Change::Nothing, Some(malformed)),
    };
    if let Change::Set(item) = &change
        && item.dropped_values > 0
    {
        out.dropped_values(item.dropped_values);
    }
    lines.row(
        id,
        &topic.symbol,
        now.instant,
        mark,
        change,
        |shown| match shown {
            Shown::Edge(edge) => out.snapshot(id, edge),
            Shown::Item(item) => out.event(id, item),
            Shown::Filled(well) => out.repaired(id, well),
            Shown::Lost => lost.push(id),
        },
    );
    bad.map_or(Ok(()), Err)
}

/// One message makes one gap: of the topic if all that is wrong with it is of one.
fn note(bad: &mut Option<feed::Malformed>, malformed: &super::Malformed, topic: Option<TopicId>) {
    match bad {
        None => {
            *bad = Some(feed::Malformed {
                topic,
                events: topic.map(|_| 1),
                ..unreadable(malformed)
            });
        }
        Some(bad) => {
            let same = bad.topic == topic;
            bad.topic = bad.topic.filter(|_| same);
            bad.events = bad.events.filter(|_| same).map(|events| events + 1);
        }
    }
}

fn unreadable(malformed: &super::Malformed) -> feed::Malformed {
    feed::Malformed {
        topic: None,
        events: None,
        reason: malformed.to_string().into(),
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
        out: &mut impl Output<Self>,
    ) {
        let step = self.login.fetched(reply, now);
        self.step(step, now, out);
    }

    fn timeout(&mut self, now: Now, out: &mut impl Output<Self>) {
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

#[cfg(test)]
mod tests;
