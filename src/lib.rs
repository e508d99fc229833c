//! Market-data venues as Rust streams.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
pub mod decimal;
mod error;
mod event;
mod ext;
#[allow(
    dead_code,
    reason = "subscriptions, which use all of it, are yet to come"
)]
mod feed;
pub mod market;
mod overflow;
#[cfg(feature = "sim")]
pub mod sim;
mod symbol;
mod time;
pub mod transport;
pub mod venue;

pub use clock::{Clock, Now};
pub use decimal::Decimal;
pub use error::{Error, ErrorKind};
pub use event::{
    Cause, Event, Gap, GapId, Interruption, Rejection, Repair, Scope, Staleness, Status, StatusKind,
};
pub use ext::{Feed, FeedExt};
pub use overflow::Overflow;
pub use symbol::Symbol;
pub use time::Timestamp;

/// The streams that [`FeedExt`]'s methods return, for naming them.
pub mod adapters {
    pub use crate::ext::{Buffer, Candles, Data, MapData, Strict};
}
