//! From a host's name to a byte stream, over TLS where it is wanted.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::BufReader;
use tokio::time::Instant;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::{TlsConnector, rustls};

use super::{ConnectError, Dial, Io, dial, suspects};

/// What is taken from the socket at once. A call costs the kernel as much as dozens of messages cost
/// us, and what stands above, the WebSocket or TLS, would take little at a time.
const SOCKET_BUFFER: usize = 64 << 10;

/// The time that all steps of an attempt share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    within: Duration,
    since: Instant,
}

impl Patience {
    pub(super) fn new(within: Duration) -> Self {
        Self {
            within,
            since: Instant::now(),
        }
    }

    fn left(self) -> Duration {
        self.within.saturating_sub(self.since.elapsed())
    }

    /// What comes of a step, if there is time for it.
    pub(super) async fn bound<T>(self, step: impl Future<Output = T>) -> Result<T, Expired> {
        let outcome = tokio::time::timeout(self.left(), step).await;
        outcome.map_err(|_| Expired(self.within))
    }
}

/// There was no more time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expired(Duration);

impl fmt::Display for Expired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "within {:?}", self.0)
    }
}

/// A server, with the address of it that was reached, as errors name it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    host: String,
    port: u16,
    peer: Option<SocketAddr>,
}

impl Place {
    /// This address of the server is of no use now.
    pub(super) fn blame(&self) {
        self.peer.into_iter().for_each(suspects::failed);
    }

    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, peer } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")?;
        } else {
            write!(f, "{host}:{port}")?;
        }
        match peer.map(|peer| peer.ip()) {
            Some(ip) if ip.to_string() != *host => write!(f, " ({ip})"),
            _ => Ok(()),
        }
    }
}

/// A byte stream, and where it leads.
pub(super) struct Reached {
    pub(super) io: Box<dyn Io>,
    pub(super) place: Place,
}

/// Opens a byte stream.
pub(super) async fn reach(
    (host, port): (&str, u16),
    dial: &dyn Dial,
    tls: Option<&TlsConnector>,
    patience: Patience,
) -> Result<Reached, ConnectError> {
    let mut place = Place {
        host: host.to_owned(),
        port,
        peer: None,
    };
    let dialled = dial.dial_within(host, port, patience.left()).await;
    let io = dialled.map_err(|error| {
        let within = match error.kind() {
            io::ErrorKind::TimedOut => format!(" {}", Expired(patience.within)),
            _ => String::new(),
        };
        let cause = format!("no connection to {place}{within}: {error}");
        ConnectError::retryable(cause).with_source(error)
    })?;
    place.peer = dial::peer(&*io);
    let io: Box<dyn Io> = Box::new(BufReader::with_capacity(SOCKET_BUFFER, io));
    let Some(tls) = tls else {
        return Ok(Reached { io, place });
    };
    let name = ServerName::try_from(host.to_owned()).map_err(|error| {
        let cause = format!("TLS cannot be spoken with {place}: {error}");
        ConnectError::terminal(cause).with_source(error)
    })?;
    match patience.bound(tls.connect(name, io)).await {
        Ok(Ok(stream)) => Ok(Reached {
            io: Box::new(stream),
            place,
        }),
        Ok(Err(error)) => {
            let distrusted = distrusts(&error);
            place.blame();
            let cause = format!("no TLS with {place}: {error}");
            let failed = ConnectError::retryable(cause).with_source(error);
            Err(ConnectError {
                retryable: !distrusted,
                ..failed
            })
        }
        Err(expired) => {
            place.blame();
            let cause = format!("no TLS with {place} {expired}");
            Err(ConnectError::retryable(cause))
        }
    }
}

/// Whether TLS failed because the other side's certificate is not trusted, which no retry mends.
fn distrusts(error: &io::Error) -> bool {
    let below = error
        .get_ref()
        .and_then(|error| error.downcast_ref::<rustls::Error>());
    matches!(below, Some(rustls::Error::InvalidCertificate(_)))
}
