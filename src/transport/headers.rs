use std::fmt;

use tokio_tungstenite::tungstenite::http::header::{HeaderName, USER_AGENT};
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderValue};

use crate::Error;

/// Who asks. Many a venue's gateway refuses those who do not say.
const AGENT: &str = concat!("feedline/", env!("CARGO_PKG_VERSION"));

/// Belong to the connection or to the upgrade, so that nobody else may set them.
const RESERVED: &[&str] = &[
    "connection",
    "content-length",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What a client sends with every upgrade and request: its `User-Agent`, and what its user has set.
///
/// Setting never fails; the first header that cannot be sent is told by [`check`](Self::check), when
/// the client is built.
#[derive(Clone)]
pub(crate) struct Headers {
    map: HeaderMap,
    invalid: Option<String>,
}

impl Headers {
    /// With this header instead of any of the same name.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        match header(name, value) {
            Ok((name, value)) => {
                self.map.insert(name, value);
            }
            Err(why) => {
                self.invalid.get_or_insert(why);
            }
        }
    }

    /// Whether all that was set can be sent.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match &self.invalid {
            Some(why) => Err(Error::invalid(why.clone())),
            None => Ok(()),
        }
    }

    pub(super) fn map(&self) -> &HeaderMap {
        &self.map
    }

    /// Those that any host may see.
    pub(super) fn public(&self) -> Self {
        let mut public = Self::default();
        if let Some(agent) = self.map.get(USER_AGENT) {
            public.map.insert(USER_AGENT, agent.clone());
        }
        public
    }

    /// What must not be shown, even if a server repeats it.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        let own = self.map.iter().filter(|(name, _)| *name != USER_AGENT);
        own.filter_map(|(_, value)| value.to_str().ok())
    }
}

/// A header, or why it cannot be sent. Its value may be a secret and is not repeated.
fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let shown = name.escape_debug();
    let parsed = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| format!("\"{shown}\" cannot be the name of a header"))?;
    if RESERVED.contains(&parsed.as_str()) || parsed.as_str().starts_with("sec-websocket-") {
        return Err(format!(
            "the header {parsed} is set by the connection itself"
        ));
    }
    let visible = |value: &HeaderValue| value.to_str().is_ok();
    let mut value = HeaderValue::from_str(value)
        .ok()
        .filter(visible)
        .ok_or_else(|| format!("the value of the header {parsed} must be visible ASCII"))?;
    value.set_sensitive(parsed != USER_AGENT);
    Ok((parsed, value))
}

impl Default for Headers {
    fn default() -> Self {
        let agent = (USER_AGENT, HeaderValue::from_static(AGENT));
        Self {
            map: HeaderMap::from_iter([agent]),
            invalid: None,
        }
    }
}

impl fmt::Debug for Headers {
    /// Without values, which may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.map.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_sent_is_told_without_its_value() {
        for (name, value) in [
            ("", "x"),
            ("with space", "x"),
            ("X-Key", "hunter2\r\nX-Other: 1"),
            ("X-Key", "hunter2 é"),
            ("Host", "elsewhere"),
            ("Sec-WebSocket-Key", "hunter2"),
        ] {
            let mut headers = Headers::default();
            headers.set(name, value);
            let error = headers.check().unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
            assert!(error.contains("header"), "{error}");
        }
    }

    #[test]
    fn values_do_not_show_and_do_not_go_to_other_hosts() {
        let mut headers = Headers::default();
        headers.set("X-Key", "hunter2");
        headers.set("User-Agent", "mine/1");
        assert!(headers.check().is_ok());
        assert!(!format!("{headers:?}").contains("hunter2"));
        assert_eq!(headers.secrets().collect::<Vec<_>>(), ["hunter2"]);
        let public = headers.public();
        assert_eq!(public.map().len(), 1);
        assert_eq!(public.map()[USER_AGENT], "mine/1");
    }
}
