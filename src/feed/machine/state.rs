use std::fmt;

use serde::{Deserialize, Serialize};

/// What a connection is doing. Ordered from worst to best, so that the least of several tells how
/// a client as a whole is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum State {
    /// It ended and will not be opened again.
    Closed,
    /// It failed and waits before the next attempt.
    Backoff,
    /// It is being opened.
    Connecting,
    /// It is open and logs in.
    Authenticating,
    /// It is open and logged in. Whether every topic is accepted is a separate fact.
    Live,
    /// Nobody wants anything of it: there is no socket.
    Idle,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Closed => "closed",
            Self::Backoff => "backoff",
            Self::Connecting => "connecting",
            Self::Authenticating => "authenticating",
            Self::Live => "live",
            Self::Idle => "idle",
        })
    }
}
