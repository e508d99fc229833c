//! What a simulated venue supplies to the shared server.

use std::collections::BTreeMap;
use std::time::Instant;

use hyper::body::Bytes;
use hyper::header::HeaderMap;
use hyper::{Method, StatusCode};
use tokio_tungstenite::tungstenite::Message;

use crate::sim::core::Core;
use crate::sim::{Fault, SessionId};

/// One venue's protocol as a synchronous state machine: the server feeds it what arrives and tells
/// it when time has passed; it answers through the [`Core`].
pub(in crate::sim) trait Venue: Send + 'static {
    /// Whether a WebSocket is served under this path.
    fn is_socket(&self, path: &str) -> bool;

    /// A session's upgrade under this path is complete.
    fn opened(&mut self, core: &mut Core, session: SessionId, path: &str);

    /// A session's client sent this.
    fn received(&mut self, core: &mut Core, session: SessionId, message: &Message);

    /// A session is gone; nothing can be delivered to it any more.
    fn closed(&mut self, session: SessionId);

    /// Answers an HTTP request that is not an upgrade.
    fn rest(&mut self, core: &mut Core, request: &RestRequest) -> RestResponse;

    /// Does whatever is due by now.
    fn advance(&mut self, core: &mut Core);

    /// When `advance` next has something to do.
    fn deadline(&self, core: &Core) -> Option<Instant>;

    /// The frame that announces a planned shutdown, where the venue has one.
    fn shutdown_notice(&mut self, core: &mut Core) -> Option<String>;

    /// Starts a fault that takes the venue's own words, where the venue has them.
    fn fault(&mut self, _core: &mut Core, _session: SessionId, _fault: &Fault) {}
}

/// An HTTP request, taken apart.
#[derive(Clone, Debug)]
pub(in crate::sim) struct RestRequest {
    pub(in crate::sim) method: Method,
    pub(in crate::sim) path: String,
    pub(in crate::sim) query: BTreeMap<String, String>,
    pub(in crate::sim) headers: HeaderMap,
    pub(in crate::sim) body: Bytes,
}

impl RestRequest {
    pub(in crate::sim) fn new(method: &Method, path: &str, query: Option<&str>) -> Self {
        let query = query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (key.to_owned(), value.to_owned())
            })
            .collect();
        Self {
            method: method.clone(),
            path: path.to_owned(),
            query,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// The same with what else was sent.
    pub(in crate::sim) fn carrying(self, headers: HeaderMap, body: Bytes) -> Self {
        Self {
            headers,
            body,
            ..self
        }
    }

    /// A header, if it is text.
    pub(in crate::sim) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(in crate::sim) fn get(&self, key: &str) -> Option<&str> {
        self.query.get(key).map(String::as_str)
    }

    /// Whether this parameter is true, in any spelling that clients use: Python's is `True`.
    pub(in crate::sim) fn is_set(&self, key: &str) -> bool {
        let spellings = ["1", "t", "T", "true", "True", "TRUE"];
        self.get(key).is_some_and(|text| spellings.contains(&text))
    }
}

/// An HTTP answer: JSON with a status and the venue's own headers.
#[derive(Clone, Debug)]
pub(in crate::sim) struct RestResponse {
    pub(in crate::sim) status: StatusCode,
    pub(in crate::sim) headers: Vec<(&'static str, String)>,
    pub(in crate::sim) body: String,
}

impl RestResponse {
    pub(in crate::sim) fn json(body: String) -> Self {
        Self::with_status(StatusCode::OK, body)
    }

    pub(in crate::sim) fn with_status(status: StatusCode, body: String) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
        }
    }
}
