//! What holds after any script.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::pair::{Pair, Seen};
use crate::Timestamp;

const NAMES: [&str; 6] = ["A", "B", "C", "D", "#E", "BAD"];

#[derive(Clone, Debug)]
enum Act {
    Want(usize),
    Release(usize),
    Resubscribe(usize),
    Cut,
    Pass(u16),
    Tick(usize),
    Bad(usize),
    Withdraw(usize),
    Stray(usize),
    /// How the venue takes the next requests.
    Mood(Mood),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Fair,
    Silent,
    Later,
    /// It refuses a name in any request with it, by name or without.
    No {
        named: bool,
    },
    Halves,
}

fn act() -> impl Strategy<Value = Act> {
    let name = 0..NAMES.len();
    prop_oneof![
        4 => name.clone().prop_map(Act::Want),
        2 => name.clone().prop_map(Act::Release),
        1 => name.clone().prop_map(Act::Resubscribe),
        1 => Just(Act::Cut),
        4 => (0_u16..6_000).prop_map(Act::Pass),
        6 => name.clone().prop_map(Act::Tick),
        1 => name.clone().prop_map(Act::Bad),
        1 => name.clone().prop_map(Act::Withdraw),
        1 => name.prop_map(Act::Stray),
        2 => prop_oneof![
            Just(Mood::Fair),
            Just(Mood::Silent),
            Just(Mood::Later),
            Just(Mood::No { named: true }),
            Just(Mood::No { named: false }),
            Just(Mood::Halves),
        ].prop_map(Act::Mood),
    ]
}

/// The venue's side of a script.
struct Venue {
    set: BTreeSet<String>,
    mood: Mood,
    numbers: BTreeMap<String, u64>,
    /// What it sent of topics in its set, and where in what was seen by then.
    sent: Vec<(String, u64, Timestamp)>,
}

impl Venue {
    fn answer(&mut self, pair: &mut Pair) {
        while let Some((verb, id, names)) = pair.request() {
            if verb == "del" {
                if self.mood != Mood::Silent {
                    names.iter().for_each(|name| {
                        self.set.remove(name);
                    });
                    pair.say(&format!("ok {id}"));
                }
                continue;
            }
            let bad = names.iter().any(|name| name == "BAD");
            match self.mood {
                Mood::Silent => {}
                Mood::Later => pair.say(&format!("later {id} - busy")),
                Mood::No { named } if bad => {
                    // What it refuses it does not have.
                    self.set.remove("BAD");
                    let name = if named { "BAD" } else { "-" };
                    pair.say(&format!("no {id} {name} unknown"));
                }
                Mood::Halves if names.len() > 1 => {
                    let (taken, not) = names.split_at(names.len() / 2);
                    self.set.extend(taken.iter().cloned());
                    pair.say(&format!("some {id} {} {}", taken.join(","), not.join(",")));
                }
                _ => {
                    self.set.extend(names);
                    pair.say(&format!("ok {id}"));
                }
            }
        }
    }

    fn tick(&mut self, pair: &mut Pair, name: &str) {
        let number = self.numbers.entry(name.to_owned()).or_default();
        *number += 1;
        // What nobody is subscribed to, and what is sent while nobody is connected, is lost.
        let (number, time) = (*number, pair.now.wall);
        if self.set.contains(name) && pair.open {
            self.sent.push((name.to_owned(), number, time));
            pair.tick(name, number, time);
        }
    }
}

/// Events that the venue sent while a topic was accepted and down again, must lie in a gap; here: no event
/// comes out of order, none twice, and none between an interruption and its gap.
fn check_order(seen: &[Seen]) -> Result<(), TestCaseError> {
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    let mut begun: BTreeSet<&str> = BTreeSet::new();
    let mut owed: BTreeSet<&str> = BTreeSet::new();
    for item in seen {
        match item {
            Seen::Event(name, tick) => {
                prop_assert!(
                    !owed.contains(name.as_str()),
                    "data before its gap: {item:?} in {seen:#?}"
                );
                let before = last.insert(name, tick.number);
                prop_assert!(before.is_none_or(|before| before < tick.number), "{item:?}");
                begun.insert(name);
            }
            Seen::Interrupted(_) => owed.extend(&begun),
            Seen::Missing { names, .. } => {
                for name in names {
                    owed.remove(name.as_str());
                }
            }
            Seen::Released(name) => {
                begun.remove(name.as_str());
                owed.remove(name.as_str());
                last.remove(name.as_str());
            }
            Seen::Fresh(_) | Seen::Rejected(_) | Seen::Accepted(_) | Seen::Postponed(_) => {}
            Seen::Stale(..) | Seen::Began(_) | Seen::Repaired(_) | Seen::Ended(_) => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300)
    ))]

    #[test]
    fn once_quiet_the_venues_set_is_the_wanted_set(
        acts in prop::collection::vec(act(), 1..80),
        seed: u64,
    ) {
        let mut pair = Pair::new(seed);
        let mut venue = Venue {
            set: BTreeSet::new(),
            mood: Mood::Fair,
            numbers: BTreeMap::new(),
            sent: Vec::new(),
        };
        let mut wanted = BTreeSet::new();
        for act in acts {
            match act {
                Act::Want(at) => {
                    pair.rejected.remove(NAMES[at]);
                    pair.want(NAMES[at]);
                    wanted.insert(NAMES[at].to_owned());
                }
                Act::Release(at) => {
                    pair.release(NAMES[at]);
                    wanted.remove(NAMES[at]);
                }
                Act::Resubscribe(at) => pair.resubscribe(NAMES[at]),
                Act::Cut => {
                    pair.cut();
                    venue.set.clear();
                }
                Act::Pass(millis) => pair.pass(Duration::from_millis(u64::from(millis))),
                Act::Tick(at) => venue.tick(&mut pair, NAMES[at]),
                Act::Bad(at) => pair.say(&format!("bad {}", NAMES[at])),
                Act::Withdraw(at) => {
                    if venue.set.remove(NAMES[at]) {
                        pair.say(&format!("gone {} limit", NAMES[at]));
                    }
                }
                Act::Stray(at) => pair.say(&format!("stray {}", NAMES[at])),
                Act::Mood(mood) => venue.mood = mood,
            }
            if !pair.open {
                venue.set.clear();
            }
            venue.answer(&mut pair);
        }
        venue.mood = Mood::Fair;
        let mut connects = pair.connects.len();
        for _ in 0..200 {
            if pair.connects.len() != connects || !pair.open {
                connects = pair.connects.len();
                venue.set.clear();
            }
            venue.answer(&mut pair);
            pair.pass(Duration::from_secs(1));
        }
        venue.answer(&mut pair);
        wanted.retain(|name| !pair.rejected.contains(name));
        prop_assert!(pair.machine.settled() || !pair.open);
        prop_assert_eq!(&venue.set, &wanted);
        check_order(&pair.seen)?;
    }
}
