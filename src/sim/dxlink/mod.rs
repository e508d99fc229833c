//! dxLink, the protocol of dxFeed's market data, simulated.

mod archive;
mod board;
mod builder;
mod candle_symbol;
mod channel;
mod client;
mod contract;
pub(super) mod days;
mod derive;
mod derive_option;
mod dom;
mod event;
mod fault;
mod feed;
mod flush;
mod format;
mod handshake;
mod index;
mod keepalive;
mod listing;
mod made;
mod option;
mod orders;
mod queue;
mod request;
mod schema;
mod series;
mod snapshot;
mod style;
mod subscription;
mod switches;
mod tape;
mod types;
mod value;
mod venue;
mod wire;
mod wish;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Attempt, Breach, Fault, MarketTrade, Published, RawFrame, Request, SessionId, To};
use crate::market::Side;
use crate::sim::core::running::Running;
use crate::transport::Dial;
use crate::{Clock, Decimal, Timestamp};
pub use builder::DxLinkSimBuilder;
pub(super) use builder::listen;
pub use event::DxEvent;
pub use fault::{DxLinkFault, RowPlace};
pub use switches::{FieldOrder, Limits, Refusal};
pub use value::DxValue;
pub(super) use venue::DxLinkVenue;

/// A simulator of a dxLink server, with the services `FEED` and `DOM`.
///
/// It serves WebSockets under any path. Subscriptions are not acknowledged, since dxLink does not:
/// of what it does not know it says nothing. Dropping it ends every connection;
/// [`shutdown`](Self::shutdown) also waits until all is gone.
///
/// Some faults mean something particular here. [`Fault::Refuse`] refuses `CHANNEL_REQUEST`, or the
/// channel's service if one is named, with `ERROR`; with a symbol, items of that symbol are ignored.
/// [`Fault::Silent`] does the same without a word. The channel of [`Fault::MuteTopic`] is a type of
/// events, such as `Quote`, and an event's own time, as in [`Fault::Untimed`], its field `time`.
/// [`Fault::LateAck`] has the fields of a type told after its first data. [`Fault::SequenceGap`],
/// [`Fault::Unclosed`], [`Fault::TimeZero`] and [`Fault::StaleTime`] change nothing: dxLink's
/// frames have neither numbers, nor closed candles, nor a time.
///
/// ```
/// use feedline::sim::dxlink::{DxEvent, DxLinkSim};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = DxLinkSim::builder().symbols(["AAPL"]).seed(7).rate(20.0).in_memory()?;
/// // … connect a client to `sim.url()` through `sim.dialer()` …
/// sim.publish(DxEvent::new("Quote", "AAPL").with("bidPrice", 226.5));
/// assert!(sim.breaches().is_empty());
/// sim.shutdown().await;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct DxLinkSim {
    running: Running<DxLinkVenue>,
    clock: Clock,
    host: String,
    dialer: Arc<dyn Dial>,
}

impl DxLinkSim {
    /// A simulator of a few well-known symbols, to be changed and started.
    pub fn builder() -> DxLinkSimBuilder {
        DxLinkSimBuilder::default()
    }

    /// Where clients connect: `ws://127.0.0.1:PORT/market-data/dxlink-ws`, or a made-up host that
    /// only [`dialer`](Self::dialer) reaches.
    pub fn url(&self) -> String {
        format!("ws://{}/market-data/dxlink-ws", self.host)
    }

    /// How a client in this process connects.
    pub fn dialer(&self) -> Arc<dyn Dial> {
        self.dialer.clone()
    }

    /// The clock it runs by.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// What it sent, event by event, oldest first, with what became of it for whom. An event that
    /// went over several channels is in it several times; one that a later state replaced before
    /// it was sent is not. The latest two million are kept; see [`forgotten`](Self::forgotten).
    pub fn journal(&self) -> Vec<Published> {
        self.running.journal()
    }

    /// How many events the journal no longer holds.
    pub fn forgotten(&self) -> u64 {
        self.running.look(|hub| hub.core.log.published.forgotten())
    }

    /// Everything that is subscribed by any session, with its channel's contract, such as
    /// `TICKER Quote AAPL`, `HISTORY Candle AAPL{=5m}`, `AUTO Order AAPL NTV` or `DOM AAPL ntv`.
    pub fn active_topics(&self) -> BTreeSet<String> {
        self.running.look(|hub| hub.venue.topics())
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

    /// Every message of a client's but `KEEPALIVE`, under its own type and channel number.
    pub fn requests(&self) -> Vec<Request> {
        self.running.requests()
    }

    /// Every request that adds items to a subscription.
    pub fn subscribe_requests(&self) -> Vec<Request> {
        let adds = |request: &Request| {
            request.event == "FEED_SUBSCRIPTION" && request.payload.get("add").is_some()
        };
        self.requests().into_iter().filter(adds).collect()
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

    /// Accepts one more token, where tokens are needed.
    pub fn accept_token(&self, token: &str) {
        self.running.with(|hub| {
            if let Some(tokens) = &mut hub.venue.switches.tokens {
                tokens.insert(token.to_owned());
            }
        });
    }

    /// Publishes an event made by hand. It also enters the snapshots of later subscribers. How
    /// many channels follow it.
    pub fn publish(&self, event: DxEvent) -> usize {
        self.publish_transaction([event])
    }

    /// Publishes events made by hand as one transaction: all but the last of each series are marked
    /// `TX_PENDING` where flags are sent. How many channels follow any of it.
    pub fn publish_transaction(&self, events: impl IntoIterator<Item = DxEvent>) -> usize {
        self.running
            .with(|hub| hub.venue.publish_made(&mut hub.core, events))
    }

    /// Publishes a trade made by hand, with all that follows from it: sales, quotes, candles and so
    /// on. `None` if the simulator does not know the symbol.
    pub fn publish_trade(
        &self,
        symbol: &str,
        price: Decimal,
        size: Decimal,
        side: Side,
    ) -> Option<MarketTrade> {
        self.running.with(|hub| {
            hub.venue
                .publish_trade(&mut hub.core, symbol, price, size, side)
        })
    }

    /// Sends a book made by hand, of prices and sizes, best first, to every `DOM` channel of this
    /// symbol that is set up. How many channels the symbol has.
    pub fn publish_book(&self, symbol: &str, bids: &[(f64, f64)], asks: &[(f64, f64)]) -> usize {
        self.running
            .with(|hub| hub.venue.publish_book(&mut hub.core, symbol, bids, asks))
    }

    /// Sends a frame made by hand. It is not in the journal.
    pub fn send(&self, to: &To, frame: &RawFrame) {
        self.running.with(|hub| {
            let sessions: Vec<SessionId> = match to {
                To::All => hub.core.session_ids().collect(),
                To::Session(session) => vec![*session],
                To::Topic(topic) => hub.venue.holders(topic),
            };
            Running::send(hub, &sessions, frame);
        });
    }

    /// Stops the market until [`resume_market`](Self::resume_market). What has happened is still
    /// sent.
    pub fn pause_market(&self) {
        self.running.with(|hub| hub.venue.paused = true);
    }

    /// Goes on after [`pause_market`](Self::pause_market), from now on.
    pub fn resume_market(&self) {
        self.running.with(|hub| hub.venue.resume(&hub.core));
    }

    /// Publishes exactly this many trades now, paused or not.
    pub fn step(&self, count: usize) {
        self.running
            .with(|hub| hub.venue.step(&mut hub.core, count));
    }

    /// Ends every connection and waits until every task is gone.
    pub async fn shutdown(&self) {
        self.running.shutdown().await;
    }
}
