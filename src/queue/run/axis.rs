//! Statuses that undo each other.

use std::mem::discriminant;

use hashbrown::HashMap;

use crate::{Scope, Status, StatusKind, Symbol};

/// The two kinds of status of one condition: what puts symbols into it, and what takes them out of it.
///
/// Of each symbol it knows the last status of either kind, so it folds any number of them into at
/// most one for each reason, which leave every symbol as the whole sequence would.
#[derive(Debug)]
pub(super) struct Axis {
    sides: [Side; 2],
    /// What was said of all symbols, named or not.
    all: Cell,
    symbols: HashMap<Symbol, Cell>,
    /// Which kind the last status was of.
    latest: usize,
}

/// One of the two kinds, by reason.
#[derive(Debug, Default)]
struct Side {
    reasons: Vec<Reason>,
}

/// The last status of one kind and reason.
#[derive(Debug)]
struct Reason {
    kind: StatusKind,
    /// How many there were.
    count: u64,
    at: u64,
}

/// The last status of each kind that concerns a symbol.
#[derive(Clone, Copy, Debug, Default)]
struct Cell([Option<Stamp>; 2]);

/// When something was said, and which reason was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stamp {
    at: u64,
    reason: usize,
}

impl Cell {
    fn latest(self, other: Self) -> Self {
        Self([self.0[0].max(other.0[0]), self.0[1].max(other.0[1])])
    }

    /// Which kind holds.
    fn side(self) -> Option<usize> {
        self.0[0].max(self.0[1])?;
        Some(usize::from(self.0[1] > self.0[0]))
    }
}

impl Axis {
    pub(super) fn new() -> Self {
        Self {
            sides: [Side::default(), Side::default()],
            all: Cell::default(),
            symbols: HashMap::new(),
            latest: 0,
        }
    }

    /// Adds a status that takes symbols out, or puts them in.
    pub(super) fn add(&mut self, at: u64, out: bool, status: Status) {
        let side = usize::from(out);
        self.latest = side;
        let stamp = Some(Stamp {
            at,
            reason: self.sides[side].add(at, status.kind, status.folded + 1),
        });
        match status.scope {
            Scope::All => self.all.0[side] = stamp,
            Scope::Symbols(symbols) => {
                for symbol in symbols.iter() {
                    match self.symbols.get_mut(symbol) {
                        Some(cell) => cell.0[side] = stamp,
                        None => {
                            let mut cell = Cell::default();
                            cell.0[side] = stamp;
                            self.symbols.insert(symbol.clone(), cell);
                        }
                    }
                }
            }
        }
    }

    /// At most how many statuses it is.
    pub(super) fn len(&self) -> usize {
        self.sides.iter().map(|side| side.reasons.len()).sum()
    }

    /// The statuses in their order, each with its place among the other markers. One that takes symbols
    /// out does not stand before a gap that began before it: `gaps` are their first and last places.
    ///
    /// First all that were ever of one kind, then those that are of the other. That is right of every
    /// symbol whichever kind is first; but "all but these" has no scope, which may decide.
    pub(super) fn into_statuses(self, gaps: &[(u64, u64)]) -> Vec<(u64, Status)> {
        let Self {
            sides: [r#in, out],
            all,
            symbols,
            latest,
        } = self;
        let cells = || {
            symbols
                .iter()
                .map(|(symbol, cell)| (symbol, cell.latest(all)))
        };
        let first = match all.side() {
            Some(side) if cells().any(|(_, cell)| cell.side() != Some(side)) => side,
            _ => 1 - latest,
        };
        let second = 1 - first;
        let ever = cells().filter_map(|(symbol, cell)| Some((symbol, cell.0[first]?)));
        let last = cells().filter(|(_, cell)| cell.side() == Some(second));
        let last = last.filter_map(|(symbol, cell)| Some((symbol, cell.0[second]?)));
        let all_last = all.0[second].filter(|_| all.side() == Some(second));
        let mut sides = [Some(r#in), Some(out)];
        let mut statuses = Vec::new();
        if let Some(side) = sides[first].take() {
            side.say(all.0[first], ever, &mut statuses);
        }
        let before = statuses.len();
        if let Some(side) = sides[second].take() {
            side.say(all_last, last, &mut statuses);
        }
        if second == 1 {
            for (at, _) in &mut statuses[before..] {
                let within = |(from, to): &&(u64, u64)| from < at && *at < *to;
                *at = gaps
                    .iter()
                    .filter(within)
                    .map(|(_, to)| *to)
                    .max()
                    .unwrap_or(*at);
            }
        }
        in_order(&mut statuses);
        statuses
    }
}

/// Keeps the order against what it was made from.
fn in_order(statuses: &mut [(u64, Status)]) {
    let mut latest = 0;
    for (at, _) in statuses {
        latest = latest.max(*at);
        *at = latest;
    }
}

impl Side {
    /// Enters a status; returns its reason.
    fn add(&mut self, at: u64, kind: StatusKind, count: u64) -> usize {
        let known = |reason: &Reason| alike(&reason.kind, &kind);
        match self.reasons.iter().position(known) {
            Some(known) => {
                let reason = &mut self.reasons[known];
                (reason.kind, reason.at) = (kind, at);
                reason.count += count;
                known
            }
            None => {
                self.reasons.push(Reason { kind, count, at });
                self.reasons.len() - 1
            }
        }
    }

    /// Says of `all` and of these symbols what their stamps say, in one status a reason.
    fn say<'a>(
        self,
        all: Option<Stamp>,
        symbols: impl Iterator<Item = (&'a Symbol, Stamp)>,
        statuses: &mut Vec<(u64, Status)>,
    ) {
        let mut named: Vec<Vec<Symbol>> = self.reasons.iter().map(|_| Vec::new()).collect();
        for (symbol, stamp) in symbols {
            if all.is_none_or(|all| all.reason != stamp.reason) {
                named[stamp.reason].push(symbol.clone());
            }
        }
        let mut said: Vec<_> = Vec::new();
        let mut unsaid = 0;
        let last = self.reasons.iter().map(|reason| reason.at).max();
        let only = all.is_none() && named.iter().all(Vec::is_empty);
        for ((at, reason), symbols) in self.reasons.into_iter().enumerate().zip(named) {
            let for_all = all.is_some_and(|all| all.reason == at);
            // A status about nothing is told too, if there is no other to count it.
            if for_all || !symbols.is_empty() || (only && Some(reason.at) == last) {
                let scope = if for_all {
                    Scope::All
                } else {
                    Scope::of(symbols)
                };
                let mut status = Status::new(reason.kind, scope);
                status.folded = reason.count - 1;
                said.push((!for_all, reason.at, status));
            } else {
                unsaid += reason.count;
            }
        }
        // What was said of all comes first: the others were said of their symbols since.
        said.sort_by_key(|(named, at, _)| (*named, *at));
        if let Some((_, _, last)) = said.last_mut() {
            last.folded += unsaid;
        }
        statuses.extend(said.into_iter().map(|(_, at, status)| (at, status)));
    }
}

/// Whether the later of two statuses may stand for both: it gives the same kind of reason.
fn alike(a: &StatusKind, b: &StatusKind) -> bool {
    match (a, b) {
        (StatusKind::Interrupted { cause: a }, StatusKind::Interrupted { cause: b }) => {
            discriminant(a) == discriminant(b)
        }
        (StatusKind::Stale { why: a }, StatusKind::Stale { why: b }) => {
            discriminant(a) == discriminant(b)
        }
        (StatusKind::SnapshotEnded { snipped: a }, StatusKind::SnapshotEnded { snipped: b }) => {
            a == b
        }
        _ => discriminant(a) == discriminant(b),
    }
}
