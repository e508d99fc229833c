//! A client and a simulator without a network, for tests under tokio's paused clock.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(
    clippy::unwrap_used,
    reason = "this is test code, though no test itself"
)]

use std::time::Duration;

use feedline::market::Side;
use feedline::sim::gate::{GateSim, GateSimBuilder};
use feedline::venue::gate::{Spot, SpotBuilder, Trade};
use feedline::{
    Cause, Clock, Decimal, Error, Event, Interruption, State, StatusKind, Subscription, Timestamp,
};
use futures_util::{FutureExt, StreamExt};

/// A simulator of Gate whose market stands still, and a client of it.
pub struct Rig {
    /// The venue.
    pub sim: GateSim,
    /// Its client.
    pub gate: Spot,
}

impl Rig {
    /// With defaults.
    pub fn new() -> Self {
        Self::with(|sim| sim, |gate| gate)
    }

    /// With other settings of the simulator and of the client.
    pub fn with(
        sim: impl FnOnce(GateSimBuilder) -> GateSimBuilder,
        gate: impl FnOnce(SpotBuilder) -> SpotBuilder,
    ) -> Self {
        Self::with_clock(sim, |builder, _clock| gate(builder))
    }

    /// With a client that may have a clock of its own beside the simulator's.
    pub fn with_clock(
        sim: impl FnOnce(GateSimBuilder) -> GateSimBuilder,
        gate: impl FnOnce(SpotBuilder, Clock) -> SpotBuilder,
    ) -> Self {
        let clock = Clock::starting_at(Timestamp::from_secs(1_790_000_000).unwrap());
        let builder = GateSim::builder().seed(7).rate(0.0).clock(clock.clone());
        let sim = sim(builder).in_memory().unwrap();
        let builder = Spot::builder()
            .url(sim.url())
            .dial(sim.dialer())
            .clock(clock.clone())
            .seed(11);
        let gate = gate(builder, clock).build().unwrap();
        Self { sim, gate }
    }

    /// Publishes a trade and returns its word, as in [`word`].
    pub fn trade(&self, symbol: &str) -> String {
        let (price, size) = (Decimal::from(100), Decimal::from(1));
        let trade = self
            .sim
            .publish_trade(symbol, price, size, Side::Buy)
            .unwrap();
        format!("{symbol} {}", trade.id)
    }

    /// Waits until the client is in `state`.
    pub async fn reached(&self, state: State) {
        let mut states = self.gate.state();
        assert!(bounded(states.reached(state)).await, "the client is gone");
    }

    /// The venue's set of topics.
    pub fn venue_set(&self) -> Vec<String> {
        self.sim.active_topics().into_iter().collect()
    }
}

/// So many milliseconds.
pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// So many seconds.
pub fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Gives every task the time to do all that it can do at once.
pub async fn settle() {
    tokio::time::sleep(Duration::from_millis(400)).await;
}

/// Fails a test that would hang, after ten minutes of paused time.
pub async fn bounded<T>(future: impl IntoFuture<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(600), future)
        .await
        .expect("it happens in time")
}

/// The next event.
pub async fn next(feed: &mut Subscription<Trade>) -> Event<Trade> {
    bounded(feed.next())
        .await
        .expect("the feed goes on")
        .expect("without an error")
}

/// The next `count` events, each as a word.
pub async fn words(feed: &mut Subscription<Trade>, count: usize) -> Vec<String> {
    let mut words = Vec::new();
    for _ in 0..count {
        words.push(word(&next(feed).await));
    }
    words
}

/// All that is ready now, each as a word.
pub async fn ready(feed: &mut Subscription<Trade>) -> Vec<String> {
    settle().await;
    let mut words = Vec::new();
    while let Some(event) = feed.next().now_or_never() {
        words.push(word(
            &event.expect("the feed goes on").expect("without an error"),
        ));
    }
    words
}

/// What the stream ends with.
pub async fn end(feed: &mut Subscription<Trade>) -> Result<(), Error> {
    loop {
        match bounded(feed.next()).await {
            None => return Ok(()),
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                assert!(feed.next().await.is_none(), "an error is the last item");
                return Err(error);
            }
        }
    }
}

/// An event in short, so that a test can state a whole list of them.
pub fn word(event: &Event<Trade>) -> String {
    match event {
        Event::Data(trade) => format!("{} {}", trade.symbol, trade.id.as_ref().unwrap()),
        Event::Gap(gap) => {
            let cause = match &gap.cause {
                Cause::Outage { .. } => "outage".to_owned(),
                Cause::Overflow { .. } => "overflow".to_owned(),
                Cause::Sequence { .. } => "sequence".to_owned(),
                Cause::Malformed { messages, .. } => format!("malformed {messages}"),
                Cause::Venue { .. } => "venue".to_owned(),
                other => format!("{other:?}"),
            };
            let missed = gap
                .missed
                .map_or_else(|| "?".to_owned(), |missed| missed.to_string());
            format!("gap({cause}, {missed}, {})", gap.scope)
        }
        Event::Status(status) => {
            let kind = match &status.kind {
                StatusKind::Interrupted { cause } => format!("interrupted: {}", why(cause)),
                StatusKind::Resumed { .. } => "resumed".to_owned(),
                StatusKind::Stale { why } => format!("stale: {why}"),
                StatusKind::Fresh => "fresh".to_owned(),
                StatusKind::Rejected(rejection) => format!("rejected {}", rejection.topic),
                other => other.to_string(),
            };
            format!("{kind} ({})", status.scope)
        }
    }
}

fn why(cause: &Interruption) -> &'static str {
    match cause {
        Interruption::Connect { .. } => "connect",
        Interruption::Closed { .. } => "closed",
        Interruption::Io { .. } => "io",
        Interruption::Mute { .. } => "mute",
        Interruption::Unanswered { .. } => "unanswered",
        Interruption::NotUtf8 => "not utf-8",
        Interruption::TooLong { .. } => "too long",
        Interruption::WebSocket { .. } => "websocket",
        Interruption::Announced { .. } => "announced",
        _ => "other",
    }
}
