//! DXLink, the WebSocket protocol of dxFeed, as tastytrade and others offer it.
//!
//! Events are the [market types](crate::market) with DXLink's own extra fields as their `detail`
//! where they mean the same: [`Quote`], [`TimeAndSale`] (executions), [`Candle`] and [`BookUpdate`].
//! The others are types of their own, of whose fields any may be absent: [`LastSale`], [`Summary`],
//! [`Profile`], [`Greeks`], [`Order`] and more. [`DxEvent`] is any of them.
//!
//! Prices, sizes and volumes are exact decimals of the venue's digits; what models compute is `f64`.
//! `NaN`, an empty text and a time of zero mean that there is no value, as does the name `UNDEFINED`.
//!
//! [`Decoder`] reads recorded frames without a connection, and [`Snapshots`] turns the rows of indexed
//! events into whole snapshots and updates.

#[doc(hidden)]
pub mod bench;
mod builder;
mod candle_states;
mod candle_symbol;
mod channels;
mod client;
mod day;
mod decoded;
mod decoder;
#[cfg(test)]
mod differential;
mod dom;
mod error_code;
mod event;
mod feed_data;
mod field;
#[cfg(test)]
mod fixture;
mod flags;
mod float;
mod index;
mod indexed;
mod keepalive;
mod kind;
mod lines;
mod login;
mod malformed;
mod names;
mod protocol;
mod request;
mod row;
mod schema;
mod server;
mod snapshot;
mod tape;
mod text_enum;
mod topic;
mod value;

pub use builder::{DEMO_URL, DxLinkBuilder};
pub use candle_states::CandleStates;
pub use candle_symbol::{
    CandleAlignment, CandlePeriod, CandlePrice, CandleSymbol, ParseCandleError, ParsePeriodError,
    PeriodUnit,
};
pub use client::DxLink;
pub use day::Day;
pub use decoded::{Decoded, DecodedEvent, Removed, SnapshotKey};
pub use decoder::Decoder;
pub use error_code::ErrorCode;
pub use event::{
    AnalyticOrder, BookDetail, BookUpdate, Candle, CandleDetail, Configuration, DxEvent, Greeks,
    LastSale, Message, OptionSale, Order, Profile, Quote, QuoteDetail, RawRow, SaleExtra,
    SaleSession, Series, SpreadOrder, Summary, TheoPrice, TimeAndSale, TimeAndSaleDetail,
    Underlying,
};
pub use flags::EventFlags;
pub use indexed::{DxItem, Indexed, Stage};
pub use kind::EventKind;
pub use malformed::Malformed;
pub use names::{
    IcebergType, OrderAction, OrderScope, OrderSide, PriceType, SaleKind, ShortSaleRestriction,
    TickDirection, TradingStatus,
};
pub use protocol::{DxLinkProtocol, FetchToken};
pub use snapshot::{Change, Emit, Mark, SnapshotLimits, Snapshots};
pub use topic::Topic;
