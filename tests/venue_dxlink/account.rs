//! Random scripts of subscribing, dropping and faults, in every weather: the sets agree once it is
//! quiet, every execution is accounted for, no snapshot is shown in half, a chart is in the end what
//! a new one would be, and every stream keeps the order of its markers.
//!
//! `PROPTEST_CASES` says how many scripts are played, `FEEDLINE_WEATHER` in which weather. A script
//! that fails is printed with its seed.

mod candles;
mod faults;
mod known;
mod play;
mod sales;
#[path = "../support/story.rs"]
mod story;
#[path = "../support/weather.rs"]
mod weather;

use proptest::prelude::*;

use super::{Rig, START, secs};

const SYMBOLS: [&str; 3] = ["AAPL", "MSFT", "SPY"];

proptest! {
    #![proptest_config(story::cases(64))]

    #[test]
    fn sets_agree_and_every_execution_is_accounted_for(
        script in prop::collection::vec(play::step(&weather::today()), 1..40),
        age in play::age(&weather::today()),
        seed in 0_u64..1_000_000,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(play::play(script, age, seed));
    }
}
