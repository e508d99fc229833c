//! Gate's spot market, simulated.

mod builder;
mod fault;
mod feed;
mod numbers;
mod old;
mod playback;
mod push;
mod refusal;
mod reply;
mod request;
mod rest;
mod rest_reference;
mod rest_rows;
mod subscription;
mod topic;
mod venue;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Attempt, Breach, Fault, MarketTrade, Published, RawFrame, Request, SessionId, To};
use crate::market::Side;
use crate::sim::core::running::Running;
use crate::transport::Dial;
use crate::{Clock, Decimal, Timestamp};
pub use builder::{BookStart, GateSimBuilder};
pub use fault::{GateFault, WrongNumber};
use venue::GateVenue;

/// A simulator of Gate's spot market.
///
/// It serves WebSockets under `/ws/v4/` and REST under `/api/v4/`; the lists of the venue's other
/// markets are empty, and what needs a key is refused. Dropping it ends every
/// connection; [`shutdown`](Self::shutdown) also waits until all is gone.
#[derive(Debug)]
pub struct GateSim {
    running: Running<GateVenue>,
    clock: Clock,
    host: String,
    dialer: Arc<dyn Dial>,
}

impl GateSim {
    /// A simulator of eight well-known pairs, to be changed and started.
    pub fn builder() -> GateSimBuilder {
        GateSimBuilder::default()
    }

    /// Where clients connect: `ws://127.0.0.1:PORT/ws/v4/`, or a made-up host that only
    /// [`dialer`](Self::dialer) reaches.
    pub fn url(&self) -> String {
        format!("ws://{}/ws/v4/", self.host)
    }

    /// Where REST requests go, without a slash at the end: `http://127.0.0.1:PORT/api/v4`.
    pub fn rest_url(&self) -> String {
        format!("http://{}/api/v4", self.host)
    }

    /// How a client in this process connects.
    pub fn dialer(&self) -> Arc<dyn Dial> {
        self.dialer.clone()
    }

    /// The clock it runs by.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// What it published, oldest first, with what became of it for whom. The latest two million
    /// events are kept; see [`forgotten`](Self::forgotten).
    pub fn journal(&self) -> Vec<Published> {
        self.running.journal()
    }

    /// How many events the journal no longer holds.
    pub fn forgotten(&self) -> u64 {
        self.running.look(|hub| hub.core.log.published.forgotten())
    }

    /// Everything that is subscribed by any session, such as `spot.trades BTC_USDT`,
    /// `spot.candlesticks 1m BTC_USDT` or `spot.obu ob.BTC_USDT.50`.
    pub fn active_topics(&self) -> BTreeSet<String> {
        self.running
            .look(|hub| hub.venue.feeds.keys().map(ToString::to_string).collect())
    }

    /// The sessions that are open.
    pub fn sessions(&self) -> Vec<SessionId> {
        self.running.look(|hub| hub.core.session_ids().collect())
    }

    /// When a WebSocket was asked for, whatever came of it.
    pub fn connects(&self) -> Vec<Timestamp> {
        self.attempts().iter().map(|attempt| attempt.at).collect()
    }

    /// Every attempt to open a WebSocket, and what came of it.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.running.attempts()
    }

    /// Every subscribe and unsubscribe request.
    pub fn requests(&self) -> Vec<Request> {
        self.running.requests()
    }

    /// Every subscribe request.
    pub fn subscribe_requests(&self) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.event == "subscribe");
        requests
    }

    /// Every breach of the venue's rules.
    pub fn breaches(&self) -> Vec<Breach> {
        self.running.breaches()
    }

    /// How many sessions were dropped because they did not read.
    pub fn slow_readers(&self) -> u64 {
        self.running.look(|hub| hub.core.slow_readers())
    }

    /// Makes something go wrong, now.
    pub fn inject(&self, fault: impl Into<Fault>) {
        self.running.inject(None, fault.into());
    }

    /// Makes something go wrong for one session, now.
    pub fn inject_into(&self, session: SessionId, fault: impl Into<Fault>) {
        self.running.inject(Some(session), fault.into());
    }

    /// Publishes a trade made by hand, which also enters the candles and tickers. `None` if the
    /// simulator does not know the symbol.
    pub fn publish_trade(
        &self,
        symbol: &str,
        price: Decimal,
        size: Decimal,
        side: Side,
    ) -> Option<MarketTrade> {
        self.running.with(|hub| {
            let now = hub.core.now().wall;
            let trade = hub.venue.market.record(symbol, price, size, side, now)?;
            let trades = std::slice::from_ref(&trade);
            hub.venue.publish_trades(&mut hub.core, trades);
            Some(trade)
        })
    }

    /// Sends a frame made by hand. It is not in the journal.
    pub fn send(&self, to: &To, frame: &RawFrame) {
        self.running.with(|hub| {
            let sessions: Vec<SessionId> = match to {
                To::All => hub.core.session_ids().collect(),
                To::Session(session) => vec![*session],
                To::Topic(topic) => {
                    let mut feeds = hub.venue.feeds.iter();
                    let feed = feeds.find(|(known, _)| known.to_string() == *topic);
                    let sessions = feed.map(|(_, feed)| &feed.sessions);
                    sessions.into_iter().flatten().copied().collect()
                }
            };
            Running::send(hub, &sessions, frame);
        });
    }

    /// Stops the market or the recording until [`resume_market`](Self::resume_market). What has
    /// happened is still sent.
    pub fn pause_market(&self) {
        self.running.with(|hub| hub.venue.paused = true);
    }

    /// Goes on after [`pause_market`](Self::pause_market), from now on.
    pub fn resume_market(&self) {
        self.running.with(|hub| {
            hub.venue.paused = false;
            hub.venue.market.skip_to(hub.core.now().wall);
        });
    }

    /// Publishes exactly this many trades, or recorded frames, now; paused or not.
    pub fn step(&self, count: usize) {
        self.running
            .with(|hub| hub.venue.step(&mut hub.core, count));
    }

    /// Ends every connection and waits until every task is gone.
    pub async fn shutdown(&self) {
        self.running.shutdown().await;
    }
}
