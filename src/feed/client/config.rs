use std::time::Duration;

use super::ledger::Limits;
use crate::feed::Spec;
use crate::feed::machine::{Backoff, QuietConfig};

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
    /// What is made of silence.
    pub(crate) quiet: QuietConfig,
    /// Shares its connections with every client of the same endpoint and account in the same runtime,
    /// for venues that allow an account few. The text tells accounts apart: it names the account, or
    /// is its key. Everything else but `max_topics` is as the first of these clients set it.
    pub(crate) account: Option<String>,
}

impl HubConfig {
    pub(super) fn limits(&self, spec: &Spec) -> Limits {
        let connection = self.topics_per_connection;
        Limits {
            connection: connection.unwrap_or(spec.topics_per_connection).max(1),
            connections: spec.connections.max(1),
            channels: spec.channel_limits,
        }
    }
}

impl Default for HubConfig {
    fn default() -> Self {
        Self {
            backoff: Backoff::default(),
            linger: Duration::from_secs(2),
            max_topics: 50_000,
            topics_per_connection: None,
            seed: fastrand::u64(..),
            quiet: QuietConfig::default(),
            account: None,
        }
    }
}

/// A client's settings of what is made of silence, the same for every venue.
#[cfg_attr(
    not(any(feature = "gate", feature = "dxlink")),
    allow(unused_macros, reason = "it is for the builders of venues")
)]
macro_rules! quiet_settings {
    () => {
        /// What is done about data that stays away although the connection answers its pings: reported
        /// and asked for again unless set.
        pub fn quiet(mut self, quiet: $crate::feed::Quiet) -> Self {
            self.hub.quiet.mode = quiet;
            self
        }

        /// When the market is open: while it is closed, silence is normal. Without one the market may be
        /// closed or broken, and is asked ever more rarely.
        pub fn calendar(mut self, calendar: $crate::market::Calendar) -> Self {
            self.hub.quiet.calendar = Some(calendar);
            self
        }
    };
}
pub(crate) use quiet_settings;
