//! What a feed yields: data, and in the same order what is missing and what happened to the feed.

mod gap;
mod scope;
mod status;
mod text;

pub use gap::{Cause, Gap, GapId, Repair};
pub use scope::Scope;
pub(crate) use scope::ScopeSet;
pub use status::{Interruption, Rejection, Staleness, Status, StatusKind};
pub use text::Text;

use serde::{Deserialize, Serialize};

/// One item of a feed.
///
/// An event that the venue sent is either delivered as [`Data`](Event::Data), or a
/// [`Gap`](Event::Gap) stands in the stream at the place where it is missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event<T> {
    /// What the venue sent.
    Data(T),
    /// Something is, or may be, missing here.
    Gap(Gap),
    /// The feed's condition changed here.
    Status(Status),
}

impl<T> Event<T> {
    /// Changes the data and keeps markers as they are.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Event<U> {
        match self {
            Self::Data(data) => Event::Data(f(data)),
            Self::Gap(gap) => Event::Gap(gap),
            Self::Status(status) => Event::Status(status),
        }
    }

    /// The data, if this is data.
    pub fn data(self) -> Option<T> {
        match self {
            Self::Data(data) => Some(data),
            Self::Gap(_) | Self::Status(_) => None,
        }
    }

    /// The same with the data borrowed.
    pub fn as_ref(&self) -> Event<&T> {
        match self {
            Self::Data(data) => Event::Data(data),
            Self::Gap(gap) => Event::Gap(gap.clone()),
            Self::Status(status) => Event::Status(status.clone()),
        }
    }

    /// Whether this is a gap or a status.
    pub fn is_marker(&self) -> bool {
        !matches!(self, Self::Data(_))
    }
}

impl<T> From<Gap> for Event<T> {
    fn from(gap: Gap) -> Self {
        Self::Gap(gap)
    }
}

impl<T> From<Status> for Event<T> {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}
