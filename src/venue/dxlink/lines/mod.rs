//! Indexed topics: what waits for the end of a snapshot, and what has been shown.
//!
//! What stands between the edges of a snapshot is whole, always. A snapshot with a part that could not
//! be read, or without an end, is dropped and asked for again; one that comes out no better the third
//! time is given up: what can be read of it is shown as rows that stand for themselves, and a gap says
//! that it is not whole. So are the rows of a venue that sends history without flags.

mod deadlines;
mod line;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::time::{Duration, Instant};

use deadlines::Deadlines;
use line::{History, Line};

use super::indexed::DxItem;
use super::row::Item;
use super::snapshot::{Change, Mark, Snapshots};
use super::topic::Topic;
use super::{EventFlags, Malformed};
use crate::feed::{SnapshotEdge, Topic as _, TopicId};
use crate::{Symbol, Timestamp};

/// The state of every indexed topic.
#[derive(Debug, Default)]
pub(super) struct Lines {
    snapshots: Snapshots<TopicId, Item>,
    lines: Vec<Line>,
    /// Topics of which something is due: the rest of a snapshot or transaction, or the beginning of a
    /// snapshot of which other rows have come.
    deadlines: Deadlines,
}

/// A snapshot or transaction that has not been completed in so long will not be. Live rows come in
/// between, so that silence would not tell.
const PATIENCE: Duration = Duration::from_secs(60);
/// Live rows may come ahead of their snapshot, but not for so long (dxFeed's graal API, issue 83, has
/// history without any flags).
const BEGINNING: Duration = Duration::from_secs(10);
/// A snapshot that could not be completed so often in a row will not be.
const ATTEMPTS: u32 = 3;

/// What becomes of a row.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "it is taken apart where it is made"
)]
pub(super) enum Shown {
    Edge(SnapshotEdge),
    Item(DxItem),
    /// The snapshot that was to fill an outage is complete; `false` if it will not be, or does not
    /// reach back to where the outage began.
    Filled(bool),
    /// A row that is of no use until the topic has begun anew.
    Stray,
    /// Rows that are kept back from here on.
    Withheld,
    /// Something is missing here.
    Hole(Hole),
}

/// Why something of a topic is missing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hole {
    pub(super) reason: Reason,
    /// How many events, where that is known.
    pub(super) events: Option<u64>,
    /// From when on, where it is earlier than what has been shown.
    pub(super) from: Option<Timestamp>,
    /// The topic must begin anew.
    pub(super) resync: bool,
}

impl Hole {
    /// One event that stands for itself.
    pub(super) fn event(malformed: &Malformed) -> Self {
        Self {
            reason: malformed.to_string().into(),
            events: Some(1),
            from: None,
            resync: false,
        }
    }
}

pub(super) type Reason = Cow<'static, str>;

impl Lines {
    /// Nothing that waits survives its connection.
    pub(super) fn reset(&mut self) {
        self.snapshots.reset();
        self.deadlines.clear();
        self.lines.iter_mut().for_each(Line::disconnected);
    }

    /// When the first deadline is.
    pub(super) fn due(&self) -> Option<Instant> {
        self.deadlines.first()
    }

    /// Reading stops or goes on: the time between is not held against anybody.
    pub(super) fn reading(&mut self, now: Instant, reading: bool) {
        self.deadlines.reading(now, reading);
    }

    /// A topic whose deadline has passed.
    pub(super) fn next_overdue(&mut self, now: Instant) -> Option<TopicId> {
        self.deadlines.take(now)
    }

    /// What was due of a topic has not come.
    pub(super) fn overdue(&mut self, id: TopicId, symbol: &Symbol, show: &mut impl FnMut(Shown)) {
        if self.snapshots.pending(&id) > 0 {
            let reason = "a snapshot or transaction was not completed".into();
            return self.spoil(id, symbol, reason, show);
        }
        let line = self.line(id);
        let reason = match line.history {
            History::Awaited { doubtful: true, .. } => {
                "the beginning of a snapshot was not among what could be read"
            }
            _ => "rows came, and the beginning of their snapshot did not",
        };
        match line.begin_overdue() {
            true => self.give_up(id, symbol, reason.into(), show),
            false => self.spoil(id, symbol, reason.into(), show),
        }
    }

    /// What waits of a topic is of no use any more; what has been shown stays.
    fn abandon(&mut self, id: TopicId) {
        self.snapshots.forget(&id);
        self.deadlines.remove(id);
    }

    /// A topic has been taken out at the venue, or by it.
    pub(super) fn release(&mut self, id: TopicId) {
        self.abandon(id);
        if let Some(line) = self.lines.get_mut(id.index()) {
            line.history = History::Unproven;
        }
    }

    fn line(&mut self, id: TopicId) -> &mut Line {
        if self.lines.len() <= id.index() {
            self.lines.resize_with(id.index() + 1, Line::default);
        }
        &mut self.lines[id.index()]
    }

    /// A topic is being asked for: from when on. Candles that have been shown are not asked for
    /// again, but for the newest, which may have changed.
    pub(super) fn begin(&mut self, id: TopicId, topic: &Topic) -> Option<Timestamp> {
        if !topic.is_indexed() {
            return topic.since();
        }
        self.abandon(id);
        self.line(id).begin(topic)
    }

    /// All of a topic is to come anew.
    pub(super) fn begin_anew(&mut self, id: TopicId) {
        self.abandon(id);
        if let Some(line) = self.lines.get_mut(id.index()) {
            line.begin_anew();
        }
    }

    /// Nothing of a topic's past counts any more: its number may become another's.
    pub(super) fn forget(&mut self, id: TopicId) {
        self.abandon(id);
        if let Some(line) = self.lines.get_mut(id.index()) {
            line.forget();
        }
    }

    /// Takes a row.
    pub(super) fn row(
        &mut self,
        id: TopicId,
        symbol: &Symbol,
        now: Instant,
        mark: Mark,
        change: Change<Item>,
        show: &mut impl FnMut(Shown),
    ) {
        let flags = mark.flags;
        let begins = flags.contains(EventFlags::SNAPSHOT_BEGIN);
        let under_way = self.snapshots.under_way(&id);
        let line = self.line(id);
        if begins {
            line.snapshot_began();
        } else if !under_way {
            let ends = flags.ends_snapshot();
            match line.history {
                History::Broken => return show(Shown::Stray),
                History::Awaited { again: true, .. } => {
                    // The rest of what was asked for before, or rows that the snapshot will bring.
                    self.deadlines.put_if_none(id, now + BEGINNING);
                    return show(Shown::Stray);
                }
                History::Awaited { .. } if ends => {
                    let reason = "the beginning of a snapshot could not be read".into();
                    return self.spoil(id, symbol, reason, show);
                }
                History::Awaited { .. } => self.deadlines.put_if_none(id, now + BEGINNING),
                // Only the end of what was given up.
                History::Unproven if ends && matches!(change, Change::Remove) => return,
                History::Unproven | History::Whole => {}
            }
        }
        let waits = begins || under_way || flags.contains(EventFlags::TX_PENDING);
        if waits && self.snapshots.is_full(&id) {
            let reason = "more rows than can be held until their snapshot is whole".into();
            self.give_up(id, symbol, reason, show);
            // It stands for itself like the others.
            let mark = Mark {
                flags: EventFlags::default(),
                ..mark
            };
            return self.apply(id, symbol, mark, change, show);
        }
        let withheld = self.snapshots.pending(&id) > 0;
        self.apply(id, symbol, mark, change, show);
        if self.snapshots.pending(&id) > 0 {
            if !withheld {
                show(Shown::Withheld);
            }
            if begins {
                self.deadlines.put(id, now + PATIENCE);
            } else {
                self.deadlines.put_if_none(id, now + PATIENCE);
            }
        } else if waits || flags.ends_snapshot() {
            self.deadlines.remove(id);
        }
    }

    fn apply(
        &mut self,
        id: TopicId,
        symbol: &Symbol,
        mark: Mark,
        change: Change<Item>,
        show: &mut impl FnMut(Shown),
    ) {
        let line = &mut self.lines[id.index()];
        self.snapshots.row(&id, mark, change, &mut |emit| {
            line.show(symbol, emit, show);
        });
    }

    /// Takes a row whose event cannot be read, and perhaps not even where it belongs.
    pub(super) fn unreadable(
        &mut self,
        id: TopicId,
        symbol: &Symbol,
        mark: Option<Mark>,
        reason: Reason,
        show: &mut impl FnMut(Shown),
    ) {
        let begins = mark.is_some_and(|mark| mark.flags.contains(EventFlags::SNAPSHOT_BEGIN));
        let under_way = begins || self.snapshots.under_way(&id);
        let line = self.line(id);
        match line.history {
            History::Broken | History::Awaited { again: true, .. } if !under_way => {
                show(Shown::Stray);
            }
            History::Whole | History::Unproven if !under_way => {
                let resync = line.is_hurt_by(mark);
                show(Shown::Hole(Hole {
                    reason,
                    events: Some(1),
                    from: None,
                    resync,
                }));
                if let Some(mark) = mark {
                    // It may be the last of a transaction.
                    self.apply(id, symbol, mark, Change::Nothing, show);
                }
            }
            _ => self.spoil(id, symbol, reason, show),
        }
    }

    /// Part of a message could not be read that may have held rows of this topic, even all of a snapshot.
    pub(super) fn doubt(
        &mut self,
        id: TopicId,
        symbol: &Symbol,
        now: Instant,
        reason: &Reason,
        show: &mut impl FnMut(Shown),
    ) {
        if self.snapshots.under_way(&id) {
            return self.spoil(id, symbol, reason.clone(), show);
        }
        let line = self.line(id);
        let hurt = line.doubt();
        if matches!(line.history, History::Awaited { .. }) {
            self.deadlines.put_if_none(id, now + BEGINNING);
        }
        if hurt {
            show(Shown::Hole(Hole {
                reason: reason.clone(),
                events: None,
                from: None,
                resync: true,
            }));
        }
    }

    /// A topic's snapshot will not be whole: it must begin anew, or has done so often enough.
    fn spoil(
        &mut self,
        id: TopicId,
        symbol: &Symbol,
        reason: Reason,
        show: &mut impl FnMut(Shown),
    ) {
        if self.line(id).spoilt() >= ATTEMPTS {
            return self.give_up(id, symbol, reason, show);
        }
        self.abandon(id);
        show(Shown::Hole(Hole {
            reason,
            events: None,
            from: self.line(id).missing_from(),
            resync: true,
        }));
    }

    /// Shows what there is of a topic's snapshot as rows that stand for themselves, and takes those that
    /// follow as such.
    fn give_up(
        &mut self,
        id: TopicId,
        symbol: &Symbol,
        reason: Reason,
        show: &mut impl FnMut(Shown),
    ) {
        let held = self.snapshots.take(&id);
        self.deadlines.remove(id);
        let line = self.line(id);
        line.show_unproven(symbol, held, show);
        show(Shown::Hole(Hole {
            reason,
            events: None,
            from: line.missing_from(),
            resync: false,
        }));
        show(Shown::Filled(false));
    }
}
