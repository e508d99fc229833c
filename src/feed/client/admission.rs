//! Keeps a venue's set of topics on one connection within its limits.

use std::collections::BTreeMap;

use hashbrown::{HashMap, HashSet};

use super::answers::Ticket;
use super::ledger::{Limits, Load};
use super::router::Seat;
use crate::feed::{Topic, TopicId};

/// A topic that has got its place, with those who want it.
pub(super) type Admitted<T> = (T, Vec<(Seat, Option<Ticket>)>);

/// Which topics the connection may ask for. A topic that is no longer wanted keeps its place until the
/// venue has released it, and a new one waits for that: what is wanted fits, but what is wanted and
/// what is still being released may not.
#[derive(Debug)]
pub(super) struct Admission<T> {
    limits: Limits,
    load: Load,
    /// The channel of each topic that has a place.
    channels: Vec<Option<&'static str>>,
    /// Topics that wait for a place, by channel and in the order in which they came.
    order: Vec<(&'static str, BTreeMap<u64, T>)>,
    waiting: HashMap<T, Waiting>,
    by_seat: HashMap<Seat, HashSet<T>>,
    count: u64,
}

/// Who waits for a topic's place.
#[derive(Debug)]
struct Waiting {
    number: u64,
    seats: Vec<(Seat, Option<Ticket>)>,
}

impl<T: Topic> Admission<T> {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            load: Load::default(),
            channels: Vec::new(),
            order: Vec::new(),
            waiting: HashMap::new(),
            by_seat: HashMap::new(),
            count: 0,
        }
    }

    /// Whether there is a place for one more topic of this channel.
    pub(super) fn has_room(&self, channel: &'static str) -> bool {
        self.load.has_room(channel, &self.limits)
    }

    /// The topic takes a place, unless it has one.
    pub(super) fn admit(&mut self, id: TopicId, channel: &'static str) {
        if self.channels.len() <= id.index() {
            self.channels.resize(id.index() + 1, None);
        }
        if self.channels[id.index()].is_none() {
            self.channels[id.index()] = Some(channel);
            self.load.add(channel, &self.limits);
        }
    }

    /// The venue has released the topic.
    pub(super) fn free(&mut self, id: TopicId) {
        let place = self.channels.get_mut(id.index());
        if let Some(channel) = place.and_then(Option::take) {
            self.load.take(channel);
        }
    }

    /// How many topics wait for a place.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// A handle waits for a topic's place.
    pub(super) fn wait(&mut self, seat: Seat, topic: &T, ticket: Option<Ticket>) {
        self.by_seat.entry(seat).or_default().insert(topic.clone());
        if let Some(waiting) = self.waiting.get_mut(topic) {
            waiting.seats.push((seat, ticket));
            return;
        }
        self.count += 1;
        let channel = topic.channel().name;
        let at = self.order.iter().position(|(name, _)| *name == channel);
        let at = at.unwrap_or_else(|| {
            self.order.push((channel, BTreeMap::new()));
            self.order.len() - 1
        });
        self.order[at].1.insert(self.count, topic.clone());
        let waiting = Waiting {
            number: self.count,
            seats: vec![(seat, ticket)],
        };
        self.waiting.insert(topic.clone(), waiting);
    }

    /// A handle does not want the topic any more; returns whether it waited for it.
    pub(super) fn cancel(&mut self, seat: Seat, topic: &T) -> bool {
        let Some(topics) = self.by_seat.get_mut(&seat) else {
            return false;
        };
        if !topics.remove(topic) {
            return false;
        }
        if topics.is_empty() {
            self.by_seat.remove(&seat);
        }
        self.drop_out(seat, topic);
        true
    }

    /// A handle is gone.
    pub(super) fn cancel_all(&mut self, seat: Seat) {
        for topic in self.by_seat.remove(&seat).into_iter().flatten() {
            self.drop_out(seat, &topic);
        }
    }

    fn drop_out(&mut self, seat: Seat, topic: &T) {
        if let Some(waiting) = self.waiting.get_mut(topic) {
            waiting.seats.retain(|(held, _)| *held != seat);
            if waiting.seats.is_empty() {
                self.take(topic);
            }
        }
    }

    fn take(&mut self, topic: &T) -> Option<Waiting> {
        let waiting = self.waiting.remove(topic)?;
        let channel = topic.channel().name;
        let mut order = self.order.iter_mut();
        if let Some((_, order)) = order.find(|(name, _)| *name == channel) {
            order.remove(&waiting.number);
        }
        Some(waiting)
    }

    /// The topic that has waited longest of those for which there is a place now, and who wants it.
    pub(super) fn next(&mut self) -> Option<Admitted<T>> {
        if self.waiting.is_empty() {
            return None;
        }
        let open = self.order.iter().filter(|(name, _)| self.has_room(name));
        let firsts = open.filter_map(|(_, order)| order.first_key_value());
        let (_, topic) = firsts.min_by_key(|(number, _)| **number)?;
        let topic = topic.clone();
        let waiting = self.take(&topic)?;
        for (seat, _) in &waiting.seats {
            if let Some(topics) = self.by_seat.get_mut(seat) {
                topics.remove(&topic);
                if topics.is_empty() {
                    self.by_seat.remove(seat);
                }
            }
        }
        Some((topic, waiting.seats))
    }
}
