//! The channels of one connection, and which topic is on which of them.

mod suspects;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hashbrown::HashMap;
pub(super) use suspects::SUSPICION;
use suspects::Suspects;

use super::request::Contract;
use super::schema::Schema;
use super::topic::{EventName, RowKey, RowRef, Service, Topic};
use super::{EventKind, candle_symbol};
use crate::feed::{RequestId, TopicId};

/// A request for a channel that is not answered for as long is made again when something on it is asked
/// for again. No request is given up sooner.
const PATIENCE: Duration = Duration::from_secs(2);

/// All channels, by number. Clients take odd numbers.
#[derive(Debug, Default)]
pub(super) struct Channels {
    open: BTreeMap<u64, Channel>,
    last: u64,
    /// The numbers by which channels were requested before, and by which they are known since.
    renumbered: BTreeMap<u64, u64>,
    /// Where each topic is, by its number.
    places: Vec<Option<Place>>,
    suspects: Suspects,
    /// Since when nothing is read: answers may lie in the socket.
    paused: Option<Instant>,
}

/// Where a topic is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) channel: u64,
    /// The request that asked for it, until that is answered.
    pub(super) request: Option<RequestId>,
    /// When it was last subscribed to.
    pub(super) sent: Option<Instant>,
}

/// One channel.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) use_: Use,
    requested: Instant,
    /// The venue has answered CHANNEL_OPENED.
    pub(super) opened: bool,
    /// What is to be added once it is open.
    pub(super) waiting: Vec<TopicId>,
    /// What has been subscribed on it since it was opened.
    pub(super) begun: bool,
    pub(super) schema: Schema,
    /// Of a book: the most levels a side that the venue sends.
    pub(super) depth_limit: Option<u32>,
    /// What the venue last complained of.
    pub(super) complaint: Option<String>,
    /// The most topics on it: few where it is for those that may make the venue close it.
    room: usize,
    rows: HashMap<RowKey, TopicId>,
    /// Event types whose fields have been asked for.
    asked: Vec<EventName>,
}

/// What a channel is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Feed(Contract),
    Dom(TopicId),
}

impl Channels {
    /// Forgets everything but who is suspected: a channel does not survive its connection.
    pub(super) fn reset(&mut self) {
        *self = Self {
            suspects: std::mem::take(&mut self.suspects),
            paused: self.paused,
            ..Self::default()
        };
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Channel> {
        self.open.get_mut(&number)
    }

    pub(super) fn get(&self, number: u64) -> Option<&Channel> {
        self.open.get(&number)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Channel)> {
        self.open.iter().map(|(number, channel)| (*number, channel))
    }

    /// Where a topic is.
    pub(super) fn place(&self, id: TopicId) -> Option<Place> {
        self.places.get(id.index()).copied().flatten()
    }

    pub(super) fn place_mut(&mut self, id: TopicId) -> Option<&mut Place> {
        self.places.get_mut(id.index())?.as_mut()
    }

    /// Reading stops or goes on: the time between is not held against anybody.
    pub(super) fn reading(&mut self, now: Instant, reading: bool) {
        if !reading {
            self.paused.get_or_insert(now);
            return;
        }
        let Some(paused) = self.paused.take() else {
            return;
        };
        let excuse = |since: &mut Instant| {
            *since += now.saturating_duration_since(paused.max(*since));
        };
        let sent = self.places.iter_mut().flatten();
        sent.filter_map(|place| place.sent.as_mut())
            .for_each(excuse);
        let open = self.open.values_mut();
        open.for_each(|channel| excuse(&mut channel.requested));
    }

    /// The one channel that the venue has not opened yet, if there is only one.
    pub(super) fn only_unopened(&self) -> Option<u64> {
        let mut unopened = self.open.iter().filter(|(_, channel)| !channel.opened);
        let (number, _) = unopened.next()?;
        unopened.next().is_none().then_some(*number)
    }

    /// Gives a topic a place: on the first channel of its contract on which nothing else is known by
    /// the same type, symbol and source. Two histories of one symbol that begin at different times
    /// are on two channels, since adding an item again replaces it; so are topics suspected of
    /// making the venue close their channel, and all others. Tells the channel's number, and whether
    /// it has to be opened.
    pub(super) fn place_topic(&mut self, id: TopicId, topic: &Topic, now: Instant) -> (u64, bool) {
        let use_ = match &topic.service {
            Service::Feed { contract, .. } => Use::Feed(*contract),
            Service::Dom { .. } => Use::Dom(id),
        };
        let key = topic.key();
        let room = self.suspects.room(id);
        let free = |channel: &Channel| {
            let taken = key
                .as_ref()
                .is_some_and(|key| channel.rows.contains_key(key));
            // Nobody joins suspects that have been let in.
            let fits = channel.room == room
                && (room == usize::MAX || !channel.begun && channel.rows.len() < room);
            channel.use_ == use_ && !taken && fits && !channel.is_overdue(now)
        };
        let found = self.open.iter().find(|(_, channel)| free(channel));
        let (number, new) = match found {
            Some((number, _)) => (*number, false),
            None => {
                let number = self.next_number();
                self.open.insert(number, Channel::new(use_, room, now));
                (number, true)
            }
        };
        if let (Some(key), Some(channel)) = (key, self.open.get_mut(&number)) {
            channel.rows.insert(key, id);
        }
        if self.places.len() <= id.index() {
            self.places.resize(id.index() + 1, None);
        }
        self.places[id.index()] = Some(Place {
            channel: number,
            request: None,
            sent: None,
        });
        (number, new)
    }

    /// From 1 on, by two.
    fn next_number(&mut self) -> u64 {
        self.last = if self.last == 0 { 1 } else { self.last + 2 };
        self.last
    }

    /// The next number of a channel, if its request is overdue: it is to be requested by that one again,
    /// with all that waits for it.
    pub(super) fn renumber(&mut self, number: u64, now: Instant) -> Option<u64> {
        let channel = self.open.get_mut(&number)?;
        if !channel.is_overdue(now) {
            return None;
        }
        channel.requested = now;
        let next = self.next_number();
        self.rename(number, next);
        Some(next)
    }

    /// The venue has opened a channel. Tells by which number it is used, or that it is not: it was given
    /// up since, or has been opened by another number.
    pub(super) fn opened(&mut self, number: u64) -> Option<u64> {
        if let Some(channel) = self.open.get_mut(&number) {
            channel.opened = true;
            return Some(number);
        }
        let mut current = self.renumbered.remove(&number)?;
        while let Some(next) = self.renumbered.get(&current) {
            current = *next;
        }
        if self.open.get(&current).is_none_or(|channel| channel.opened) {
            return None;
        }
        self.rename(current, number);
        self.opened(number)
    }

    /// Whether a channel was requested by this number, and is not used by it.
    pub(super) fn was_renumbered(&self, number: u64) -> bool {
        self.renumbered.contains_key(&number)
    }

    fn rename(&mut self, from: u64, to: u64) {
        for id in self.topics_on(from) {
            if let Some(place) = self.place_mut(id) {
                place.channel = to;
            }
        }
        if let Some(channel) = self.open.remove(&from) {
            self.open.insert(to, channel);
            self.renumbered.insert(from, to);
        }
    }

    /// Takes a topic from its place, and tells which that was.
    pub(super) fn displace(&mut self, id: TopicId, topic: &Topic) -> Option<Place> {
        let place = self.places.get_mut(id.index())?.take()?;
        if let (Some(key), Some(channel)) = (topic.key(), self.open.get_mut(&place.channel)) {
            channel.rows.remove(&key);
            channel.waiting.retain(|waiting| *waiting != id);
        }
        Some(place)
    }

    /// [`displace`](Self::displace) for a topic whose number means nothing any more: tells also what
    /// its rows were known by.
    pub(super) fn vacate(&mut self, id: TopicId) -> Option<(Place, Option<RowKey>)> {
        self.suspects.clear(id);
        let place = self.places.get_mut(id.index())?.take()?;
        let channel = self.open.get_mut(&place.channel)?;
        channel.waiting.retain(|waiting| *waiting != id);
        let row = channel.rows.extract_if(|_, known| *known == id).next();
        Some((place, row.map(|(key, _)| key)))
    }

    /// Takes a channel away, and tells the topics that were on it.
    pub(super) fn close(&mut self, number: u64) -> Vec<(TopicId, Place)> {
        let ids = self.topics_on(number);
        self.open.remove(&number);
        let taken = ids.into_iter();
        taken
            .filter_map(|id| Some((id, self.places.get_mut(id.index())?.take()?)))
            .collect()
    }

    /// The topics on a channel, in the order of their numbers.
    pub(super) fn topics_on(&self, number: u64) -> Vec<TopicId> {
        let Some(channel) = self.open.get(&number) else {
            return Vec::new();
        };
        let dom = match channel.use_ {
            Use::Dom(id) => Some(id),
            Use::Feed(_) => None,
        };
        let ids = channel.rows.values().copied().chain(dom);
        let here = |id: &TopicId| self.place(*id).is_some_and(|place| place.channel == number);
        let mut ids: Vec<TopicId> = ids.filter(here).collect();
        ids.sort_unstable();
        ids
    }

    /// Whether a channel of few has nobody left.
    pub(super) fn is_abandoned(&self, number: u64) -> bool {
        self.open
            .get(&number)
            .is_some_and(|channel| channel.room < usize::MAX && channel.rows.is_empty())
    }

    /// These topics were subscribed to together when the venue refused something: they go into
    /// smaller company, each on a channel that it can spoil for few others.
    pub(super) fn suspect(&mut self, ids: &[TopicId]) {
        self.suspects.put(ids);
    }

    /// This topic is not why.
    pub(super) fn trust(&mut self, id: TopicId) {
        self.suspects.clear(id);
    }
}

impl Channel {
    fn new(use_: Use, room: usize, now: Instant) -> Self {
        Self {
            use_,
            requested: now,
            opened: false,
            waiting: Vec::new(),
            begun: false,
            schema: Schema::default(),
            depth_limit: None,
            complaint: None,
            room,
            rows: HashMap::new(),
            asked: Vec::new(),
        }
    }

    /// Whether the venue should have opened it by now.
    fn is_overdue(&self, now: Instant) -> bool {
        !self.opened && now.saturating_duration_since(self.requested) >= PATIENCE
    }

    /// The topic that a row belongs to.
    #[inline]
    pub(super) fn find(&self, row: &RowRef<'_>) -> Option<TopicId> {
        match self.rows.get(row) {
            Some(id) => Some(*id),
            None => self.find_otherwise(row),
        }
    }

    /// A candle's symbol may be spelled in another way than it was asked for, and a server may leave
    /// out the source of orders: they are whose they can only be.
    #[cold]
    fn find_otherwise(&self, row: &RowRef<'_>) -> Option<TopicId> {
        if row.is_candle() {
            let normal = candle_symbol::normal(row.symbol)?;
            let symbol = normal.as_str();
            return self.rows.get(&RowRef { symbol, ..*row }).copied();
        }
        if row.source.is_some() || !row.kind.is_some_and(EventKind::is_order) {
            return None;
        }
        let mut same = self
            .rows
            .iter()
            .filter(|(key, _)| row.is_sourceless_row_of(key));
        let (_, id) = same.next()?;
        same.next().is_none().then_some(*id)
    }

    /// The topics on it, of this event type or of all.
    pub(super) fn topics_of<'a>(
        &'a self,
        event_type: Option<&'a str>,
    ) -> impl Iterator<Item = TopicId> + 'a {
        let of_type = move |key: &RowKey| event_type.is_none_or(|it| it == key.name.as_str());
        let rows = self.rows.iter().filter(move |(key, _)| of_type(key));
        rows.map(|(_, id)| *id)
    }

    /// Those of these event types whose fields have not been asked for yet; they have been after
    /// this.
    pub(super) fn unasked<'a>(
        &mut self,
        names: impl Iterator<Item = &'a EventName>,
    ) -> Vec<&'a EventName> {
        let mut new = Vec::new();
        for name in names {
            if !self.asked.contains(name) {
                self.asked.push(name.clone());
                new.push(name);
            }
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::venue::dxlink::EventKind;

    fn id(at: usize) -> TopicId {
        TopicId::at(at)
    }

    fn topic(kind: EventKind, contract: Contract, symbol: &str) -> Topic {
        Topic::feed(EventName::Known(kind), contract, &symbol.into())
    }

    #[test]
    fn a_channel_a_contract_with_odd_numbers() {
        let (mut channels, now) = (Channels::default(), Instant::now());
        let quote = topic(EventKind::Quote, Contract::Ticker, "A");
        let trade = topic(EventKind::Trade, Contract::Ticker, "A");
        let sale = topic(EventKind::TimeAndSale, Contract::Stream, "A");
        assert_eq!(channels.place_topic(id(0), &quote, now), (1, true));
        assert_eq!(channels.place_topic(id(1), &trade, now), (1, false));
        assert_eq!(channels.place_topic(id(2), &sale, now), (3, true));
        let row = RowRef {
            kind: Some(EventKind::Trade),
            name: "Trade",
            symbol: "A",
            source: None,
        };
        assert_eq!(channels.get(1).unwrap().find(&row), Some(id(1)));
        assert_eq!(channels.get(3).unwrap().find(&row), None);
        assert_eq!(channels.displace(id(1), &trade).unwrap().channel, 1);
        assert_eq!(channels.get(1).unwrap().find(&row), None);
        let closed: Vec<_> = channels.close(1).into_iter().map(|(id, _)| id).collect();
        assert_eq!(closed, [id(0)]);
        assert!(channels.place(id(0)).is_none());
        assert_eq!(channels.place(id(2)).unwrap().channel, 3);
    }

    #[test]
    fn two_histories_of_one_symbol_have_a_channel_each() {
        let (mut channels, now) = (Channels::default(), Instant::now());
        let candle = topic(EventKind::Candle, Contract::History, "A{=d}");
        let from = |secs| candle.clone().from(Timestamp::from_secs(secs).unwrap());
        assert_eq!(channels.place_topic(id(0), &from(1), now), (1, true));
        assert_eq!(channels.place_topic(id(1), &from(2), now), (3, true));
        let other = topic(EventKind::Candle, Contract::History, "B{=d}");
        assert_eq!(channels.place_topic(id(2), &other, now), (1, false));
    }

    #[test]
    fn fields_are_asked_for_once() {
        let mut channel = Channel::new(Use::Feed(Contract::Auto), usize::MAX, Instant::now());
        let names = [
            EventName::Known(EventKind::Quote),
            EventName::Other("News".into()),
        ];
        assert_eq!(channel.unasked(names.iter()).len(), 2);
        assert!(channel.unasked(names.iter()).is_empty());
    }

    #[test]
    fn a_channel_whose_request_is_overdue_is_requested_by_the_next_number() {
        let (mut channels, now) = (Channels::default(), Instant::now());
        let quote = topic(EventKind::Quote, Contract::Ticker, "A");
        let other = topic(EventKind::Quote, Contract::Ticker, "B");
        assert_eq!(channels.place_topic(id(0), &quote, now), (1, true));
        assert_eq!(channels.renumber(1, now), None, "it may still come");
        let late = now + PATIENCE;
        assert_eq!(channels.renumber(1, late), Some(3));
        assert_eq!(channels.place(id(0)).unwrap().channel, 3);
        assert_eq!(channels.place_topic(id(1), &other, late), (3, false));
        let later = late + PATIENCE;
        assert_eq!(channels.renumber(3, later), Some(5));
        // The second answer comes: the last one is not needed any more, nor the first.
        assert_eq!(channels.opened(3), Some(3));
        assert_eq!(channels.topics_on(3), [id(0), id(1)]);
        assert_eq!(channels.renumber(3, later + PATIENCE), None);
        for number in [1, 5] {
            assert!(channels.was_renumbered(number));
            assert_eq!(channels.opened(number), None);
            assert!(!channels.was_renumbered(number));
        }
    }

    #[test]
    fn nothing_new_waits_for_a_channel_that_is_overdue() {
        let (mut channels, now) = (Channels::default(), Instant::now());
        let quote = topic(EventKind::Quote, Contract::Ticker, "A");
        let other = topic(EventKind::Quote, Contract::Ticker, "B");
        assert_eq!(channels.place_topic(id(0), &quote, now), (1, true));
        let late = now + PATIENCE;
        assert_eq!(channels.place_topic(id(1), &other, late), (3, true));
    }
}
