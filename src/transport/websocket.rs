use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_sink::Sink;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::reach::reach;
use super::{Address, Dial, Frame, Io};
use crate::{Error, Interruption, Text};

/// What the WebSocket library takes from there at once. It clears this much before every attempt,
/// also before the one that finds nothing, so that its own 128 KiB are dear where messages come
/// singly.
const READ_BUFFER: usize = 16 << 10;

/// Why no WebSocket could be opened.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct ConnectError {
    /// What to tell the consumer.
    pub cause: String,
    /// Whether trying again may help. A refused upgrade (HTTP 4xx) or certificate does not mend
    /// itself; everything else may.
    pub retryable: bool,
    /// The error below.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ConnectError {
    /// A failure that may pass.
    pub fn retryable(cause: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            retryable: true,
            source: None,
        }
    }

    /// A refusal that no retry mends, as the error that ends the feed.
    #[cfg(feature = "tastytrade")]
    pub(crate) fn fatal(error: Error) -> Self {
        Self::new(false, error)
    }

    /// The error that ends the feed whenever it comes, if that is what it is.
    pub(crate) fn fatal_error(&self) -> Option<&Error> {
        self.source.as_ref()?.downcast_ref()
    }

    pub(super) fn new(
        retryable: bool,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self {
            cause: source.to_string(),
            retryable,
            source: Some(Box::new(source)),
        }
    }
}

/// A WebSocket connection by tokio-tungstenite, over TLS by rustls where the address asks for it.
///
/// Pings are answered by the library. Text that is not UTF-8 and messages over the limit end it.
pub struct WebSocket {
    stream: WebSocketStream<Box<dyn Io>>,
    limit: usize,
}

impl WebSocket {
    /// Connects, without a time-out of its own. Messages longer than `limit` bytes are refused.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], which tells whether to try again.
    pub async fn open(
        address: &Address,
        dial: &dyn Dial,
        tls: &TlsConnector,
        limit: usize,
    ) -> Result<Self, ConnectError> {
        let tls = address.tls.then_some(tls);
        let io = reach(&address.host, address.port, dial, tls).await?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .max_message_size(Some(limit))
            .max_frame_size(Some(limit));
        let request = address.request.clone();
        match tokio_tungstenite::client_async_with_config(request, io, Some(config)).await {
            Ok((stream, _)) => Ok(Self { stream, limit }),
            Err(WsError::Http(response)) => {
                let status = response.status();
                let retryable =
                    !status.is_client_error() || matches!(status.as_u16(), 408 | 425 | 429);
                Err(ConnectError {
                    cause: format!("the venue answered the upgrade with HTTP {status}"),
                    retryable,
                    source: None,
                })
            }
            Err(error) => Err(ConnectError::new(true, error)),
        }
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
