//! Gate (gate.com, formerly gate.io): spot market data.
//!
//! Events are the [market types](crate::market) with Gate's own extra fields as their `detail`:
//! [`Trade`], [`Quote`], [`Ticker`], [`Candle`] and [`BookUpdate`]. [`decode`] reads one recorded
//! frame without a connection.

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
mod protocol;
mod push;
mod scan;
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
