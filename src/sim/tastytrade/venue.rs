//! tastytrade as a state machine: REST, market data and accounts on one port.

use std::collections::BTreeMap;
use std::time::Instant;

use tokio_tungstenite::tungstenite::Message;

use super::account::Account;
use super::flow::Flow;
use super::notification::Notification;
use super::streamer::{Listener, SILENCE};
use super::tokens::Tokens;
use crate::sim::core::Core;
use crate::sim::core::journal::Ring;
use crate::sim::core::venue::{RestRequest, RestResponse, Venue};
use crate::sim::dxlink::DxLinkVenue;
use crate::sim::{Fault, SessionId};

/// Calls that are kept.
const CALLS: usize = 100_000;

/// The venue's side of everything.
#[derive(Debug)]
pub(super) struct TastytradeVenue {
    pub(super) dxlink: DxLinkVenue,
    pub(super) dxlink_url: String,
    pub(super) level: &'static str,
    pub(super) customer: bool,
    pub(super) tokens: Tokens,
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) listeners: BTreeMap<SessionId, Listener>,
    pub(super) calls: Ring<String>,
    pub(super) pings_count: bool,
    pub(super) bundled: bool,
    pub(super) sequences: bool,
    pub(super) sequence: u64,
    pub(super) flow: Flow,
}

impl TastytradeVenue {
    pub(super) fn new(dxlink: DxLinkVenue, tokens: Tokens, flow: Flow) -> Self {
        Self {
            dxlink,
            dxlink_url: String::new(),
            level: "api",
            customer: true,
            tokens,
            accounts: BTreeMap::new(),
            listeners: BTreeMap::new(),
            calls: Ring::new(CALLS),
            pings_count: true,
            bundled: false,
            sequences: false,
            sequence: 0,
            flow,
        }
    }

    /// Goes through exactly this many steps of the orders that come by themselves.
    pub(super) fn step_accounts(&mut self, core: &mut Core, count: usize) {
        for _ in 0..count {
            let told: Vec<Notification> = self.flow.step();
            self.notify(core, told);
        }
    }
}

/// Whether market data are served under this path; the others are the account streamer's.
fn is_market_data(path: &str) -> bool {
    ["realtime", "delayed", "dxlink", "market-data"]
        .iter()
        .any(|word| path.contains(word))
}

impl Venue for TastytradeVenue {
    fn is_socket(&self, path: &str) -> bool {
        is_market_data(path) || path.trim_matches('/').is_empty() || path.contains("streamer")
    }

    fn opened(&mut self, core: &mut Core, session: SessionId, path: &str) {
        if is_market_data(path) {
            self.dxlink.opened(core, session, path);
        } else {
            let listener = Listener::new(core.hex(8), core.now().instant);
            self.listeners.insert(session, listener);
        }
    }

    fn received(&mut self, core: &mut Core, session: SessionId, message: &Message) {
        let now = core.now().instant;
        self.tokens.expire(&mut self.dxlink, now);
        let pings_count = self.pings_count;
        let Some(listener) = self.listeners.get_mut(&session) else {
            return self.dxlink.received(core, session, message);
        };
        if listener.closing {
            return;
        }
        match message {
            Message::Text(text) => {
                listener.heard = now;
                self.action(core, session, text);
            }
            Message::Binary(bytes) => {
                listener.heard = now;
                let text = String::from_utf8_lossy(bytes);
                self.action(core, session, &text);
            }
            Message::Ping(_) if pings_count => listener.heard = now,
            _ => {}
        }
    }

    fn closed(&mut self, session: SessionId) {
        if self.listeners.remove(&session).is_none() {
            self.dxlink.closed(session);
        }
    }

    fn rest(&mut self, core: &mut Core, request: &RestRequest) -> RestResponse {
        self.answer(core, request)
    }

    fn advance(&mut self, core: &mut Core) {
        self.dxlink.advance(core);
        let now = core.now().instant;
        for told in self.flow.advance(now) {
            self.notify(core, told);
        }
        self.drop_silent(core);
    }

    fn deadline(&self, core: &Core) -> Option<Instant> {
        let open = self.listeners.values().filter(|listener| !listener.closing);
        let silent = open.map(|listener| listener.heard + SILENCE).min();
        [silent, self.flow.deadline(), self.dxlink.deadline(core)]
            .into_iter()
            .flatten()
            .min()
    }

    fn shutdown_notice(&mut self, _core: &mut Core) -> Option<String> {
        None
    }

    fn fault(&mut self, core: &mut Core, session: SessionId, fault: &Fault) {
        let Some(listener) = self.listeners.get_mut(&session) else {
            return self.dxlink.fault(core, session, fault);
        };
        // Whether the venue says anything of it is not known: the next action fails.
        if let (Fault::ExpireToken { .. }, Some(token)) = (fault, listener.token.take()) {
            self.tokens.revoke(&token);
        }
    }
}
