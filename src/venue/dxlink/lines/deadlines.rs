use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use crate::feed::TopicId;

/// When something of a topic is due, one moment a topic. Stands still while nothing is read.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    by_topic: HashMap<TopicId, Instant>,
    in_order: BTreeSet<(Instant, TopicId)>,
    /// Since when nothing is read: what is due may lie in the socket.
    paused: Option<Instant>,
}

impl Deadlines {
    pub(super) fn clear(&mut self) {
        self.by_topic.clear();
        self.in_order.clear();
    }

    pub(super) fn put(&mut self, id: TopicId, at: Instant) {
        self.remove(id);
        self.by_topic.insert(id, at);
        self.in_order.insert((at, id));
    }

    pub(super) fn put_if_none(&mut self, id: TopicId, at: Instant) {
        if !self.by_topic.contains_key(&id) {
            self.put(id, at);
        }
    }

    pub(super) fn remove(&mut self, id: TopicId) {
        // Nearly always there are none.
        if !self.by_topic.is_empty()
            && let Some(at) = self.by_topic.remove(&id)
        {
            self.in_order.remove(&(at, id));
        }
    }

    /// The first of all; none while nothing is read.
    pub(super) fn first(&self) -> Option<Instant> {
        let (first, _) = self.in_order.first()?;
        self.paused.is_none().then_some(*first)
    }

    /// Takes a topic whose deadline has passed.
    pub(super) fn take(&mut self, now: Instant) -> Option<TopicId> {
        let (_, id) = *self.in_order.first()?;
        self.first().filter(|at| *at <= now)?;
        self.remove(id);
        Some(id)
    }

    /// Reading stops or goes on: the time between is not held against anybody.
    pub(super) fn reading(&mut self, now: Instant, reading: bool) {
        if !reading {
            self.paused.get_or_insert(now);
        } else if let Some(since) = self.paused.take() {
            let pause = now.saturating_duration_since(since);
            for (id, at) in std::mem::take(&mut self.by_topic) {
                self.by_topic.insert(id, at + pause);
            }
            let all = self.by_topic.iter();
            self.in_order = all.map(|(id, at)| (*at, *id)).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_first_of_all_comes_first_and_pauses_put_all_off() {
        let start = Instant::now();
        let at = |secs| start + Duration::from_secs(secs);
        let id = TopicId::at;
        let mut deadlines = Deadlines::default();
        deadlines.put(id(1), at(60));
        deadlines.put(id(2), at(10));
        deadlines.put_if_none(id(1), at(5));
        assert_eq!(deadlines.first(), Some(at(10)));
        assert_eq!(deadlines.take(at(9)), None);
        deadlines.reading(at(9), false);
        deadlines.reading(at(20), false);
        assert_eq!((deadlines.first(), deadlines.take(at(100))), (None, None));
        deadlines.reading(at(109), true);
        assert_eq!(deadlines.first(), Some(at(110)));
        assert_eq!(deadlines.take(at(110)), Some(id(2)));
        deadlines.put(id(1), at(120));
        assert_eq!(deadlines.take(at(120)), Some(id(1)));
        assert_eq!(deadlines.first(), None);
    }
}
