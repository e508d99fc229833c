use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::BufReader;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::{Dial, Frame, Io};
use crate::{Error, Interruption};

/// What is taken from the socket at once. A call costs the kernel as much as dozens of messages cost
/// us, and what stands above, the WebSocket or TLS, would take little at a time.
const SOCKET_BUFFER: usize = 64 << 10;

/// What the WebSocket library takes from there at once. It clears this much before every attempt,
/// also before the one that finds nothing, so that its own 128 KiB are dear where messages come
/// singly.
const READ_BUFFER: usize = 16 << 10;

/// Where a WebSocket lives: a checked `ws://` or `wss://` URL.
#[derive(Clone, Debug)]
pub struct Address {
    request: Request,
    tls: bool,
    host: String,
    port: u16,
}

impl Address {
    /// Checks `url`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) unless it is a `ws://` or `wss://` URL with
    /// a host.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let invalid = || {
            Error::invalid(format!(
                "{url:?} is not a WebSocket URL such as wss://host/path"
            ))
        };
        let request = url
            .into_client_request()
            .map_err(|source| invalid().with_source(source))?;
        let tls = match request.uri().scheme_str() {
            Some("wss") => true,
            Some("ws") => false,
            _ => return Err(invalid()),
        };
        let host = request.uri().host().ok_or_else(invalid)?;
        // An IPv6 address stands in brackets in a URL, and without them everywhere else.
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let port = request
            .uri()
            .port_u16()
            .unwrap_or(if tls { 443 } else { 80 });
        Ok(Self {
            request,
            tls,
            host,
            port,
        })
    }

    /// With one more header in the upgrade request.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when the value cannot stand in a header.
    pub fn with_header(mut self, name: &'static str, value: &str) -> Result<Self, Error> {
        let value = value
            .parse()
            .map_err(|_| Error::invalid(format!("the value of header {name} is not printable")))?;
        self.request.headers_mut().insert(name, value);
        Ok(self)
    }

    /// Scheme, host and port: what a limit of connections is kept for.
    pub fn endpoint(&self) -> String {
        let scheme = if self.tls { "wss" } else { "ws" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }
}

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

    fn new(retryable: bool, source: impl std::error::Error + Send + Sync + 'static) -> Self {
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
        let mut io = dial
            .dial(&address.host, address.port)
            .await
            .map_err(|error| ConnectError::new(true, error))?;
        io = Box::new(BufReader::with_capacity(SOCKET_BUFFER, io));
        if address.tls {
            let name = ServerName::try_from(address.host.clone())
                .map_err(|error| ConnectError::new(false, error))?;
            io = match tls.connect(name, io).await {
                Ok(stream) => Box::new(stream),
                // rustls reports a certificate it does not trust as invalid data.
                Err(error) => {
                    return Err(ConnectError::new(
                        error.kind() != io::ErrorKind::InvalidData,
                        error,
                    ));
                }
            };
        }
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
                    reason: String::new(),
                }
            }
            WsError::Io(error) => Interruption::Io {
                error: error.to_string(),
            },
            error => Interruption::WebSocket {
                error: error.to_string(),
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
