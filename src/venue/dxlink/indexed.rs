use serde::{Deserialize, Serialize};

use super::event::DxEvent;
use crate::feed::Carries;
use crate::market::{Candle, Record, Tick};
use crate::{Decimal, Symbol, Timestamp};

/// An event of an indexed type, in its place in a snapshot or among the updates after it.
///
/// The stream says by [`SnapshotBegan`](crate::StatusKind::SnapshotBegan) and
/// [`SnapshotEnded`](crate::StatusKind::SnapshotEnded) where a snapshot begins and is complete. It is
/// handed out only when all of it has come, the oldest event first, and stands for everything that
/// was known before; after a reconnect, for what was missed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Indexed<T> {
    /// The instrument.
    pub symbol: Symbol,
    /// What the event is known by, within its type, symbol and source: a later one takes its place.
    pub index: i64,
    /// Whether it is part of a snapshot or happened since.
    pub stage: Stage,
    /// How many more must be shown together with it: the rest of its snapshot or transaction.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left: usize,
    /// The event; absent if the one of this index is gone.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub event: Option<T>,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes fields by reference"
)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Where an indexed event comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// It was there before.
    Snapshot,
    /// It is new, changed or gone.
    Live,
}

impl<T: Record> Record for Indexed<T> {
    const LATEST_REPLACES: bool = true;
    const BUILDS_ON_PREVIOUS: bool = T::BUILDS_ON_PREVIOUS;

    fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    fn time(&self) -> Option<Timestamp> {
        self.event.as_ref().and_then(Record::time)
    }

    fn received(&self) -> Option<Timestamp> {
        self.event.as_ref().and_then(Record::received)
    }

    fn slot(&self) -> Option<i64> {
        // Nothing may be taken out of what must be shown together.
        (self.stage == Stage::Live && self.left == 0).then_some(self.index)
    }
}

impl<T: Tick> Tick for Indexed<T> {
    fn price(&self) -> Option<Decimal> {
        self.event.as_ref().and_then(Tick::price)
    }

    fn size(&self) -> Option<Decimal> {
        self.event.as_ref().and_then(Tick::size)
    }

    fn candle(&self) -> Option<Candle> {
        self.event.as_ref().and_then(Tick::candle)
    }
}

/// What a connection brings of a topic.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly every item is an event: boxing it would cost each an allocation"
)]
pub enum DxItem {
    /// An event that stands for itself.
    Event(DxEvent),
    /// An event in its place, or the removal of one.
    Indexed(Box<Indexed<DxEvent>>),
}

impl DxItem {
    /// Whether its time is that of a beginning.
    pub(super) fn is_candle(&self) -> bool {
        let event = match self {
            Self::Event(event) => Some(event),
            Self::Indexed(indexed) => indexed.event.as_ref(),
        };
        matches!(event, Some(DxEvent::Candle(_)))
    }

    /// Whether it shows what the venue's clock read as it was sent: what a snapshot brings happened long
    /// ago, and a candle's time is that of its beginning.
    pub(super) fn is_news(&self) -> bool {
        !self.is_candle() && !matches!(self, Self::Indexed(row) if row.stage == Stage::Snapshot)
    }

    pub(super) fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Event(event) => event.time(),
            Self::Indexed(indexed) => indexed.event.as_ref().and_then(DxEvent::time),
        }
    }
}

impl<T> Carries<T> for DxItem
where
    DxEvent: Carries<T>,
{
    fn into_event(self) -> Option<T> {
        match self {
            Self::Event(event) => event.into_event(),
            Self::Indexed(_) => None,
        }
    }

    fn to_event(&self) -> Option<T> {
        match self {
            Self::Event(event) => event.to_event(),
            Self::Indexed(_) => None,
        }
    }
}

impl<T> Carries<Indexed<T>> for DxItem
where
    DxEvent: Carries<T>,
{
    fn into_event(self) -> Option<Indexed<T>> {
        let Self::Indexed(indexed) = self else {
            return None;
        };
        let event = match indexed.event {
            Some(event) => Some(event.into_event()?),
            None => None,
        };
        Some(Indexed {
            symbol: indexed.symbol,
            index: indexed.index,
            stage: indexed.stage,
            left: indexed.left,
            event,
        })
    }

    fn to_event(&self) -> Option<Indexed<T>> {
        Self::into_event(self.clone())
    }
}
