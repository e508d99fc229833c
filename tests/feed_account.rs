//! Random scripts against the simulator: the sets agree once it is quiet, and every event that the
//! venue sent is accounted for.

#![cfg(all(feature = "gate", feature = "sim"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are test code")]

mod support;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use feedline::sim::{Delayed, Fate, Fault, Identity};
use feedline::venue::gate::Trade;
use feedline::{Cause, Event, Gap, Overflow, Subscription, Symbol, Timestamp};
use futures_util::{FutureExt, StreamExt};
use proptest::prelude::*;
use support::{Rig, settle};

const SYMBOLS: [&str; 4] = ["BTC_USDT", "ETH_USDT", "SOL_USDT", "XRP_USDT"];

/// One step of a script.
#[derive(Clone, Debug)]
enum Step {
    Subscribe {
        symbols: BTreeSet<usize>,
        overflow: Overflow,
        capacity: usize,
    },
    Drop(usize),
    Add(usize, usize),
    Remove(usize, usize),
    Resync(usize, usize),
    Read(usize, usize),
    Fault(Fault),
    Trades(usize),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let overflow = prop_oneof![Just(Overflow::DropOldest), Just(Overflow::Wait)];
    let symbols = prop::collection::btree_set(0..SYMBOLS.len(), 1..=SYMBOLS.len());
    prop_oneof![
        3 => (symbols, overflow, 1_usize..40).prop_map(|(symbols, overflow, capacity)| {
            Step::Subscribe { symbols, overflow, capacity }
        }),
        2 => (0_usize..8).prop_map(Step::Drop),
        1 => (0_usize..8, 0..SYMBOLS.len()).prop_map(|(at, symbol)| Step::Add(at, symbol)),
        1 => (0_usize..8, 0..SYMBOLS.len()).prop_map(|(at, symbol)| Step::Remove(at, symbol)),
        1 => (0_usize..8, 0..SYMBOLS.len()).prop_map(|(at, symbol)| Step::Resync(at, symbol)),
        3 => (0_usize..8, 1_usize..60).prop_map(|(at, count)| Step::Read(at, count)),
        4 => fault().prop_map(Step::Fault),
        6 => (1_usize..40).prop_map(Step::Trades),
        5 => (1_u64..20_000).prop_map(Step::Pass),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    let times = || (1_u32..4).prop_map(Some);
    let short = || (1_u64..40).prop_map(|secs| Some(Duration::from_secs(secs)));
    prop_oneof![
        4 => Just(Fault::Cut),
        1 => Just(Fault::Close { code: 1001, reason: "going away".to_owned() }),
        1 => short().prop_map(|lasting| Fault::Mute { lasting }),
        1 => times().prop_map(|times| Fault::NoAck { times }),
        1 => (1_u64..3_000, short()).prop_map(|(by, lasting)| Fault::Delay {
            of: Delayed::Acks,
            by: Duration::from_millis(by),
            lasting,
        }),
        2 => times().prop_map(|times| Fault::Garble { times }),
        1 => times().prop_map(|times| Fault::Truncate { times }),
        1 => times().prop_map(|times| Fault::RefuseConnect { times }),
        1 => times().prop_map(|times| Fault::RejectUpgrade { status: 503, times }),
        1 => times().prop_map(|times| Fault::AcceptThenClose {
            after: Duration::from_millis(300),
            times,
        }),
        1 => times().prop_map(|times| Fault::Refuse {
            symbol: None,
            channel: Some("spot.trades".to_owned()),
            code: 3,
            text: None,
            times,
        }),
        1 => Just(Fault::NonUtf8),
        1 => Just(Fault::Null),
        1 => Just(Fault::Upgrade { after: Duration::from_secs(3) }),
    ]
}

/// A handle, and what its consumer has seen of it.
struct Held {
    feed: Subscription<Trade>,
    /// From when on a symbol's trades are its concern.
    since: BTreeMap<Symbol, Timestamp>,
    /// Symbols that were removed: when they are its concern again only the venue knows.
    removed: BTreeSet<Symbol>,
    delivered: HashMap<(Symbol, u64), usize>,
    gaps: Vec<Gap>,
}

impl Held {
    fn read(&mut self, most: usize) {
        for _ in 0..most {
            match self.feed.next().now_or_never() {
                None => return,
                Some(Some(Ok(Event::Data(trade)))) => {
                    let Some(feedline::market::Id::Number(id)) = trade.id else {
                        panic!("{trade:?}")
                    };
                    *self.delivered.entry((trade.symbol, id)).or_default() += 1;
                }
                Some(Some(Ok(Event::Gap(gap)))) => self.gaps.push(gap),
                Some(Some(Ok(Event::Status(_)))) => {}
                Some(end) => panic!("the feed ended: {end:?}"),
            }
        }
    }

    /// Whether a gap of unknown count says that something may be missing there and then.
    fn covered(&self, symbol: &Symbol, at: Timestamp) -> bool {
        self.gaps
            .iter()
            .filter(|gap| gap.missed.is_none())
            .any(|gap| {
                let within = gap.range().is_some_and(|(from, to)| from <= at && at <= to);
                within && gap.scope.contains(symbol)
            })
    }

    /// How many events the gaps say are missing.
    fn counted(&self) -> u64 {
        let count = |gap: &Gap| match gap.cause {
            Cause::Malformed { messages, .. } => gap.missed.unwrap_or(messages),
            _ => gap.missed.unwrap_or(0),
        };
        self.gaps.iter().map(count).sum()
    }
}

/// Plays a script; panics where a promise is broken.
async fn play(script: Vec<Step>, seed: u64) {
    let rig = Rig::with(|sim| sim.seed(seed), |gate| gate.seed(seed));
    let mut held: Vec<Held> = Vec::new();
    for step in script {
        let now = rig.sim.clock().now().wall;
        match step {
            Step::Subscribe {
                symbols,
                overflow,
                capacity,
            } => {
                let names = symbols.iter().map(|at| SYMBOLS[*at]);
                let subscribe = rig.gate.trades(names).overflow(overflow).capacity(capacity);
                // Whoever waits for acceptance while a full queue is not read waits for ever.
                let feed = subscribe.lazy().unwrap();
                held.push(Held {
                    feed,
                    since: BTreeMap::new(),
                    removed: BTreeSet::new(),
                    delivered: HashMap::new(),
                    gaps: Vec::new(),
                });
            }
            Step::Drop(at) if at < held.len() => drop(held.swap_remove(at)),
            Step::Add(at, symbol) if at < held.len() => {
                let control = held[at].feed.control();
                // Only the wish counts here: the answer comes when it comes.
                let _ = control.add([SYMBOLS[symbol]]).now_or_never();
            }
            Step::Remove(at, symbol) if at < held.len() && held[at].feed.symbols().len() > 1 => {
                held[at].feed.control().remove([SYMBOLS[symbol]]).unwrap();
                let symbol = Symbol::from(SYMBOLS[symbol]);
                held[at].since.remove(&symbol);
                held[at].removed.insert(symbol);
            }
            Step::Resync(at, symbol) if at < held.len() => {
                // An error only says that the symbol is not held.
                let _ = held[at].feed.control().resync(SYMBOLS[symbol]);
            }
            Step::Read(at, count) if at < held.len() => held[at].read(count),
            Step::Fault(fault) => rig.sim.inject(fault),
            Step::Trades(count) => {
                for n in 0..count {
                    rig.trade(SYMBOLS[n % SYMBOLS.len()]);
                }
            }
            Step::Pass(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
            _ => {}
        }
        // A symbol is a handle's concern from its first delivery on: before that it may not have
        // been accepted.
        for held in &mut held {
            let symbols: Vec<_> = held
                .delivered
                .keys()
                .map(|(symbol, _)| symbol.clone())
                .collect();
            for symbol in symbols {
                if !held.removed.contains(&symbol) {
                    held.since.entry(symbol).or_insert(now);
                }
            }
        }
    }
    quiet(&rig, &mut held).await;
    agree(&rig, &held);
    for held in &held {
        account(&rig, held);
    }
}

/// Heals the venue, and reads until nothing comes any more.
async fn quiet(rig: &Rig, held: &mut [Held]) {
    rig.sim.inject(Fault::Heal);
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for held in held.iter_mut() {
            held.read(usize::MAX);
        }
    }
    settle().await;
}

/// Venue set = wanted set = set of live handles.
fn agree(rig: &Rig, held: &[Held]) {
    let live: BTreeSet<String> = held
        .iter()
        .flat_map(|held| held.feed.symbols())
        .map(|symbol| format!("spot.trades {symbol}"))
        .collect();
    assert_eq!(
        rig.sim.active_topics(),
        live,
        "the venue's set is that of the handles"
    );
    assert_eq!(
        rig.gate.metrics().topics,
        live.len(),
        "and so is the wanted set"
    );
    let doubled: Vec<_> = rig.sim.breaches();
    assert_eq!(doubled, [], "within the venue's limits");
}

/// Every trade sent since the symbol was the handle's is delivered, once, or explained.
fn account(rig: &Rig, held: &Held) {
    assert!(
        held.delivered.values().all(|count| *count == 1),
        "nothing comes twice"
    );
    let mut unexplained = 0;
    for published in rig.sim.journal() {
        let Identity::Trade(id) = published.identity else {
            continue;
        };
        let Some(since) = held.since.get(&published.symbol) else {
            continue;
        };
        // What a venue swallows and never tells of, it did not send; trades have no numbering that
        // would show it.
        if published
            .deliveries
            .iter()
            .any(|delivery| delivery.fate == Fate::Withheld)
        {
            continue;
        }
        let delivered = held.delivered.contains_key(&(published.symbol.clone(), id));
        if published.at > *since && !delivered && !held.covered(&published.symbol, published.at) {
            unexplained += 1;
        }
    }
    assert!(
        unexplained <= held.counted(),
        "{unexplained} missing, {} counted, gaps {:?}",
        held.counted(),
        held.gaps
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn sets_agree_and_every_event_is_accounted_for(
        script in prop::collection::vec(step(), 1..40),
        seed in 0_u64..1_000_000,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(play(script, seed));
    }
}
