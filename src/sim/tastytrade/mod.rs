//! tastytrade, simulated: its REST interface, its market data and its account streamer.

mod account;
mod balance;
mod builder;
mod fault;
mod flow;
mod notification;
mod rest;
mod streamer;
mod times;
mod tokens;
mod venue;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::dxlink::DxEvent;
use super::{Attempt, Breach, Fault, MarketTrade, Published, RawFrame, Request, SessionId, To};
use crate::market::Side;
use crate::sim::core::running::Running;
use crate::transport::Dial;
use crate::{Clock, Decimal, Timestamp};
pub use builder::TastytradeSimBuilder;
pub use fault::TastytradeFault;
pub use notification::Notification;
use venue::TastytradeVenue;

/// A simulator of tastytrade, with everything on one port: REST, market data by
/// [dxLink](super::dxlink), and the account streamer.
///
/// Access tokens are good for 15 minutes and quote tokens for a day. [`Fault::ExpireToken`] ends an
/// access token, too: the account streamer's next action fails. Dropping it ends every connection;
/// [`shutdown`](Self::shutdown) also waits until all is gone.
///
/// ```
/// use feedline::sim::tastytrade::{Notification, TastytradeSim};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = TastytradeSim::builder().credentials("secret", "refresh").in_memory()?;
/// // … have a client get its tokens from `sim.rest_url()` and listen to `sim.account_url()` …
/// sim.notify([Notification::order("5WT00001", 7, "AAPL").with("status", "Live")]);
/// sim.shutdown().await;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct TastytradeSim {
    running: Running<TastytradeVenue>,
    clock: Clock,
    host: String,
    dialer: Arc<dyn Dial>,
}

impl TastytradeSim {
    /// A simulator of a few well-known symbols and two accounts, to be changed and started.
    pub fn builder() -> TastytradeSimBuilder {
        TastytradeSimBuilder::default()
    }

    /// Where REST requests go, without a slash at the end: `http://127.0.0.1:PORT`.
    pub fn rest_url(&self) -> String {
        format!("http://{}", self.host)
    }

    /// Where the account streamer is: `ws://127.0.0.1:PORT/streamer`. It is under `/` as well.
    pub fn account_url(&self) -> String {
        format!("ws://{}/streamer", self.host)
    }

    /// Where `GET /api-quote-tokens` sends clients for market data.
    pub fn dxlink_url(&self) -> String {
        self.running.look(|hub| hub.venue.dxlink_url.clone())
    }

    /// How a client in this process connects.
    pub fn dialer(&self) -> Arc<dyn Dial> {
        self.dialer.clone()
    }

    /// The clock it runs by.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// What it sent, events and notifications, oldest first, with what became of it for whom.
    pub fn journal(&self) -> Vec<Published> {
        self.running.journal()
    }

    /// How many events the journal no longer holds.
    pub fn forgotten(&self) -> u64 {
        self.running.look(|hub| hub.core.log.published.forgotten())
    }

    /// Everything that is subscribed by any session: market data as in
    /// [`DxLinkSim::active_topics`](super::dxlink::DxLinkSim::active_topics), accounts such as
    /// `ACCOUNT 5WT00001`, and the account streamer's other actions, such as
    /// `quote-alerts-subscribe`.
    pub fn active_topics(&self) -> BTreeSet<String> {
        self.running.look(|hub| {
            let mut topics = hub.venue.dxlink.topics();
            let listeners = hub.venue.listeners.values();
            topics.extend(listeners.flat_map(streamer::Listener::topics));
            topics
        })
    }

    /// The sessions that are open, of both kinds.
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

    /// Every message of a client's to the market data but `KEEPALIVE`, and every action of the
    /// account streamer's, whose channel is `account`.
    pub fn requests(&self) -> Vec<Request> {
        self.running.requests()
    }

    /// Every REST request, such as `POST /oauth/token`.
    pub fn rest_requests(&self) -> Vec<String> {
        self.running.look(|hub| hub.venue.calls.to_vec())
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

    /// A new access token, without asking for it by REST.
    pub fn access_token(&self) -> String {
        self.running
            .with(|hub| hub.venue.tokens.access(&mut hub.core))
    }

    /// A new quote token, without asking for it by REST.
    pub fn quote_token(&self) -> String {
        self.running.with(|hub| {
            let venue = &mut hub.venue;
            venue.tokens.quotes(&mut hub.core, &mut venue.dxlink)
        })
    }

    /// Sends notifications that happened together, and keeps what they say for REST. Times that
    /// are not set become the present. How many sessions hear of any.
    pub fn notify(&self, told: impl IntoIterator<Item = Notification>) -> usize {
        let told = told.into_iter().collect();
        self.running
            .with(|hub| hub.venue.notify(&mut hub.core, told))
    }

    /// Goes through exactly this many steps of the orders that come by themselves, now.
    pub fn step_accounts(&self, count: usize) {
        self.running
            .with(|hub| hub.venue.step_accounts(&mut hub.core, count));
    }

    /// Publishes an event of the market data made by hand. How many channels follow it.
    pub fn publish(&self, event: DxEvent) -> usize {
        self.publish_transaction([event])
    }

    /// Publishes events of the market data made by hand, as one transaction. How many channels
    /// follow any of it.
    pub fn publish_transaction(&self, events: impl IntoIterator<Item = DxEvent>) -> usize {
        self.running
            .with(|hub| hub.venue.dxlink.publish_made(&mut hub.core, events))
    }

    /// Publishes a trade made by hand, with all that follows from it. `None` if the simulator does
    /// not know the symbol.
    pub fn publish_trade(
        &self,
        symbol: &str,
        price: Decimal,
        size: Decimal,
        side: Side,
    ) -> Option<MarketTrade> {
        self.running.with(|hub| {
            let dxlink = &mut hub.venue.dxlink;
            dxlink.publish_trade(&mut hub.core, symbol, price, size, side)
        })
    }

    /// Sends a frame made by hand. It is not in the journal.
    pub fn send(&self, to: &To, frame: &RawFrame) {
        self.running.with(|hub| {
            let sessions: Vec<SessionId> = match to {
                To::All => hub.core.session_ids().collect(),
                To::Session(session) => vec![*session],
                To::Topic(topic) => {
                    let listeners = hub.venue.listeners.iter();
                    let holds = |listener: &streamer::Listener| {
                        listener.topics().any(|held| held == *topic)
                    };
                    let listeners = listeners.filter(|(_, listener)| holds(listener));
                    let mut sessions = hub.venue.dxlink.holders(topic);
                    sessions.extend(listeners.map(|(session, _)| *session));
                    sessions
                }
            };
            Running::send(hub, &sessions, frame);
        });
    }

    /// Stops the market until [`resume_market`](Self::resume_market).
    pub fn pause_market(&self) {
        self.running.with(|hub| hub.venue.dxlink.paused = true);
    }

    /// Goes on after [`pause_market`](Self::pause_market), from now on.
    pub fn resume_market(&self) {
        self.running.with(|hub| hub.venue.dxlink.resume(&hub.core));
    }

    /// Publishes exactly this many trades of the market now, paused or not.
    pub fn step(&self, count: usize) {
        self.running
            .with(|hub| hub.venue.dxlink.step(&mut hub.core, count));
    }

    /// Ends every connection and waits until every task is gone.
    pub async fn shutdown(&self) {
        self.running.shutdown().await;
    }
}
