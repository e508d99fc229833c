use serde::{Deserialize, Serialize};

use super::super::field::Field;
use super::super::row::{Build, Reader, Source, Unfit};
use crate::Timestamp;
use crate::market::{self, Detail};

/// Best bid and ask. `time` is the later of the two sides' times, which have the precision of a
/// second; some servers (tastytrade's among them) send neither.
pub type Quote = market::Quote<QuoteDetail>;

/// DXLink's own fields of a quote.
///
/// Source: dxFeed API, `Quote`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QuoteDetail {
    /// When the bid last changed, in whole seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bid_time: Option<Timestamp>,
    /// The exchange of the bid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bid_exchange: Option<char>,
    /// When the ask last changed, in whole seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask_time: Option<Timestamp>,
    /// The exchange of the ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask_exchange: Option<char>,
    /// Nanoseconds within the millisecond of the change, of which the milliseconds are not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_nano_part: Option<u32>,
    /// When the event was made (`eventTime`), which few servers tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Timestamp>,
}

impl Detail for QuoteDetail {}

impl Build for Quote {
    #[inline]
    fn build<'a, S: Source<'a>>(row: &mut Reader<S>) -> Result<Self, Unfit> {
        let bid_time = row.millis(Field::BidTime);
        let ask_time = row.millis(Field::AskTime);
        Ok(Self {
            bid: row.decimal(Field::BidPrice),
            bid_size: row.size(Field::BidSize)?,
            ask: row.decimal(Field::AskPrice),
            ask_size: row.size(Field::AskSize)?,
            time: bid_time.max(ask_time),
            sequence: row.count(Field::Sequence),
            received: row.received(),
            detail: QuoteDetail {
                bid_time,
                bid_exchange: row.character(Field::BidExchangeCode),
                ask_time,
                ask_exchange: row.character(Field::AskExchangeCode),
                time_nano_part: row.count(Field::TimeNanoPart),
                event_time: row.millis(Field::EventTime),
            },
            symbol: row.take_symbol(),
        })
    }
}
