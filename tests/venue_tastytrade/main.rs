//! The tastytrade client against the simulated venue.
#![cfg(all(feature = "tastytrade", feature = "sim"))]
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "../support/story.rs"]
mod story;

mod account;
mod actions;
mod faults;
mod market;
mod rest;
mod script;
mod secrets;
mod tls;

use std::time::Duration;

use feedline::market::Record;
use feedline::sim::tastytrade::{TastytradeSim, TastytradeSimBuilder};
use feedline::venue::tastytrade::{Tastytrade, TastytradeBuilder};
use feedline::{Clock, Error, Event, Subscription, Timestamp};
use futures_util::StreamExt;

/// Wednesday, 18 November 2026, in the afternoon of New York.
const START: i64 = 1_795_032_000;
const SECRET: &str = "SENTINEL-client-secret";
const REFRESH: &str = "SENTINEL-refresh-token";
const A: &str = "5WT00001";
const B: &str = "5WT00002";

struct Rig {
    sim: TastytradeSim,
    tastytrade: Tastytrade,
}

impl Rig {
    fn new() -> Self {
        Self::with(|sim| sim, |client| client)
    }

    fn with(
        sim: impl FnOnce(TastytradeSimBuilder) -> TastytradeSimBuilder,
        client: impl FnOnce(TastytradeBuilder) -> TastytradeBuilder,
    ) -> Self {
        Self::of(SECRET, REFRESH, sim, client)
    }

    fn of(
        secret: &str,
        refresh: &str,
        sim: impl FnOnce(TastytradeSimBuilder) -> TastytradeSimBuilder,
        client: impl FnOnce(TastytradeBuilder) -> TastytradeBuilder,
    ) -> Self {
        let clock = Clock::starting_at(Timestamp::from_secs(START).unwrap());
        let builder = TastytradeSim::builder()
            .credentials(SECRET, REFRESH)
            .seed(7)
            .clock(clock.clone());
        let sim = sim(builder).in_memory().unwrap();
        let builder = Tastytrade::builder(secret, refresh)
            .url(sim.rest_url())
            .account_url(sim.account_url())
            .dial(sim.dialer())
            .clock(clock)
            .seed(11);
        let tastytrade = client(builder).build().unwrap();
        Self { sim, tastytrade }
    }

    fn calls(&self, call: &str) -> usize {
        let calls = self.sim.rest_requests();
        calls.iter().filter(|known| *known == call).count()
    }
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// The next event, within two minutes of simulated time.
async fn next<T: Record + Send + 'static>(feed: &mut Subscription<T>) -> Result<Event<T>, Error> {
    let event = tokio::time::timeout(secs(120), feed.next()).await;
    event.expect("an event within two minutes").expect("no end")
}
