//! One script, from its first step to the account.

use std::collections::BTreeSet;
use std::time::Duration;

use feedline::sim::{BreachKind, Fault};
use feedline::venue::dxlink::{CandleSymbol, DxLink, Quote};
use feedline::{Error, ErrorKind, Event, Overflow, Subscription, Symbol, Timestamp};
use futures_util::{FutureExt, StreamExt};
use proptest::prelude::*;
use proptest::strategy::Union;
use tokio::task::JoinSet;

use super::candles::Candles;
use super::faults::fault;
use super::sales::{Executed, Sales};
use super::story::Story;
use super::weather::Weather;
use super::{Rig, START, SYMBOLS, secs};

/// Not before every mute has been found out.
const HEALED: usize = 130;

/// How long the client may take, once nothing is wrong any more, until all is as it should be.
const RECOVERY: usize = 130;

#[derive(Clone, Debug)]
pub(super) enum Step {
    Sales(BTreeSet<usize>, Overflow, usize),
    Quotes(BTreeSet<usize>),
    Candles(usize, i64),
    /// A subscribe that is given up after so many milliseconds, accepted or not.
    Abandon(BTreeSet<usize>, u64),
    Drop(usize),
    Read(usize, usize),
    Fault(Fault),
    /// The venue's clock is set by so many seconds.
    Clock(i64),
    Trades(usize),
    Pass(u64),
}

pub(super) fn step(weather: &[Weather]) -> Union<BoxedStrategy<Step>> {
    let has = |kind| weather.contains(&kind);
    let symbols = || prop::collection::btree_set(0..SYMBOLS.len(), 1..=SYMBOLS.len());
    let mut policies = vec![
        (3, Just(Overflow::DropOldest).boxed()),
        (3, Just(Overflow::Wait).boxed()),
    ];
    if has(Weather::Churn) {
        policies.push((1, Just(Overflow::Fail).boxed()));
    }
    let sales = (symbols(), Union::new_weighted(policies), 1_usize..40)
        .prop_map(|(symbols, overflow, capacity)| Step::Sales(symbols, overflow, capacity));
    let candles = (0..SYMBOLS.len(), 1_i64..3).prop_map(|(at, hours)| Step::Candles(at, hours));
    let read = (0_usize..8, 1_usize..60).prop_map(|(at, count)| Step::Read(at, count));
    let mut steps = vec![
        (3, sales.boxed()),
        (1, symbols().prop_map(Step::Quotes).boxed()),
        (2, candles.boxed()),
        (2, (0_usize..8).prop_map(Step::Drop).boxed()),
        (3, read.boxed()),
        (4, fault(weather).prop_map(Step::Fault).boxed()),
        (6, (1_usize..40).prop_map(Step::Trades).boxed()),
        (5, (1_u64..20_000).prop_map(Step::Pass).boxed()),
    ];
    if has(Weather::Churn) {
        let abandon = (symbols(), 0_u64..3_000);
        let abandon = abandon.prop_map(|(symbols, after)| Step::Abandon(symbols, after));
        steps.push((2, abandon.boxed()));
    }
    if has(Weather::Clocks) {
        steps.push((1, (-120_i64..120).prop_map(Step::Clock).boxed()));
    }
    Union::new_weighted(steps)
}

/// How old events are when they are sent.
pub(super) fn age(weather: &[Weather]) -> BoxedStrategy<Duration> {
    if !weather.contains(&Weather::Clocks) {
        return Just(Duration::ZERO).boxed();
    }
    prop_oneof![2 => Just(Duration::ZERO), 1 => Just(secs(900)), 1 => (1_u64..60).prop_map(secs)]
        .boxed()
}

enum Held {
    Sales(Sales),
    Quotes(Quotes),
    Candles(Candles),
}

struct Quotes {
    feed: Subscription<Quote>,
    story: Story,
    count: u64,
}

impl Quotes {
    fn read(&mut self, most: usize) -> Option<Option<Error>> {
        for _ in 0..most {
            match self.feed.next().now_or_never()? {
                Some(Ok(Event::Data(quote))) => {
                    self.count += 1;
                    self.story.data(&quote.symbol, self.count);
                }
                Some(Ok(Event::Gap(gap))) => self.story.gap(gap),
                Some(Ok(Event::Status(status))) => self.story.status(status),
                Some(Err(error)) => return Some(Some(error)),
                None => return Some(None),
            }
        }
        None
    }
}

impl Held {
    /// Reads; whether it goes on.
    fn goes_on(&mut self, most: usize) -> bool {
        let (end, overflow) = match self {
            Self::Sales(sales) => (sales.read(most), sales.overflow),
            Self::Candles(candles) => (candles.read(most), Overflow::DropOldest),
            Self::Quotes(quotes) => (quotes.read(most), Overflow::DropOldest),
        };
        let Some(end) = end else {
            return true;
        };
        match end.as_ref().map(Error::kind) {
            Some(ErrorKind::Overflow { .. }) if overflow == Overflow::Fail => {}
            // Every topic of it was refused, by the venue or by its silence.
            Some(ErrorKind::Refused(_)) => {}
            _ => panic!("the feed ended: {end:?}"),
        }
        false
    }

    fn story(&self) -> &Story {
        match self {
            Self::Sales(sales) => &sales.story,
            Self::Quotes(quotes) => &quotes.story,
            Self::Candles(candles) => &candles.story,
        }
    }

    /// Reading may have to wait for it.
    fn may_stall(&self) -> bool {
        matches!(self, Self::Sales(sales) if sales.overflow == Overflow::Wait)
    }

    fn topics(&self) -> Vec<String> {
        let of = |what: &str, symbols: Vec<Symbol>| -> Vec<String> {
            let symbols = symbols.iter();
            symbols.map(|symbol| format!("{what} {symbol}")).collect()
        };
        match self {
            Self::Sales(sales) => of("STREAM TimeAndSale", sales.feed.symbols()),
            Self::Quotes(quotes) => of("TICKER Quote", quotes.feed.symbols()),
            Self::Candles(candles) => vec![candles.topic.clone()],
        }
    }
}

struct Stage {
    rig: Rig,
    held: Vec<Held>,
    abandoned: JoinSet<()>,
    executed: Executed,
    age: Duration,
    /// The venue's clock was set back. What happens then belongs to candles before the newest, from which on
    /// an outage is repaired.
    set_back: bool,
}

/// Plays a script; panics where a promise is broken.
pub(super) async fn play(script: Vec<Step>, age: Duration, seed: u64) {
    // Sales that bear times of the past would be numbered behind those that there were.
    let clocks = script.iter().any(|step| matches!(step, Step::Clock(_)));
    let history = if clocks || !age.is_zero() {
        Duration::ZERO
    } else {
        secs(3_600)
    };
    let rig = Rig::with(
        |sim| sim.seed(seed).symbols(SYMBOLS).rate(0.0).history(history),
        |dxlink| dxlink.seed(seed),
    );
    let mut stage = Stage {
        rig,
        held: Vec::new(),
        abandoned: JoinSet::new(),
        executed: Executed::default(),
        age,
        set_back: false,
    };
    if !age.is_zero() {
        let lasting = None;
        stage.rig.sim.inject(Fault::Age { by: age, lasting });
        stage.executed.shift = -i64::try_from(age.as_nanos()).unwrap();
    }
    for step in script {
        stage.step(step).await;
    }
    stage.quiet().await;
    stage.agree();
    stage.is_live().await;
    stage.account().await;
}

impl Stage {
    async fn step(&mut self, step: Step) {
        let (rig, held) = (&self.rig, &mut self.held);
        let names =
            |symbols: &BTreeSet<usize>| symbols.iter().map(|at| SYMBOLS[*at]).collect::<Vec<_>>();
        match step {
            Step::Sales(symbols, overflow, capacity) => {
                let names = names(&symbols);
                let feed = rig.dxlink.time_and_sales(names.iter().copied());
                let feed = feed.overflow(overflow).capacity(capacity).lazy().unwrap();
                let now = rig.sim.clock().now().wall;
                held.push(Held::Sales(Sales::new(feed, &names, overflow, now)));
            }
            Step::Quotes(symbols) => {
                let names = names(&symbols);
                held.push(Held::Quotes(Quotes {
                    feed: rig.dxlink.quotes(names.iter().copied()).lazy().unwrap(),
                    story: Story::of(names),
                    count: 0,
                }));
            }
            Step::Candles(at, hours) => {
                let symbol: CandleSymbol = format!("{}{{=1m}}", SYMBOLS[at]).parse().unwrap();
                let from = START - hours * 3_600 - i64::try_from(self.age.as_secs()).unwrap();
                let from = Timestamp::from_secs(from).unwrap();
                let feed = rig.dxlink.candles(from, [symbol.clone()]).lazy().unwrap();
                held.push(Held::Candles(Candles::new(feed, symbol, from)));
            }
            Step::Abandon(symbols, after) => {
                let subscribe = rig.dxlink.time_and_sales(names(&symbols)).into_future();
                self.abandoned.spawn(async move {
                    let after = Duration::from_millis(after);
                    drop(tokio::time::timeout(after, subscribe).await);
                });
            }
            Step::Drop(at) if at < held.len() => drop(held.swap_remove(at)),
            Step::Read(at, count) if at < held.len() && !held[at].goes_on(count) => {
                held.swap_remove(at);
            }
            Step::Fault(fault) => rig.sim.inject(fault),
            // How far a clock was set cannot be known while nobody reads what shows it.
            Step::Clock(_) if held.iter().any(Held::may_stall) => {}
            Step::Clock(by) => {
                rig.sim.inject(Fault::StepClock {
                    by: secs(by.unsigned_abs()),
                    back: by < 0,
                });
                self.executed.shift += by * 1_000_000_000;
                self.set_back |= by < 0;
            }
            Step::Trades(count) => {
                for n in 0..count {
                    self.executed.trade(&rig.sim, SYMBOLS[n % SYMBOLS.len()]);
                }
            }
            Step::Pass(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
            _ => {}
        }
    }

    /// Heals the venue, and reads until nothing comes any more; the sets agree long before.
    async fn quiet(&mut self) {
        let mut agreed = None;
        for second in 0..400 {
            if second == HEALED {
                // Old events are among what is healed.
                self.rig.sim.inject(Fault::Heal);
                self.executed.shift += i64::try_from(self.age.as_nanos()).unwrap();
                while self.abandoned.join_next().await.is_some() {}
            }
            tokio::time::sleep(secs(1)).await;
            self.held.retain_mut(Held::goes_on_all);
            let agree = second >= HEALED && self.rig.sim.active_topics() == self.wanted();
            agreed = agreed.or_else(|| agree.then(|| second - HEALED));
        }
        assert!(
            agreed.is_some_and(|second| second <= RECOVERY),
            "recovered after {agreed:?} s"
        );
    }

    fn wanted(&self) -> BTreeSet<String> {
        self.held.iter().flat_map(Held::topics).collect()
    }

    fn agree(&self) {
        let venue = self.rig.sim.active_topics();
        assert_eq!(
            venue,
            self.wanted(),
            "the venue's set is that of the handles"
        );
        // What crosses the venue's own close of a channel was written before that was known.
        let breaches = self.rig.sim.breaches().into_iter();
        let breaches: Vec<_> = breaches
            .filter(|breach| breach.kind != BreachKind::BadChannel)
            .collect();
        assert_eq!(breaches, []);
    }

    /// What happens now reaches everybody whom it concerns.
    async fn is_live(&mut self) {
        let before: Vec<u64> = self.held.iter().map(Held::count).collect();
        // One by one: there are queues that hold no more.
        for symbol in SYMBOLS {
            self.executed.trade(&self.rig.sim, symbol);
            for _ in 0..20 {
                tokio::time::sleep(Duration::from_millis(50)).await;
                self.held.retain_mut(Held::goes_on_all);
            }
        }
        // As long as a chart may take that is asked for again and again.
        for _ in 0..75 {
            tokio::time::sleep(secs(1)).await;
            self.held.retain_mut(Held::goes_on_all);
        }
        for (held, before) in self.held.iter().zip(before) {
            held.story().quiet();
            match held {
                Held::Sales(sales) => {
                    for symbol in sales.feed.symbols() {
                        let last = self.executed.last(&symbol).unwrap();
                        sales.story.has_seen(&symbol, last);
                        sales.story.says_live(&symbol);
                    }
                }
                Held::Quotes(quotes) => {
                    let symbols = quotes.feed.symbols();
                    let more = held.count() - before;
                    let come = more >= symbols.len() as u64;
                    let what = format_args!("quotes of {symbols:?}: {more} came");
                    quotes.story.check(come, what);
                    symbols
                        .iter()
                        .for_each(|symbol| quotes.story.says_live(symbol));
                }
                Held::Candles(candles) => {
                    let symbol = Symbol::from(candles.symbol.to_string());
                    let goes_on = held.count() > before;
                    candles
                        .story
                        .check(goes_on, format_args!("{symbol} does not go on"));
                    candles.story.says_live(&symbol);
                }
            }
        }
    }

    async fn account(&mut self) {
        // So long a chart waits for the snapshot of rows that have come without it.
        tokio::time::sleep(secs(12)).await;
        self.held.retain_mut(Held::goes_on_all);
        let sent = self.executed.sent(&self.rig.sim);
        let clock = self.rig.sim.clock();
        let other = DxLink::builder()
            .url(self.rig.sim.url())
            .dial(self.rig.sim.dialer())
            .clock(clock)
            .build()
            .unwrap();
        for held in &self.held {
            match held {
                Held::Sales(sales) => sales.story.account(&sent),
                Held::Candles(candles) if !self.set_back => candles.is_whole(&other).await,
                Held::Candles(_) | Held::Quotes(_) => {}
            }
        }
    }
}

impl Held {
    fn goes_on_all(&mut self) -> bool {
        self.goes_on(usize::MAX)
    }

    /// How many events there were.
    fn count(&self) -> u64 {
        match self {
            Self::Quotes(quotes) => quotes.count,
            Self::Candles(candles) => candles.rows as u64,
            Self::Sales(_) => 0,
        }
    }
}
