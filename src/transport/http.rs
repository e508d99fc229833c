//! Single HTTP requests, for what venues tell outside their WebSockets.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, LOCATION};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio_rustls::TlsConnector;

use super::address::without_secrets;
use super::reach::{Patience, reach};
use super::retry_after::retry_after;
use super::{ConnectError, Dial, Headers};
use crate::Error;

/// A client of one HTTP/1.1 server.
///
/// Each request has a connection of its own, which is polled beside it: there is no task and no pool,
/// and dropping the future gives everything up.
#[derive(Clone)]
pub(crate) struct Http {
    host: String,
    port: u16,
    authority: HeaderValue,
    /// What stands before every path; without a slash at its end.
    prefix: String,
    /// Of every request, besides its own.
    headers: Headers,
    dial: Arc<dyn Dial>,
    tls: Option<TlsConnector>,
    /// For a whole exchange.
    deadline: Duration,
    /// Most bytes of an answer's body.
    limit: usize,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct HttpResponse {
    pub(crate) status: StatusCode,
    /// Where it sends the client instead; shown, not followed.
    pub(crate) location: Option<String>,
    /// How long it wants to be left alone.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Bytes,
}

/// Why there is no answer. Tells neither headers nor bodies.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("{0}")]
    Connect(#[source] ConnectError),
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    #[error("an answer of more than {0} bytes")]
    TooLong(usize),
    #[error("the exchange broke off: {0}")]
    Broken(#[source] hyper::Error),
}

impl HttpError {
    /// Whether trying again may help.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Connect(error) => error.retryable,
            Self::Timeout(_) | Self::Broken(_) => true,
            Self::TooLong(_) => false,
        }
    }
}

impl Http {
    /// Whether nobody on the way can read along.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// A client of the server at `base`, an `http://` or `https://` URL.
    pub(crate) fn new(
        base: &str,
        headers: Headers,
        dial: Arc<dyn Dial>,
        tls: TlsConnector,
        deadline: Duration,
        limit: usize,
    ) -> Result<Self, Error> {
        let invalid = || {
            // What stands before an @ or after the path may be a secret, so that none of it is shown.
            Error::invalid("the address of REST must be an http(s) URL such as https://host/path")
        };
        let uri: Uri = base.parse().map_err(|_| invalid())?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(invalid()),
        };
        let authority = uri.authority().ok_or_else(invalid)?;
        if uri.query().is_some() || authority.as_str().contains('@') {
            return Err(invalid());
        }
        let host = authority.host();
        Ok(Self {
            // An IPv6 address stands in brackets in a URL, and without them everywhere else.
            host: host.trim_matches(['[', ']']).to_owned(),
            port: authority
                .port_u16()
                .unwrap_or(if secure { 443 } else { 80 }),
            authority: authority.as_str().parse().map_err(|_| invalid())?,
            prefix: uri.path().trim_end_matches('/').to_owned(),
            headers,
            dial,
            tls: secure.then_some(tls),
            deadline,
            limit,
        })
    }

    /// Where a WebSocket would be at the same place.
    pub(crate) fn socket_url(&self) -> String {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        let authority = self.authority.to_str().unwrap_or(&self.host);
        format!("{scheme}://{authority}{}/", self.prefix)
    }

    /// Sends a request, whose URI is a path under the base, with its query if it has one.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<HttpResponse, HttpError> {
        match tokio::time::timeout(self.deadline, self.exchange(request)).await {
            Ok(answered) => answered,
            Err(_) => Err(HttpError::Timeout(self.deadline)),
        }
    }

    async fn exchange(&self, mut request: Request<Full<Bytes>>) -> Result<HttpResponse, HttpError> {
        let target = request.uri().path_and_query();
        let target = target.map_or("/", |target| target.as_str());
        if let Ok(uri) = format!("{}{target}", self.prefix).parse() {
            *request.uri_mut() = uri;
        }
        for (name, value) in self.headers.map() {
            let known = request.headers_mut().entry(name);
            known.or_insert_with(|| value.clone());
        }
        request.headers_mut().insert(HOST, self.authority.clone());
        let patience = Patience::new(self.deadline);
        let server = (&*self.host, self.port);
        let reached = reach(server, &*self.dial, self.tls.as_ref(), patience)
            .await
            .map_err(HttpError::Connect)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(reached.io))
            .await
            .map_err(HttpError::Broken)?;
        let answer = async {
            let response = sender.send_request(request).await;
            read(response.map_err(HttpError::Broken)?, self.limit).await
        };
        beside(connection, answer).await
    }
}

/// The whole of an answer, if it is no longer than `limit`.
async fn read(response: Response<Incoming>, limit: usize) -> Result<HttpResponse, HttpError> {
    let (head, body) = response.into_parts();
    let body = match Limited::new(body, limit).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            return Err(match error.downcast::<hyper::Error>() {
                Ok(error) => HttpError::Broken(*error),
                // There is no other error than the limit's own.
                Err(_) => HttpError::TooLong(limit),
            });
        }
    };
    let location = head.headers.get(LOCATION);
    let location = location.and_then(|location| location.to_str().ok());
    Ok(HttpResponse {
        status: head.status,
        location: location.map(without_secrets),
        retry_after: retry_after(&head.headers),
        body,
    })
}

/// Polls `answer`, and with it the connection that it travels on. What becomes of the connection
/// shows in the answer.
async fn beside<T>(connection: impl Future, answer: impl Future<Output = T>) -> T {
    let mut connection = pin!(connection);
    let mut answer = pin!(answer);
    let mut open = true;
    poll_fn(|cx| {
        open = open && connection.as_mut().poll(cx).is_pending();
        answer.as_mut().poll(cx)
    })
    .await
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Http({}:{})", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use futures_core::future::BoxFuture;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;
    use crate::transport::{Io, Roots};

    /// Reaches a server that answers every request with this text, after it has all of its head.
    #[derive(Debug)]
    struct Says(&'static str);

    impl Dial for Says {
        fn dial(&self, _: &str, _: u16) -> BoxFuture<'static, io::Result<Box<dyn Io>>> {
            let (near, far) = tokio::io::duplex(4096);
            tokio::spawn(answer(far, self.0));
            Box::pin(async { Ok(Box::new(near) as Box<dyn Io>) })
        }
    }

    async fn answer(mut io: DuplexStream, text: &'static str) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(io.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let line = "GET /base/things?from=1&to=2 HTTP/1.1\r\n";
        assert!(head.starts_with(line), "{head}");
        let agent = concat!("user-agent: feedline/", env!("CARGO_PKG_VERSION"));
        for header in [
            "host: venue.example:81",
            agent,
            "x-key: own",
            "accept: text/plain",
        ] {
            assert!(head.contains(&format!("{header}\r\n")), "{head}");
        }
        io.write_all(text.as_bytes()).await.unwrap();
        if text.is_empty() {
            std::future::pending::<()>().await;
        }
    }

    async fn get(text: &'static str, limit: usize) -> Result<HttpResponse, HttpError> {
        let tls = Roots::none().connector().unwrap();
        let deadline = Duration::from_secs(10);
        let base = "http://venue.example:81/base/";
        let mut headers = Headers::default();
        headers.set("X-Key", "own");
        headers.set("Accept", "anything");
        let dial = Arc::new(Says(text));
        let http = Http::new(base, headers, dial, tls, deadline, limit).unwrap();
        let request = Request::get("/things?from=1&to=2").header("accept", "text/plain");
        http.send(request.body(Full::default()).unwrap()).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_query_and_headers_are_sent_and_an_answer_is_read_to_its_end() {
        let response = get("HTTP/1.1 418 No\r\ncontent-length: 5\r\n\r\nabcde", 5)
            .await
            .unwrap();
        assert_eq!(response.status.as_u16(), 418);
        assert_eq!(&response.body[..], b"abcde");
        assert_eq!((response.retry_after, response.location), (None, None));
        // Without a length the body ends with the connection.
        let response = get("HTTP/1.1 200 OK\r\n\r\nabc", 5).await.unwrap();
        assert_eq!(&response.body[..], b"abc");
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_one_a_missing_one_and_a_broken_one_are_told_apart() {
        let long = get("HTTP/1.1 200 OK\r\n\r\nabcdef", 5).await;
        assert!(matches!(long, Err(HttpError::TooLong(5))), "{long:?}");
        let none = get("", 5).await;
        assert!(matches!(none, Err(HttpError::Timeout(_))), "{none:?}");
        let broken = get("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", 5).await;
        assert!(broken.is_err(), "{broken:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_answer_says_of_later_and_of_elsewhere_is_heard() {
        let text = "HTTP/1.1 308 Permanent Redirect\r\nretry-after: 7\r\n\
            location: https://elsewhere.example/x?key=hunter2\r\ncontent-length: 0\r\n\r\n";
        let response = get(text, 5).await.unwrap();
        assert_eq!(response.retry_after, Some(Duration::from_secs(7)));
        let location = response.location.as_deref();
        assert_eq!(location, Some("https://elsewhere.example/x"));
    }

    #[test]
    fn a_base_has_a_scheme_and_a_host_and_no_secrets() {
        let tls = Roots::none().connector().unwrap();
        for base in [
            "",
            "wss://host",
            "host",
            "https://",
            "https://u:p@host",
            "http://h/?k=s",
        ] {
            let dial = Arc::new(Says(""));
            let headers = Headers::default();
            let made = Http::new(base, headers, dial, tls.clone(), Duration::ZERO, 0);
            let error = made.unwrap_err().to_string();
            assert!(!error.contains("k=s") && !error.contains("u:p"), "{error}");
        }
    }
}
