use std::time::Duration;

use super::super::candle_states::CandleStates;
use super::super::event::DxEvent;
use super::super::indexed::{DxItem, Indexed, Stage};
use super::super::row::Item;
use super::super::snapshot::{Emit, Mark};
use super::super::topic::Topic;
use super::Shown;
use crate::feed::{SnapshotEdge, Topic as _};
use crate::{Symbol, Timestamp};

/// One indexed topic.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) history: History,
    candles: CandleStates,
    /// Whether its events are candles, of which each change tells the whole.
    of_candles: bool,
    /// The start of the newest candle of which nothing before is missing; survives the connection.
    newest: Option<Timestamp>,
    /// The oldest event of the snapshot under way.
    oldest: Option<Timestamp>,
    /// From when on the snapshot under way was asked for.
    asked: Option<Timestamp>,
    /// It was asked for from the newest candle on, which it must have.
    resumes: bool,
    /// Somebody has joined who lacks all of it.
    anew: Anew,
    /// It has been asked for on this connection before.
    sent: bool,
    /// The venue has been found to send its history without flags.
    unflagged: bool,
    /// It is to begin anew because what follows builds on what could not be read.
    hurt: bool,
    /// How many snapshots in a row have not become whole.
    spoilt: u32,
}

/// Whether a topic is to be asked for from its beginning, whatever comes of it until then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Anew {
    #[default]
    No,
    Wanted,
    /// It was, and its snapshot is not complete yet.
    Asked,
}

/// How far the history of a topic is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum History {
    /// Its snapshot has not begun, or not ended. Live rows may come ahead of it.
    Awaited {
        /// Rows of an earlier subscription may still be under way.
        again: bool,
        /// The beginning may have been in what could not be read.
        doubtful: bool,
    },
    /// The snapshot that was asked for is complete.
    Whole,
    /// Its snapshot is missing something: what comes until it begins anew is of no use.
    Broken,
    /// Nothing shows that anything is whole: rows stand for themselves.
    #[default]
    Unproven,
}

impl Line {
    pub(super) fn begin(&mut self, topic: &Topic) -> Option<Timestamp> {
        let newest = self.newest.filter(|_| self.anew == Anew::No);
        self.asked = newest.or(topic.since());
        self.resumes = newest.is_some();
        if self.anew == Anew::Wanted {
            self.anew = Anew::Asked;
        }
        self.of_candles = topic.is_of_candles();
        self.history = History::Awaited {
            again: std::mem::replace(&mut self.sent, true) && !self.unflagged,
            doubtful: false,
        };
        self.hurt = false;
        // What was the newest may have changed since it was shown: it is final as the snapshot has it.
        self.candles.begin();
        self.asked
    }

    /// From when on something of it may be missing if its snapshot will not be whole.
    pub(super) fn missing_from(&self) -> Option<Timestamp> {
        let newest = self.newest.filter(|_| self.anew == Anew::No);
        newest.or(self.asked)
    }

    pub(super) fn disconnected(&mut self) {
        self.history = History::Unproven;
        if self.anew == Anew::Asked {
            self.anew = Anew::Wanted;
        }
        (self.sent, self.unflagged, self.hurt) = (false, false, false);
        self.spoilt = 0;
    }

    /// The next time it is asked for from its beginning: rows of the subscription before it may come until
    /// then.
    pub(super) fn begin_anew(&mut self) {
        self.forget();
        self.anew = Anew::Wanted;
    }

    /// Keeps what is of the connection, not of the topic's past.
    pub(super) fn forget(&mut self) {
        *self = Self {
            sent: self.sent,
            unflagged: self.unflagged,
            ..Self::default()
        };
    }

    pub(super) fn snapshot_began(&mut self) {
        self.history = History::Awaited {
            again: false,
            doubtful: false,
        };
    }

    /// Rows have come and the beginning of their snapshot has not. Tells whether that is the venue's way:
    /// else it has been lost.
    pub(super) fn begin_overdue(&mut self) -> bool {
        let sure = matches!(
            self.history,
            History::Awaited {
                again: false,
                doubtful: false
            }
        );
        self.unflagged |= sure;
        sure
    }

    /// Another snapshot has not become whole; tells how many in a row.
    pub(super) fn spoilt(&mut self) -> u32 {
        self.spoilt += 1;
        self.history = History::Broken;
        self.spoilt
    }

    /// A row that came by itself could not be read. Tells whether the topic must begin anew: where what
    /// follows builds on it, or nobody knows what it was.
    pub(super) fn is_hurt_by(&mut self, mark: Option<Mark>) -> bool {
        if let Some(mark) = mark.filter(|_| self.of_candles) {
            // The next change tells all of the candle again.
            self.candles.doubt(mark.index);
            return false;
        }
        self.hurt = self.history == History::Whole;
        self.hurt
    }

    /// Something could not be read that may have been of this topic. Tells whether it must begin anew.
    pub(super) fn doubt(&mut self) -> bool {
        match &mut self.history {
            History::Awaited { doubtful, .. } => {
                *doubtful = true;
                false
            }
            History::Whole if !self.of_candles => !std::mem::replace(&mut self.hurt, true),
            _ => false,
        }
    }

    /// Shows events of a snapshot that will not be whole, in their order.
    pub(super) fn show_unproven(
        &mut self,
        symbol: &Symbol,
        held: Vec<(i64, Item)>,
        show: &mut impl FnMut(Shown),
    ) {
        self.history = History::Unproven;
        let mut left = held.len();
        for (index, item) in held {
            left -= 1;
            let mut event = item.event;
            if let DxEvent::Candle(candle) = event {
                let candle = self.candles.snapshot(*candle, left);
                event = DxEvent::Candle(Box::new(candle));
            }
            show(row(symbol, index, Stage::Live, 0, Some(event)));
        }
    }

    pub(super) fn show(&mut self, symbol: &Symbol, emit: Emit<Item>, show: &mut impl FnMut(Shown)) {
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
                show(row(symbol, index, Stage::Snapshot, left, Some(event)));
            }
            Emit::SnapshotEnd { snipped } => {
                self.history = History::Whole;
                self.spoilt = 0;
                if self.anew == Anew::Asked {
                    self.anew = Anew::No;
                }
                show(Shown::Edge(SnapshotEdge::End { snipped }));
                show(Shown::Filled(self.reaches(snipped)));
            }
            Emit::Update { index, event, left } => {
                let mut event = event.event;
                if let DxEvent::Candle(candle) = event {
                    // What is hurt is asked for from before that.
                    if self.history == History::Whole && !self.hurt {
                        self.newest = self.newest.max(Some(candle.start));
                    }
                    let (over, candle) = self.candles.update(*candle);
                    if let Some(over) = over {
                        let index = over.detail.index.unwrap_or(index);
                        let over = DxEvent::Candle(Box::new(over));
                        show(row(symbol, index, Stage::Live, left + 1, Some(over)));
                    }
                    event = DxEvent::Candle(Box::new(candle));
                }
                show(row(symbol, index, Stage::Live, left, Some(event)));
            }
            Emit::Remove { index, left } => {
                self.candles.remove(index);
                show(row(symbol, index, Stage::Live, left, None));
            }
            // Nothing is given to the snapshots that they could not hold, nor what cannot be read of one.
            Emit::Lost { .. } => {}
        }
    }

    /// Whether the snapshot that has ended goes back to where it was asked for from. One that resumes
    /// must have the candle that it resumes with.
    fn reaches(&self, snipped: bool) -> bool {
        let Some(asked) = self.asked.filter(|_| snipped || self.resumes) else {
            return true;
        };
        match self.oldest {
            Some(oldest) => oldest <= asked.saturating_add(Duration::from_millis(1)),
            None => !self.resumes,
        }
    }
}

fn row(symbol: &Symbol, index: i64, stage: Stage, left: usize, event: Option<DxEvent>) -> Shown {
    Shown::Item(DxItem::Indexed(Box::new(Indexed {
        symbol: symbol.clone(),
        index,
        stage,
        left,
        event,
    })))
}
