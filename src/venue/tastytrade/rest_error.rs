//! Why the venue's REST interface did not give what was asked for.

use std::time::Duration;

use serde_json::Value;

use crate::feed::CredentialError;
use crate::transport::{ConnectError, HttpError, quoted};
use crate::{Error, ErrorKind};

/// What became of a request. It tells the venue's code and words, and no secrets.
#[derive(Debug, thiserror::Error)]
pub(super) enum RestError {
    #[error("{path}: {source}")]
    Http {
        path: &'static str,
        source: HttpError,
    },
    #[error("{path}: HTTP {status}{words}")]
    Refused {
        path: &'static str,
        status: u16,
        /// The venue's code and words, with what sets them off.
        words: String,
        auth: bool,
        /// How long the venue wants to be left alone.
        retry_after: Option<Duration>,
    },
    #[error("{path}: {what} cannot be read")]
    Unreadable {
        path: &'static str,
        what: &'static str,
    },
}

impl RestError {
    pub(super) fn unreadable(path: &'static str, what: &'static str) -> Self {
        Self::Unreadable { path, what }
    }

    /// An answer other than success. Anything but an object of the venue's is a proxy's page.
    pub(super) fn refused(path: &'static str, status: u16, body: &[u8], secrets: &[&str]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let error = &body["error"];
        // The interface has an object there, and OAuth a code with a description beside it.
        let code = error["code"].as_str().or(error.as_str());
        let message = error["message"]
            .as_str()
            .or(body["error_description"].as_str());
        let grant = path == super::access::PATH && status == 400;
        let words =
            [code, message].map(|words| words.map(|words| quoted(words, secrets.iter().copied())));
        let words = match words {
            [Some(code), Some(message)] => format!(", {code}: {message}"),
            [Some(words), None] | [None, Some(words)] => format!(", {words}"),
            [None, None] => String::new(),
        };
        Self::Refused {
            path,
            status,
            words,
            auth: grant || matches!(status, 401 | 403),
            retry_after: None,
        }
    }

    /// With what the answer says of elsewhere and of later.
    pub(super) fn with_advice(mut self, location: Option<&str>, after: Option<Duration>) -> Self {
        if let Self::Refused {
            words, retry_after, ..
        } = &mut self
        {
            if let Some(location) = location {
                words.push_str(&format!(", to {location}"));
            }
            *retry_after = after;
        }
        self
    }

    /// How long the venue, or what stands in front of it, wants to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The venue did not take the access token.
    pub(super) fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Refused { status: 401, .. })
    }

    /// It is about who asks, so that asking again does harm.
    pub(super) fn is_auth(&self) -> bool {
        matches!(self, Self::Refused { auth: true, .. })
    }

    /// Whether the same request may succeed later.
    pub(super) fn is_retryable(&self) -> bool {
        match self {
            Self::Http { source, .. } => source.is_retryable(),
            Self::Refused {
                status,
                auth,
                retry_after,
                ..
            } => !auth && (matches!(status, 408 | 425 | 429 | 500..) || retry_after.is_some()),
            // What stands in front of the venue says such things on its bad days.
            Self::Unreadable { .. } => true,
        }
    }

    /// For a call.
    pub(super) fn into_error(self) -> Error {
        let kind = if self.is_auth() {
            ErrorKind::Auth(self.to_string())
        } else if let Self::Http {
            path,
            source: HttpError::Timeout(after),
        } = self
        {
            ErrorKind::Timeout {
                after,
                waiting_for: path.to_owned(),
            }
        } else {
            ErrorKind::Connect(self.to_string())
        };
        let passing = self.is_retryable();
        Error::new(kind)
            .with_venue(super::VENUE)
            .passing(passing)
            .with_source(self)
    }

    /// For a connection that was to go where the venue says.
    pub(super) fn into_connect_error(self) -> ConnectError {
        if self.is_auth() {
            return ConnectError::fatal(self.into_error());
        }
        let cause = self.to_string();
        let error = if self.is_retryable() {
            ConnectError::retryable(cause)
        } else {
            ConnectError::terminal(cause)
        };
        error.with_retry_after(self.retry_after()).with_source(self)
    }

    /// For a login that needs a token.
    pub(super) fn into_credential_error(self) -> CredentialError {
        let cause = self.to_string();
        let error = if self.is_retryable() {
            CredentialError::retry(cause)
        } else {
            CredentialError::fatal(cause)
        };
        error.with_retry_after(self.retry_after()).with_source(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, body: &str) -> RestError {
        RestError::refused("/api-quote-tokens", status, body.as_bytes(), &["hunter2"])
    }

    #[test]
    fn the_venues_code_and_words_are_told_without_secrets() {
        let body = r#"{"error":{"code":"not_permitted","message":"hunter2 may not"}}"#;
        let error = refused(403, body);
        let text = "/api-quote-tokens: HTTP 403, not_permitted: … may not";
        assert_eq!(error.to_string(), text);
        assert!(matches!(error.into_error().kind(), ErrorKind::Auth(words) if words == text));
        let page = refused(502, "<html>hunter2</html>");
        assert_eq!(page.to_string(), "/api-quote-tokens: HTTP 502");
    }

    #[test]
    fn what_the_answer_says_of_later_and_of_elsewhere_is_kept() {
        let after = Some(Duration::from_secs(7));
        let error = refused(418, "").with_advice(None, after);
        assert!(error.is_retryable());
        assert_eq!(error.into_connect_error().retry_after, after);
        let error = refused(429, "").with_advice(None, after);
        assert_eq!(error.into_credential_error().retry_after(), after);
        let error = refused(401, "").with_advice(None, after);
        assert!(!error.is_retryable());
        let error = refused(301, "").with_advice(Some("https://elsewhere.example/"), None);
        let text = "/api-quote-tokens: HTTP 301, to https://elsewhere.example/";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn a_refused_grant_is_about_credentials() {
        let path = super::super::access::PATH;
        for body in [
            r#"{"error":"invalid_grant","error_description":"Grant revoked"}"#,
            r#"{"error":{"code":"invalid_grant","message":"Grant revoked"}}"#,
        ] {
            let error = RestError::refused(path, 400, body.as_bytes(), &[]);
            assert!(error.is_auth() && !error.is_retryable());
            assert!(error.to_string().ends_with("invalid_grant: Grant revoked"));
        }
    }

    #[test]
    fn what_may_pass_is_tried_again() {
        for (status, auth, retryable) in [
            (400, false, false),
            (401, true, false),
            (403, true, false),
            (404, false, false),
            (406, false, false),
            (429, false, true),
            (500, false, true),
            (503, false, true),
        ] {
            let error = refused(status, "");
            assert_eq!(
                (error.is_auth(), error.is_retryable()),
                (auth, retryable),
                "{status}"
            );
            assert_eq!(error.into_error().is_retryable(), retryable, "{status}");
        }
    }
}
