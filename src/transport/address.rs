use std::fmt;

use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::Uri;

use super::Headers;
use super::quoted::quoted;
use crate::Error;

/// Where a WebSocket lives: a checked `ws://` or `wss://` URL, and the headers that go there.
#[derive(Clone)]
pub struct Address {
    uri: Uri,
    headers: Headers,
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
}

impl Address {
    /// Whether nobody on the way can read along.
    #[cfg(feature = "tastytrade")]
    pub(crate) fn is_encrypted(&self) -> bool {
        self.tls
    }

    /// Checks `url`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) unless it is a `ws://` or `wss://` URL with
    /// a host.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let invalid = || {
            let text = format!(
                "{:?} is not a WebSocket URL such as wss://host/path",
                without_secrets(url)
            );
            Error::invalid(text)
        };
        let request = url
            .into_client_request()
            .map_err(|source| invalid().with_source(source))?;
        let uri = request.uri().clone();
        let tls = match uri.scheme_str() {
            Some("wss") => true,
            Some("ws") => false,
            _ => return Err(invalid()),
        };
        let host = uri.host().filter(|host| !host.is_empty());
        // An IPv6 address stands in brackets in a URL, and without them everywhere else.
        let host = host
            .ok_or_else(invalid)?
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self {
            uri,
            headers: Headers::default(),
            tls,
            host,
            port,
        })
    }

    /// With one more header in the upgrade request. `User-Agent` is `feedline/` and its version
    /// unless set. When the address redirects to another host, that host gets no other header than
    /// this one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when the name or the value cannot stand in a
    /// header, or the header belongs to the upgrade itself.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, Error> {
        self.headers.set(name, value);
        self.headers.check()?;
        Ok(self)
    }

    /// With these headers instead of those it had.
    pub(crate) fn with_headers(mut self, headers: &Headers) -> Self {
        self.headers = headers.clone();
        self
    }

    /// Scheme, host and port: what a limit of connections is kept for.
    pub fn endpoint(&self) -> String {
        let scheme = if self.tls { "wss" } else { "ws" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }

    /// The request for an upgrade, with a key of its own.
    pub(super) fn request(&self) -> Result<Request, WsError> {
        let mut request = self.uri.clone().into_client_request()?;
        request.headers_mut().extend(self.headers.map().clone());
        Ok(request)
    }

    /// What must not be shown, even if the server repeats it.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        let query = self.uri.query().into_iter();
        let values = query.flat_map(|query| query.split('&').map(value_of));
        values.chain(self.headers.secrets())
    }

    /// Where a redirect from here leads, or why it is not followed: never from TLS to none. What was
    /// meant for this host alone does not go to another.
    pub(super) fn redirected(&self, location: &str) -> Result<Self, String> {
        let location = location.trim();
        let location = location.split('#').next().unwrap_or_default();
        let no_address = || "which is no address of a WebSocket".to_owned();
        let target = if let Some((scheme, rest)) = location.split_once("://") {
            let tls = match scheme.to_ascii_lowercase().as_str() {
                "wss" | "https" => true,
                "ws" | "http" => false,
                _ => return Err(no_address()),
            };
            Self::at(tls, rest)
        } else {
            let authority = self.uri.authority().map_or("", |known| known.as_str());
            let (path, tls) = (self.uri.path(), self.tls);
            let (directory, _) = path.rsplit_once('/').unwrap_or_default();
            match location.as_bytes() {
                [b'/', b'/', ..] => Self::at(tls, &location[2..]),
                [b'/', ..] => Self::at(tls, &format!("{authority}{location}")),
                [b'?', ..] => Self::at(tls, &format!("{authority}{path}{location}")),
                _ => Self::at(tls, &format!("{authority}{directory}/{location}")),
            }
        };
        let target = target.map_err(|_| no_address())?;
        if self.tls && !target.tls {
            return Err("which is not encrypted".to_owned());
        }
        let headers = if self.is_origin_of(&target) {
            self.headers.clone()
        } else {
            self.headers.public()
        };
        Ok(target.with_headers(&headers))
    }

    fn at(tls: bool, rest: &str) -> Result<Self, Error> {
        let scheme = if tls { "wss" } else { "ws" };
        Self::parse(&format!("{scheme}://{rest}"))
    }

    /// Whether `target` is the same server, or the same host's usual server with TLS.
    fn is_origin_of(&self, target: &Self) -> bool {
        let upgraded = (self.port, target.port) == (80, 443) && target.tls;
        self.host.eq_ignore_ascii_case(&target.host) && (self.port == target.port || upgraded)
    }
}

/// The value of a `key=value`, or all of it.
fn value_of(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(_, value)| value)
}

/// A URL as it may be shown: without user, query and fragment, and not longer than is of use.
pub(super) fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| {
        (&url[..scheme.len() + "://".len()], rest)
    });
    let host = rest.find('/').unwrap_or(rest.len());
    let user = rest[..host].rfind('@').map_or(0, |at| at + 1);
    quoted(&format!("{scheme}{}", &rest[user..]), [])
}

impl fmt::Debug for Address {
    /// Without path, query and headers, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.endpoint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirected(from: &str, location: &str) -> Result<String, String> {
        let target = Address::parse(from).unwrap().redirected(location)?;
        Ok(target.uri.to_string())
    }

    #[test]
    fn a_redirect_leads_where_a_browser_would_go() {
        let from = "ws://a.example:81/one/two?key=hunter2";
        for (location, target) in [
            ("wss://b.example/x?y#z", "wss://b.example/x?y"),
            ("HTTP://b.example/x", "ws://b.example/x"),
            ("https://b.example/x", "wss://b.example/x"),
            ("//b.example/x", "ws://b.example/x"),
            ("/x", "ws://a.example:81/x"),
            ("x", "ws://a.example:81/one/x"),
            ("?x=1", "ws://a.example:81/one/two?x=1"),
        ] {
            assert_eq!(redirected(from, location).as_deref(), Ok(target));
        }
        for location in ["ftp://b.example/", "http://", "//", "ws://exa mple/"] {
            assert!(redirected(from, location).is_err(), "{location}");
        }
    }

    #[test]
    fn a_redirect_never_leads_from_tls_to_none() {
        for location in ["ws://a.example/", "http://a.example/", "http://b.example/"] {
            let refused = redirected("wss://a.example/", location);
            assert_eq!(refused, Err("which is not encrypted".to_owned()));
        }
        assert!(redirected("wss://a.example/", "/other").is_ok());
    }

    #[test]
    fn headers_stay_with_their_host() {
        let from = Address::parse("ws://a.example/").unwrap();
        let from = from.with_header("X-Key", "hunter2").unwrap();
        for (location, kept) in [
            ("/x", true),
            ("wss://A.example/x", true),
            ("ws://a.example:81/x", false),
            ("wss://b.example/", false),
        ] {
            let target = from.redirected(location).unwrap();
            let request = target.request().unwrap();
            assert_eq!(request.headers().contains_key("x-key"), kept, "{location}");
            let agent = request.headers()["user-agent"].to_str().unwrap();
            assert!(agent.starts_with("feedline/"), "{agent}");
        }
    }

    #[test]
    fn every_upgrade_has_a_key_of_its_own() {
        let address = Address::parse("wss://a.example/").unwrap();
        let key = || address.request().unwrap().headers()["sec-websocket-key"].clone();
        assert_ne!(key(), key());
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        for url in [
            "https://user:hunter2@host/path?key=hunter2#hunter2",
            "host?key=hunter2",
            "wss://hunter2@",
        ] {
            let shown = without_secrets(url);
            assert!(!shown.contains("hunter2"), "{shown}");
            let error = Address::parse(&url.replace("https", "ftp")).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        let address = Address::parse("wss://host/?key=hunter2&flag").unwrap();
        assert_eq!(address.secrets().collect::<Vec<_>>(), ["hunter2", "flag"]);
    }
}
