use super::{Candle, Detail, Quote, Record, Trade};
use crate::Decimal;

/// An event that says what something is worth at one moment: what candles are made of.
///
/// Implement it for your own event type to make [`candles`](crate::FeedExt::candles) of it.
pub trait Tick: Record {
    /// The price; `None` if this event has none, which leaves it out of candles.
    fn price(&self) -> Option<Decimal>;

    /// The amount traded at that price; `None` for what is not a trade.
    fn size(&self) -> Option<Decimal>;

    /// The candle that this event is, to be made part of a longer one; its price and size are not
    /// asked for then. `None` for a single tick. The events of one symbol are all of one kind: a
    /// candle takes the place of an earlier state of itself, and of nothing else.
    fn candle(&self) -> Option<Candle> {
        None
    }
}

impl<D: Detail> Tick for Trade<D> {
    /// The price, of a trade that counts.
    fn price(&self) -> Option<Decimal> {
        self.detail.is_tick().then_some(self.price)
    }

    fn size(&self) -> Option<Decimal> {
        Some(self.size)
    }
}

impl<D> Tick for Quote<D> {
    /// The middle between bid and ask, if both are there.
    fn price(&self) -> Option<Decimal> {
        // Not a division, which is slow and pads the result with zeros.
        let half = Decimal::new(5, 1);
        self.bid?.checked_add(self.ask?)?.checked_mul(half)
    }

    fn size(&self) -> Option<Decimal> {
        None
    }
}

impl<D> Tick for Candle<D> {
    fn price(&self) -> Option<Decimal> {
        Some(self.close)
    }

    fn size(&self) -> Option<Decimal> {
        self.volume
    }

    fn candle(&self) -> Option<Candle> {
        Some(self.to_common())
    }
}
