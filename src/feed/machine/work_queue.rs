//! Topics whose wanted and actual sides may differ, in the order in which they are looked at.

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use crate::feed::TopicId;

/// When a topic is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Next,
    /// When nothing else is left: it kept the venue from answering.
    Last,
    At(Instant),
}

/// Each topic stands in it at most once.
#[derive(Debug, Default)]
pub(super) struct WorkQueue {
    next: VecDeque<TopicId>,
    last: VecDeque<TopicId>,
    later: BTreeSet<(Instant, TopicId)>,
    /// By the topic's number.
    places: Vec<Option<Turn>>,
}

impl WorkQueue {
    pub(super) fn is_empty(&self) -> bool {
        self.next.is_empty() && self.last.is_empty() && self.later.is_empty()
    }

    pub(super) fn contains(&self, id: TopicId) -> bool {
        self.places.get(id.index()).is_some_and(Option::is_some)
    }

    /// Puts a topic in; one that is in it already keeps its place, unless its time had not come yet.
    pub(super) fn put(&mut self, id: TopicId, turn: Turn) {
        if self.places.len() <= id.index() {
            self.places.resize(id.index() + 1, None);
        }
        match self.places[id.index()] {
            Some(Turn::At(at)) => {
                self.later.remove(&(at, id));
            }
            Some(_) => return,
            None => {}
        }
        self.places[id.index()] = Some(turn);
        match turn {
            Turn::Next => self.next.push_back(id),
            Turn::Last => self.last.push_back(id),
            Turn::At(at) => {
                self.later.insert((at, id));
            }
        }
    }

    /// Whether something is to be done now, once [`ripen`](Self::ripen) was called.
    pub(super) fn has_work(&self) -> bool {
        !self.next.is_empty() || !self.last.is_empty()
    }

    /// When the first of those for later is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.later.first().map(|(at, _)| *at)
    }

    /// Takes those whose time has come.
    pub(super) fn ripe(&mut self, now: Instant) -> Option<TopicId> {
        let (at, id) = self.later.first().copied().filter(|(at, _)| *at <= now)?;
        self.later.remove(&(at, id));
        self.places[id.index()] = None;
        Some(id)
    }

    /// How many can be taken by [`pop`](Self::pop) before it comes to those put back meanwhile: those of
    /// the first turn, or, when there are none, of the last.
    pub(super) fn batch(&self) -> (Turn, usize) {
        if self.next.is_empty() {
            (Turn::Last, self.last.len())
        } else {
            (Turn::Next, self.next.len())
        }
    }

    pub(super) fn pop(&mut self, turn: Turn) -> Option<TopicId> {
        let id = match turn {
            Turn::Last => self.last.pop_front(),
            _ => self.next.pop_front(),
        }?;
        self.places[id.index()] = None;
        Some(id)
    }

    /// All that is in it.
    pub(super) fn ids(&self) -> impl Iterator<Item = TopicId> + '_ {
        let later = self.later.iter().map(|(_, id)| *id);
        self.next.iter().chain(&self.last).copied().chain(later)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn id(at: usize) -> TopicId {
        TopicId::at(at)
    }

    #[test]
    fn suspects_come_last_and_each_topic_once() {
        let mut queue = WorkQueue::default();
        queue.put(id(0), Turn::Last);
        queue.put(id(1), Turn::Next);
        queue.put(id(1), Turn::Last);
        assert_eq!(queue.batch(), (Turn::Next, 1));
        assert_eq!(queue.pop(Turn::Next), Some(id(1)));
        assert_eq!(queue.batch(), (Turn::Last, 1));
        assert_eq!(queue.pop(Turn::Last), Some(id(0)));
        assert!(queue.is_empty() && !queue.contains(id(0)));
    }

    #[test]
    fn what_is_for_later_can_be_put_forward() {
        let mut queue = WorkQueue::default();
        let now = Instant::now();
        let later = now + Duration::from_secs(5);
        queue.put(id(3), Turn::At(later));
        assert_eq!((queue.has_work(), queue.due()), (false, Some(later)));
        assert_eq!(queue.ripe(now), None);
        queue.put(id(3), Turn::Next);
        assert_eq!((queue.has_work(), queue.due()), (true, None));
        queue.pop(Turn::Next);
        queue.put(id(3), Turn::At(later));
        assert_eq!(queue.ripe(later), Some(id(3)));
        assert!(queue.is_empty());
    }
}
