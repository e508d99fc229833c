//! What carries bytes and frames between a connection and its venue.

mod dial;

pub use dial::{Dial, Io, Tcp};
