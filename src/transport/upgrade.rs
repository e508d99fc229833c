//! From an address to an open WebSocket, by way of redirects.

use std::net::SocketAddr;

use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::address::without_secrets;
use super::answer::Answer;
use super::kept::{Home, Kept};
use super::reach::{Patience, Place, reach};
use super::{Address, ConnectError, Dial};

/// What the WebSocket library takes from there at once. It clears this much before every attempt,
/// also before the one that finds nothing, so that its own 128 KiB are dear where messages come
/// singly.
const READ_BUFFER: usize = 16 << 10;
/// Most redirects that are followed.
const REDIRECTS: usize = 5;

/// An open WebSocket.
pub(super) struct Upgraded {
    pub(super) stream: WebSocketStream<Kept>,
    /// The address at the other end, if there is a socket.
    pub(super) peer: Option<SocketAddr>,
}

enum Outcome {
    Upgraded(Upgraded),
    /// The server's words send the client elsewhere.
    Moved(Answer, Place),
}

/// Opens a WebSocket. Messages longer than `limit` bytes are refused.
pub(super) async fn upgrade(
    address: &Address,
    dial: &dyn Dial,
    tls: &TlsConnector,
    limit: usize,
    patience: Patience,
) -> Result<Upgraded, ConnectError> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .max_message_size(Some(limit))
        .max_frame_size(Some(limit));
    let mut moved_to: Option<Address> = None;
    let mut followed = 0;
    loop {
        let address = moved_to.as_ref().unwrap_or(address);
        let (answer, place) = match ask(address, dial, tls, config, patience).await? {
            Outcome::Upgraded(upgraded) => return Ok(upgraded),
            Outcome::Moved(answer, place) => (answer, place),
        };
        let target = match answer.location() {
            None => Err(String::new()),
            Some(location) => {
                let to = without_secrets(location);
                let target = address.redirected(location);
                let target = target.map_err(|why| format!(", to {to}, {why}"));
                target.and_then(|target| match followed {
                    REDIRECTS => Err(format!(", to {to}, after {REDIRECTS} redirects")),
                    _ => Ok(target),
                })
            }
        };
        match target {
            Ok(target) => {
                tracing::debug!(from = ?address, to = ?target, "redirected");
                moved_to = Some(target);
                followed += 1;
            }
            Err(why) => {
                let mut error = answer.into_error(address, &place);
                error.cause.push_str(&why);
                return Err(error);
            }
        }
    }
}

/// One request for an upgrade.
async fn ask(
    address: &Address,
    dial: &dyn Dial,
    tls: &TlsConnector,
    config: WebSocketConfig,
    patience: Patience,
) -> Result<Outcome, ConnectError> {
    let tls = address.tls.then_some(tls);
    let reached = reach((&address.host, address.port), dial, tls, patience).await?;
    let (io, place) = (reached.io, reached.place);
    let request = address.request().map_err(|error| {
        let cause = format!("no upgrade can be asked of {place}: {error}");
        ConnectError::terminal(cause).with_source(error)
    })?;
    let home = Home::default();
    let kept = Kept::new(io, home.clone());
    let asked = tokio_tungstenite::client_async_with_config(request, kept, Some(config));
    let error = match patience.bound(asked).await {
        Ok(Ok((mut stream, _))) => {
            stream.get_mut().give_away();
            let peer = place.peer();
            return Ok(Outcome::Upgraded(Upgraded { stream, peer }));
        }
        Ok(Err(error)) => error,
        Err(expired) => {
            place.blame();
            let cause = format!("no answer to the upgrade from {place} {expired}");
            return Err(ConnectError::retryable(cause));
        }
    };
    match error {
        WsError::Http(response) => {
            let answer = Answer::read(*response, home.take()).await;
            if answer.location().is_some() {
                return Ok(Outcome::Moved(answer, place));
            }
            Err(answer.into_error(address, &place))
        }
        // What is not even an answer may be the end of a server, of one behind a proxy or of the way
        // there.
        error @ (WsError::Io(_) | WsError::Protocol(ProtocolError::HandshakeIncomplete)) => {
            place.blame();
            let cause = format!("{place} did not answer the upgrade: {error}");
            Err(ConnectError::retryable(cause).with_source(error))
        }
        error => {
            let cause = format!("{place} answered the upgrade with no WebSocket: {error}");
            Err(ConnectError::terminal(cause).with_source(error))
        }
    }
}
