//! Indexed topics: what waits for the end of a snapshot, and what has been shown.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::EventFlags;
use super::candle_states::CandleStates;
use super::event::DxEvent;
use super::indexed::{DxItem, Indexed, Stage};
use super::row::Item;
use super::snapshot::{Change, Emit, Mark, Snapshots};
use super::topic::{Service, Topic};
use crate::feed::{SnapshotEdge, TopicId};
use crate::{Symbol, Timestamp};

/// The state of every indexed topic.
#[derive(Debug, Default)]
pub(super) struct Lines {
    snapshots: Snapshots<TopicId, Item>,
    lines: Vec<Line>,
    /// Topics with rows that wait for the rest of their snapshot or transaction, and when the first
    /// of them came.
    unfinished: BTreeMap<TopicId, Instant>,
    /// Since when nothing is read: the rest may lie in the socket.
    paused: Option<Instant>,
}

/// A snapshot or transaction that has not been completed in so long will not be. Live rows come in
/// between, so that silence would not tell.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
struct Line {
    candles: CandleStates,
    /// The start of the newest candle, which survives the connection.
    newest: Option<Timestamp>,
    /// The oldest event of the snapshot under way.
    oldest: Option<Timestamp>,
    /// From when on the snapshot under way was asked for.
    asked: Option<Timestamp>,
    /// The snapshot that was asked for is complete. Until then live candles, which may come ahead of
    /// it, do not tell how far back nothing is missing.
    whole: bool,
}

/// What becomes of a row.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "it is taken apart where it is made"
)]
pub(super) enum Shown {
    Edge(SnapshotEdge),
    Item(DxItem),
    /// The snapshot that was to fill an outage is complete; `false` if it does not reach back to
    /// where the outage began.
    Filled(bool),
    /// Rows that could not be held any longer, or not be told for a snapshot: the topic must be subscribed afresh.
    Lost,
}

impl Lines {
    /// Nothing that waits survives its connection.
    pub(super) fn reset(&mut self) {
        self.snapshots.reset();
        self.unfinished.clear();
    }

    /// When the first unfinished snapshot or transaction is given up.
    pub(super) fn due(&self) -> Option<Instant> {
        let first = self.unfinished.values().min()?;
        self.paused.is_none().then(|| *first + PATIENCE)
    }

    /// Reading stops or goes on: the time between is not held against anybody.
    pub(super) fn reading(&mut self, now: Instant, reading: bool) {
        if !reading {
            self.paused = Some(now);
        } else if let Some(since) = self.paused.take() {
            for first in self.unfinished.values_mut() {
                *first += now.saturating_duration_since(since);
            }
        }
    }

    /// A topic of which the rest of a snapshot or transaction has not come.
    pub(super) fn overdue(&mut self, now: Instant) -> Option<TopicId> {
        if self.paused.is_some() {
            return None;
        }
        let mut firsts = self.unfinished.iter();
        let (id, _) = firsts.find(|(_, first)| **first + PATIENCE <= now)?;
        let id = *id;
        self.unfinished.remove(&id);
        Some(id)
    }

    /// What waits of a topic is of no use any more; what has been shown stays.
    pub(super) fn abandon(&mut self, id: TopicId) {
        self.snapshots.forget(&id);
        self.unfinished.remove(&id);
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
        let Service::Feed { from, .. } = &topic.service else {
            return None;
        };
        self.abandon(id);
        let line = self.line(id);
        line.asked = line.newest.or(*from);
        line.whole = false;
        // What was the newest may have changed since it was shown: it is final as the snapshot has it.
        line.candles.begin();
        line.asked
    }

    /// A topic is no longer asked for, and its number may become another's.
    pub(super) fn forget(&mut self, id: TopicId) {
        self.abandon(id);
        *self.line(id) = Line::default();
    }

    /// Takes a row.
    pub(super) fn row(
        &mut self,
        id: TopicId,
        symbol: &Symbol,
        now: Instant,
        mark: Mark,
        change: Change<Item>,
        mut show: impl FnMut(Shown),
    ) {
        self.line(id);
        let line = &mut self.lines[id.index()];
        // The end of a snapshot of which the beginning could not be read.
        let flags = mark.flags;
        let headless = flags.ends_snapshot()
            && !flags.contains(EventFlags::SNAPSHOT_BEGIN)
            && !line.whole
            && !self.snapshots.under_way(&id);
        self.snapshots.row(&id, mark, change, &mut |emit| {
            line.show(symbol, emit, &mut show);
        });
        if headless {
            show(Shown::Lost);
        }
        if self.snapshots.pending(&id) > 0 {
            self.unfinished.entry(id).or_insert(now);
        } else if !self.unfinished.is_empty() {
            self.unfinished.remove(&id);
        }
    }
}

impl Line {
    fn show(&mut self, symbol: &Symbol, emit: Emit<Item>, show: &mut impl FnMut(Shown)) {
        let item = |index, stage, left, event| {
            Shown::Item(DxItem::Indexed(Box::new(Indexed {
                symbol: symbol.clone(),
                index,
                stage,
                left,
                event,
            })))
        };
        match emit {
            Emit::SnapshotBegin { .. } => {
                self.candles.begin();
                self.oldest = None;
                show(Shown::Edge(SnapshotEdge::Begin));
            }
            Emit::Snapshot { index, event, left } => {
                let mut event = event.event;
                let time = event.time();
                self.oldest = self.oldest.or(time);
                if let DxEvent::Candle(candle) = event {
                    self.newest = self.newest.max(Some(candle.start));
                    let candle = self.candles.snapshot(*candle, left);
                    event = DxEvent::Candle(Box::new(candle));
                }
                show(item(index, Stage::Snapshot, left, Some(event)));
            }
            Emit::SnapshotEnd { snipped } => {
                self.whole = true;
                show(Shown::Edge(SnapshotEdge::End { snipped }));
                let reaches = self.oldest.zip(self.asked);
                let short = reaches.is_some_and(|(oldest, asked)| {
                    oldest > asked.saturating_add(Duration::from_millis(1))
                });
                show(Shown::Filled(!(snipped && short)));
            }
            Emit::Update { index, event, left } => {
                let mut event = event.event;
                if let DxEvent::Candle(candle) = event {
                    if self.whole {
                        self.newest = self.newest.max(Some(candle.start));
                    }
                    let (over, candle) = self.candles.update(*candle);
                    if let Some(over) = over {
                        let index = over.detail.index.unwrap_or(index);
                        let over = DxEvent::Candle(Box::new(over));
                        show(item(index, Stage::Live, left + 1, Some(over)));
                    }
                    event = DxEvent::Candle(Box::new(candle));
                }
                show(item(index, Stage::Live, left, Some(event)));
            }
            Emit::Remove { index, left } => {
                self.candles.remove(index);
                show(item(index, Stage::Live, left, None));
            }
            Emit::Lost { .. } => show(Shown::Lost),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::request::Contract;
    use super::super::topic::EventName;
    use super::super::{Candle, CandleDetail, EventKind, index};
    use super::*;
    use crate::Decimal;
    use crate::market::{CandleState, Interval};

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_millis(minute * 60_000).unwrap()
    }

    fn topic() -> Topic {
        let name = EventName::Known(EventKind::Candle);
        Topic::feed(name, Contract::History, &"A{=m}".into()).from(minute(0))
    }

    /// Takes a candle's row, and tells the minutes and states of the candles shown.
    fn row(lines: &mut Lines, flags: u32, at: i64) -> Vec<(i64, CandleState)> {
        let mut shown = Vec::new();
        each(lines, flags, at, |it| {
            if let Shown::Item(DxItem::Indexed(row)) = it
                && let Some(DxEvent::Candle(candle)) = row.event
            {
                let minute = candle.start.as_millis() / 60_000;
                shown.push((minute, candle.state.unwrap()));
            }
        });
        shown
    }

    fn each(lines: &mut Lines, flags: u32, at: i64, show: impl FnMut(Shown)) {
        let millis = at * 60_000;
        let candle = Candle {
            symbol: "A{=m}".into(),
            interval: Interval::minutes(1),
            start: minute(at),
            open: Decimal::ONE,
            high: Decimal::ONE,
            low: Decimal::ONE,
            close: Decimal::ONE,
            volume: None,
            turnover: None,
            trades: None,
            vwap: None,
            state: None,
            tainted: false,
            truncated: false,
            first_time: None,
            last_time: None,
            received: None,
            detail: CandleDetail {
                index: index::of_time(millis, 0),
                ..CandleDetail::default()
            },
        };
        let mark = Mark {
            flags: EventFlags::from_bits(flags),
            index: index::of_time(millis, 0).unwrap(),
        };
        let item = Item {
            event: DxEvent::Candle(Box::new(candle)),
            dropped_values: 0,
        };
        let (id, symbol) = (TopicId::at(0), "A{=m}".into());
        let now = Instant::now();
        lines.row(id, &symbol, now, mark, Change::Set(item), show);
    }

    #[test]
    fn what_comes_ahead_of_a_snapshot_does_not_stand_for_it() {
        use CandleState::{Final, Partial};
        let (id, topic) = (TopicId::at(0), topic());
        let mut lines = Lines::default();
        assert_eq!(lines.begin(id, &topic), Some(minute(0)));
        assert_eq!(row(&mut lines, 0, 9), [(9, Partial)]);
        assert_eq!(row(&mut lines, 4, 9), []);
        // Cut before the snapshot was whole: it is asked for as a whole.
        lines.reset();
        assert_eq!(lines.begin(id, &topic), Some(minute(0)));
        assert_eq!(row(&mut lines, 4, 10), []);
        assert_eq!(row(&mut lines, 8, 9), [(9, Final), (10, Partial)]);
        assert_eq!(row(&mut lines, 0, 11), [(10, Final), (11, Partial)]);
        lines.reset();
        assert_eq!(lines.begin(id, &topic), Some(minute(11)));
        // What the newest was before the outage is not final.
        assert_eq!(row(&mut lines, 0, 15), [(15, Partial)]);
        lines.reset();
        assert_eq!(lines.begin(id, &topic), Some(minute(11)));
    }
    #[test]
    fn half_a_snapshot_is_not_given_up_while_nothing_is_read() {
        let (id, topic) = (TopicId::at(0), topic());
        let mut lines = Lines::default();
        lines.begin(id, &topic);
        let start = Instant::now();
        row(&mut lines, 4, 9);
        let later = |secs| start + Duration::from_secs(secs);
        lines.reading(later(10), false);
        assert_eq!(lines.overdue(later(600)), None);
        assert_eq!(lines.due(), None);
        lines.reading(later(610), true);
        assert!(lines.due().is_some_and(|at| at >= later(660)));
        assert_eq!(lines.overdue(later(655)), None);
        assert_eq!(lines.overdue(later(670)), Some(id));
    }
    #[test]
    fn a_snapshot_without_its_beginning_is_asked_for_again() {
        let (id, topic) = (TopicId::at(0), topic());
        let mut lines = Lines::default();
        lines.begin(id, &topic);
        let lost = |lines: &mut Lines, flags, at| {
            let mut lost = false;
            each(lines, flags, at, |it| lost |= matches!(it, Shown::Lost));
            lost
        };
        assert!(!lost(&mut lines, 0, 9));
        assert!(lost(&mut lines, 8, 8));
        assert_eq!(lines.begin(id, &topic), Some(minute(0)));
        for (flags, at) in [(4, 9), (0, 8), (8, 7), (12, 9), (0, 9), (8, 9)] {
            assert!(!lost(&mut lines, flags, at));
        }
    }
}
