//! The venues, one folder and one feature each.
//!
//! A venue's module holds its client, the types of its events and their details, and the protocol
//! behind the client. A client is cheap to clone and holds no socket by itself; it has a method for
//! each channel, which returns a [`Subscribe`](crate::feed::Subscribe) to await.
//!
//! | module | feature | markets |
//! |---|---|---|
//! | `dxlink` | `dxlink` | DXLink (dxFeed): every event type, candles with their history, depth |
//! | `gate` | `gate` | Gate spot: trades, quotes, tickers, candles, order books |
//! | `tastytrade` | `tastytrade` | tastytrade: market data by DXLink, orders, fills, balances, positions |

#[cfg(feature = "dxlink")]
pub mod dxlink;
#[cfg(feature = "gate")]
pub mod gate;
#[cfg(feature = "tastytrade")]
pub mod tastytrade;
