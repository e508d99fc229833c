use serde::{Deserialize, Serialize};

use crate::market::{Candle, Id, Record, Tick};
use crate::{Decimal, Symbol, Timestamp};

/// Data of one of several feeds, as [`merge_by_time`](crate::FeedsExt::merge_by_time) yields it.
///
/// It is the record that it holds, told apart by its feed: queues replace it by data of the same
/// feed alone, and the same identity from two feeds is two identities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Merged<T> {
    /// Which of the feeds it came from, by its place among them.
    pub feed: usize,
    /// It is earlier than data that was yielded before it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// What came.
    pub data: T,
}

impl<T> Merged<T> {
    /// Data of a feed, not late.
    pub fn new(feed: usize, data: T) -> Self {
        Self {
            feed,
            late: false,
            data,
        }
    }

    /// The same, flagged as late or not.
    #[must_use]
    pub fn late(mut self, late: bool) -> Self {
        self.late = late;
        self
    }
}

impl<T: Record> Record for Merged<T> {
    const LATEST_REPLACES: bool = T::LATEST_REPLACES;

    fn symbol(&self) -> &Symbol {
        self.data.symbol()
    }

    fn time(&self) -> Option<Timestamp> {
        self.data.time()
    }

    fn received(&self) -> Option<Timestamp> {
        self.data.received()
    }

    /// The data's own slot beside the feed's number, in one number: different for different feeds
    /// and for slots that differ by less than 2⁴⁸ or, as the starts of candles do, by whole
    /// seconds.
    fn slot(&self) -> Option<i64> {
        let feed = u16::try_from(self.feed).ok()?;
        Some(self.data.slot()?.rotate_left(16) ^ i64::from(feed))
    }

    fn identity(&self) -> Option<Id> {
        Some(Id::Text(match self.data.identity()? {
            Id::Number(number) => smol_str::format_smolstr!("{}#{number}", self.feed),
            Id::Text(text) => smol_str::format_smolstr!("{}:{text}", self.feed),
        }))
    }
}

impl<T: Tick> Tick for Merged<T> {
    fn price(&self) -> Option<Decimal> {
        self.data.price()
    }

    fn size(&self) -> Option<Decimal> {
        self.data.size()
    }

    fn candle(&self) -> Option<Candle> {
        self.data.candle()
    }
}
