//! What a consumer has seen of one handle, in its order, and what every stream promises of it.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;

use feedline::{
    Cause, Gap, GapId, Repair, Scope, Staleness, Status, StatusKind, Symbol, Timestamp,
};
use proptest::test_runner::RngSeed;

/// An event that the venue sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub symbol: Symbol,
    /// What identifies it among the symbol's.
    pub key: u64,
    /// The time that it bears.
    pub time: Timestamp,
    /// How far the clock that gave it the time was ahead, in nanoseconds.
    pub ahead: i64,
    /// Whether it must be delivered or explained. What a venue swallows without a trace need not.
    pub owed: bool,
}

impl Sent {
    /// When it was sent, whatever its clock said.
    fn moment(&self) -> i64 {
        self.time.as_nanos() - self.ahead
    }

    /// Whether events that came before and after this one show by which clock it has its time. One after
    /// a clock was set back that is of a later time than the last before may have been under way for long.
    fn has_clock_of(&self, before: Option<&&Self>, after: Option<&&Self>) -> bool {
        let same = |other: &&&Self| self.ahead.abs_diff(other.ahead) < 500_000_000;
        let shows = |after: &&&Self| {
            before.is_none_or(|before| before.ahead <= after.ahead || after.time < before.time)
        };
        before.filter(same).is_some() || after.filter(same).filter(shows).is_some()
    }
}

/// An event that was sent and did not come.
struct Hole<'a> {
    missing: &'a Sent,
    /// The gaps that stand in its place.
    gaps: Vec<usize>,
    /// The event before it shows by which clock it has its time.
    before: bool,
    /// An event before or after it, of those that came, shows it.
    told: bool,
}

#[derive(Clone, Debug)]
enum Seen {
    Data { symbol: Symbol, key: u64 },
    Gap(Gap),
    Status(Status),
}

/// One handle's stream. Panics where a promise is broken that does not need the venue's journal:
///
/// - no data stands between `Interrupted` and that topic's gap;
/// - every gap's times are in order;
/// - only a gap that was announced as being repaired is said to be, or not to be;
/// - a topic is `Fresh` only when data comes, but for a handle that waited for another.
#[derive(Debug, Default)]
pub struct Story {
    seen: Vec<Seen>,
    symbols: BTreeSet<Symbol>,
    /// Symbols that were removed, refused or added again: which of their subscriptions a marker is
    /// about only the client knows.
    exempt: BTreeSet<Symbol>,
    /// Symbols that have brought data.
    begun: BTreeSet<Symbol>,
    /// Symbols that were interrupted, and have had no gap since.
    owed: BTreeSet<Symbol>,
    repairs: HashSet<GapId>,
    stale: BTreeSet<Symbol>,
    /// Symbols that are fresh, and have had no data since.
    fresh: BTreeSet<Symbol>,
    /// Symbols whose data were dropped since anything was delivered: what they were said to be then may be
    /// told after the gap, folded with what is said of others.
    dropped: BTreeSet<Symbol>,
    /// When the handle was made, in nanoseconds.
    since: Option<i64>,
    /// Its queue ends when it is full: what is said last may be followed by nothing but that.
    pub fails: bool,
}

impl Story {
    /// Of a handle that holds these symbols, and none by any other name.
    pub fn of(symbols: impl IntoIterator<Item = impl Into<Symbol>>) -> Self {
        Self {
            symbols: symbols.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// The handle was made then: what was sent before may come of a subscription before it, and nothing
    /// is promised about what follows that.
    pub fn since(mut self, since: Timestamp) -> Self {
        self.since = Some(since.as_nanos());
        self
    }

    /// From here on nothing is promised about this symbol.
    pub fn exempt(&mut self, symbol: &str) {
        self.exempt.insert(symbol.into());
        self.owed.remove(symbol);
        self.fresh.remove(symbol);
    }

    /// The handle has one symbol more.
    pub fn add(&mut self, symbol: &str) {
        self.symbols.insert(symbol.into());
    }

    pub fn data(&mut self, symbol: &Symbol, key: u64) {
        if self.owed.contains(symbol) {
            self.fail(format_args!("data of {symbol} ({key}) before its gap"));
        }
        self.fresh.remove(symbol);
        self.dropped.clear();
        self.stale.remove(symbol);
        if !self.exempt.contains(symbol) {
            self.begun.insert(symbol.clone());
        }
        let symbol = symbol.clone();
        self.seen.push(Seen::Data { symbol, key });
    }

    pub fn gap(&mut self, gap: Gap) {
        let ordered = |from: Option<Timestamp>, to: Option<Timestamp>| match (from, to) {
            (Some(from), Some(to)) => from <= to,
            _ => true,
        };
        let (from, to) = gap.range().unzip();
        if !ordered(from, to) || !ordered(gap.seen_from, gap.seen_to) {
            self.fail(format_args!("a gap ends before it begins: {gap:?}"));
        }
        if gap.repair == Repair::Follows {
            self.repairs.insert(gap.id);
        }
        // Dropped data may be folded into a gap of another cause and of unknown count.
        let overflow = matches!(gap.cause, Cause::Overflow { .. }) || gap.missed.is_none();
        self.owed.retain(|symbol| !gap.scope.contains(symbol));
        if overflow {
            self.fresh.retain(|symbol| !gap.scope.contains(symbol));
            let symbols = self.symbols.iter().filter(|s| gap.scope.contains(s));
            self.dropped.extend(symbols.cloned());
        }
        self.seen.push(Seen::Gap(gap));
    }

    pub fn status(&mut self, status: Status) {
        let concerned = |symbols: &BTreeSet<Symbol>| -> Vec<Symbol> {
            let concerned = symbols.iter().filter(|s| status.scope.contains(s));
            concerned.cloned().collect()
        };
        match &status.kind {
            StatusKind::Interrupted { .. } => {
                self.owed.extend(concerned(&self.begun));
                for symbol in &self.exempt {
                    self.owed.remove(symbol);
                }
                self.was_not_fresh(&status.scope);
            }
            StatusKind::Stale { why } => {
                self.was_not_fresh(&status.scope);
                let waits = matches!(why, Staleness::Backpressure { .. });
                for symbol in concerned(&self.symbols) {
                    self.dropped.remove(&symbol);
                    if waits {
                        self.stale.remove(&symbol);
                    } else {
                        self.stale.insert(symbol);
                    }
                }
            }
            StatusKind::Fresh => {
                for symbol in concerned(&self.stale) {
                    self.stale.remove(&symbol);
                    let promised = !self.fails && !self.dropped.contains(&symbol);
                    if promised && !self.exempt.contains(&symbol) {
                        self.fresh.insert(symbol);
                    }
                }
            }
            StatusKind::Rejected(rejection) => {
                let named = |symbol: &Symbol| rejection.topic.contains(symbol.as_str());
                let named: Vec<Symbol> =
                    self.symbols.iter().filter(|s| named(s)).cloned().collect();
                for symbol in &named {
                    self.exempt(symbol);
                }
            }
            StatusKind::Repaired { gap } | StatusKind::RepairFailed { gap }
                if !self.repairs.contains(gap) =>
            {
                self.fail(format_args!("{status} although that gap is not known"));
            }
            _ => {}
        }
        self.seen.push(Seen::Status(status));
    }

    fn was_not_fresh(&mut self, scope: &Scope) {
        if let Some(symbol) = self.fresh.iter().find(|symbol| scope.contains(symbol)) {
            self.fail(format_args!(
                "{symbol} was called fresh and brought nothing"
            ));
        }
    }

    /// The handle has been read to its end, and all is quiet.
    pub fn quiet(&self) {
        if let Some(symbol) = self.fresh.first() {
            self.fail(format_args!(
                "{symbol} was called fresh and brought nothing"
            ));
        }
    }

    /// This event has come.
    pub fn has_seen(&self, symbol: &Symbol, key: u64) {
        let is = |seen: &Seen| matches!(seen, Seen::Data { symbol: of, key: at } if of == symbol && *at == key);
        if !self.seen.iter().any(is) {
            self.fail(format_args!(
                "{symbol} {key} did not come although all is well"
            ));
        }
    }

    /// The last word about a symbol is that it is live and fresh.
    pub fn says_live(&self, symbol: &Symbol) {
        let (mut live, mut fresh) = (true, true);
        for seen in &self.seen {
            if let Seen::Status(status) = seen
                && status.scope.contains(symbol)
            {
                match status.kind {
                    StatusKind::Interrupted { .. } => live = false,
                    StatusKind::Resumed { .. } => live = true,
                    StatusKind::Stale { .. } => fresh = false,
                    StatusKind::Fresh => fresh = true,
                    _ => {}
                }
            }
        }
        if !live || !fresh {
            self.fail(format_args!(
                "{symbol} is not said to be live although it is"
            ));
        }
    }

    /// Every gap so far.
    pub fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.seen.iter().filter_map(|seen| match seen {
            Seen::Gap(gap) => Some(gap),
            _ => None,
        })
    }

    /// The account: from a symbol's first delivery on, every event that was sent is delivered, once
    /// and in the order of sending, or a gap explains it that stands where it is missing: one that
    /// counts it, or one of unknown count whose times hold it. Panics otherwise.
    pub fn account(&self, sent: &[Sent]) {
        let mut of_symbol: BTreeMap<&Symbol, Vec<&Sent>> = BTreeMap::new();
        for sent in sent {
            if !self.exempt.contains(&sent.symbol) {
                of_symbol.entry(&sent.symbol).or_default().push(sent);
            }
        }
        let left = self.seen.iter().map(count_of).collect();
        let mut counted = Vec::new();
        for (symbol, sent) in of_symbol {
            for hole in self.holes(symbol, &sent) {
                // What an outage's gap could not know, the next event brings; a message's stays as it is.
                let told = |at: usize| match &self.seen[at] {
                    Seen::Gap(gap) if matches!(gap.cause, Cause::Malformed { .. }) => hole.before,
                    _ => hole.told,
                };
                let covers = |at: &usize| match told(*at) {
                    true => self.covers(*at, hole.missing.time),
                    false => self.is_open(*at),
                };
                if !hole.gaps.iter().any(covers) {
                    counted.push((hole.missing, hole.gaps));
                }
            }
        }
        let mut counts = Counts::new(left);
        for at in 0..counted.len() {
            if !counts.explain(at, &counted, &mut HashSet::new()) {
                let (missing, gaps) = &counted[at];
                let near: Vec<_> = gaps.iter().map(|at| &self.seen[*at]).collect();
                self.fail(format_args!("{missing:?} is lost; gaps there: {near:?}"));
            }
        }
    }

    /// What is missing of a symbol, and the gaps that stand in its place.
    fn holes<'a>(&self, symbol: &Symbol, sent: &[&'a Sent]) -> Vec<Hole<'a>> {
        let place: HashMap<u64, usize> =
            sent.iter().enumerate().map(|(at, s)| (s.key, at)).collect();
        let mut holes = Vec::new();
        let (mut next, mut owed) = (None, true);
        let mut gaps = Vec::new();
        let mut hole = |from: usize, to: usize, gaps: &[usize]| {
            let before = from.checked_sub(1).and_then(|at| sent.get(at));
            for missing in sent[from..to].iter().filter(|sent| sent.owed) {
                holes.push(Hole {
                    missing,
                    gaps: gaps.to_vec(),
                    before: missing.has_clock_of(before, None),
                    told: missing.has_clock_of(before, sent.get(to)),
                });
            }
        };
        for (at, seen) in self.seen.iter().enumerate() {
            match seen {
                Seen::Gap(gap) if gap.scope.contains(symbol) => gaps.push(at),
                Seen::Data { symbol: of, key } if of == symbol => {
                    let Some(place) = place.get(key) else {
                        self.fail(format_args!("{symbol} {key} was never sent"));
                    };
                    if let Some(next) = next
                        && *place < next
                    {
                        self.fail(format_args!("{symbol} {key} came twice or out of order"));
                    }
                    if let Some(next) = next.filter(|_| owed) {
                        hole(next, *place, &gaps);
                    }
                    gaps.clear();
                    next = Some(place + 1);
                    owed = self
                        .since
                        .is_none_or(|since| sent[*place].moment() >= since);
                }
                _ => {}
            }
        }
        if let Some(next) = next.filter(|_| owed) {
            hole(next, sent.len(), &gaps);
        }
        holes
    }

    /// Whether this gap says that something of unknown count may be missing.
    fn is_open(&self, at: usize) -> bool {
        matches!(&self.seen[at], Seen::Gap(gap) if gap.missed.is_none())
    }

    /// Whether this gap says that something of unknown count may be missing then.
    fn covers(&self, at: usize, time: Timestamp) -> bool {
        let Seen::Gap(gap) = &self.seen[at] else {
            return false;
        };
        let within = gap
            .range()
            .is_some_and(|(from, to)| from <= time && time <= to);
        gap.missed.is_none() && within
    }

    /// Panics, with what was seen last, if something else that was promised does not hold.
    #[track_caller]
    pub fn check(&self, holds: bool, what: impl std::fmt::Display) {
        if !holds {
            self.fail(what);
        }
    }

    #[track_caller]
    fn fail(&self, what: impl std::fmt::Display) -> ! {
        let mut last = String::new();
        for seen in self.seen.iter().rev().take(40).rev() {
            let _infallible = match seen {
                Seen::Data { symbol, key } => writeln!(last, "  {symbol} {key}"),
                Seen::Gap(gap) => writeln!(last, "  gap {gap:?}"),
                Seen::Status(status) => writeln!(last, "  {status}"),
            };
        }
        panic!("{what}; after\n{last}");
    }
}

/// Which gap counts which loss: several may stand in the place of one.
struct Counts {
    left: Vec<u64>,
    explained: HashMap<usize, Vec<usize>>,
}

impl Counts {
    fn new(left: Vec<u64>) -> Self {
        Self {
            left,
            explained: HashMap::new(),
        }
    }

    /// Finds a gap that counts this loss, if need be by finding another for an earlier one.
    fn explain(
        &mut self,
        loss: usize,
        losses: &[(&Sent, Vec<usize>)],
        tried: &mut HashSet<usize>,
    ) -> bool {
        for gap in &losses[loss].1 {
            if self.left[*gap] > 0 {
                self.left[*gap] -= 1;
                self.explained.entry(*gap).or_default().push(loss);
                return true;
            }
        }
        for gap in &losses[loss].1 {
            if !tried.insert(*gap) {
                continue;
            }
            let held = self.explained.get(gap).cloned().unwrap_or_default();
            for (at, other) in held.into_iter().enumerate() {
                if self.explain(other, losses, tried) {
                    if let Some(held) = self.explained.get_mut(gap) {
                        held[at] = loss;
                    }
                    return true;
                }
            }
        }
        false
    }
}

/// How many losses this counts.
fn count_of(seen: &Seen) -> u64 {
    match seen {
        Seen::Gap(gap) => gap.missed.unwrap_or(match gap.cause {
            Cause::Malformed { messages, .. } => messages,
            _ => 0,
        }),
        _ => 0,
    }
}

/// How many scripts a property test plays: as many new ones as `PROPTEST_CASES` says, or always the same
/// `few`.
pub fn cases(few: u32) -> proptest::prelude::ProptestConfig {
    let told = std::env::var("PROPTEST_CASES").ok();
    let default = proptest::prelude::ProptestConfig::default();
    // Without a number the scripts are the same in every run, so that it judges a change and not the
    // weather of that day; with one they are new, and the seed is printed when one fails.
    let rng_seed = match (&told, default.rng_seed) {
        (None, RngSeed::Random) => RngSeed::Fixed(8),
        (_, seed) => seed,
    };
    let cases = told.and_then(|told| told.parse().ok()).unwrap_or(few);
    proptest::prelude::ProptestConfig {
        cases,
        rng_seed,
        max_shrink_iters: 300,
        // The script and the seed that are printed are enough.
        failure_persistence: None,
        ..default
    }
}
