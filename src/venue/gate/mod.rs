//! Gate (gate.com, formerly gate.io): spot market data.
//!
//! Events are the [market types](crate::market) with Gate's own extra fields as their `detail`:
//! [`Trade`], [`Quote`], [`Ticker`], [`Candle`] and [`BookUpdate`]. [`decode`] reads one recorded
//! frame without a connection.
//!
//! # What is read leniently, and what strictly
//!
//! Leniently where nothing is lost by it, on every channel alike:
//!
//! | spelling | read as |
//! |---|---|
//! | a number as a string, a string as a number, `5.0` or `5e0` for `5`, `"true"` for `true` | the value |
//! | `"id": "7"`, of a trade or of an answer | the number 7; another text of a trade is an id of text |
//! | keys in any order, unknown keys | what is known of them |
//! | `null` or `""` for a value | none |
//! | `null` for a side of a book | a side without levels |
//! | a level of more than price and size | price and size |
//! | an optional value that cannot be read | none, counted as dropped |
//! | `result` as an array | its elements, one after another |
//! | an answer without `event`, `id` or `payload`, out of order or twice | the one request that it can mean, once |
//! | `pong`, as text, string, channel, event or result | an answer to a ping |
//!
//! Strictly where something would be. Such an event is malformed: a gap stands in its place, and what
//! builds on it is not trusted.
//!
//! | event | consequence |
//! |---|---|
//! | a required value that is missing, or cannot be held exactly | a gap |
//! | a negative size or volume | a gap |
//! | a change or whole book of `spot.obu` whose numbers are missing, unreadable, beyond 64 bits, or `U` beyond `u` | a gap, and a new subscription |
//! | the same of `spot.order_book_update` | a gap; the next change begins the chain anew |
//! | a whole book whose best bid is not below its best ask | a gap; on `spot.obu` a new subscription |
//! | an older whole book than what was delivered | a gap before it; the chain goes on from it |
//! | numbers that jump ahead | a gap; on `spot.obu` a new subscription |
//! | a change of nothing but what was delivered before | left out, counted as repeated; two that follow each other, or sixteen in a row, are a numbering begun anew: a gap, and on `spot.obu` a new subscription |
//!
//! After a break `spot.obu` brings nothing until its next snapshot. A change that is partly new is
//! delivered: sizes are absolute.

#[doc(hidden)]
pub mod bench;
mod builder;
mod chain;
mod channel;
mod cursor;
mod decode;
mod decoded;
mod detail;
#[cfg(test)]
mod differential;
mod family;
mod interval;
mod message;
mod moment;
mod parameter;
mod position;
mod protocol;
mod push;
mod scan;
#[cfg(test)]
mod spelling;
mod spot;
mod value;
mod wire;

pub use builder::SpotBuilder;
pub use channel::{Channel, Topic};
pub use decoded::{DecodeError, Decoded, decode};
pub use detail::{
    BookDetail, BookUpdate, Candle, CandleDetail, IdRange, Quote, QuoteDetail, Ticker,
    TickerDetail, Trade, TradeDetail,
};
pub use interval::Interval;
pub use message::SpotEvent;
pub use parameter::{BookSpeed, DeltaSpeed, Depth, ObuLevel, ParseParameterError};
pub use protocol::SpotProtocol;
pub use spot::{SPOT_TESTNET_URL, SPOT_URL, Spot};
