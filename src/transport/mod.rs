//! What carries bytes and frames between a connection and its venue.
//!
//! A [`Transport`] is any `Stream` and `Sink` of [`Frame`]s: a WebSocket, or [`memory`] in tests.
//! A [`Dial`] opens the byte stream below a WebSocket.

mod address;
mod answer;
mod dial;
mod error;
mod frame;
mod headers;
#[cfg(feature = "tastytrade")]
mod http;
mod kept;
pub mod memory;
mod quoted;
mod reach;
mod retry_after;
pub(crate) mod suspects;
mod tcp;
mod tls;
mod upgrade;
mod websocket;

use futures_core::Stream;
use futures_sink::Sink;

pub use address::Address;
pub use dial::{Dial, Io};
pub use error::ConnectError;
pub use frame::{Frame, FrameRef};
pub(crate) use headers::Headers;
#[cfg(feature = "tastytrade")]
pub(crate) use http::{Http, HttpError};
#[cfg(feature = "tastytrade")]
pub(crate) use quoted::quoted;
pub use tcp::Tcp;
pub use tls::Roots;
pub use websocket::WebSocket;

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
