use super::*;
use crate::Timestamp;

static TRADES: ChannelSpec = ChannelSpec::new("trades");
static TICKERS: ChannelSpec = ChannelSpec::new("tickers").cadence(Duration::from_secs(1));
static BOOKS: ChannelSpec = ChannelSpec::new("books").first_data(Duration::from_secs(10));
static ORDERS: ChannelSpec = ChannelSpec::new("orders").sporadic();

fn a() -> TopicId {
    TopicId::at(0)
}

fn b() -> TopicId {
    TopicId::at(1)
}

/// A connection whose venue accepts everything at once and sends what it is told to.
struct World {
    silence: Silence,
    now: Now,
    topics: Vec<TopicId>,
    inactive: Vec<TopicId>,
    /// What was concluded, and when, in seconds.
    told: Vec<(u64, String)>,
    start: Instant,
    /// Whether a topic that is asked for again brings its last event at once.
    replays: bool,
}

impl World {
    fn new(specs: &[&'static ChannelSpec]) -> Self {
        Self::with(QuietConfig::default(), specs)
    }

    fn with(config: QuietConfig, specs: &[&'static ChannelSpec]) -> Self {
        let start = Instant::now();
        let now = Now {
            instant: start,
            wall: Timestamp::from_secs(1_790_000_000).unwrap(),
        };
        let mut world = Self {
            silence: Silence::new(config, start),
            now,
            topics: Vec::new(),
            inactive: Vec::new(),
            told: Vec::new(),
            start,
            replays: false,
        };
        world.silence.read_at(start);
        world.silence.live();
        for (at, spec) in specs.iter().enumerate() {
            let id = TopicId::at(at);
            world.silence.occupy(id, spec, at);
            world.silence.accepted(id);
            world.topics.push(id);
        }
        world
    }

    fn seconds(&self) -> u64 {
        (self.now.instant - self.start).as_secs()
    }

    fn event(&mut self, id: TopicId) {
        self.silence.read_at(self.now.instant);
        if self.silence.heard(id) {
            let fresh = self.silence.answered(id, false);
            if !fresh.is_empty() {
                let fresh: Vec<_> = fresh.iter().map(|id| id.index()).collect();
                self.told.push((self.seconds(), format!("fresh {fresh:?}")));
            }
        }
    }

    /// Time goes on in steps, at each of which these topics bring something.
    fn run(&mut self, millis: u64, step: u64, events: &[TopicId]) {
        for _ in 0..millis / step {
            let step = Duration::from_millis(step);
            self.now.instant += step;
            self.now.wall = self.now.wall.saturating_add(step);
            for id in events {
                self.event(*id);
            }
            self.judge();
        }
    }

    fn judge(&mut self) {
        // At the moments that it asks for, and no others.
        if self
            .silence
            .deadline()
            .is_none_or(|at| at > self.now.instant)
        {
            return;
        }
        loop {
            let inactive = self.inactive.clone();
            let standing = |id: TopicId| {
                if inactive.contains(&id) {
                    Standing::Inactive
                } else {
                    Standing::Active
                }
            };
            let Some(verdict) = self.silence.next(self.now, &standing) else {
                break;
            };
            let word = match &verdict {
                Verdict::Stale { topics, alone, .. } => {
                    let topics: Vec<_> = topics.iter().map(|id| id.index()).collect();
                    let whose = if *alone { "alone" } else { "all" };
                    format!("stale {topics:?} {whose}")
                }
                Verdict::Resubscribe(id) => format!("ask {}", id.index()),
                Verdict::Reconnect(_) => "reconnect".to_owned(),
            };
            self.told.push((self.seconds(), word));
            match verdict {
                Verdict::Stale { .. } => {}
                Verdict::Resubscribe(id) => {
                    self.silence.accepted(id);
                    if self.replays {
                        self.event(id);
                    }
                }
                Verdict::Reconnect(_) => {
                    self.silence.disconnected();
                    self.silence.live();
                    for id in self.topics.clone() {
                        self.silence.accepted(id);
                    }
                }
            }
        }
        let next = self.silence.deadline();
        assert!(
            next.is_none_or(|at| at > self.now.instant),
            "{:?}",
            self.told
        );
    }

    fn take(&mut self) -> Vec<(u64, String)> {
        std::mem::take(&mut self.told)
    }

    fn count(&self, word: &str) -> usize {
        self.told
            .iter()
            .filter(|(_, told)| told.starts_with(word))
            .count()
    }

    fn overdue(&self) -> Vec<usize> {
        self.silence.overdue_channels().collect()
    }
}

fn told<const N: usize>(expected: [(u64, &str); N]) -> Vec<(u64, String)> {
    let owned = expected.into_iter().map(|(at, word)| (at, word.to_owned()));
    owned.collect()
}

#[test]
fn a_mute_connection_is_stale_then_asked_then_made_anew() {
    let mut world = World::new(&[&TRADES, &BOOKS]);
    world.run(60_000, 100, &[a(), b()]);
    world.run(40_000, 100, &[]);
    let expected = [(65, "stale [0, 1] all"), (65, "ask 1"), (70, "reconnect")];
    assert_eq!(world.take(), told(expected));
    assert_eq!(world.overdue(), [0, 1]);
    world.run(100, 100, &[a()]);
    assert_eq!(world.take(), told([(100, "fresh [0, 1]")]));
    assert!(world.overdue().is_empty());
}

#[test]
fn a_topic_alone_is_asked_for_while_its_neighbours_go_on() {
    let mut world = World::new(&[&TRADES, &TRADES]);
    world.run(60_000, 100, &[a(), b()]);
    world.run(9_000, 100, &[a()]);
    assert_eq!(world.take(), told([(65, "stale [1] alone"), (65, "ask 1")]));
    assert_eq!(world.overdue(), [1]);
    world.run(100, 100, &[a(), b()]);
    assert!(world.overdue().is_empty());
    world.run(20_000, 100, &[a(), b()]);
    assert_eq!(world.take(), []);
}

#[test]
fn a_documented_cadence_is_missed_without_a_single_event() {
    let mut world = World::new(&[&TICKERS]);
    world.run(20_000, 100, &[]);
    let expected = [(5, "stale [0] all"), (5, "ask 0"), (10, "reconnect")];
    assert_eq!(world.take(), told(expected));
}

#[test]
fn what_comes_by_no_rhythm_is_never_missed() {
    let mut world = World::new(&[&ORDERS]);
    world.run(60_000, 1_000, &[a()]);
    world.run(3_600_000, 1_000, &[]);
    assert_eq!(world.take(), []);
    // Nor does it make its connection suspicious.
    let mut world = World::new(&[&ORDERS, &TRADES]);
    world.inactive.push(b());
    world.run(60_000, 1_000, &[a()]);
    world.run(3_600_000, 1_000, &[]);
    assert_eq!(world.take(), []);
}

#[test]
fn time_in_which_nothing_is_read_does_not_count() {
    let mut world = World::new(&[&TRADES]);
    world.run(60_000, 100, &[a()]);
    world.run(4_000, 100, &[]);
    world.silence.set_reading(false, world.now.instant);
    world.run(60_000, 100, &[]);
    assert_eq!(world.silence.deadline(), None);
    world.silence.set_reading(true, world.now.instant);
    world.run(900, 100, &[]);
    assert_eq!(world.take(), []);
    world.run(1_000, 100, &[]);
    assert_eq!(world.count("stale"), 1);
}

#[test]
fn a_market_that_is_known_to_be_closed_is_left_in_peace() {
    let calendar = crate::market::Calendar::utc();
    let wall = Timestamp::from_secs(1_790_000_000).unwrap();
    let time = |at: Timestamp| {
        jiff::Timestamp::from(at)
            .to_zoned(jiff::tz::TimeZone::UTC)
            .time()
    };
    let (opens, closes) = (wall, wall.saturating_add(Duration::from_secs(3_600)));
    let session = crate::market::Session::new(time(opens), time(closes));
    let config = QuietConfig {
        mode: Quiet::Ask,
        calendar: Some(calendar.session(session)),
    };
    let mut world = World::with(config, &[&TRADES]);
    world.run(3_600_000, 1_000, &[a()]);
    world.run(23 * 3_600_000 + 4_000, 1_000, &[]);
    assert_eq!(world.take(), []);
    // It opens, and nothing comes.
    world.run(1_000, 1_000, &[]);
    assert_eq!(world.count("stale"), 1);
}

#[test]
fn a_closed_market_is_asked_ever_more_rarely() {
    let mut world = World::new(&[&TRADES; 50]);
    let all = world.topics.clone();
    world.run(600_000, 1_000, &all);
    world.run(16 * 3_600_000, 1_000, &[]);
    assert_eq!((world.count("stale"), world.count("fresh")), (1, 0));
    assert_eq!((world.count("ask"), world.count("reconnect")), (21, 5));
    world.run(1_000, 1_000, &[a()]);
    assert_eq!(world.count("fresh"), 1);
}

#[test]
fn a_closed_market_that_shows_its_last_values_costs_no_connection() {
    let mut world = World::new(&[&TRADES; 5]);
    world.replays = true;
    let all = world.topics.clone();
    world.run(600_000, 1_000, &all);
    world.run(16 * 3_600_000, 1_000, &[]);
    assert_eq!(world.count("reconnect"), 0, "{:?}", world.told);
    assert_eq!((world.count("ask"), world.count("fresh")), (21, 21));
}

#[test]
fn many_quiet_topics_are_not_asked_for_all_at_once() {
    let mut world = World::new(&[&TRADES; 200]);
    let all = world.topics.clone();
    world.run(600_000, 1_000, &all);
    world.run(3_600_000, 1_000, &[a()]);
    assert_eq!(world.count("stale"), 199);
    assert!(
        world.count("ask") <= 10 + 3_600 / 30,
        "{}",
        world.count("ask")
    );
    assert_eq!(world.count("reconnect"), 1);
}

#[test]
fn what_is_only_told_changes_nothing() {
    let config = QuietConfig {
        mode: Quiet::Tell,
        calendar: None,
    };
    let mut world = World::with(config, &[&TRADES, &TRADES]);
    world.run(60_000, 100, &[a(), b()]);
    world.run(60_000, 100, &[a()]);
    world.run(60_000, 100, &[]);
    world.run(20_000, 100, &[a()]);
    let expected = [
        (65, "stale [1] alone"),
        (125, "stale [0, 1] all"),
        (180, "fresh [0, 1]"),
    ];
    assert_eq!(world.take(), told(expected));
}

#[test]
fn turned_off_it_keeps_nothing() {
    let config = QuietConfig {
        mode: Quiet::Off,
        calendar: None,
    };
    let mut world = World::with(config, &[&TICKERS]);
    world.run(60_000, 100, &[a()]);
    world.run(600_000, 1_000, &[]);
    assert_eq!(world.take(), []);
    assert!(world.silence.pulses.is_empty() && world.silence.agenda.is_empty());
}

#[test]
fn a_topic_that_is_gone_is_missed_no_more() {
    let mut world = World::new(&[&TRADES, &TRADES]);
    world.run(60_000, 100, &[a(), b()]);
    world.run(6_000, 100, &[a()]);
    assert_eq!(world.overdue(), [1]);
    world.silence.vacate(b());
    world.inactive.push(b());
    assert!(world.overdue().is_empty());
    world.take();
    world.run(600_000, 100, &[a()]);
    assert_eq!(world.take(), []);
    assert_eq!(world.silence.agenda.len(), 1);
}

#[test]
fn new_topics_do_not_hide_that_nothing_comes() {
    let mut world = World::new(&[&TRADES; 30]);
    world.inactive = world.topics.split_off(1);
    world.run(60_000, 100, &[a()]);
    // One more every second.
    while let Some(id) = world.inactive.pop() {
        world.silence.read_at(world.now.instant);
        world.silence.accepted(id);
        world.run(1_000, 100, &[]);
    }
    assert_eq!(world.told.first().map(|(at, _)| *at), Some(65));
}

#[test]
fn a_connection_with_nothing_to_bring_is_not_silent() {
    let mut world = World::new(&[&TRADES]);
    world.run(60_000, 100, &[a()]);
    world.inactive.push(a());
    world.run(600_000, 1_000, &[]);
    assert_eq!(world.take(), []);
    world.inactive.clear();
    world.silence.read_at(world.now.instant);
    world.silence.accepted(a());
    world.run(4_000, 1_000, &[]);
    assert_eq!(world.take(), []);
}

#[test]
fn the_agenda_holds_each_topic_once() {
    let mut world = World::new(&[&TRADES; 10]);
    let all = world.topics.clone();
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..5_000 {
        let some: Vec<_> = all.iter().copied().filter(|_| random.u8(..) < 8).collect();
        let step = random.u64(1..2_000);
        world.run(step, step, &some);
        if random.u8(..) < 2 {
            world.silence.disconnected();
            world.silence.live();
            all.iter().for_each(|id| world.silence.accepted(*id));
        }
        assert!(world.silence.agenda.len() <= all.len());
        for (at, id) in &world.silence.agenda {
            assert_eq!(world.silence.pulses[id.index()].scheduled, Some(*at));
        }
    }
}
