//! The DXLink client against the simulated venue.
#![cfg(all(feature = "dxlink", feature = "sim"))]
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod account;
mod candles;
mod first;
mod many;
mod odd;
mod quiet;
mod refused;
mod tokens;

use std::time::Duration;

use feedline::market::Record;
use feedline::sim::dxlink::{DxLinkSim, DxLinkSimBuilder};
use feedline::venue::dxlink::{DxLink, DxLinkBuilder};
use feedline::{Clock, Error, Event, Subscription, Timestamp};
use futures_util::StreamExt;

/// Wednesday, 18 November 2026, in the afternoon of New York.
const START: i64 = 1_795_032_000;

struct Rig {
    sim: DxLinkSim,
    dxlink: DxLink,
}

impl Rig {
    fn new() -> Self {
        Self::with(|sim| sim, |dxlink| dxlink)
    }

    fn with(
        sim: impl FnOnce(DxLinkSimBuilder) -> DxLinkSimBuilder,
        dxlink: impl FnOnce(DxLinkBuilder) -> DxLinkBuilder,
    ) -> Self {
        let clock = Clock::starting_at(Timestamp::from_secs(START).unwrap());
        let builder = DxLinkSim::builder().seed(7).demo().clock(clock.clone());
        let sim = sim(builder).in_memory().unwrap();
        let builder = DxLink::builder()
            .url(sim.url())
            .dial(sim.dialer())
            .clock(clock)
            .seed(11);
        let dxlink = dxlink(builder).build().unwrap();
        Self { sim, dxlink }
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
