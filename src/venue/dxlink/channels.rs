//! The channels of one connection, and which topic is on which of them.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::request::Contract;
use super::schema::Schema;
use super::topic::{EventName, RowKey, RowRef, Service, Topic};
use crate::feed::TopicId;

/// All channels, by number. Clients take odd numbers.
#[derive(Debug, Default)]
pub(super) struct Channels {
    open: BTreeMap<u64, Channel>,
    last: u64,
    /// Where each topic is, by its number.
    places: Vec<Option<u64>>,
}

/// One channel.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) use_: Use,
    /// The venue has answered CHANNEL_OPENED.
    pub(super) opened: bool,
    /// What is to be added once it is open.
    pub(super) waiting: Vec<TopicId>,
    /// What has been subscribed on it since it was opened.
    pub(super) begun: bool,
    pub(super) schema: Schema,
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
    /// Forgets everything: a channel does not survive its connection.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Channel> {
        self.open.get_mut(&number)
    }

    pub(super) fn get(&self, number: u64) -> Option<&Channel> {
        self.open.get(&number)
    }

    /// Where a topic is.
    pub(super) fn place(&self, id: TopicId) -> Option<u64> {
        self.places.get(id.index()).copied().flatten()
    }

    /// Gives a topic a place: on the first channel of its contract on which nothing else is known by
    /// the same type, symbol and source. Two histories of one symbol that begin at different times
    /// are on two channels, since adding an item again replaces it. Tells the channel's number,
    /// and whether it has to be opened.
    pub(super) fn place_topic(&mut self, id: TopicId, topic: &Topic) -> (u64, bool) {
        let use_ = match &topic.service {
            Service::Feed { contract, .. } => Use::Feed(*contract),
            Service::Dom { .. } => Use::Dom(id),
        };
        let key = topic.key();
        let free = |channel: &Channel| {
            let taken = key
                .as_ref()
                .is_some_and(|key| channel.rows.contains_key(key));
            channel.use_ == use_ && !taken
        };
        let found = self.open.iter().find(|(_, channel)| free(channel));
        let (number, new) = match found {
            Some((number, _)) => (*number, false),
            None => {
                // From 1 on, by two.
                self.last = if self.last == 0 { 1 } else { self.last + 2 };
                self.open.insert(self.last, Channel::new(use_));
                (self.last, true)
            }
        };
        if let (Some(key), Some(channel)) = (key, self.open.get_mut(&number)) {
            channel.rows.insert(key, id);
        }
        if self.places.len() <= id.index() {
            self.places.resize(id.index() + 1, None);
        }
        self.places[id.index()] = Some(number);
        (number, new)
    }

    /// Takes a topic from its place, and tells which that was.
    pub(super) fn displace(&mut self, id: TopicId, topic: &Topic) -> Option<u64> {
        let number = self.places.get_mut(id.index())?.take()?;
        if let (Some(key), Some(channel)) = (topic.key(), self.open.get_mut(&number)) {
            channel.rows.remove(&key);
            channel.waiting.retain(|waiting| *waiting != id);
        }
        Some(number)
    }

    /// Takes a topic from its place on a FEED channel, and tells which that was and what it was known
    /// by there.
    pub(super) fn remove(&mut self, id: TopicId) -> Option<(u64, RowKey)> {
        let number = self.place(id)?;
        let channel = self.open.get_mut(&number)?;
        let (key, _) = channel.rows.extract_if(|_, known| *known == id).next()?;
        self.places[id.index()] = None;
        Some((number, key))
    }

    /// Takes a channel away, and tells the topics that were on it.
    pub(super) fn close(&mut self, number: u64) -> Vec<TopicId> {
        let Some(channel) = self.open.remove(&number) else {
            return Vec::new();
        };
        let dom = match channel.use_ {
            Use::Dom(id) => Some(id),
            Use::Feed(_) => None,
        };
        let mut ids: Vec<TopicId> = channel.rows.into_values().chain(dom).collect();
        ids.retain(|id| self.place(*id) == Some(number));
        ids.sort_unstable();
        for id in &ids {
            self.places[id.index()] = None;
        }
        ids
    }
}

impl Channel {
    fn new(use_: Use) -> Self {
        Self {
            use_,
            opened: false,
            waiting: Vec::new(),
            begun: false,
            schema: Schema::default(),
            rows: HashMap::new(),
            asked: Vec::new(),
        }
    }

    /// The topic that a row belongs to.
    #[inline]
    pub(super) fn find(&self, row: &RowRef<'_>) -> Option<TopicId> {
        self.rows.get(row).copied()
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
        let mut channels = Channels::default();
        let quote = topic(EventKind::Quote, Contract::Ticker, "A");
        let trade = topic(EventKind::Trade, Contract::Ticker, "A");
        let sale = topic(EventKind::TimeAndSale, Contract::Stream, "A");
        assert_eq!(channels.place_topic(id(0), &quote), (1, true));
        assert_eq!(channels.place_topic(id(1), &trade), (1, false));
        assert_eq!(channels.place_topic(id(2), &sale), (3, true));
        let row = RowRef {
            kind: Some(EventKind::Trade),
            name: "Trade",
            symbol: "A",
            source: None,
        };
        assert_eq!(channels.get(1).unwrap().find(&row), Some(id(1)));
        assert_eq!(channels.get(3).unwrap().find(&row), None);
        assert_eq!(channels.displace(id(1), &trade), Some(1));
        assert_eq!(channels.get(1).unwrap().find(&row), None);
        assert_eq!(channels.close(1), [id(0)]);
        assert_eq!(
            (channels.place(id(0)), channels.place(id(2))),
            (None, Some(3))
        );
    }

    #[test]
    fn two_histories_of_one_symbol_have_a_channel_each() {
        let mut channels = Channels::default();
        let candle = topic(EventKind::Candle, Contract::History, "A{=d}");
        let from = |secs| candle.clone().from(Timestamp::from_secs(secs).unwrap());
        assert_eq!(channels.place_topic(id(0), &from(1)), (1, true));
        assert_eq!(channels.place_topic(id(1), &from(2)), (3, true));
        let other = topic(EventKind::Candle, Contract::History, "B{=d}");
        assert_eq!(channels.place_topic(id(2), &other), (1, false));
    }

    #[test]
    fn fields_are_asked_for_once() {
        let mut channel = Channel::new(Use::Feed(Contract::Auto));
        let names = [
            EventName::Known(EventKind::Quote),
            EventName::Other("News".into()),
        ];
        assert_eq!(channel.unasked(names.iter()).len(), 2);
        assert!(channel.unasked(names.iter()).is_empty());
    }
}
