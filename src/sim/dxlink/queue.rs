//! Events on their way to one channel.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::contract::Mode;
use super::event::{DxEvent, Key};
use super::index::{REMOVE, TX_PENDING};

/// An event that waits, with the flags it is sent with but for `REMOVE_EVENT`.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) event: Arc<DxEvent>,
    flags: i64,
    pub(super) key: Key,
    mode: Mode,
}

impl Entry {
    pub(super) fn flags(&self) -> i64 {
        match self.mode {
            Mode::History if self.event.removed => self.flags | REMOVE,
            Mode::History => self.flags,
            Mode::Ticker | Mode::Stream if self.event.removed => REMOVE,
            Mode::Ticker | Mode::Stream => 0,
        }
    }
}

/// What a channel has to send at its next turn.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    entries: VecDeque<Option<Entry>>,
    /// Where the last state of a ticker or index waits, which a newer one replaces.
    latest: BTreeMap<(Key, i64), usize>,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds an event. Of a ticker the latest state waits, of a series the latest of each index
    /// (dxLink AsyncAPI, FEED_CONFIG: aggregationPeriod).
    pub(super) fn push(&mut self, key: &Key, mode: Mode, event: &Arc<DxEvent>, flags: i64) {
        let slot = match mode {
            Mode::Stream => None,
            Mode::Ticker => Some((key.clone(), 0)),
            Mode::History => Some((key.clone(), event.index)),
        };
        let waiting = slot.as_ref().and_then(|slot| self.latest.get(slot));
        if let Some(at) = waiting
            && let Some(entry) = &mut self.entries[*at]
        {
            // The place in a snapshot or transaction stays what it was.
            entry.event = event.clone();
            return;
        }
        if let Some(slot) = slot {
            self.latest.insert(slot, self.entries.len());
        }
        self.entries.push_back(Some(Entry {
            event: event.clone(),
            flags,
            key: key.clone(),
            mode,
        }));
    }

    /// Adds a row that nothing may replace, such as the end of a snapshot.
    pub(super) fn push_fixed(&mut self, key: &Key, event: DxEvent, flags: i64) {
        self.entries.push_back(Some(Entry {
            event: Arc::new(event),
            flags,
            key: key.clone(),
            mode: Mode::History,
        }));
    }

    /// Adds an event that waits already once more; the later of the two is what changes.
    pub(super) fn push_again(&mut self, key: &Key, event: &Arc<DxEvent>) {
        let slot = (key.clone(), event.index);
        self.latest.insert(slot, self.entries.len());
        self.entries.push_back(Some(Entry {
            event: event.clone(),
            flags: 0,
            key: key.clone(),
            mode: Mode::History,
        }));
    }

    /// Forgets what waits of a series, and nothing may replace what is left in its place.
    pub(super) fn forget(&mut self, key: &Key) {
        self.latest.retain(|(known, _), _| known != key);
        for entry in &mut self.entries {
            if entry.as_ref().is_some_and(|entry| entry.key == *key) {
                *entry = None;
            }
        }
    }

    /// What waits, in order, at most `most`.
    pub(super) fn take(&mut self, most: usize) -> Vec<Entry> {
        // A later state may have moved into an earlier transaction: none may stay open for it.
        let mut seen = BTreeSet::new();
        for entry in self.entries.iter_mut().rev().flatten() {
            if seen.insert(entry.key.clone()) {
                entry.flags &= !TX_PENDING;
            }
        }
        let taken = most.min(self.entries.len());
        self.latest.retain(|_, at| {
            let stays = *at >= taken;
            *at = at.saturating_sub(taken);
            stays
        });
        self.entries.drain(..taken).flatten().collect()
    }
}

/// The flag of an event within a transaction of `count`, at `place`.
pub(super) fn within(place: usize, count: usize) -> i64 {
    if place + 1 < count { TX_PENDING } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(index: i64, close: f64) -> Arc<DxEvent> {
        Arc::new(
            DxEvent::new("Candle", "A{=m}")
                .index(index)
                .with("close", close),
        )
    }

    #[test]
    fn an_index_waits_once_and_keeps_its_place() {
        let mut queue = Queue::default();
        let key = bar(1, 0.0).key();
        queue.push(&key, Mode::History, &bar(2, 1.0), 4);
        queue.push(&key, Mode::History, &bar(1, 1.0), 0);
        queue.push(&key, Mode::History, &bar(2, 2.0), 0);
        let entries = queue.take(usize::MAX);
        let seen: Vec<_> = entries.iter().map(|e| (e.event.index, e.flags())).collect();
        assert_eq!(seen, [(2, 4), (1, 0)]);
        let close = entries[0].event.kind.field("close").unwrap();
        assert_eq!(entries[0].event.values[close], 2.0.into());
    }

    #[test]
    fn what_is_left_can_still_be_replaced() {
        let mut queue = Queue::default();
        let key = bar(1, 0.0).key();
        for index in [3, 2, 1] {
            queue.push(&key, Mode::History, &bar(index, 1.0), 0);
        }
        assert_eq!(queue.take(2).len(), 2);
        queue.push(&key, Mode::History, &bar(1, 2.0), 0);
        queue.push(&key, Mode::History, &bar(3, 2.0), 0);
        let left = queue.take(usize::MAX);
        let left: Vec<_> = left.iter().map(|entry| entry.event.index).collect();
        assert_eq!(left, [1, 3]);
    }

    #[test]
    fn a_stream_loses_nothing_and_a_removed_item_everything() {
        let mut queue = Queue::default();
        let key = bar(1, 0.0).key();
        queue.push(&key, Mode::Stream, &bar(1, 1.0), 0);
        queue.push(&key, Mode::Stream, &bar(1, 2.0), 0);
        let mut other = queue.clone();
        assert_eq!(queue.take(usize::MAX).len(), 2);
        other.forget(&key);
        assert!(other.take(usize::MAX).is_empty());
    }
}
