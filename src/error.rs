//! What ends a feed or refuses a call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::event::{Gap, Rejection};

type Source = Arc<dyn std::error::Error + Send + Sync>;

/// Why a call failed or a stream ended.
///
/// On a stream it is the last item: whatever can be retried is retried by the feed itself and shows
/// as a [`Status`](crate::Status) instead. It never contains credentials or whole frames.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    venue: Option<&'static str>,
    /// Whoever made it knows that the same may go well later, whatever its kind.
    passing: bool,
    source: Option<Source>,
}

/// The kind of an [`Error`], for callers that act on it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument cannot be used; the text says which and what is valid. Not retryable.
    Invalid(String),
    /// The client was closed or shut down. Not retryable; make a new client.
    Closed,
    /// The call must be made inside a tokio runtime. Retryable there.
    NoRuntime,
    /// The tokio runtime that the connection ran in has ended, and so have those of all subscriptions
    /// that use it. The subscription is over; in a living runtime a new one may be made.
    RuntimeEnded,
    /// The deadline passed; the text says what was being waited for. Retryable.
    Timeout {
        /// How long it waited.
        after: Duration,
        /// For what, and what stood in the way.
        waiting_for: String,
    },
    /// The venue refused these topics. Not retryable as it is.
    Refused(Vec<Rejection>),
    /// More topics than the client may hold. Retryable once others are dropped.
    TooManyTopics {
        /// The client's limit.
        limit: usize,
    },
    /// More topics of one channel than the venue allows on the connections that it allows. Retryable
    /// once others are dropped.
    TooManyOfChannel {
        /// The channel.
        channel: &'static str,
        /// How many may be held.
        limit: usize,
    },
    /// The consumer fell behind a queue whose policy is to fail. The subscription is over; a new
    /// one may be made.
    Overflow {
        /// The queue's capacity.
        capacity: usize,
    },
    /// A gap, where the consumer asked for none by `strict()`. The stream is over.
    Gap(Gap),
    /// No connection could be made, for a reason that a retry does not mend: a bad address, a
    /// certificate, an answer other than an upgrade.
    Connect(String),
    /// The venue refused the credentials.
    Auth(String),
    /// The driver of the connection failed: a defect of feedline. The subscription is over.
    Internal(String),
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            venue: None,
            passing: false,
            source: None,
        }))
    }

    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid(text.into()))
    }

    /// With what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    pub(crate) fn with_boxed_source(
        mut self,
        source: Box<dyn std::error::Error + Send + Sync>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Of something that passes, though its kind as such does not.
    #[cfg(feature = "tastytrade")]
    #[must_use]
    pub(crate) fn passing(mut self, passing: bool) -> Self {
        self.0.passing = passing;
        self
    }

    /// With the venue it concerns.
    #[must_use]
    pub fn with_venue(mut self, venue: &'static str) -> Self {
        self.0.venue = Some(venue);
        self
    }

    /// What happened.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The venue it concerns, if one.
    pub fn venue(&self) -> Option<&'static str> {
        self.0.venue
    }

    /// Whether the same call may succeed later without a change by the caller.
    pub fn is_retryable(&self) -> bool {
        self.0.passing
            || matches!(
                self.0.kind,
                ErrorKind::Timeout { .. }
                    | ErrorKind::TooManyTopics { .. }
                    | ErrorKind::TooManyOfChannel { .. }
                    | ErrorKind::NoRuntime
                    | ErrorKind::RuntimeEnded
                    | ErrorKind::Overflow { .. }
                    | ErrorKind::Gap(_)
            )
    }

    /// The topics that the venue refused; empty for other kinds.
    pub fn rejections(&self) -> &[Rejection] {
        match &self.0.kind {
            ErrorKind::Refused(rejections) => rejections,
            _ => &[],
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(venue) = self.0.venue {
            write!(f, "{venue}: ")?;
        }
        fmt::Display::fmt(&self.0.kind, f)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(text) => f.write_str(text),
            Self::Closed => f.write_str("the client is closed"),
            Self::NoRuntime => f.write_str("this must be called inside a tokio runtime"),
            Self::RuntimeEnded => f.write_str(
                "the tokio runtime of the connection and of its subscriptions has ended",
            ),
            Self::Timeout { after, waiting_for } => {
                write!(f, "gave up after {after:?} waiting for {waiting_for}")
            }
            Self::Refused(rejections) => {
                f.write_str("the venue refused ")?;
                for (at, rejection) in rejections.iter().enumerate() {
                    write!(f, "{}{rejection}", if at == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::TooManyTopics { limit } => {
                write!(
                    f,
                    "the client may hold at most {limit} topics: as many as max_topics says and its \
                     connections have room for"
                )
            }
            Self::TooManyOfChannel { channel, limit } => {
                write!(f, "the client may hold at most {limit} topics of {channel}")
            }
            Self::Overflow { capacity } => {
                write!(f, "the consumer fell behind a queue of {capacity} events")
            }
            Self::Gap(gap) => write!(f, "the feed has a gap: {gap}"),
            Self::Connect(text) => write!(f, "cannot connect: {text}"),
            Self::Auth(text) => write!(f, "the venue refused the credentials: {text}"),
            Self::Internal(text) => write!(f, "defect in feedline: {text}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("venue", &self.0.venue)
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0
            .source
            .as_ref()
            .map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}
