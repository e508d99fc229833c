//! The last state of everything that was published, from which snapshots are made.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::{DxEvent, Key};
use super::index;
use super::schema::Family;

/// Events of a series that are kept.
const KEPT: usize = 2_000;

/// Candles reach further back: a week of minutes.
const CANDLES: usize = 10_080;

/// What is known of every series.
#[derive(Clone, Debug, Default)]
pub(super) struct Archive {
    series: BTreeMap<Key, BTreeMap<i64, Arc<DxEvent>>>,
}

impl Archive {
    pub(super) fn put(&mut self, event: &Arc<DxEvent>) {
        let (slot, kept) = match event.kind.family {
            Family::Passing => return,
            Family::Lasting => (0, 1),
            _ if event.kind.name == "Candle" => (event.index, CANDLES),
            _ => (event.index, KEPT),
        };
        let series = self.series.entry(event.key()).or_default();
        if event.removed {
            series.remove(&slot);
        } else {
            series.insert(slot, event.clone());
        }
        while series.len() > kept {
            series.pop_first();
        }
    }

    pub(super) fn forget(&mut self, key: &Key) {
        self.series.remove(key);
    }

    /// Whether anything was ever published of it.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.series.contains_key(key)
    }

    /// The last event of a series.
    pub(super) fn last(&self, key: &Key) -> Option<&Arc<DxEvent>> {
        self.series.get(key)?.values().next_back()
    }

    /// The events of a series from this time on, newest first, as dxLink's snapshots give them.
    pub(super) fn since(
        &self,
        key: &Key,
        from: i64,
    ) -> impl DoubleEndedIterator<Item = &Arc<DxEvent>> {
        let first = match key.kind.family {
            Family::TimeSeries => index::of(from, 0),
            _ => i64::MIN,
        };
        let series = self.series.get(key);
        series
            .into_iter()
            .flat_map(move |series| series.range(first..).rev())
            .map(|(_, event)| event)
    }
}
