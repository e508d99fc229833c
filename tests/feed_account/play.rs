//! One script, from its first step to the account.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use feedline::sim::{BreachKind, Fault};
use feedline::venue::gate::{DeltaSpeed, ObuLevel};
use feedline::{Clock, Error, ErrorKind, Overflow, Symbol, Timestamp};
use tokio::task::JoinSet;

use super::SYMBOLS;
use super::books::Books;
use super::steps::{Climate, Of, Step};
use super::support::{Rig, settle};
use super::trades::{Trades, is_withheld, sent};

/// How long the client may take, once nothing is wrong any more, until all is as it should be. Its
/// longest wait before a connect is half of it.
const RECOVERY: usize = 60;

/// Simulated seconds after which nothing is on its way any more.
const QUIET: usize = 200;

enum Held {
    Trades(Trades),
    Books(Books),
}

impl Held {
    fn read(&mut self, most: usize) -> Option<Option<Error>> {
        match self {
            Self::Trades(trades) => trades.read(most),
            Self::Books(books) => books.read(most),
        }
    }

    /// Reads; whether it goes on.
    fn goes_on(&mut self, most: usize) -> bool {
        let Some(end) = self.read(most) else {
            return true;
        };
        let overflow = match self {
            Self::Trades(trades) => trades.overflow,
            Self::Books(_) => Overflow::DropOldest,
        };
        match end.as_ref().map(Error::kind) {
            Some(ErrorKind::Overflow { .. }) if overflow == Overflow::Fail => {}
            // Every topic of it was refused, by the venue or by its silence.
            Some(ErrorKind::Refused(_)) => {}
            _ => panic!("the feed ended: {end:?}"),
        }
        false
    }

    fn symbols(&self) -> Vec<Symbol> {
        match self {
            Self::Trades(trades) => trades.feed.symbols(),
            Self::Books(books) => books.feed.symbols(),
        }
    }

    fn topics(&self) -> Vec<String> {
        let topic = |symbol: &Symbol| match self {
            Self::Trades(_) => format!("spot.trades {symbol}"),
            Self::Books(books) if books.of == Of::Obu => format!("spot.obu ob.{symbol}.50"),
            Self::Books(_) => format!("spot.order_book_update {symbol} 100ms"),
        };
        self.symbols().iter().map(topic).collect()
    }
}

struct Stage {
    rig: Rig,
    held: Vec<Held>,
    abandoned: JoinSet<()>,
    /// How many seconds the machine's clock is ahead.
    ahead: Arc<AtomicI64>,
    clocks: bool,
}

/// Plays a script; panics where a promise is broken.
pub(crate) async fn play(script: Vec<Step>, climate: Climate, seed: u64) {
    let mut stage = Stage::new(climate, seed);
    for step in script {
        stage.step(step).await;
    }
    stage.quiet().await;
    stage.agree();
    stage.is_live().await;
    stage.account();
}

impl Stage {
    fn new(climate: Climate, seed: u64) -> Self {
        let ahead = Arc::new(AtomicI64::new(climate.ahead.unwrap_or(0)));
        let offset = Arc::clone(&ahead);
        let rig = Rig::with_clock(
            |sim| sim.seed(seed),
            |gate, clock| match climate.ahead {
                None => gate.seed(seed),
                Some(_) => gate.seed(seed).clock(Clock::following(move || {
                    let nanos = offset.load(Ordering::Relaxed) * 1_000_000_000;
                    Timestamp::from_nanos(clock.now().wall.as_nanos() + nanos)
                })),
            },
        );
        if !climate.age.is_zero() {
            rig.sim.inject(Fault::Age {
                by: climate.age,
                lasting: None,
            });
        }
        Self {
            rig,
            held: Vec::new(),
            abandoned: JoinSet::new(),
            ahead,
            clocks: climate.ahead.is_some(),
        }
    }

    async fn step(&mut self, step: Step) {
        let rig = &self.rig;
        let held = &mut self.held;
        match step {
            Step::Subscribe {
                of,
                symbols,
                overflow,
                capacity,
            } => {
                let names: Vec<&str> = symbols.iter().map(|at| SYMBOLS[*at]).collect();
                // Whoever waits for acceptance while a full queue is not read waits for ever.
                held.push(match of {
                    Of::Trades => {
                        let subscribe = rig.gate.trades(names.iter().copied());
                        let subscribe = subscribe.overflow(overflow).capacity(capacity);
                        let feed = subscribe.lazy().unwrap();
                        Held::Trades(Trades::new(feed, &names, overflow))
                    }
                    Of::Obu => {
                        let subscribe = rig.gate.obu(ObuLevel::Levels50, names.iter().copied());
                        let feed = subscribe.capacity(capacity).lazy().unwrap();
                        Held::Books(Books::new(feed, &names, of))
                    }
                    Of::Updates => {
                        let speed = DeltaSpeed::Millis100;
                        let subscribe = rig.gate.order_book_update(speed, names.iter().copied());
                        let feed = subscribe.capacity(capacity).lazy().unwrap();
                        Held::Books(Books::new(feed, &names, of))
                    }
                });
            }
            Step::Abandon(symbols, after) => {
                let names = symbols.iter().map(|at| SYMBOLS[*at]);
                let subscribe = rig.gate.trades(names).into_future();
                self.abandoned.spawn(async move {
                    let after = Duration::from_millis(after);
                    drop(tokio::time::timeout(after, subscribe).await);
                });
            }
            Step::Drop(at) if at < held.len() => drop(held.swap_remove(at)),
            Step::Add(at, symbol) => {
                if let Some(Held::Trades(trades)) = held.get_mut(at) {
                    use futures_util::FutureExt;
                    // Only the wish counts here: the answer comes when it comes.
                    let _ = trades.feed.control().add([SYMBOLS[symbol]]).now_or_never();
                    trades.story.add(SYMBOLS[symbol]);
                }
            }
            Step::Remove(at, symbol) => {
                if let Some(Held::Trades(trades)) = held.get_mut(at)
                    && trades.feed.symbols().len() > 1
                {
                    trades.feed.control().remove([SYMBOLS[symbol]]).unwrap();
                    trades.story.exempt(SYMBOLS[symbol]);
                }
            }
            Step::Resync(at, symbol) => {
                // An error only says that the symbol is not held.
                match held.get(at) {
                    Some(Held::Trades(trades)) => {
                        let _ = trades.feed.control().resync(SYMBOLS[symbol]);
                    }
                    Some(Held::Books(books)) => {
                        let _ = books.feed.control().resync(SYMBOLS[symbol]);
                    }
                    None => {}
                }
            }
            Step::Read(at, count) if at < held.len() && !held[at].goes_on(count) => {
                held.swap_remove(at);
            }
            Step::Fault(fault) => rig.sim.inject(fault),
            Step::Trades(count) => {
                for n in 0..count {
                    rig.trade(SYMBOLS[n % SYMBOLS.len()]);
                }
                if held.iter().any(|held| matches!(held, Held::Books(_))) {
                    rig.sim.step(count);
                }
            }
            Step::Pass(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
            Step::Correct(ahead) => self.ahead.store(ahead, Ordering::Relaxed),
            _ => {}
        }
    }

    /// Heals the venue, and reads until nothing comes any more; the sets agree long before.
    async fn quiet(&mut self) {
        self.rig.sim.inject(Fault::Heal);
        while self.abandoned.join_next().await.is_some() {}
        let mut agreed = None;
        for second in 0..QUIET {
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.held.retain_mut(|held| held.goes_on(usize::MAX));
            let agree = self.rig.sim.active_topics() == self.wanted();
            agreed = agreed.or_else(|| agree.then_some(second));
        }
        settle().await;
        assert!(
            agreed.is_some_and(|second| second <= RECOVERY),
            "recovered after {agreed:?} s"
        );
    }

    fn wanted(&self) -> BTreeSet<String> {
        self.held.iter().flat_map(Held::topics).collect()
    }

    /// Venue set = wanted set = set of live handles.
    fn agree(&self) {
        let (rig, wanted) = (&self.rig, self.wanted());
        let venue = rig.sim.active_topics();
        assert_eq!(venue, wanted, "the venue's set is that of the handles");
        assert_eq!(
            rig.gate.metrics().topics,
            wanted.len(),
            "and so is the wanted set"
        );
        let mut breaches = rig.sim.breaches();
        // A client whose clock is wrong cannot know it before it has connected, and one whose request
        // was not answered cannot know whether it was served.
        breaches.retain(|breach| !self.clocks || breach.kind != BreachKind::Time);
        breaches.retain(|breach| breach.kind != BreachKind::DuplicateStream);
        assert_eq!(breaches, [], "within the venue's limits");
    }

    /// What happens now reaches everybody whom it concerns.
    async fn is_live(&mut self) {
        // Enough that every book changes.
        self.rig.sim.step(200);
        // As long as a book may take that is asked for again.
        self.read_for(Duration::from_secs(20)).await;
        // One by one: there are queues that hold no more.
        for symbol in SYMBOLS {
            self.rig.trade(symbol);
            self.read_for(Duration::from_millis(200)).await;
        }
        let last = sent(&self.rig.sim, |_| true);
        for held in &self.held {
            match held {
                Held::Trades(trades) => {
                    for symbol in trades.feed.symbols() {
                        let newest = last.iter().rev().find(|sent| sent.symbol == symbol);
                        let newest = newest.map(|sent| sent.key);
                        trades.story.has_seen(&symbol, newest.unwrap());
                        trades.story.says_live(&symbol);
                    }
                }
                Held::Books(books) => books.is_up_to_date(&self.rig.sim),
            }
        }
    }

    async fn read_for(&mut self, time: Duration) {
        let step = Duration::from_millis(20);
        for _ in 0..time.as_millis() / step.as_millis() {
            tokio::time::sleep(step).await;
            self.held.retain_mut(|held| held.goes_on(usize::MAX));
        }
    }

    /// Every trade sent since the symbol was the handle's is delivered, once, or explained.
    fn account(&self) {
        // What a venue swallows and never tells of, it did not send.
        let sent = sent(&self.rig.sim, |published| !is_withheld(published));
        for held in &self.held {
            match held {
                Held::Trades(trades) => {
                    trades.story.quiet();
                    trades.story.account(&sent);
                }
                Held::Books(books) => books.story.quiet(),
            }
        }
    }
}
