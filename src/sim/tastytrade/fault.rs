//! What can go wrong with tastytrade alone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sim::core::span;

/// One of tastytrade's own faults: a standing rule, as most [`Fault`](crate::sim::Fault)s are.
///
/// A line of a script holds it as `{"fault": "tastytrade", "kind": "token_outage", "for": "1m"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum TastytradeFault {
    /// The services that give tokens, of both kinds, refuse everybody; the other calls are served.
    TokenOutage {
        /// The HTTP status.
        #[serde(default = "unauthorized")]
        status: u16,
        /// How many requests; for ever unless told.
        #[serde(default)]
        times: Option<u32>,
        /// For how long.
        #[serde(default, rename = "for", with = "span::option")]
        lasting: Option<Duration>,
    },
}

fn unauthorized() -> u16 {
    401
}

impl TastytradeFault {
    /// Every kind a script may name.
    pub const KINDS: &'static [&'static str] = &["token_outage"];

    pub(in crate::sim) fn times(&self) -> Option<u32> {
        let Self::TokenOutage { times, .. } = self;
        *times
    }

    pub(in crate::sim) fn lasting(&self) -> Option<Duration> {
        let Self::TokenOutage { lasting, .. } = self;
        *lasting
    }
}
