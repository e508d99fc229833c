//! dxLink as a state machine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite::Message;

use super::board::Board;
use super::client::{Channel, Client};
use super::event::{DxEvent, Key};
use super::index::TX_PENDING;
use super::queue;
use super::switches::Switches;
use crate::Timestamp;
use crate::sim::core::journal::BreachKind;
use crate::sim::core::rules::Kind;
use crate::sim::core::venue::{RestRequest, RestResponse, Venue};
use crate::sim::core::{Core, close};
use crate::sim::market::MarketTrade;
use crate::sim::{Fault, SessionId};

/// A market that is further behind than this does not catch up: the machine was asleep.
const CATCH_UP: Duration = Duration::from_secs(60);

/// The venue's side of every session, and the market.
#[derive(Debug)]
pub(in crate::sim) struct DxLinkVenue {
    pub(super) board: Board,
    pub(in crate::sim) paused: bool,
    pub(in crate::sim) switches: Switches,
    pub(super) clients: BTreeMap<SessionId, Client>,
}

impl DxLinkVenue {
    pub(super) fn new(board: Board, switches: Switches) -> Self {
        Self {
            board,
            paused: false,
            switches,
            clients: BTreeMap::new(),
        }
    }

    /// Sends a session something that is no data, which also counts as a sign of life.
    pub(super) fn say(
        &mut self,
        core: &mut Core,
        session: SessionId,
        kind: Kind<'_>,
        text: String,
    ) {
        if let Some(client) = self.clients.get_mut(&session) {
            client.said = core.now().instant;
        }
        core.reply(session, kind, text);
    }

    /// Says goodbye: what the client still sends is not read.
    pub(super) fn hang_up(&mut self, core: &mut Core, session: SessionId, code: u16, reason: &str) {
        if let Some(client) = self.clients.get_mut(&session) {
            client.closing = true;
        }
        core.send_raw(session, close(code, reason));
    }

    /// Publishes what trades mean.
    pub(super) fn publish_trades(&mut self, core: &mut Core, trades: &[MarketTrade]) {
        let times = core.times();
        for trade in trades {
            let told = MarketTrade {
                time: times.of(trade.time),
                ..trade.clone()
            };
            for events in self.board.trade(&told) {
                self.publish(core, events);
            }
        }
    }

    /// Publishes the events of one transaction to whoever follows them. How many channels do.
    pub(in crate::sim) fn publish(&mut self, core: &mut Core, events: Vec<DxEvent>) -> usize {
        let mut series: BTreeMap<Key, Vec<Arc<DxEvent>>> = BTreeMap::new();
        for event in events {
            let event = Arc::new(event);
            self.board.archive.put(&event);
            series.entry(event.key()).or_default().push(event);
        }
        let mut channels = 0;
        let listening = |client: &&mut Client| client.authorized && !client.closing;
        for client in self.clients.values_mut().filter(listening) {
            for (_, feed) in client.feeds_mut() {
                let mut reached = false;
                for (key, events) in &series {
                    let Some(item) = feed.item(key).filter(|item| !item.barren) else {
                        continue;
                    };
                    for (place, event) in events.iter().enumerate() {
                        let flags = queue::within(place, events.len());
                        feed.queue.push(key, item.mode, event, flags & TX_PENDING);
                    }
                    reached = true;
                }
                channels += usize::from(reached);
            }
        }
        self.send_due(core);
        channels
    }

    /// Publishes exactly this many trades, now.
    pub(in crate::sim) fn step(&mut self, core: &mut Core, count: usize) {
        let now = core.now().wall;
        for _ in 0..count {
            let trade = self.board.market.trade(now);
            self.publish_trades(core, trade.as_slice());
        }
    }

    /// Lets the market live up to now, trade by trade: each is told with the book of its moment.
    fn live(&mut self, core: &mut Core, now: Timestamp) {
        let market = &mut self.board.market;
        market.skip_to(now.saturating_sub(CATCH_UP));
        while let Some(next) = self.board.market.next_trade().filter(|next| *next <= now) {
            let trades = self.board.market.step(next);
            self.publish_trades(core, &trades);
        }
    }

    /// Sends every channel what is due on it.
    pub(super) fn send_due(&mut self, core: &mut Core) {
        let now = core.now().instant;
        for (session, client) in &mut self.clients {
            if client.closing || !client.authorized {
                continue;
            }
            let mut said = false;
            for (number, channel) in &mut client.channels {
                said |= match channel {
                    Channel::Feed(feed) => feed.advance(core, *session, *number, &self.switches),
                    Channel::Dom(dom) => {
                        let pair = self.board.market.pair(&dom.symbol);
                        dom.advance(core, *session, *number, pair)
                    }
                };
            }
            if said {
                client.said = now;
            }
        }
    }
}

impl Venue for DxLinkVenue {
    /// Servers differ in their paths, and clients are told the whole address.
    fn is_socket(&self, _path: &str) -> bool {
        true
    }

    fn opened(&mut self, core: &mut Core, session: SessionId, _path: &str) {
        self.clients
            .insert(session, Client::new(core.now().instant));
        let most = self.switches.limits.sessions;
        if let Some(most) = most.filter(|most| self.clients.len() > *most) {
            let detail = format!("{} connections; {most} are allowed", self.clients.len());
            core.breach(Some(session), BreachKind::TooManyConnections, detail);
        }
    }

    fn received(&mut self, core: &mut Core, session: SessionId, message: &Message) {
        match message {
            Message::Text(text) => self.message(core, session, text),
            Message::Binary(bytes) => {
                let text = String::from_utf8_lossy(bytes);
                self.message(core, session, &text);
            }
            // The WebSocket layer's own pings are no signs of life here.
            _ => return,
        }
        self.send_due(core);
    }

    fn closed(&mut self, session: SessionId) {
        let Some(client) = self.clients.remove(&session) else {
            return;
        };
        let keys: Vec<Key> = client
            .feeds()
            .flat_map(|(_, feed)| feed.items.keys().cloned())
            .collect();
        for key in keys {
            self.release(&key);
        }
    }

    fn rest(&mut self, _core: &mut Core, _request: &RestRequest) -> RestResponse {
        RestResponse::with_status(hyper::StatusCode::NOT_FOUND, "{}".into())
    }

    fn advance(&mut self, core: &mut Core) {
        let now = core.now();
        self.take_steps(core);
        if !self.paused {
            self.live(core, now.wall);
        }
        self.send_due(core);
        self.send_keepalives(core);
    }

    fn deadline(&self, core: &Core) -> Option<Instant> {
        let now = core.now();
        let trade = self.board.market.next_trade().filter(|_| !self.paused);
        let trade = trade.map(|time| now.instant + time.duration_since(now.wall));
        let clients = self.clients.values().filter_map(|client| {
            let depths = client
                .channels
                .values()
                .filter_map(|channel| match channel {
                    Channel::Dom(dom) => dom.deadline(self.board.market.pair(&dom.symbol)),
                    Channel::Feed(_) => None,
                });
            let depths = depths
                .min()
                .filter(|_| client.authorized && !client.closing);
            [client.deadline(self.switches.keepalive), depths]
                .into_iter()
                .flatten()
                .min()
        });
        [trade, clients.min()].into_iter().flatten().min()
    }

    /// dxLink announces nothing.
    fn shutdown_notice(&mut self, _core: &mut Core) -> Option<String> {
        None
    }

    fn fault(&mut self, core: &mut Core, session: SessionId, fault: &Fault) {
        self.go_wrong(core, session, fault);
        self.send_due(core);
    }
}
