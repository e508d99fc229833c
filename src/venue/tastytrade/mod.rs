//! tastytrade: market data by [DXLink](super::dxlink), and what happens in the user's accounts.
//!
//! [`Tastytrade`] is the client. Orders, fills, balances and positions are the
//! [account types](crate::account) with the venue's own fields as their `detail`; what the venue sends
//! besides is kept under its own names in `more`. Amounts are exact decimals in the account's currency,
//! quantities are in shares or contracts, and times are UTC.
//!
//! Source: tastytrade's developer documentation (OAuth2, Streaming Market Data, Streaming Account Data,
//! Order Management).

mod access;
mod account;
mod account_info;
mod builder;
mod client;
mod fields;
mod market;
mod quote_tokens;
mod rest;
mod rest_error;
#[cfg(test)]
mod samples;
mod session;
mod words;

pub use account::{
    AccountEvent, AccountProtocol, AccountTopic, AccountUpdate, Answer, Balance, BalanceDetail,
    ComplexOrder, Decoded, FetchAccess, Fill, FillDetail, Leg, LegFill, Notice, Order, OrderDetail,
    Position, PositionDetail, QuoteAlert, Watchlist, WatchlistEntry, decode,
};
pub use account_info::AccountInfo;
pub use builder::{
    PRODUCTION_ACCOUNT_URL, PRODUCTION_URL, SANDBOX_ACCOUNT_URL, SANDBOX_URL, TastytradeBuilder,
};
pub use client::Tastytrade;
pub use words::{Action, Effect, InstrumentType, OrderType, QuoteLevel, Status};

/// The venue's name, for errors, logs and metrics.
const VENUE: &str = "tastytrade";
