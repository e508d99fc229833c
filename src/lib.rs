//! Market-data WebSocket venues as Rust `Stream`s of typed events.
//!
//! One sentence decides most questions: **nothing is lost in silence.** An event that the venue
//! sent is delivered, or a [`Gap`] stands in the stream at the exact place where it is missing,
//! with its cause, its extent and its count where that is known.
//!
//! ```
//! # #[cfg(all(feature = "gate", feature = "sim"))]
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use feedline::Event;
//! use feedline::sim::{Fault, gate::GateSim};
//! use feedline::venue::gate::Spot;
//! use futures_util::StreamExt;
//!
//! // A simulated venue inside this process. For the real one: `let gate = Spot::new();`
//! let venue = GateSim::builder().seed(7).in_memory()?;
//! let gate = Spot::builder().url(venue.url()).dial(venue.dialer()).build()?;
//!
//! // Resolves once the venue has accepted both symbols.
//! let mut trades = gate.trades(["BTC_USDT", "ETH_USDT"]).await?;
//! venue.inject(Fault::Cut);
//! while let Some(event) = trades.next().await {
//!     match event? {
//!         Event::Data(trade) => println!("{} {} @ {}", trade.symbol, trade.size, trade.price),
//!         Event::Status(status) => println!("{status}"),
//!         Event::Gap(gap) => {
//!             println!("exactly here: {gap}");
//!             break;
//!         }
//!     }
//! }
//! drop(trades); // unsubscribes
//! # Ok(()) }
//! # #[cfg(not(all(feature = "gate", feature = "sim")))]
//! # fn main() {}
//! ```
//!
//! # Where to start
//!
//! - *Read a feed:* a venue's client in [`venue`], such as `venue::gate::Spot`. Each channel is a
//!   method; awaiting what it returns gives a [`Subscription`], a stream that owns its place at the
//!   venue: dropping it unsubscribes.
//! - *Do something with it:* [`FeedExt`] makes candles, batches, samples, queues, strict or data-only
//!   streams out of any [`Feed`], live, recorded or simulated; [`FeedsExt`] merges several.
//! - *Choose what a slow consumer costs:* [`Overflow`], per subscription.
//! - *Test your own program against outages:* `sim`, behind the feature `sim`.
//! - *Add a venue:* [`feed::Protocol`], and [`feed::Connection`] to run it.
//!
//! # The item
//!
//! Every feed yields `Result<Event<T>, Error>`:
//!
//! | item | means |
//! |---|---|
//! | `Ok(`[`Event::Data`]`)` | what the venue sent, typed, with the venue's own time |
//! | `Ok(`[`Event::Gap`]`)` | something is, or may be, missing here: [`Cause`], [`Scope`], count |
//! | `Ok(`[`Event::Status`]`)` | the feed's condition changed here: [`StatusKind`] |
//! | `Err(`[`Error`]`)` | the last item: nothing that a retry would mend |
//! | `None` | the end, for good; without an `Err` before it, you asked for it |
//!
//! At a reconnect the order is `Interrupted`, a `Gap` before any new data of each batch of topics
//! accepted again, and `Resumed` when no topic of the subscription is pending.
//!
//! # Errors
//!
//! An [`Error`] is terminal on a stream and final for a call: whatever can be retried is retried by
//! the feed itself and shows as a [`Status`]. [`Error::kind`] is for callers that act on it,
//! [`Error::is_retryable`] tells whether the same call may succeed later, and
//! [`Error::rejections`] names every topic that the venue refused.
//!
//! # Modules
//!
//! | module | holds |
//! |---|---|
//! | [`venue`] | the venues' clients, one folder and one feature each |
//! | [`market`] | the typed events of markets, shared by all venues |
//! | [`account`] | the typed events of accounts, shared by all venues |
//! | [`feed`] | protocols, connections, subscriptions, metrics |
//! | [`adapters`] | the types of [`FeedExt`]'s streams, for naming them |
//! | [`transport`] | frames, WebSockets, dialling, and an in-memory transport |
//! | [`decimal`] | exact decimals from a venue's own digits |
//! | `sim` | venue simulators with scripted faults (feature `sim`) |
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `gate` | yes | Gate spot |
//! | `dxlink` | no | DXLink (dxFeed): a client with every event type, and decoding |
//! | `tastytrade` | no | tastytrade: market data by DXLink, accounts, orders and positions; brings `dxlink` |
//! | `sim` | no | the simulators |
//! | `tzdb` | no | the database of time zones, for machines that have none |
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(feature = "gate"),
    allow(
        dead_code,
        unused_imports,
        reason = "only venues' clients use all of the hub"
    )
)]

pub mod account;
mod clock;
pub mod decimal;
mod error;
mod event;
mod ext;
pub mod feed;
pub mod market;
mod queue;
mod rate;
#[cfg(feature = "sim")]
pub mod sim;
mod symbol;
mod time;
pub mod transport;
pub mod venue;
mod words;

pub use clock::{Clock, Now};
pub use decimal::Decimal;
pub use error::{Error, ErrorKind};
pub use event::{
    Cause, Event, Gap, GapId, Interruption, Rejection, Repair, Scope, Staleness, Status,
    StatusKind, Text,
};
pub use ext::{Feed, FeedExt, FeedsExt};
pub use feed::{Control, State, Subscription};
pub use queue::Overflow;
pub use rate::Rate;
pub use symbol::Symbol;
pub use time::Timestamp;

/// The streams that the methods of [`FeedExt`] and [`FeedsExt`] return, for naming them.
pub mod adapters {
    pub use crate::ext::{
        Batches, Buffer, CandleHistory, Candles, Conflate, Data, Dedup, FanOut, History, MapData,
        MergeByTime, Merged, RateLimit, Sample, StaleAfter, Strict, TapGaps,
    };
}

/// Compiles the README's examples.
#[cfg(all(doctest, feature = "gate", feature = "sim"))]
#[doc = include_str!("../README.md")]
struct Readme;
