//! What carries bytes and frames between a connection and its venue.
//!
//! A [`Transport`] is any `Stream` and `Sink` of [`Frame`]s: a WebSocket, or [`memory`] in tests.
//! A [`Dial`] opens the byte stream below a WebSocket.

mod address;
mod dial;
mod frame;
#[cfg(feature = "tastytrade")]
mod http;
pub mod memory;
mod reach;
mod tls;
mod websocket;

use futures_core::Stream;
use futures_sink::Sink;

pub use address::Address;
pub use dial::{Dial, Io, Tcp};
pub use frame::{Frame, FrameRef};
#[cfg(feature = "tastytrade")]
pub(crate) use http::{Http, HttpError};
pub use tls::Roots;
pub use websocket::{ConnectError, WebSocket};

use crate::Interruption;

/// A connection to a venue, frame by frame.
///
/// An error is the last item; dropping the transport closes it.
pub trait Transport:
    Stream<Item = Result<Frame, Interruption>> + Sink<Frame, Error = Interruption> + Send + Unpin
{
}

impl<T> Transport for T where
    T: Stream<Item = Result<Frame, Interruption>>
        + Sink<Frame, Error = Interruption>
        + Send
        + Unpin
{
}
