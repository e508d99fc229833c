//! What Gate sends beyond the common fields of an event.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::market::{self, Detail};

/// An execution on Gate spot. `size` is in the base asset.
pub type Trade = market::Trade<TradeDetail>;
/// Best bid and ask on Gate spot. `sequence` is the book's update id `u`.
pub type Quote = market::Quote<QuoteDetail>;
/// A 24-hour summary on Gate spot. `time` is when Gate sent it: the ticker itself has no time.
pub type Ticker = market::Ticker<TickerDetail>;
/// A candle of Gate spot. `state` is absent where Gate left out its flag `w` (before 2024).
pub type Candle = market::Candle<CandleDetail>;
/// A change of a Gate spot book, or a whole one. `first` and `last` are the update ids `U` and `u`.
pub type BookUpdate = market::BookUpdate<BookDetail>;

/// Gate's own fields of a trade.
///
/// Source: Gate Spot WebSocket v4, Trades channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TradeDetail {
    /// When Gate sent the message (`time_ms`, else `time`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Timestamp>,
    /// When the trade happened, in whole seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_time: Option<Timestamp>,
    /// The number of the trade in its market, counted without holes (since 2025).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_market: Option<u64>,
    /// The fills that this trade merges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<IdRange>,
    /// `trade_mode`, which Gate does not document (since 2026).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_mode: Option<u32>,
}

/// A span of identifiers, both ends included. Gate writes it `first-last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IdRange {
    /// The first identifier.
    pub first: u64,
    /// The last identifier.
    pub last: u64,
}

/// Gate's own fields of a quote.
///
/// Source: Gate Spot WebSocket v4, Best Bid or Ask Price.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QuoteDetail {
    /// When Gate sent the message (`time_ms`, else `time`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Timestamp>,
}

/// Gate's own fields of a ticker.
///
/// Source: Gate Spot WebSocket v4, Tickers channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TickerDetail {
    /// When Gate sent the message (`time_ms`, else `time`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Timestamp>,
}

/// Gate's own fields of a candle.
///
/// Source: Gate Spot WebSocket v4, Candlesticks channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CandleDetail {
    /// When Gate sent the message (`time_ms`, else `time`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Timestamp>,
}

/// Gate's own fields of a book update.
///
/// Source: Gate Spot WebSocket v4, Changed Order Book Levels, Limited-Level Full Order Book
/// Snapshot and Order Book V2.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BookDetail {
    /// When Gate sent the message (`time_ms`, else `time`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Timestamp>,
    /// The deprecated `E` of `spot.order_book_update`: the book's time in whole seconds.
    #[serde(rename = "E", default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Timestamp>,
    /// How many levels a side the channel maintains: `l`, or the last part of a `spot.obu` name.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u16>,
}

impl Detail for TradeDetail {}
impl Detail for QuoteDetail {}
impl Detail for TickerDetail {}
impl Detail for CandleDetail {}
impl Detail for BookDetail {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    #[test]
    fn events_stay_small() {
        let sizes = [
            size_of::<Event<Trade>>(),
            size_of::<Event<Quote>>(),
            size_of::<Event<BookUpdate>>(),
            size_of::<Event<Candle>>(),
            size_of::<Event<Ticker>>(),
        ];
        for (size, limit) in sizes.into_iter().zip([192, 168, 184, 248, 256]) {
            assert!(size <= limit, "{sizes:?}");
        }
    }

    #[test]
    fn an_empty_detail_is_left_out() {
        assert!(TradeDetail::default().is_empty());
        assert_eq!(serde_json::to_string(&BookDetail::default()).unwrap(), "{}");
    }
}
