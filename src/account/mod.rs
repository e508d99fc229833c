//! What venues tell of the user's own account: one type per kind of event, shared by all venues.
//!
//! As the [market types](crate::market), each type holds what venues have in common and is generic
//! over a venue's own extra fields, `detail`, which default to none; `common()` drops them. Their
//! serialised form is a public contract: decimals are strings of the venue's own digits, absent values
//! and empty details are left out.

mod balance;
mod fill;
mod order;
mod position;

pub use balance::Balance;
pub use fill::{Fill, Role};
pub use order::{Order, OrderKind, OrderStatus};
pub use position::{Position, PositionSide};
