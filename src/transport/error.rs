use std::time::Duration;

use crate::{Error, ErrorKind};

/// Why no WebSocket could be opened.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
#[non_exhaustive]
pub struct ConnectError {
    /// What to tell the consumer: the address that was tried, and what became of it.
    pub cause: String,
    /// Whether trying again may help. A certificate that is not trusted does not mend itself, and
    /// neither does an answer other than an upgrade, unless it is HTTP 408, 425, 429 or 5xx, or says
    /// when to come again. Everything else may.
    pub retryable: bool,
    /// How long the other side wants to be left alone (`Retry-After`), at most an hour.
    pub retry_after: Option<Duration>,
    /// The error below.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ConnectError {
    /// A failure that may pass.
    pub fn retryable(cause: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            retryable: true,
            retry_after: None,
            source: None,
        }
    }

    /// A failure that does not mend itself.
    pub fn terminal(cause: impl Into<String>) -> Self {
        Self {
            retryable: false,
            ..Self::retryable(cause)
        }
    }

    /// With what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// With the time the other side wants to be left alone.
    #[must_use]
    pub fn with_retry_after(mut self, after: Option<Duration>) -> Self {
        self.retry_after = after;
        self
    }

    /// A refusal that no retry mends, as the error that ends the feed.
    #[cfg(feature = "tastytrade")]
    pub(crate) fn fatal(error: Error) -> Self {
        Self::terminal(error.to_string()).with_source(error)
    }

    /// As the error of a feed that it ends. Its cause is told once, not by its source again.
    pub(crate) fn into_error(self) -> Error {
        let error = Error::new(ErrorKind::Connect(self.cause));
        match self.source {
            Some(source) => error.with_boxed_source(source),
            None => error,
        }
    }

    /// The error that ends the feed whenever it comes, if that is what it is.
    pub(crate) fn fatal_error(&self) -> Option<&Error> {
        self.source.as_ref()?.downcast_ref()
    }
}
