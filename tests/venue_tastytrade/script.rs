//! Random scripts against the account streamer: the sets agree once it is quiet, every order that changed
//! while its account was followed is delivered once and in order, or stands in a gap's place and time, and
//! every stream keeps the order of its markers.
//!
//! `PROPTEST_CASES` says how many scripts are played. A script that fails is printed with its seed.

use std::collections::BTreeSet;
use std::time::Duration;

use feedline::sim::tastytrade::{Notification, TastytradeFault};
use feedline::sim::{Fate, Fault};
use feedline::venue::tastytrade::{AccountEvent, AccountUpdate};
use feedline::{ErrorKind, Event, Overflow, Subscription, Timestamp};
use futures_util::{FutureExt, StreamExt};
use proptest::prelude::*;

use super::story::{self, Sent, Story};
use super::{Rig, secs};

const ACCOUNTS: [&str; 3] = ["5WT00001", "5WT00002", "5WT00003"];

/// How long the client may take, once nothing is wrong any more, until all is as it should be.
const RECOVERY: usize = 60;

#[derive(Clone, Debug)]
enum Step {
    Subscribe(BTreeSet<usize>, Overflow, usize),
    Drop(usize),
    Read(usize, usize),
    Fault(Fault),
    Orders(usize),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let accounts = prop::collection::btree_set(0..ACCOUNTS.len(), 1..=ACCOUNTS.len());
    let overflow = prop_oneof![Just(Overflow::DropOldest), Just(Overflow::Wait)];
    let capacity = prop_oneof![1_usize..8, Just(1_024)];
    prop_oneof![
        3 => (accounts, overflow, capacity)
            .prop_map(|(accounts, overflow, capacity)| Step::Subscribe(accounts, overflow, capacity)),
        1 => (0_usize..3).prop_map(Step::Drop),
        2 => (0_usize..3, 1_usize..20).prop_map(|(at, count)| Step::Read(at, count)),
        5 => fault().prop_map(Step::Fault),
        5 => (1_usize..9).prop_map(Step::Orders),
        5 => prop_oneof![1_u64..2_000, 2_000_u64..40_000].prop_map(Step::Pass),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    let times = || (1_u32..4).prop_map(Some);
    let short = || (1_u64..40).prop_map(|secs| Some(Duration::from_secs(secs)));
    let account = (0..ACCOUNTS.len()).prop_map(|at| Some(ACCOUNTS[at].to_owned()));
    prop_oneof![
        4 => Just(Fault::Cut),
        1 => Just(Fault::Close { code: 1001, reason: "going away".to_owned() }),
        1 => short().prop_map(|lasting| Fault::Mute { lasting }),
        1 => short().prop_map(|lasting| Fault::MuteData { lasting }),
        1 => times().prop_map(|times| Fault::NoAck { times }),
        1 => times().prop_map(|times| Fault::RefuseConnect { times }),
        1 => times().prop_map(|times| Fault::RejectUpgrade { status: 503, times }),
        1 => times().prop_map(|times| {
            Fault::AcceptThenClose { after: Duration::from_millis(300), times }
        }),
        1 => (1_u64..15, 5_u64..60).prop_map(|(lives, lasting)| Fault::Flap {
            lives: Duration::from_secs(lives),
            jitter: Duration::from_secs(3),
            lasting: Some(Duration::from_secs(lasting)),
        }),
        1 => times().prop_map(|times| Fault::Garble { times }),
        1 => times().prop_map(|times| Fault::Truncate { times }),
        1 => Just(Fault::NonUtf8),
        1 => (account, times())
            .prop_map(|(symbol, times)| Fault::Silent { symbol, channel: None, times }),
        1 => (prop_oneof![Just(401_u16), Just(503)], short())
            .prop_map(|(status, lasting)| {
                TastytradeFault::TokenOutage { status, times: None, lasting }.into()
            }),
        1 => (1_u64..120, any::<bool>()).prop_map(|(secs, back)| {
            Fault::StepClock { by: Duration::from_secs(secs), back }
        }),
    ]
}

struct Held {
    feed: Subscription<AccountEvent>,
    story: Story,
}

impl Held {
    /// Reads; whether it goes on.
    fn read(&mut self, most: usize) -> bool {
        for _ in 0..most {
            match self.feed.next().now_or_never() {
                None => return true,
                // The venue answered for none of its accounts, or credentials were refused that had
                // never been good.
                Some(Some(Err(error)))
                    if matches!(error.kind(), ErrorKind::Refused(_) | ErrorKind::Auth(_)) =>
                {
                    return false;
                }
                Some(Some(Ok(Event::Data(event)))) => {
                    let AccountUpdate::Order(order) = &event.update else {
                        panic!("{event:?}")
                    };
                    let id = order.id.to_string().parse().unwrap();
                    self.story.data(&event.account.as_str().into(), id);
                }
                Some(Some(Ok(Event::Gap(gap)))) => self.story.gap(gap),
                Some(Some(Ok(Event::Status(status)))) => self.story.status(status),
                Some(end) => panic!("the feed ended: {end:?}"),
            }
        }
        true
    }
}

/// Orders that changed, whether anybody was connected or not.
#[derive(Default)]
struct Changed {
    sent: Vec<Sent>,
    orders: u64,
    /// How far the venue's clock has been set ahead, in nanoseconds.
    ahead: i64,
}

impl Changed {
    fn one(&mut self, rig: &Rig, account: &str) {
        self.orders += 1;
        let order = Notification::order(account, self.orders, "AAPL").with("status", "Live");
        let before = rig.sim.journal().len();
        rig.sim.notify([order]);
        // What a venue swallows without a trace, it did not send.
        let journal = rig.sim.journal();
        let mut deliveries = journal[before..].iter().flat_map(|one| &one.deliveries);
        let swallowed = deliveries.any(|one| one.fate == Fate::Withheld);
        let nanos = rig.sim.clock().now().wall.as_nanos() + self.ahead;
        let millis = Timestamp::from_nanos(nanos).as_millis();
        self.sent.push(Sent {
            symbol: account.into(),
            key: self.orders,
            time: Timestamp::from_millis(millis).unwrap(),
            ahead: self.ahead,
            owed: !swallowed,
        });
    }
}

/// Whether a fault spoils a message: its gap is told before any event can show that a clock was set.
fn spoils(step: &Step) -> bool {
    matches!(
        step,
        Step::Fault(Fault::Garble { .. } | Fault::Truncate { .. } | Fault::NonUtf8)
    )
}

async fn play(mut script: Vec<Step>, seed: u64) {
    if script.iter().any(spoils) {
        script.retain(|step| !matches!(step, Step::Fault(Fault::StepClock { .. })));
    }
    let rig = Rig::with(
        |sim| {
            sim.accounts(ACCOUNTS)
                .account_rate(0.0)
                .rate(0.0)
                .seed(seed)
        },
        |client| client.seed(seed),
    );
    let mut held: Vec<Held> = Vec::new();
    let mut changed = Changed::default();
    for step in script {
        match step {
            Step::Subscribe(accounts, overflow, capacity) => {
                let names: Vec<&str> = accounts.iter().map(|at| ACCOUNTS[*at]).collect();
                let subscribe = rig.tastytrade.account(names.iter().copied());
                let subscribe = subscribe.overflow(overflow).capacity(capacity);
                held.push(Held {
                    feed: subscribe.lazy().unwrap(),
                    story: Story::of(names),
                });
            }
            Step::Drop(at) if at < held.len() => drop(held.swap_remove(at)),
            Step::Read(at, count) if at < held.len() => {
                if !held[at].read(count) {
                    held.swap_remove(at);
                }
            }
            Step::Fault(fault) => {
                if let Fault::StepClock { by, back } = &fault {
                    let nanos = i64::try_from(by.as_nanos()).unwrap();
                    changed.ahead += if *back { -nanos } else { nanos };
                }
                rig.sim.inject(fault);
            }
            Step::Orders(count) => {
                for n in 0..count {
                    changed.one(&rig, ACCOUNTS[n % ACCOUNTS.len()]);
                }
            }
            Step::Pass(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
            Step::Drop(_) | Step::Read(..) => {}
        }
    }
    rig.sim.inject(Fault::Heal);
    changed.ahead = 0;
    let mut agreed = None;
    for second in 0..200 {
        tokio::time::sleep(secs(1)).await;
        held.retain_mut(|held| held.read(usize::MAX));
        let venue = rig.sim.active_topics();
        // The streamer knows no way to take an account out again.
        let is_held = |account: &str| venue.iter().any(|topic| topic.contains(account));
        let mut wanted = held.iter().flat_map(|held| held.feed.symbols());
        let agree = wanted.all(|account| is_held(account.as_str()));
        agreed = agreed.or_else(|| agree.then_some(second));
    }
    assert!(
        agreed.is_some_and(|second| second <= RECOVERY),
        "recovered after {agreed:?} s: {:?}",
        rig.sim.active_topics()
    );
    for account in ACCOUNTS {
        changed.one(&rig, account);
        tokio::time::sleep(Duration::from_millis(200)).await;
        held.retain_mut(|held| held.read(usize::MAX));
    }
    for held in &held {
        for account in held.feed.symbols() {
            let mut sent = changed.sent.iter().rev();
            let newest = sent.find(|sent| sent.symbol == account).unwrap();
            held.story.has_seen(&newest.symbol, newest.key);
            held.story.says_live(&newest.symbol);
        }
        held.story.quiet();
        held.story.account(&changed.sent);
    }
}

proptest! {
    #![proptest_config(story::cases(32))]

    #[test]
    fn sets_agree_and_every_order_is_accounted_for(
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
