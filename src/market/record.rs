use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Id;
use crate::{Symbol, Timestamp};

/// What queues and operators need to know of an event: whose it is, when it happened, whether a
/// newer one makes it worthless, and by what it is known again.
///
/// Implement it for your own event type to use [`conflate`](crate::Overflow::Conflate), overflow
/// ranges, candle tainting and [`dedup`](crate::FeedExt::dedup) with it.
pub trait Record {
    /// Whether a newer event of the same [`slot`](Record::slot) replaces an older one entirely:
    /// true of quotes and tickers, false of trades.
    const LATEST_REPLACES: bool;

    /// Whether an event only makes sense after the one before it, so that a newer one must never
    /// take its place: true of order book updates. Operators that keep the latest value alone do
    /// not compile with such events.
    const BUILDS_ON_PREVIOUS: bool = false;

    /// The instrument.
    fn symbol(&self) -> &Symbol;

    /// The venue's event time, if it sent one.
    fn time(&self) -> Option<Timestamp>;

    /// When the event's bytes were read from a socket; `None` for recorded or made-up events.
    fn received(&self) -> Option<Timestamp>;

    /// What a newer event must share with this one, besides the symbol, to replace it; `None` for
    /// an event that must never be replaced.
    ///
    /// Candles of different windows have different slots; quotes have one slot a symbol.
    fn slot(&self) -> Option<i64> {
        if Self::LATEST_REPLACES { Some(0) } else { None }
    }

    /// By what this event is known again when it comes a second time, unique within its symbol;
    /// `None` for an event that is never a repeat of another.
    ///
    /// A trade has its id, a quote its sequence number, a change of a book its last sequence
    /// number. Snapshots, candles and tickers have none.
    fn identity(&self) -> Option<Id> {
        None
    }
}

/// A venue's own extra fields of an event, the `detail` of [`Trade`](super::Trade) and the others.
pub trait Detail:
    Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Whether nothing is in it, so that the serialised event leaves it out.
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the event is a tick of its own: false of one that corrects or takes back an earlier
    /// one, or that the venue says does not count. Candles leave those out.
    fn is_tick(&self) -> bool {
        true
    }
}

impl Detail for () {
    fn is_empty(&self) -> bool {
        true
    }
}
