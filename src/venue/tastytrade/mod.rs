//! tastytrade: market data by [DXLink](super::dxlink), and what happens in the user's accounts.
//!
//! [`Tastytrade`] is the client. Orders, fills, balances and positions are the
//! [account types](crate::account) with the venue's own fields as their `detail`; what the venue sends
//! besides is kept under its own names in `more`. Amounts are exact decimals in the account's currency,
//! quantities are in shares or contracts, and times are UTC.
//!
//! ```
//! # #[cfg(feature = "sim")]
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use feedline::Event;
//! use feedline::sim::tastytrade::{Notification, TastytradeSim};
//! use feedline::venue::tastytrade::{AccountUpdate, Tastytrade};
//! use futures_util::StreamExt;
//!
//! // A simulated venue inside this process. For the real one: `Tastytrade::new(secret, token)?`
//! let venue = TastytradeSim::builder().in_memory()?;
//! let tastytrade = Tastytrade::builder("test-secret", "test-refresh")
//!     .url(venue.rest_url())
//!     .account_url(venue.account_url())
//!     .dial(venue.dialer())
//!     .build()?;
//!
//! let mut quotes = tastytrade.market().quotes(["AAPL"]).await?;
//! let Some(Ok(Event::Data(quote))) = quotes.next().await else { panic!() };
//! println!("{:?} {:?}", quote.bid, quote.ask);
//!
//! let mut events = tastytrade.account(["5WT00001"]).await?;
//! let order = Notification::order("5WT00001", 7, "AAPL");
//! venue.notify([order.with_leg(1, 0, &[("226.5".to_owned(), 1)])]);
//! while let Some(event) = events.next().await {
//!     if let Event::Data(event) = event?
//!         && let AccountUpdate::Fill(fill) = event.update
//!     {
//!         assert_eq!(fill.price.to_string(), "226.5");
//!         break;
//!     }
//! }
//! # Ok(()) }
//! # #[cfg(not(feature = "sim"))]
//! # fn main() {}
//! ```
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
mod places;
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
