//! One symbol's order book, and windows of it that streams follow.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::Timestamp;
use crate::market::Side;

/// One price and what is offered at it, in the pair's smallest units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Rung {
    pub(in super::super) price: i64,
    pub(in super::super) size: i64,
}

/// An order book. Every change of a level takes the next id.
#[derive(Clone, Debug)]
pub(in super::super) struct Book {
    bids: Vec<Rung>,
    asks: Vec<Rung>,
    id: u64,
    changed: Timestamp,
    windows: BTreeMap<usize, Window>,
}

/// The best levels of a book, with every price whose level entered, left or changed in them since
/// the last delta: a level that came and went must be told as well, because a snapshot taken in
/// between holds it.
#[derive(Clone, Debug, Default)]
struct Window {
    last: u64,
    bids: BTreeSet<i64>,
    asks: BTreeSet<i64>,
}

/// What changed in a window: absolute sizes, 0 for a level that is no longer in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Delta {
    pub(in super::super) first: u64,
    pub(in super::super) last: u64,
    pub(in super::super) bids: Vec<Rung>,
    pub(in super::super) asks: Vec<Rung>,
}

impl Book {
    pub(super) fn new(id: u64, changed: Timestamp) -> Self {
        Self {
            bids: Vec::new(),
            asks: Vec::new(),
            id,
            changed,
            windows: BTreeMap::new(),
        }
    }

    pub(in super::super) fn id(&self) -> u64 {
        self.id
    }

    /// When it last changed.
    pub(in super::super) fn changed(&self) -> Timestamp {
        self.changed
    }

    /// Best first. A `Buy` side are the bids.
    pub(in super::super) fn side(&self, side: Side) -> &[Rung] {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    pub(in super::super) fn best(&self, side: Side) -> Option<Rung> {
        self.side(side).first().copied()
    }

    /// Sets the size at a price; 0 removes it.
    pub(super) fn set(&mut self, side: Side, price: i64, size: i64, time: Timestamp) {
        let rungs = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        let found = rungs.binary_search_by(|rung| better_first(side, rung.price, price));
        let (at, moved) = match (found, size) {
            (Err(_), 0) => return,
            (Ok(at), 0) => {
                rungs.remove(at);
                (at, Moved::Up)
            }
            (Ok(at), size) => {
                rungs[at].size = size;
                (at, Moved::Nothing)
            }
            (Err(at), size) => {
                rungs.insert(at, Rung { price, size });
                (at, Moved::Down)
            }
        };
        for (depth, window) in &mut self.windows {
            if at >= *depth {
                continue;
            }
            let touched = match side {
                Side::Buy => &mut window.bids,
                Side::Sell => &mut window.asks,
            };
            touched.insert(price);
            let crossing = match moved {
                Moved::Nothing => None,
                Moved::Up => rungs.get(*depth - 1),
                Moved::Down => rungs.get(*depth),
            };
            touched.extend(crossing.map(|rung| rung.price));
        }
        self.touch(time);
    }

    /// Takes an id without changing a level, as hidden orders do.
    pub(super) fn touch(&mut self, time: Timestamp) {
        self.id += 1;
        self.changed = time;
    }

    /// Starts to follow the best `depth` levels, if it does not yet.
    pub(in super::super) fn follow(&mut self, depth: usize) {
        let last = self.id;
        self.windows.entry(depth).or_insert_with(|| Window {
            last,
            ..Window::default()
        });
    }

    /// Stops following the best `depth` levels.
    pub(in super::super) fn unfollow(&mut self, depth: usize) {
        self.windows.remove(&depth);
    }

    /// The id up to which the deltas of this window reach.
    pub(in super::super) fn followed(&self, depth: usize) -> Option<u64> {
        self.windows.get(&depth).map(|window| window.last)
    }

    /// What changed in the window since the last call; `None` if no id was taken.
    pub(in super::super) fn delta(&mut self, depth: usize) -> Option<Delta> {
        let window = self.windows.get_mut(&depth)?;
        if window.last == self.id {
            return None;
        }
        let first = window.last + 1;
        window.last = self.id;
        let bids = std::mem::take(&mut window.bids);
        let asks = std::mem::take(&mut window.asks);
        Some(Delta {
            first,
            last: self.id,
            bids: levels(Side::Buy, &self.bids, depth, bids.into_iter().rev()),
            asks: levels(Side::Sell, &self.asks, depth, asks.into_iter()),
        })
    }
}

enum Moved {
    Nothing,
    Up,
    Down,
}

fn levels(
    side: Side,
    rungs: &[Rung],
    depth: usize,
    prices: impl Iterator<Item = i64>,
) -> Vec<Rung> {
    let window = &rungs[..depth.min(rungs.len())];
    prices
        .map(|price| Rung {
            price,
            size: window
                .binary_search_by(|rung| better_first(side, rung.price, price))
                .map_or(0, |at| window[at].size),
        })
        .collect()
}

fn better_first(side: Side, one: i64, other: i64) -> Ordering {
    match side {
        Side::Buy => other.cmp(&one),
        Side::Sell => one.cmp(&other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(mirror: &mut BTreeMap<i64, i64>, rungs: &[Rung]) {
        for rung in rungs {
            if rung.size == 0 {
                mirror.remove(&rung.price);
            } else {
                mirror.insert(rung.price, rung.size);
            }
        }
    }

    /// Deltas lead from a snapshot taken at any moment to the window, exactly.
    #[test]
    fn deltas_bridge_a_snapshot_taken_between_them() {
        let depth = 5;
        for seed in 0..200 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut book = Book::new(10, Timestamp::EPOCH);
            book.follow(depth);
            let mut change = |book: &mut Book| {
                let price = rng.i64(1..20);
                let size = rng.i64(0..3);
                book.set(Side::Buy, price, size, Timestamp::EPOCH);
            };
            (0..30).for_each(|_| change(&mut book));
            book.delta(depth);
            (0..4).for_each(|_| change(&mut book));
            let window = |book: &Book| -> BTreeMap<i64, i64> {
                let best = book.side(Side::Buy).iter().take(depth);
                best.map(|rung| (rung.price, rung.size)).collect()
            };
            let mut mirror = window(&book);
            for _ in 0..3 {
                (0..4).for_each(|_| change(&mut book));
                if let Some(delta) = book.delta(depth) {
                    apply(&mut mirror, &delta.bids);
                }
                assert_eq!(mirror, window(&book), "seed {seed}");
            }
        }
    }
}
