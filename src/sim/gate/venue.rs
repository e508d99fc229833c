//! Gate's spot market as a state machine.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::feed::{self, Feed};
use super::playback::Playback;
use super::reply;
use super::rest::Limits;
use super::topic::Topic;
use super::{BookStart, push};
use crate::sim::SessionId;
use crate::sim::core::Core;
use crate::sim::core::journal::{BreachKind, Identity};
use crate::sim::core::rules::Role;
use crate::sim::core::venue::{RestRequest, RestResponse, Venue};
use crate::sim::market::{Book, Market, MarketTrade};
use crate::{Symbol, Timestamp};
use tokio_tungstenite::tungstenite::Message;

/// Without a subscription and without a word from the client, a connection lives this long.
const IDLE: Duration = Duration::from_millis(30_500);

/// Connections the venue allows from one address.
const CONNECTIONS: usize = 300;

/// A market that is further behind than this does not catch up: the machine was asleep.
const CATCH_UP: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Client {
    pub(super) conn_id: String,
    pub(super) topics: BTreeSet<Topic>,
    /// Whether a subscription was acknowledged.
    pub(super) begun: bool,
    heard: Instant,
}

/// The venue's side of every session, and the market.
#[derive(Debug)]
pub(super) struct GateVenue {
    pub(super) market: Market,
    pub(super) paused: bool,
    pub(super) book_start: BookStart,
    pub(super) playback: Option<Playback>,
    pub(super) clients: BTreeMap<SessionId, Client>,
    pub(super) feeds: BTreeMap<Topic, Feed>,
    /// The books as they were at the start: what a cache that lags would give.
    pub(super) first_books: BTreeMap<Symbol, Book>,
    pub(super) limits: Limits,
}

impl GateVenue {
    pub(super) fn new(market: Market, playback: Option<Playback>, book_start: BookStart) -> Self {
        let books = market.pairs().iter();
        let first_books = books.map(|pair| (pair.symbol.clone(), pair.book.clone()));
        Self {
            first_books: first_books.collect(),
            market,
            paused: false,
            book_start,
            playback,
            clients: BTreeMap::new(),
            feeds: BTreeMap::new(),
            limits: Limits::default(),
        }
    }

    /// Publishes trades to whoever follows them; the journal hears of them in any case.
    pub(super) fn publish_trades(&mut self, core: &mut Core, trades: &[MarketTrade]) {
        let times = core.times();
        for trade in trades {
            let identity = Some(Identity::Trade(trade.id));
            for topic in [
                Topic::Trades(trade.symbol.clone()),
                Topic::TradesV2(trade.symbol.clone()),
            ] {
                let feed = self.feeds.get(&topic);
                if feed.is_none() && matches!(topic, Topic::TradesV2(_)) {
                    continue;
                }
                let sessions = feed
                    .map(|feed| &feed.sessions)
                    .into_iter()
                    .flatten()
                    .copied();
                let text = match feed {
                    Some(_) => push::trade(times, topic.channel(), trade),
                    None => String::new(),
                };
                let draft = feed::draft(&topic, identity, Some(times.of(trade.time)));
                core.publish(draft, sessions, text, Role::Plain);
            }
        }
    }

    /// Publishes exactly this many trades, or recorded frames, now.
    pub(super) fn step(&mut self, core: &mut Core, count: usize) {
        if let Some(playback) = &mut self.playback {
            for _ in 0..count {
                playback.play_next(core, &self.feeds);
            }
            return;
        }
        let now = core.now().wall;
        let trades: Vec<_> = (0..count).filter_map(|_| self.market.trade(now)).collect();
        self.publish_trades(core, &trades);
    }

    pub(super) fn knows(&self, symbol: &str) -> bool {
        self.market.pair(symbol).is_some()
    }
}

impl Venue for GateVenue {
    fn is_socket(&self, path: &str) -> bool {
        // The second is the path of the venue's testnet.
        matches!(path.trim_end_matches('/'), "/ws/v4" | "/v4/ws/spot")
    }

    fn opened(&mut self, core: &mut Core, session: SessionId, _path: &str) {
        let client = Client {
            conn_id: core.hex(16),
            topics: BTreeSet::new(),
            begun: false,
            heard: core.now().instant,
        };
        self.clients.insert(session, client);
        if self.clients.len() > CONNECTIONS {
            let detail = format!(
                "{} connections; {CONNECTIONS} are allowed",
                self.clients.len()
            );
            core.breach(Some(session), BreachKind::TooManyConnections, detail);
        }
    }

    fn received(&mut self, core: &mut Core, session: SessionId, message: &Message) {
        if let Some(client) = self.clients.get_mut(&session) {
            client.heard = core.now().instant;
        }
        match message {
            Message::Text(text) => self.request(core, session, text),
            Message::Binary(bytes) => {
                let text = String::from_utf8_lossy(bytes);
                self.request(core, session, &text);
            }
            _ => {}
        }
    }

    fn closed(&mut self, session: SessionId) {
        let Some(client) = self.clients.get(&session) else {
            return;
        };
        for topic in client.topics.clone() {
            self.unsubscribe(session, &topic);
        }
        self.clients.remove(&session);
    }

    fn rest(&mut self, core: &mut Core, request: &RestRequest) -> RestResponse {
        self.answer(core, request)
    }

    fn advance(&mut self, core: &mut Core) {
        let now = core.now();
        match &mut self.playback {
            Some(_) if self.paused => {}
            Some(playback) => playback.advance(core, &self.feeds),
            None => {
                if !self.paused {
                    self.market.skip_to(now.wall.saturating_sub(CATCH_UP));
                    let trades = self.market.step(now.wall);
                    self.publish_trades(core, &trades);
                }
                for (topic, feed) in &mut self.feeds {
                    feed.flush(topic, core, &mut self.market, now);
                }
            }
        }
        let idle = |client: &Client| client.topics.is_empty() && client.heard + IDLE <= now.instant;
        let idlers = self.clients.iter().filter(|(_, client)| idle(client));
        for session in idlers.map(|(session, _)| *session).collect::<Vec<_>>() {
            let detail = "no subscription and no message for 30 s";
            core.breach(Some(session), BreachKind::Idle, detail);
            core.cut(session);
        }
    }

    fn deadline(&self, core: &Core) -> Option<Instant> {
        let now = core.now();
        let due = |time: Timestamp| now.instant + time.duration_since(now.wall);
        let unused = self
            .clients
            .values()
            .filter(|client| client.topics.is_empty());
        let idle = unused.map(|client| client.heard + IDLE).min();
        let market = match &self.playback {
            _ if self.paused => None,
            Some(playback) => playback.deadline(),
            None => self.market.next_trade().map(due),
        };
        let feeds = self
            .feeds
            .iter()
            .filter(|_| self.playback.is_none())
            .filter_map(|(topic, feed)| feed.deadline(topic, &self.market, now))
            .min();
        [idle, market, feeds].into_iter().flatten().min()
    }

    fn shutdown_notice(&mut self, core: &mut Core) -> Option<String> {
        Some(reply::upgrade(core.times().now))
    }
}
