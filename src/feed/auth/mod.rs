use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;

#[cfg(feature = "dxlink")]
use super::Failure;
use crate::Timestamp;
#[cfg(feature = "dxlink")]
use crate::{Error, ErrorKind, Interruption};

/// How long a token may take to come.
#[cfg(feature = "dxlink")]
const FETCH: Duration = Duration::from_secs(30);

/// A text that must not be shown: its `Debug` form does not tell it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Takes a secret in.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for those who send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// What a venue takes as proof of who connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The token.
    pub secret: Secret,
    /// When it stops being good, by the machine's wall clock; `None` if it does not, or nobody
    /// knows.
    pub expires: Option<Timestamp>,
}

impl Token {
    /// A token that is good for ever.
    pub fn new(secret: impl Into<Secret>) -> Self {
        Self {
            secret: secret.into(),
            expires: None,
        }
    }
}

/// Where tokens come from: asked at every connect, before a token expires, and when the venue has
/// refused one.
///
/// Every [`Token`] is one: itself, each time.
pub trait TokenProvider: fmt::Debug + Send + Sync + 'static {
    /// A token that is good now. `refused` tells that the venue did not take the last one, so that
    /// a cached one must not be given again.
    fn token(&self, refused: bool) -> BoxFuture<'static, Result<Token, CredentialError>>;

    /// What tells whose tokens these are, such as a user's name or key; it is not shown. Clients of the
    /// same endpoint share a limit of connects and a [`Circuit`](super::Circuit) with those of the same
    /// user. `None`, unless overridden, counts all who do not say as one.
    fn identity(&self) -> Option<Secret> {
        None
    }
}

impl TokenProvider for Token {
    fn token(&self, _: bool) -> BoxFuture<'static, Result<Token, CredentialError>> {
        let token = self.clone();
        Box::pin(async move { Ok(token) })
    }

    fn identity(&self) -> Option<Secret> {
        Some(self.secret.clone())
    }
}

/// A token, if it comes in time: a provider that never answers must not keep a connection from its
/// renewal for ever.
#[cfg(feature = "dxlink")]
pub(crate) async fn fetched(
    token: impl Future<Output = Result<Token, CredentialError>>,
) -> Result<Token, CredentialError> {
    match tokio::time::timeout(FETCH, token).await {
        Ok(fetched) => fetched,
        Err(_) => Err(CredentialError::retry(format!(
            "none came within {FETCH:?}"
        ))),
    }
}

/// Why there is no token.
///
/// The text must not contain the credentials.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{cause}")]
pub struct CredentialError {
    cause: String,
    retryable: bool,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl CredentialError {
    /// It may work later: the connection is tried again, with backoff.
    pub fn retry(cause: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            retryable: true,
            retry_after: None,
            source: None,
        }
    }

    /// It will not work with these credentials: the feed ends.
    pub fn fatal(cause: impl Into<String>) -> Self {
        Self {
            retryable: false,
            ..Self::retry(cause)
        }
    }

    /// With what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// With the time that whoever gives tokens wants to be left alone.
    #[must_use]
    pub fn with_retry_after(mut self, after: Option<Duration>) -> Self {
        self.retry_after = after;
        self
    }

    /// How long whoever gives tokens wants to be left alone, if it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether it may work later.
    pub fn is_retryable(&self) -> bool {
        self.retryable
    }

    /// What it means for a connection that needs the token.
    #[cfg(feature = "dxlink")]
    pub(crate) fn into_failure(self) -> Failure {
        let error = format!("no token: {self}");
        if !self.retryable {
            return Failure::Fatal(Error::new(ErrorKind::Auth(error)).with_source(self));
        }
        let cause = Interruption::Login {
            error: error.into(),
        };
        match self.retry_after {
            Some(after) => Failure::RetryAfter(cause, after),
            None => Failure::Retry(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let token = Token::new("swordfish");
        assert!(!format!("{token:?}").contains("swordfish"));
        assert_eq!(token.secret.expose(), "swordfish");
    }
}
