//! What a handle wants otherwise than its connection's task knows.

use std::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::feed::client::answers::Ticket;

/// One change a topic, in the order in which they were made. A topic that is added and removed
/// before the task has looked leaves nothing behind, so that there are never more changes than topics
/// that are held or were.
#[derive(Debug)]
pub(crate) struct Changes<T> {
    list: Vec<Option<(T, Change)>>,
    /// Where in the list a topic stands.
    index: HashTable<usize>,
    hasher: DefaultHashBuilder,
}

/// What the task is to do with a topic: leave it, then join it, then subscribe to it anew.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) leave: bool,
    pub(crate) join: bool,
    pub(crate) renew: bool,
    /// Of whoever waits for the answer.
    pub(crate) ticket: Option<Ticket>,
}

/// What is to be done about a topic that is removed.
#[derive(Debug)]
pub(super) enum Removed {
    /// Nothing: the task leaves it, and settles what is to be settled.
    Known,
    /// It must be settled here: since it was added the task has not looked.
    Unknown(Option<Ticket>),
}

impl<T: Hash + Eq> Changes<T> {
    /// The topic is added.
    pub(super) fn join(&mut self, topic: T, ticket: Option<Ticket>) {
        let (_, change) = self.entry(topic);
        change.join = true;
        change.ticket = ticket;
    }

    /// The topic is removed.
    pub(super) fn leave(&mut self, topic: T) -> Removed {
        let (at, change) = self.entry(topic);
        change.renew = false;
        if !std::mem::take(&mut change.join) {
            change.leave = true;
            return Removed::Known;
        }
        let ticket = change.ticket.take();
        if !change.leave {
            self.forget(at);
        }
        Removed::Unknown(ticket)
    }

    /// The topic, which is held, is to be subscribed to anew.
    pub(super) fn renew(&mut self, topic: T) {
        self.entry(topic).1.renew = true;
    }

    /// The venue refused the topic, and the task has left it. Returns whether the topic is still the
    /// one that was refused: it may have been removed since, or added again.
    pub(super) fn refused(&mut self, topic: &T) -> bool {
        let Some(at) = self.find(topic) else {
            return true;
        };
        let changed = |(_, change): &(T, Change)| change.leave || change.join;
        if self.list[at].as_ref().is_some_and(changed) {
            return false;
        }
        self.forget(at);
        true
    }

    fn find(&self, topic: &T) -> Option<usize> {
        let same = |at: &usize| {
            self.list[*at]
                .as_ref()
                .is_some_and(|(held, _)| held == topic)
        };
        self.index.find(self.hasher.hash_one(topic), same).copied()
    }

    fn entry(&mut self, topic: T) -> (usize, &mut Change) {
        let at = self
            .find(&topic)
            .unwrap_or_else(|| self.push(topic, Change::default()));
        let (_, change) = self.list[at].as_mut().expect("it was found or pushed");
        (at, change)
    }

    fn push(&mut self, topic: T, change: Change) -> usize {
        let (at, hash) = (self.list.len(), self.hasher.hash_one(&topic));
        self.list.push(Some((topic, change)));
        let (list, hasher) = (&self.list, &self.hasher);
        self.index.insert_unique(hash, at, |at| {
            let (topic, _) = list[*at].as_ref().expect("what is indexed is there");
            hasher.hash_one(topic)
        });
        at
    }

    fn forget(&mut self, at: usize) {
        let Some((topic, _)) = self.list[at].take() else {
            return;
        };
        let hash = self.hasher.hash_one(&topic);
        if let Ok(entry) = self.index.find_entry(hash, |held| *held == at) {
            entry.remove();
        }
        // Half of the list is holes.
        if self.list.len() >= 64 && self.list.len() >= 2 * self.index.len() {
            let rest = std::mem::take(&mut self.list);
            self.index.clear();
            for (topic, change) in rest.into_iter().flatten() {
                self.push(topic, change);
            }
        }
    }
}

impl<T> Default for Changes<T> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl<T> IntoIterator for Changes<T> {
    type Item = (T, Change);
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Option<(T, Change)>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn listed(changes: Changes<u32>) -> Vec<(u32, [bool; 3])> {
        let flags = |change: &Change| [change.leave, change.join, change.renew];
        changes
            .into_iter()
            .map(|(topic, change)| (topic, flags(&change)))
            .collect()
    }

    #[test]
    fn changes_come_in_the_order_in_which_they_were_made() {
        let mut changes = Changes::default();
        changes.join(3, None);
        changes.leave(1);
        changes.renew(2);
        changes.join(1, None);
        let (join, both, renew) = (
            [false, true, false],
            [true, true, false],
            [false, false, true],
        );
        assert_eq!(listed(changes), [(3, join), (1, both), (2, renew)]);
    }

    #[test]
    fn what_the_task_never_saw_leaves_nothing_behind() {
        let mut changes = Changes::default();
        for topic in 0..100_000 {
            changes.join(topic, None);
            assert!(matches!(changes.leave(topic), Removed::Unknown(_)));
        }
        assert!(changes.list.len() <= 64, "{}", changes.list.len());
        assert_eq!(listed(changes), []);
    }

    #[test]
    fn a_refusal_concerns_only_what_was_refused() {
        let mut changes = Changes::default();
        assert!(changes.refused(&1), "nothing has changed");
        changes.renew(1);
        assert!(changes.refused(&1), "to be renewed, it is still the same");
        changes.leave(2);
        assert!(!changes.refused(&2), "removed");
        changes.join(2, None);
        assert!(!changes.refused(&2), "and added again");
        assert_eq!(listed(changes), [(2, [true, true, false])]);
    }

    #[test]
    fn the_difference_is_right_whatever_is_added_and_removed() {
        for seed in 0..300 {
            let mut random = fastrand::Rng::with_seed(seed);
            let (mut known, mut wanted) = (BTreeMap::new(), BTreeMap::new());
            let mut changes = Changes::default();
            // How many were added and not yet settled, here and by the task.
            let (mut asked, mut settled) = (0, 0);
            for _ in 0..400 {
                let topic = random.u32(..90);
                match wanted.remove(&topic) {
                    None => {
                        wanted.insert(topic, ());
                        asked += 1;
                        changes.join(topic, None);
                    }
                    Some(()) => match changes.leave(topic) {
                        Removed::Known => {}
                        Removed::Unknown(_) => settled += 1,
                    },
                }
                if random.u8(..40) == 0 {
                    for (topic, change) in std::mem::take(&mut changes) {
                        if change.leave {
                            assert_eq!(known.remove(&topic), Some(()), "seed {seed}");
                            settled += 1;
                        }
                        if change.join {
                            assert_eq!(known.insert(topic, ()), None, "seed {seed}");
                        }
                    }
                    assert_eq!(known, wanted, "seed {seed}");
                    assert_eq!(asked, settled + wanted.len(), "seed {seed}");
                }
            }
        }
    }
}
