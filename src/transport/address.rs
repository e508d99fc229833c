use std::fmt;

use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;

use crate::Error;

/// Where a WebSocket lives: a checked `ws://` or `wss://` URL.
#[derive(Clone)]
pub struct Address {
    pub(super) request: Request,
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
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
            // What follows the path may be a secret.
            let shown = url.split(['?', '#']).next().unwrap_or_default();
            let text = format!("{shown:?} is not a WebSocket URL such as wss://host/path");
            Error::invalid(text)
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

impl fmt::Debug for Address {
    /// Without path, query and headers, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.endpoint())
    }
}
