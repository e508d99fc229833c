use std::hash::Hash;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::market::Record;
use crate::queue::{GapIds, Line, Lost, MARKERS, Marker};
use crate::{Event, Symbol};

/// Fails to compile where keeping the latest event alone would be wrong.
pub(super) const fn stands_alone<T: Record>() {
    assert!(
        !T::BUILDS_ON_PREVIOUS,
        "these events build upon one another: the latest alone does not say what the others said"
    );
}

pub(super) fn symbol_of<T: Record>(event: &T) -> Symbol {
    event.symbol().clone()
}

/// Data in line, of which a newer event takes the place of the one with the same key, and the
/// markers between.
pub(super) struct Keyed<T, K, F> {
    line: Line<T>,
    /// Position of the latest event of each key. Entries of those that have left are not removed
    /// one by one but when they outnumber what stands in line.
    places: HashMap<K, u64>,
    /// Nothing before this position may be replaced: a marker stands after it.
    floor: u64,
    key: F,
    merged: u64,
}

impl<T, K, F> Keyed<T, K, F> {
    /// `lose` counts data for the gap that it is dropped into, should there be too many markers.
    pub(super) fn new(key: F, lose: fn(&mut Lost, &T)) -> Self {
        Self {
            line: Line::new(GapIds::of_an_operator(), lose),
            places: HashMap::new(),
            floor: 0,
            key,
            merged: 0,
        }
    }

    /// Takes the oldest event.
    pub(super) fn pop(&mut self) -> Option<Event<T>> {
        self.line.pop()
    }

    pub(super) fn line(&self) -> &Line<T> {
        &self.line
    }

    /// How much data was replaced by newer data.
    pub(super) fn merged(&self) -> u64 {
        self.merged
    }

    /// How many events are held, markers included.
    pub(super) fn held(&self) -> usize {
        self.line.len() + self.line.markers()
    }

    /// All that is held, in its order.
    pub(super) fn into_events(mut self) -> Vec<Event<T>> {
        std::iter::from_fn(|| self.pop()).collect()
    }
}

impl<T, K, F> Keyed<T, K, F>
where
    K: Hash + Eq,
    F: FnMut(&T) -> K,
{
    pub(super) fn offer(&mut self, event: Event<T>) {
        match event {
            Event::Data(data) => self.push(data),
            Event::Gap(gap) => self.mark(Marker::Gap(gap)),
            Event::Status(status) => self.mark(Marker::Status(status)),
        }
    }

    fn push(&mut self, data: T) {
        let end = self.line.end();
        match self.places.entry((self.key)(&data)) {
            Entry::Occupied(mut place) => {
                let position = place.insert(end);
                if position >= self.floor
                    && let Some(queued) = self.line.get_mut(position)
                {
                    place.insert(position);
                    *queued = data;
                    self.merged += 1;
                    return;
                }
            }
            Entry::Vacant(place) => {
                place.insert(end);
            }
        }
        self.line.push(data);
        if self.places.len() > 2 * self.line.len() + 64 {
            let from = self.line.start().max(self.floor);
            self.places.retain(|_, position| *position >= from);
        }
    }

    fn mark(&mut self, marker: Marker) {
        self.line.mark(marker);
        self.line.bound_markers(MARKERS);
        self.floor = self.line.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_never_come_again_do_not_pile_up() {
        let mut keyed = Keyed::new(|number: &u64| *number, |_, _| {});
        for number in 0..100_000 {
            keyed.offer(Event::Data(number));
            if number >= 10 {
                assert_eq!(keyed.pop(), Some(Event::Data(number - 10)));
            }
            assert!(keyed.places.len() <= 2 * 11 + 65);
        }
        keyed.offer(Event::Data(99_999));
        assert_eq!((keyed.merged(), keyed.held()), (1, 10));
    }
}
