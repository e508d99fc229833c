//! Market-data venues as Rust streams.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
pub mod decimal;
mod error;
mod event;
mod ext;
pub mod feed;
pub mod market;
mod overflow;
mod rate;
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
pub use feed::{Control, State, Subscription};
pub use overflow::Overflow;
pub use rate::Rate;
pub use symbol::Symbol;
pub use time::Timestamp;

/// The streams that [`FeedExt`]'s methods return, for naming them.
pub mod adapters {
    pub use crate::ext::{Buffer, Candles, Data, MapData, Strict};
}
