//! From a host's name to a byte stream, over TLS where it is wanted.

use std::io;

use tokio::io::BufReader;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::{TlsConnector, rustls};

use super::{ConnectError, Dial, Io};

/// What is taken from the socket at once. A call costs the kernel as much as dozens of messages cost
/// us, and what stands above, the WebSocket or TLS, would take little at a time.
const SOCKET_BUFFER: usize = 64 << 10;

/// Opens a byte stream, without a time-out of its own.
pub(super) async fn reach(
    host: &str,
    port: u16,
    dial: &dyn Dial,
    tls: Option<&TlsConnector>,
) -> Result<Box<dyn Io>, ConnectError> {
    let io = dial
        .dial(host, port)
        .await
        .map_err(|error| ConnectError::new(true, error))?;
    let io: Box<dyn Io> = Box::new(BufReader::with_capacity(SOCKET_BUFFER, io));
    let Some(tls) = tls else { return Ok(io) };
    let name =
        ServerName::try_from(host.to_owned()).map_err(|error| ConnectError::new(false, error))?;
    match tls.connect(name, io).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(ConnectError::new(!distrusts(&error), error)),
    }
}

/// Whether TLS failed because the other side's certificate is not trusted, which no retry mends.
fn distrusts(error: &io::Error) -> bool {
    let below = error
        .get_ref()
        .and_then(|error| error.downcast_ref::<rustls::Error>());
    matches!(below, Some(rustls::Error::InvalidCertificate(_)))
}
