use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashSet;

use crate::GapId;

/// How many names of either kind are remembered.
const OVER: usize = 64;
const GIVEN_UP: usize = 16_384;

/// Where the gaps of one client get their ids; clones count on together.
#[derive(Clone, Debug, Default)]
pub(crate) struct GapIds(Arc<AtomicU64>);

impl GapIds {
    /// Ids that no client comes to, for gaps that an operator adds to a client's; small enough
    /// to survive JSON readers that hold numbers as binary floats.
    pub(crate) fn of_an_operator() -> Self {
        Self(Arc::new(AtomicU64::new(1 << 52)))
    }

    /// An id that was not given out before; the first is 1.
    pub(crate) fn next(&self) -> GapId {
        GapId::new(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// The names of the gaps in one queue: new ones, and those of gaps that have become part of others. What
/// is said of these later has to be left out: their consumer never sees them, or has heard it already.
#[derive(Debug)]
pub(crate) struct GapNames {
    ids: GapIds,
    /// Their repair is over, so only an odd feed says more of them.
    over: Recent,
    /// Their repair is not over.
    given_up: Recent,
}

/// The last ids of many.
#[derive(Debug)]
struct Recent {
    known: HashSet<GapId>,
    order: VecDeque<GapId>,
    most: usize,
}

impl GapNames {
    pub(crate) fn new(ids: GapIds) -> Self {
        Self {
            ids,
            over: Recent::new(OVER),
            given_up: Recent::new(GIVEN_UP),
        }
    }

    /// A name for a gap that data is dropped into.
    pub(crate) fn next(&self) -> GapId {
        self.ids.next()
    }

    /// The gap's repair is over.
    pub(crate) fn finish(&mut self, id: GapId) {
        self.over.add(id);
    }

    /// The gap has become part of another before its repair was over.
    pub(crate) fn give_up(&mut self, id: GapId) {
        self.given_up.add(id);
    }

    /// A gap of this name is in the queue again.
    pub(crate) fn revive(&mut self, id: GapId) {
        self.over.remove(id);
        self.given_up.remove(id);
    }

    pub(crate) fn is_retired(&self, id: GapId) -> bool {
        self.over.known.contains(&id) || self.given_up.known.contains(&id)
    }
}

impl Recent {
    fn new(most: usize) -> Self {
        Self {
            known: HashSet::new(),
            order: VecDeque::new(),
            most,
        }
    }

    fn add(&mut self, id: GapId) {
        if self.known.insert(id) {
            self.order.push_back(id);
        }
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    fn remove(&mut self, id: GapId) {
        if self.known.remove(&id) {
            self.order.retain(|known| *known != id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_remembered_up_to_a_number() {
        let mut names = GapNames::new(GapIds::default());
        let id = GapId::new;
        (0..100_000).for_each(|number| names.finish(id(number)));
        assert!(names.is_retired(id(99_999)) && !names.is_retired(id(99_999 - OVER as u64)));
        (0..100_000).for_each(|number| names.give_up(id(number)));
        assert!(names.is_retired(id(100_000 - GIVEN_UP as u64)) && !names.is_retired(id(7)));
        names.revive(id(99_999));
        assert!(!names.is_retired(id(99_999)) && names.is_retired(id(99_998)));
    }
}
