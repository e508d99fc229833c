use std::time::Duration;

use crate::feed::machine::Backoff;

/// What a user may set on a client, whatever its venue.
#[derive(Clone, Debug)]
pub(crate) struct HubConfig {
    pub(crate) backoff: Backoff,
    /// How long a connection without topics is kept.
    pub(crate) linger: Duration,
    /// Most topics of the client, on all connections.
    pub(crate) max_topics: usize,
    /// Instead of the venue's own limit.
    pub(crate) topics_per_connection: Option<usize>,
    /// Makes jitter repeatable.
    pub(crate) seed: u64,
}

impl Default for HubConfig {
    fn default() -> Self {
        Self {
            backoff: Backoff::default(),
            linger: Duration::from_secs(2),
            max_topics: 50_000,
            topics_per_connection: None,
            seed: fastrand::u64(..),
        }
    }
}
