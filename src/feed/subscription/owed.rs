//! Gaps that are still to come: what a stream must say of itself if it ends before they do.

use std::time::Instant;

use hashbrown::HashMap;

use crate::event::ScopeSet;
use crate::feed::{Losing, TopicId};
use crate::queue::GapIds;
use crate::{Cause, Gap, Now, Symbol, Timestamp};

/// The topics of a handle whose events may be missing from some moment on, and whose gap has not been
/// told yet because it is not over.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    topics: HashMap<(usize, TopicId), Debt>,
}

/// One topic's.
#[derive(Debug)]
struct Debt {
    /// `None` for a topic of no single symbol.
    symbol: Option<Symbol>,
    from: Timestamp,
    seen_from: Timestamp,
    venue: VenueTime,
}

/// What the venue's clock read at a moment of ours.
#[derive(Clone, Copy, Debug)]
struct VenueTime {
    read: Timestamp,
    instant: Instant,
    wall: Timestamp,
}

impl VenueTime {
    /// What it reads now. The monotonic clock may stand still while the machine sleeps.
    fn now(self, now: Now) -> Timestamp {
        let awake = now.instant.saturating_duration_since(self.instant);
        let passed = awake.max(now.wall.duration_since(self.wall));
        self.read.saturating_add(passed)
    }
}

impl Owed {
    /// A topic of this connection has begun to miss events.
    pub(crate) fn add(
        &mut self,
        connection: usize,
        symbol: Option<Symbol>,
        losing: &Losing,
        now: Now,
    ) {
        let debt = Debt {
            symbol,
            from: losing.from,
            seen_from: losing.seen_from,
            venue: VenueTime {
                read: losing.venue_now,
                instant: now.instant,
                wall: now.wall,
            },
        };
        self.topics.insert((connection, losing.topic), debt);
    }

    /// The topic's gap has been told.
    pub(crate) fn told(&mut self, connection: usize, topic: TopicId) {
        self.topics.remove(&(connection, topic));
    }

    /// The gap of one topic that leaves its handle before it could be told.
    pub(crate) fn pay(
        &mut self,
        connection: usize,
        topic: TopicId,
        ids: &GapIds,
        now: Now,
    ) -> Option<Gap> {
        let debt = self.topics.remove(&(connection, topic))?;
        gap_of(std::iter::once(debt), ids, now)
    }

    /// One gap for all that has not been told, up to now.
    pub(crate) fn pay_all(&mut self, ids: &GapIds, now: Now) -> Option<Gap> {
        gap_of(std::mem::take(&mut self.topics).into_values(), ids, now)
    }
}

fn gap_of(debts: impl Iterator<Item = Debt>, ids: &GapIds, now: Now) -> Option<Gap> {
    let mut scope = ScopeSet::default();
    let mut extent: Option<(Timestamp, Timestamp, Timestamp)> = None;
    for debt in debts {
        match &debt.symbol {
            Some(symbol) => scope.insert(symbol),
            None => scope.add_all(),
        }
        let ends = debt.venue.now(now).max(debt.from);
        let (from, to, seen) = extent.unwrap_or((debt.from, ends, debt.seen_from));
        extent = Some((from.min(debt.from), to.max(ends), seen.min(debt.seen_from)));
    }
    let (from, to, seen_from) = extent?;
    let cause = Cause::Outage { from, to };
    let gap = Gap::new(ids.next(), cause, scope.into_scope());
    Some(gap.seen(seen_from, now.wall.max(seen_from)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Scope;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs).unwrap()
    }

    fn losing(topic: usize, from: i64) -> Losing {
        Losing {
            topic: TopicId::at(topic),
            from: at(from),
            seen_from: at(from + 900),
            venue_now: at(from + 2),
        }
    }

    #[test]
    fn one_gap_names_all_that_was_not_told_up_to_the_end() {
        let (mut owed, ids) = (Owed::default(), GapIds::default());
        let start = Now {
            instant: Instant::now(),
            wall: at(1_000),
        };
        for (topic, symbol) in ["A", "B", "C"].into_iter().enumerate() {
            let losing = losing(topic, 100 + topic as i64);
            owed.add(0, Some(Symbol::new(symbol)), &losing, start);
        }
        owed.told(0, TopicId::at(1));
        owed.told(1, TopicId::at(2));
        let end = Now {
            instant: start.instant + Duration::from_secs(5),
            wall: at(1_005),
        };
        let gap = owed.pay_all(&ids, end).unwrap();
        assert_eq!(
            gap.cause,
            Cause::Outage {
                from: at(100),
                to: at(109)
            }
        );
        assert_eq!(gap.scope, Scope::of(["A", "C"].map(Symbol::new)));
        assert_eq!(
            (gap.seen_from, gap.seen_to),
            (Some(at(1_000)), Some(at(1_005)))
        );
        assert_eq!(owed.pay_all(&ids, end), None, "said once");
    }

    #[test]
    fn sleep_that_the_monotonic_clock_did_not_see_is_part_of_the_gap() {
        let (mut owed, ids) = (Owed::default(), GapIds::default());
        let start = Now {
            instant: Instant::now(),
            wall: at(1_000),
        };
        owed.add(0, None, &losing(0, 100), start);
        let end = Now {
            instant: start.instant + Duration::from_secs(1),
            wall: at(1_060),
        };
        let gap = owed.pay(0, TopicId::at(0), &ids, end).unwrap();
        let to = at(162);
        assert_eq!(gap.cause, Cause::Outage { from: at(100), to });
        assert_eq!(gap.scope, Scope::All);
    }
}
