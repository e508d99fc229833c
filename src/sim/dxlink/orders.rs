//! The orders of one source, kept in step with a book.

use std::collections::BTreeMap;

use super::event::{DxEvent, Key};
use super::index;
use crate::Timestamp;
use crate::market::Side;
use crate::sim::market::Pair;

/// Levels a side that a source shows.
const DEPTH: usize = 10;

/// Sources that are numbers in indices, in this order.
const BUILT_IN: [&str; 10] = [
    "DEFAULT",
    "COMPOSITE_BID",
    "COMPOSITE_ASK",
    "REGIONAL_BID",
    "REGIONAL_ASK",
    "AGGREGATE_BID",
    "AGGREGATE_ASK",
    "COMPOSITE",
    "REGIONAL",
    "AGGREGATE",
];

/// A source's view of a book.
#[derive(Clone, Debug)]
pub(super) struct OrderView {
    key: Key,
    base: i64,
    scope: &'static str,
    depth: usize,
    /// Slot and size of what is shown.
    shown: BTreeMap<(bool, i64), (i64, i64)>,
    slots: i64,
    sequence: i64,
}

impl OrderView {
    pub(super) fn new(key: Key) -> Self {
        let name = key.source.as_str();
        let number = (0..).zip(BUILT_IN).find(|(_, known)| *known == name);
        let base = match number {
            Some((number, _)) => number << 48,
            None => index::source_code(name) << 32,
        };
        let lower = name.starts_with(|letter: char| letter.is_ascii_lowercase());
        let (scope, depth) = if name.starts_with("COMPOSITE") {
            ("COMPOSITE", 1)
        } else if name.starts_with("REGIONAL") {
            ("REGIONAL", 1)
        } else if lower || number.is_some() {
            ("AGGREGATE", DEPTH)
        } else {
            ("ORDER", DEPTH)
        };
        Self {
            key,
            base,
            scope,
            depth,
            shown: BTreeMap::new(),
            slots: 0,
            sequence: 0,
        }
    }

    /// What has changed since the last call: one transaction, what is gone first.
    pub(super) fn update(&mut self, pair: &Pair, now: Timestamp) -> Vec<DxEvent> {
        let mut wanted = BTreeMap::new();
        for (side, other) in [(Side::Buy, "_ASK"), (Side::Sell, "_BID")] {
            if !self.key.source.ends_with(other) {
                let rungs = pair.book.side(side).iter().take(self.depth);
                wanted.extend(rungs.map(|rung| ((side == Side::Buy, rung.price), rung.size)));
            }
        }
        let mut events = Vec::new();
        let gone = self
            .shown
            .iter()
            .filter(|(place, _)| !wanted.contains_key(place));
        for (place, (slot, _)) in gone
            .map(|(place, held)| (*place, *held))
            .collect::<Vec<_>>()
        {
            self.shown.remove(&place);
            events.push(self.event(pair, now, place, slot, None));
        }
        for (place, size) in wanted {
            let slot = match self.shown.get(&place) {
                Some((_, shown)) if *shown == size => continue,
                Some((slot, _)) => *slot,
                None => {
                    self.slots = (self.slots + 1) & i64::from(u32::MAX);
                    self.slots
                }
            };
            self.shown.insert(place, (slot, size));
            events.push(self.event(pair, now, place, slot, Some(size)));
        }
        events
    }

    fn event(
        &mut self,
        pair: &Pair,
        now: Timestamp,
        (bid, price): (bool, i64),
        slot: i64,
        size: Option<i64>,
    ) -> DxEvent {
        self.sequence = (self.sequence + 1) & index::MAX_SEQUENCE;
        let mut event = DxEvent::of(self.key.kind, self.key.symbol.clone())
            .source(&self.key.source)
            .index(self.base | slot);
        event.removed = size.is_none();
        event.set("time", now.as_millis());
        event.set("sequence", self.sequence);
        event.set("source", self.key.source.as_str());
        event.set("orderSide", if bid { "BUY" } else { "SELL" });
        event.set("scope", self.scope);
        event.set("exchangeCode", "Q");
        if let Some(size) = size {
            event.set("price", pair.price(price));
            event.set("size", pair.size(size));
            event.set("count", 1);
        }
        if self.scope == "ORDER" {
            event.set("orderId", slot);
            event.set("marketMaker", "SIMX");
        }
        event
    }
}
