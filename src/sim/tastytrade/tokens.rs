//! Who may do what, and until when.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::sim::core::Core;
use crate::sim::dxlink::DxLinkVenue;

/// How long an access token is good.
pub(super) const ACCESS: Duration = Duration::from_secs(900);

/// How long a quote token is good.
pub(super) const QUOTES: Duration = Duration::from_secs(24 * 3_600);

/// Credentials and the tokens that were given for them.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    pub(super) secret: String,
    pub(super) refresh: String,
    access: BTreeMap<String, Instant>,
    quotes: BTreeMap<String, Instant>,
}

impl Tokens {
    pub(super) fn new(secret: String, refresh: String) -> Self {
        Self {
            secret,
            refresh,
            access: BTreeMap::new(),
            quotes: BTreeMap::new(),
        }
    }

    /// A new access token.
    pub(super) fn access(&mut self, core: &mut Core) -> String {
        let token = format!("sim-access-{}", core.hex(24));
        self.access
            .insert(token.clone(), core.now().instant + ACCESS);
        token
    }

    /// Whether an access token is good now.
    pub(super) fn is_good(&mut self, token: &str, now: Instant) -> bool {
        self.access.retain(|_, until| now < *until);
        self.access.contains_key(token)
    }

    pub(super) fn revoke(&mut self, token: &str) {
        self.access.remove(token);
    }

    /// A new quote token, which the market data accept from now on.
    pub(super) fn quotes(&mut self, core: &mut Core, dxlink: &mut DxLinkVenue) -> String {
        let token = format!("sim-quotes-{}", core.hex(24));
        self.quotes
            .insert(token.clone(), core.now().instant + QUOTES);
        if let Some(tokens) = &mut dxlink.switches.tokens {
            tokens.insert(token.clone());
        }
        token
    }

    /// Has the market data forget what is no longer good.
    pub(super) fn expire(&mut self, dxlink: &mut DxLinkVenue, now: Instant) {
        let Some(tokens) = &mut dxlink.switches.tokens else {
            return;
        };
        self.quotes.retain(|token, until| {
            let good = now < *until;
            if !good {
                tokens.remove(token);
            }
            good
        });
    }
}
