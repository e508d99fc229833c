//! Whatever happens while one connection replaces another, what a consumer sees is a chain: each number
//! follows the one before it, or a gap stands between them (D36).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures_util::{FutureExt, StreamExt};

use super::toy::Price;
use super::venue::Venue;
use super::{hub, ms, prices, settle, spec};
use crate::{Event, Scope, Subscription, Symbol};

const TOPICS: [&str; 8] = ["n:0", "n:1", "p:0", "p:1", "p:2", "b:0", "b:1", "A"];

/// A consumer that looks at what it gets.
struct Reader {
    feed: Subscription<Price>,
    last: BTreeMap<Symbol, u64>,
    /// What it has removed, and will not add again.
    removed: BTreeSet<Symbol>,
    events: usize,
    gaps: usize,
}

impl Reader {
    fn new(feed: Subscription<Price>) -> Self {
        Self {
            feed,
            last: BTreeMap::new(),
            removed: BTreeSet::new(),
            events: 0,
            gaps: 0,
        }
    }

    fn read(&mut self, seed: u64) {
        while let Some(Some(event)) = self.feed.next().now_or_never() {
            match event.expect("it goes on") {
                Event::Data(Price { symbol, price }) => {
                    self.events += 1;
                    let before = self.last.insert(symbol.clone(), price);
                    let follows = before.is_none_or(|before| before + 1 == price);
                    let matters = !self.removed.contains(&symbol);
                    assert!(
                        follows || !matters,
                        "seed {seed}: {symbol} {before:?} {price}"
                    );
                }
                Event::Gap(gap) => {
                    self.gaps += 1;
                    match &gap.scope {
                        Scope::All => self.last.clear(),
                        Scope::Symbols(symbols) => {
                            self.last.retain(|symbol, _| !symbols.contains(symbol));
                        }
                    }
                }
                Event::Status(_) => {}
            }
        }
    }
}

/// Topics, the subscriptions for which their events are, and their numbers.
type News = Vec<(&'static str, u32, u64)>;

/// Every socket's events on their way, each as late as its socket is.
struct Traffic {
    numbers: [u64; TOPICS.len()],
    late: BTreeMap<u64, usize>,
    under_way: BTreeMap<u64, VecDeque<News>>,
}

impl Traffic {
    fn tick(&mut self, venue: &Venue, random: &mut fastrand::Rng) {
        let happens: Vec<bool> = TOPICS.iter().map(|_| random.u8(..4) > 0).collect();
        for (number, happens) in self.numbers.iter_mut().zip(&happens) {
            *number += u64::from(*happens);
        }
        for socket in venue.open() {
            let late = *self.late.entry(socket).or_insert_with(|| random.usize(..8));
            let news = (0..TOPICS.len())
                .filter(|at| happens[*at])
                .filter_map(|at| {
                    let subscription = venue.subscription(socket, TOPICS[at])?;
                    Some((TOPICS[at], subscription, self.numbers[at]))
                });
            let under_way = self.under_way.entry(socket).or_default();
            under_way.push_back(news.collect());
            if under_way.len() > late {
                for (topic, subscription, number) in under_way.pop_front().into_iter().flatten() {
                    if venue.subscription(socket, topic) == Some(subscription) {
                        venue.bring(socket, topic, number);
                    }
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_joins_a_topic_that_brings_data_before_it_is_accepted_is_told_what_it_misses() {
    let venue = Venue::new(1);
    let hub = hub(&venue, spec(), |_| ());
    venue.hold(true);
    let first = prices(&hub, ["A"]).lazy().unwrap();
    settle().await;
    venue.bring(1, "A", 1);
    settle().await;
    let mut joins = Reader::new(prices(&hub, ["A"]).lazy().unwrap());
    settle().await;
    venue.bring(1, "A", 2);
    settle().await;
    venue.cut();
    venue.hold(false);
    tokio::time::sleep(ms(5_000)).await;
    venue.bring(2, "A", 4);
    settle().await;
    joins.read(0);
    assert_eq!((joins.events, joins.gaps), (2, 1));
    drop(first);
}

#[test]
fn what_a_consumer_sees_is_a_chain_whatever_happens_while_connections_replace_each_other() {
    let (mut events, mut gaps, mut connects) = (0, 0, 0);
    for seed in 0..10 {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().start_paused(true).build();
        let sums = runtime.unwrap().block_on(churn(seed));
        (events, gaps, connects) = (events + sums.0, gaps + sums.1, connects + sums.2);
    }
    // It is about something.
    assert!(
        events > 100_000 && gaps > 100 && connects > 100,
        "{events} {gaps} {connects}"
    );
}

async fn churn(seed: u64) -> (usize, usize, usize) {
    let mut random = fastrand::Rng::with_seed(seed);
    let venue = Venue::new(seed);
    let mut spec = spec();
    (spec.connections, spec.spare) = (1, true);
    spec.topics_per_connection = random.usize(5..12);
    let hub = hub(&venue, spec, |_| ());
    let answers = random.u64(0..400);
    venue.answers_within(ms(answers));
    let mut traffic = Traffic {
        numbers: [0; TOPICS.len()],
        late: BTreeMap::new(),
        under_way: BTreeMap::new(),
    };
    let first = prices(&hub, ["n:0", "p:0", "b:0"]).lazy().unwrap();
    let mut readers = vec![Reader::new(first)];
    let (mut events, mut gaps) = (0, 0);
    for turn in 0..2_500 {
        traffic.tick(&venue, &mut random);
        tokio::time::sleep(ms(20)).await;
        readers.iter_mut().for_each(|reader| reader.read(seed));
        if turn < 300 || random.u8(..12) > 0 {
            continue;
        }
        let topic = random.choice(TOPICS).unwrap();
        let at = random.usize(..readers.len().max(1));
        match random.u8(..16) {
            0..=4 => {
                let socket = random.choice(venue.open()).unwrap_or(0);
                venue.say_to(socket, &format!("retire {}", random.u64(..60)));
            }
            5 => venue.hold(random.bool()),
            6 => venue.refuse(random.u8(..3) == 0),
            7 if random.bool() => {
                venue.cut_one(random.choice(venue.open()).unwrap_or(0));
            }
            8 | 9 if readers.len() < 4 => {
                let few: BTreeSet<_> = (0..3).map(|_| random.choice(TOPICS).unwrap()).collect();
                readers.extend(prices(&hub, few).lazy().map(Reader::new));
            }
            10 if readers.len() > 1 => {
                let gone = readers.swap_remove(at);
                (events, gaps) = (events + gone.events, gaps + gone.gaps);
            }
            11 | 12 if !readers[at].removed.contains(topic) => {
                let control = readers[at].feed.control();
                tokio::spawn(async move { control.add([topic]).await });
            }
            13 => {
                let _ = readers[at].feed.control().remove([topic]);
                readers[at].removed.insert(Symbol::new(topic));
            }
            14 => {
                let _ = readers[at].feed.control().resync(topic);
            }
            _ => {}
        }
    }
    venue.hold(false);
    venue.refuse(false);
    for _ in 0..6_000 {
        traffic.tick(&venue, &mut random);
        tokio::time::sleep(ms(20)).await;
        readers.iter_mut().for_each(|reader| reader.read(seed));
    }
    let held = readers.iter().flat_map(|reader| reader.feed.symbols());
    let wanted: BTreeSet<_> = held.map(|symbol| symbol.to_string()).collect();
    assert_eq!(venue.topics(), Vec::from_iter(wanted), "seed {seed}");
    assert!(
        venue.most_sockets() <= 2,
        "seed {seed}: {}",
        venue.most_sockets()
    );
    assert_eq!(venue.faults(), [""; 0], "seed {seed}");
    // Everybody gets what is new.
    let late = traffic.late.values().max().copied().unwrap_or_default() as u64 + 1;
    for reader in &readers {
        for symbol in reader.feed.symbols() {
            let at = TOPICS.iter().position(|topic| symbol == *topic).unwrap();
            let last = reader.last.get(&symbol).copied().unwrap_or_default();
            let number = traffic.numbers[at];
            assert!(
                last + late >= number,
                "seed {seed}: {symbol} {last} of {number}"
            );
        }
    }
    for reader in readers.drain(..) {
        (events, gaps) = (events + reader.events, gaps + reader.gaps);
    }
    hub.shutdown(ms(5_000)).await.unwrap();
    assert_eq!(venue.sockets(), 0, "seed {seed}");
    (events, gaps, venue.connects())
}
