//! The snapshot that a series begins with.

use super::archive::Archive;
use super::candle_symbol::CandleSymbol;
use super::contract::Mode;
use super::event::{DxEvent, Key};
use super::index::{self, BEGIN, END, REMOVE, SNIP, TX_PENDING};
use super::queue::Queue;
use super::schema::Family;

/// How a snapshot is to be made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// The first time wanted, in milliseconds.
    pub(super) from: i64,
    /// The present.
    pub(super) now: i64,
    /// The most events in it.
    pub(super) limit: usize,
    /// Whether it is to show nothing, whatever there is.
    pub(super) empty: bool,
    /// Whether its end is left out.
    pub(super) endless: bool,
    /// Whether nothing says that it is one.
    pub(super) unflagged: bool,
    /// Whether it is as disorderly as it may be.
    pub(super) untidy: bool,
}

/// Queues a snapshot: newest first, begun with `SNAPSHOT_BEGIN`, ended by a row that only says so
/// or, where older events are left out, by the last event itself (dxFeed's `IndexedEvent`).
pub(super) fn enqueue(queue: &mut Queue, archive: &Archive, key: &Key, manner: Manner) {
    let limit = if manner.empty { 0 } else { manner.limit };
    let mut events = archive.since(key, manner.from);
    let taken: Vec<_> = events.by_ref().take(limit).cloned().collect();
    let snipped = !manner.empty && events.next().is_some();
    drop(events);
    let newest = taken.first().filter(|_| manner.untidy);
    if let Some(newest) = newest {
        queue.push_fixed(key, (**newest).clone(), 0);
    }
    for (place, event) in taken.iter().enumerate() {
        let first = if place == 0 { BEGIN } else { 0 };
        let last = place + 1 == taken.len() && snipped && !manner.endless;
        let pending = manner.untidy && place > 0 && !last;
        let end = if last { SNIP } else { 0 };
        let flags = first | end | if pending { TX_PENDING } else { 0 };
        let flags = if manner.unflagged { 0 } else { flags };
        if last && let Some(newest) = newest {
            queue.push_again(key, newest);
        }
        queue.push(key, Mode::History, event, flags);
    }
    if snipped || manner.unflagged || (manner.endless && !taken.is_empty()) {
        return;
    }
    if let Some(newest) = newest.filter(|_| !manner.endless) {
        queue.push_again(key, newest);
    }
    let oldest = taken.last().map(|event| event.index);
    let begin = if oldest.is_none() { BEGIN } else { 0 };
    let end = if manner.endless { 0 } else { END };
    queue.push_fixed(key, border(key, manner, oldest), begin | end | REMOVE);
}

/// The row without an event that ends a snapshot, just before the oldest event in it.
fn border(key: &Key, manner: Manner, oldest: Option<i64>) -> DxEvent {
    let mut event = DxEvent::of(key.kind, key.symbol.clone()).source(&key.source);
    event.removed = true;
    if key.kind.family == Family::Sourced {
        // dxFeed reads it off the index, of rows that say nothing else too.
        event.set("source", key.source.as_str());
    }
    if key.kind.family != Family::TimeSeries {
        let base = oldest.map_or(0, |oldest| oldest >> 32 << 32);
        event.index = base.min(oldest.map_or(0, |oldest| oldest - 1));
        return event;
    }
    let parsed = CandleSymbol::parse(&key.symbol).filter(|_| key.kind.name == "Candle");
    let floor = |millis: i64| parsed.as_ref().and_then(|symbol| symbol.start(millis));
    let from = manner.from.clamp(0, manner.now);
    let Some(oldest) = oldest else {
        event.place(floor(from).unwrap_or(from), 0);
        return event;
    };
    // Not further back than the span before the oldest event.
    let before = index::millis(oldest) - 1;
    let before = floor(before).unwrap_or(before);
    let start = floor(from).unwrap_or(from).max(before);
    if index::of(start, 0) < oldest {
        event.place(start, 0);
    } else {
        event.place(before, 0);
    }
    event
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Timestamp;

    fn snapshot(starts: &[i64], manner: Manner) -> Vec<(i64, i64)> {
        let mut archive = Archive::default();
        let bar = |second: i64| {
            let time = Timestamp::from_secs(second).unwrap();
            DxEvent::new("Candle", "A{=m}").at(time, 0)
        };
        for start in starts {
            archive.put(&Arc::new(bar(*start)));
        }
        let mut queue = Queue::default();
        enqueue(&mut queue, &archive, &bar(0).key(), manner);
        let rows = queue.take(usize::MAX);
        rows.iter()
            .map(|row| (row.flags(), index::millis(row.event.index) / 1_000))
            .collect()
    }

    const MANNER: Manner = Manner {
        from: 130_000,
        now: 1_000_000,
        limit: 100,
        empty: false,
        endless: false,
        unflagged: false,
        untidy: false,
    };

    #[test]
    fn it_is_newest_first_and_ends_at_its_border() {
        let rows = snapshot(&[120, 180, 240, 300], MANNER);
        assert_eq!(rows, [(4, 300), (0, 240), (0, 180), (10, 120)]);
    }

    #[test]
    fn the_border_is_never_an_event_of_it() {
        let manner = Manner {
            from: 180_000,
            ..MANNER
        };
        assert_eq!(
            snapshot(&[180, 240], manner),
            [(4, 240), (0, 180), (10, 120)]
        );
        let manner = Manner { from: 0, ..MANNER };
        assert_eq!(snapshot(&[180], manner), [(4, 180), (10, 120)]);
    }

    #[test]
    fn it_may_be_untidy_and_still_be_read() {
        let manner = Manner {
            untidy: true,
            ..MANNER
        };
        assert_eq!(
            snapshot(&[180, 240, 300], manner),
            [(0, 300), (4, 300), (1, 240), (1, 180), (0, 300), (10, 120)]
        );
    }

    #[test]
    fn nothing_is_fourteen_and_too_much_is_snipped() {
        assert_eq!(snapshot(&[], MANNER), [(14, 120)]);
        let manner = Manner {
            empty: true,
            ..MANNER
        };
        assert_eq!(snapshot(&[180], manner), [(14, 120)]);
        let manner = Manner { limit: 2, ..MANNER };
        assert_eq!(snapshot(&[180, 240, 300], manner), [(4, 300), (16, 240)]);
        let manner = Manner {
            endless: true,
            ..MANNER
        };
        assert_eq!(snapshot(&[180, 240], manner), [(4, 240), (0, 180)]);
    }
}
