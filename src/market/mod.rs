//! What markets publish: one type per kind of event, shared by all venues.
//!
//! Each type holds what venues have in common and is generic over a venue's own extra fields,
//! `detail`, which default to none. `common()` drops them, so that streams of different venues
//! become one type. Their serialised form is a public contract: decimals are strings of the
//! venue's own digits, absent values and empty details are left out.

mod book_update;
mod calendar;
mod candle;
mod id;
mod interval;
mod quote;
mod record;
mod session;
mod side;
mod tick;
mod ticker;
mod trade;
mod window;

pub use book_update::{BookAction, BookUpdate, Level};
pub(crate) use calendar::Place;
pub use calendar::{Calendar, UnknownTimeZone};
pub use candle::{Candle, CandleState, EmptyIntervals};
pub use id::Id;
pub use interval::{Interval, IntervalUnit, ParseIntervalError};
pub use quote::Quote;
pub use record::{Detail, Record};
pub use session::{ParseSessionError, Session};
pub use side::Side;
pub use tick::Tick;
pub use ticker::Ticker;
pub use trade::Trade;
pub(crate) use window::Window;
