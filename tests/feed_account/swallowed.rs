//! What the venue swallows without a word, behind pongs: its ids tell, once they are trusted.

use std::time::Duration;

use feedline::Overflow;
use feedline::sim::Fault;
use proptest::prelude::*;

use super::support::Rig;
use super::trades::{Trades, sent};
use super::{SYMBOLS, paused, story};

/// Events of a topic after which its ids are trusted, and some.
const WARM_UP: usize = 220;

#[derive(Clone, Debug)]
enum Step {
    MuteAll(u64),
    MuteOne(usize, u64),
    Cut,
    Trades(usize),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (1_u64..40).prop_map(Step::MuteAll),
        2 => (0_usize..2, 1_u64..40).prop_map(|(at, secs)| Step::MuteOne(at, secs)),
        1 => Just(Step::Cut),
        6 => (1_usize..40).prop_map(Step::Trades),
        5 => (1_u64..20_000).prop_map(Step::Pass),
    ]
}

async fn play(script: Vec<Step>, seed: u64) {
    let rig = Rig::with(|sim| sim.seed(seed), |gate| gate.seed(seed));
    let symbols = &SYMBOLS[..2];
    let feed = rig.gate.trades(symbols.iter().copied()).await.unwrap();
    let mut trades = Trades::new(feed, symbols, Overflow::DropOldest);
    let publish = |count: usize| {
        for n in 0..count {
            rig.trade(symbols[n % 2]);
        }
    };
    publish(2 * WARM_UP);
    tokio::time::sleep(Duration::from_secs(1)).await;
    for step in script {
        let lasting = |secs| Some(Duration::from_secs(secs));
        match step {
            Step::MuteAll(secs) => rig.sim.inject(Fault::MuteData {
                lasting: lasting(secs),
            }),
            Step::MuteOne(at, secs) => rig.sim.inject(Fault::MuteTopic {
                symbol: symbols[at].to_owned(),
                channel: None,
                lasting: lasting(secs),
            }),
            Step::Cut => rig.sim.inject(Fault::Cut),
            Step::Trades(count) => publish(count),
            Step::Pass(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
        }
        assert!(trades.read(usize::MAX).is_none());
    }
    rig.sim.inject(Fault::Heal);
    for _ in 0..30 {
        publish(2);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(trades.read(usize::MAX).is_none());
    }
    trades.story.quiet();
    trades.story.account(&sent(&rig.sim, |_| true));
}

proptest! {
    #![proptest_config(story::cases(48))]

    #[test]
    fn what_is_swallowed_is_counted_once_the_ids_are_trusted(
        script in prop::collection::vec(step(), 1..20),
        seed in 0_u64..1_000_000,
    ) {
        paused(play(script, seed));
    }
}
