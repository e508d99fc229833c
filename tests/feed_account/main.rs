//! Random scripts against the Gate simulator, in every weather: the sets agree once it is quiet,
//! every trade that the venue sent is accounted for, books are what their numbers say, and every
//! stream keeps the order of its markers.
//!
//! `PROPTEST_CASES` says how many scripts are played, `FEEDLINE_WEATHER` in which weather. A script
//! that fails is printed with its seed.

#![cfg(all(feature = "gate", feature = "sim"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are test code")]

#[path = "../support/story.rs"]
mod story;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/weather.rs"]
mod weather;

mod books;
mod faults;
mod known;
mod play;
mod steps;
mod swallowed;
mod trades;

use proptest::prelude::*;

const SYMBOLS: [&str; 4] = ["BTC_USDT", "ETH_USDT", "SOL_USDT", "XRP_USDT"];

/// Runs one case on a clock of its own.
fn paused(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(case);
}

proptest! {
    #![proptest_config(story::cases(96))]

    #[test]
    fn sets_agree_and_every_event_is_accounted_for(
        script in prop::collection::vec(steps::step(&weather::today()), 1..40),
        climate in steps::climate(&weather::today()),
        seed in 0_u64..1_000_000,
    ) {
        paused(play::play(script, climate, seed));
    }
}
