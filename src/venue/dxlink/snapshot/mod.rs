//! Snapshots and transactions of indexed events: one piece of code for every type.
//!
//! Source: dxFeed API, `IndexedEvent`, "Event flags, transactions and snapshots".

mod emit;

use std::hash::Hash;

pub use emit::{Change, Emit, Mark, SnapshotLimits};
use hashbrown::HashMap;

use super::EventFlags;

/// Holds rows back until their snapshot or transaction is whole.
///
/// `K` is what has a state of its own: type, symbol and source. What has been shown is not kept:
/// only rows that wait are, within [`SnapshotLimits`]. Half a snapshot is never shown; while a new one
/// is on its way, what was shown before stays.
#[derive(Debug)]
pub struct Snapshots<K, R> {
    lines: HashMap<K, Line<R>>,
    /// Rows that wait, of all lines.
    held: usize,
    limits: SnapshotLimits,
}

#[derive(Debug)]
struct Line<R> {
    pending: Vec<(i64, Change<R>)>,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No snapshot is under way; rows may wait for the end of a transaction.
    Updates,
    /// A snapshot has begun.
    Begun,
    /// It has ended in a transaction that goes on.
    Ended { snipped: bool },
    /// A snapshot or transaction was too large, or had a row that could not be read: what is left of it
    /// is counted and dropped.
    Dropping {
        rows: usize,
        snapshot: bool,
        begun: bool,
    },
}

impl<K: Eq + Hash + Clone, R> Default for Snapshots<K, R> {
    fn default() -> Self {
        Self::new(SnapshotLimits::default())
    }
}

impl<K: Eq + Hash + Clone, R> Snapshots<K, R> {
    /// None under way.
    pub fn new(limits: SnapshotLimits) -> Self {
        Self {
            lines: HashMap::new(),
            held: 0,
            limits,
        }
    }

    /// How many rows of `key` wait for the end of their snapshot or transaction.
    #[inline]
    pub fn pending(&self, key: &K) -> usize {
        if self.held == 0 {
            return 0;
        }
        self.lines.get(key).map_or(0, |line| line.pending.len())
    }

    /// Whether there is no room to hold another row of `key`.
    pub(super) fn is_full(&self, key: &K) -> bool {
        self.pending(key) >= self.limits.one || self.held >= self.limits.all
    }

    /// Takes the events that wait for `key`, the last of each index, in the order of the indices: their
    /// snapshot will not be whole.
    pub(super) fn take(&mut self, key: &K) -> Vec<(i64, R)> {
        let Some(line) = self.lines.remove(key) else {
            return Vec::new();
        };
        self.held -= line.pending.len();
        latest(line.pending)
    }

    /// Whether a snapshot of `key` has begun and not been shown.
    #[inline]
    pub(super) fn under_way(&self, key: &K) -> bool {
        // Nearly always there are no lines at all.
        !self.lines.is_empty()
            && self
                .lines
                .get(key)
                .is_some_and(|line| line.phase != Phase::Updates)
    }

    /// Forgets what waits for `key`: its subscription was released or begins anew.
    pub fn forget(&mut self, key: &K) {
        if let Some(line) = self.lines.remove(key) {
            self.held -= line.pending.len();
        }
    }

    /// Forgets everything that waits: nothing of it survives its connection.
    pub fn reset(&mut self) {
        self.lines.clear();
        self.held = 0;
    }

    /// Takes the next row of `key`, and gives `emit` what can now be shown.
    pub fn row(&mut self, key: &K, mark: Mark, change: Change<R>, emit: &mut impl FnMut(Emit<R>)) {
        let flags = mark.flags;
        let begins = flags.contains(EventFlags::SNAPSHOT_BEGIN);
        let waits = flags.contains(EventFlags::TX_PENDING);
        let line = match self.lines.get_mut(key) {
            Some(line) => line,
            // Nearly every update stands alone and needs no line.
            None if !begins && !waits => return alone(mark.index, change, emit),
            None => self.lines.entry(key.clone()).or_insert(Line {
                pending: Vec::new(),
                phase: Phase::Updates,
            }),
        };
        if begins {
            self.held -= line.pending.len();
            line.pending.clear();
            line.phase = Phase::Begun;
        }
        match (line.phase, flags.ends_snapshot()) {
            (Phase::Begun, true) => {
                let snipped = flags.contains(EventFlags::SNAPSHOT_SNIP);
                line.phase = Phase::Ended { snipped };
            }
            (
                Phase::Dropping {
                    rows,
                    snapshot,
                    begun,
                },
                ends,
            ) => {
                let (rows, begun) = (rows + 1, begun && !ends);
                line.phase = Phase::Dropping {
                    rows,
                    snapshot,
                    begun,
                };
                if !begun && !waits {
                    emit(Emit::Lost { rows, snapshot });
                    self.lines.remove(key);
                }
                return;
            }
            _ => {}
        }
        if line.pending.is_empty() && line.phase == Phase::Updates && !waits {
            self.lines.remove(key);
            return alone(mark.index, change, emit);
        }
        // Nothing that is shown as whole may lack a row that could not be read.
        let spoilt = matches!(change, Change::Nothing) && line.phase != Phase::Updates;
        if spoilt || line.pending.len() >= self.limits.one || self.held >= self.limits.all {
            let rows = line.pending.len() + 1;
            let snapshot = line.phase != Phase::Updates;
            let begun = line.phase == Phase::Begun;
            emit(Emit::Lost { rows, snapshot });
            self.held -= line.pending.len();
            if begun || waits {
                line.pending = Vec::new();
                line.phase = Phase::Dropping {
                    rows: 0,
                    snapshot,
                    begun,
                };
            } else {
                self.lines.remove(key);
            }
            return;
        }
        line.pending.push((mark.index, change));
        self.held += 1;
        if waits || line.phase == Phase::Begun {
            return;
        }
        if let Some(line) = self.lines.remove(key) {
            self.held -= line.pending.len();
            match line.phase {
                Phase::Ended { snipped } => whole(line.pending, snipped, emit),
                _ => together(line.pending, emit),
            }
        }
    }
}

/// An update that is a transaction of its own.
fn alone<R>(index: i64, change: Change<R>, emit: &mut impl FnMut(Emit<R>)) {
    match change {
        Change::Set(event) => emit(Emit::Update {
            index,
            event,
            left: 0,
        }),
        Change::Remove => emit(Emit::Remove { index, left: 0 }),
        Change::Nothing => {}
    }
}

/// A snapshot: the last row of each index counts.
fn whole<R>(rows: Vec<(i64, Change<R>)>, snipped: bool, emit: &mut impl FnMut(Emit<R>)) {
    let events = latest(rows);
    let mut left = events.len();
    emit(Emit::SnapshotBegin { events: left });
    for (index, event) in events {
        left -= 1;
        emit(Emit::Snapshot { index, event, left });
    }
    emit(Emit::SnapshotEnd { snipped });
}

/// What each index holds in the end, in the order of the indices.
fn latest<R>(mut rows: Vec<(i64, Change<R>)>) -> Vec<(i64, R)> {
    rows.retain(|(_, change)| !matches!(change, Change::Nothing));
    // Stable, so that of equal indices the last row stays the last; snapshots come in order, mostly
    // the newest first, which is no work.
    rows.sort_by_key(|(index, _)| *index);
    let mut events: Vec<(i64, R)> = Vec::with_capacity(rows.len());
    for (index, change) in rows {
        if events.last().is_some_and(|(last, _)| *last == index) {
            events.pop();
        }
        if let Change::Set(event) = change {
            events.push((index, event));
        }
    }
    events
}

/// A transaction of several updates: the last row of each index counts, in its place.
fn together<R>(rows: Vec<(i64, Change<R>)>, emit: &mut impl FnMut(Emit<R>)) {
    let mut last: HashMap<i64, usize> = HashMap::with_capacity(rows.len());
    for (at, (index, change)) in rows.iter().enumerate() {
        if !matches!(change, Change::Nothing) {
            last.insert(*index, at);
        }
    }
    let mut left = last.len();
    for (at, (index, change)) in rows.into_iter().enumerate() {
        if last.get(&index) != Some(&at) {
            continue;
        }
        left -= 1;
        match change {
            Change::Set(event) => emit(Emit::Update { index, event, left }),
            Change::Remove => emit(Emit::Remove { index, left }),
            Change::Nothing => {}
        }
    }
}

#[cfg(test)]
mod tests;
