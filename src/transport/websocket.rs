use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_sink::Sink;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::kept::Kept;
use super::reach::Patience;
use super::upgrade::upgrade;
use super::{Address, ConnectError, Dial, Frame};
use crate::{Interruption, Text};

/// A WebSocket connection by tokio-tungstenite, over TLS by rustls where the address asks for it.
///
/// Pings are answered by the library. Text that is not UTF-8 and messages over the limit end it.
pub struct WebSocket {
    stream: WebSocketStream<Kept>,
    peer: Option<SocketAddr>,
    limit: usize,
}

impl WebSocket {
    /// Connects, without a time-out of its own. Messages longer than `limit` bytes are refused.
    ///
    /// Up to five redirects are followed, though never from `wss` to `ws`, and with the headers that
    /// were set for the address only where its own host is meant.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], which tells whether to try again, and when.
    pub async fn open(
        address: &Address,
        dial: &dyn Dial,
        tls: &TlsConnector,
        limit: usize,
    ) -> Result<Self, ConnectError> {
        Self::open_within(Duration::MAX, address, dial, tls, limit).await
    }

    /// Connects, or fails after so long, saying at which step.
    pub(crate) async fn open_within(
        within: Duration,
        address: &Address,
        dial: &dyn Dial,
        tls: &TlsConnector,
        limit: usize,
    ) -> Result<Self, ConnectError> {
        let patience = Patience::new(within);
        let upgraded = upgrade(address, dial, tls, limit, patience).await?;
        Ok(Self {
            stream: upgraded.stream,
            peer: upgraded.peer,
            limit,
        })
    }

    /// The address at the other end, if there is a socket.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    fn interruption(&self, error: WsError) -> Interruption {
        match error {
            WsError::Utf8(_) => Interruption::NotUtf8,
            WsError::Capacity(CapacityError::MessageTooLong { .. }) => {
                Interruption::TooLong { limit: self.limit }
            }
            WsError::ConnectionClosed
            | WsError::AlreadyClosed
            | WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                Interruption::Closed {
                    code: None,
                    reason: Text::default(),
                }
            }
            WsError::Io(error) => Interruption::Io {
                error: error.to_string().into(),
            },
            error => Interruption::WebSocket {
                error: error.to_string().into(),
            },
        }
    }
}

impl Stream for WebSocket {
    type Item = Result<Frame, Interruption>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let item = match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
                None => None,
                Some(Err(error)) => Some(Err(self.interruption(error))),
                Some(Ok(Message::Text(text))) => Some(Ok(Frame::Text(text))),
                Some(Ok(Message::Binary(bytes))) => Some(Ok(Frame::Binary(bytes))),
                Some(Ok(Message::Ping(bytes))) => Some(Ok(Frame::Ping(bytes))),
                Some(Ok(Message::Pong(bytes))) => Some(Ok(Frame::Pong(bytes))),
                Some(Ok(Message::Close(close))) => Some(Ok(Frame::Close(
                    close.map(|close| (close.code.into(), close.reason.to_string())),
                ))),
                // Raw frames only come out of a raw reader.
                Some(Ok(Message::Frame(_))) => continue,
            };
            return Poll::Ready(item);
        }
    }
}

impl Sink<Frame> for WebSocket {
    type Error = Interruption;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let ready = ready!(Pin::new(&mut self.stream).poll_ready(cx));
        Poll::Ready(ready.map_err(|error| self.interruption(error)))
    }

    fn start_send(mut self: Pin<&mut Self>, frame: Frame) -> Result<(), Self::Error> {
        let message = match frame {
            Frame::Text(text) => Message::Text(text),
            Frame::Binary(bytes) => Message::Binary(bytes),
            Frame::Ping(bytes) => Message::Ping(bytes),
            Frame::Pong(bytes) => Message::Pong(bytes),
            Frame::Close(close) => Message::Close(close.map(|(code, reason)| CloseFrame {
                code: code.into(),
                reason: reason.into(),
            })),
        };
        Pin::new(&mut self.stream)
            .start_send(message)
            .map_err(|error| self.interruption(error))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(cx));
        Poll::Ready(flushed.map_err(|error| self.interruption(error)))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let closed = ready!(Pin::new(&mut self.stream).poll_close(cx));
        Poll::Ready(closed.map_err(|error| self.interruption(error)))
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
