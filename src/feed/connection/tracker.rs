//! What one consumer must be told about the topics it holds on one connection.

use std::time::Instant;

use hashbrown::HashMap;

use crate::feed::{Missing, SnapshotEdge, TopicId, Why};
use crate::queue::Marker;
use crate::{
    Cause, Gap, GapId, Interruption, Now, Rejection, Repair, Scope, Staleness, Status, StatusKind,
    Symbol,
};

/// After so many failed attempts to connect, what keeps a feed down is news of its own.
const LASTING: u32 = 3;

/// Turns a connection's notes into a consumer's markers, in the order that the design promises:
/// `Interrupted`, then a gap for each batch of topics accepted again, then `Resumed` when none is
/// pending.
#[derive(Debug)]
pub(crate) struct Tracker {
    topics: HashMap<TopicId, Tracked>,
    pending: usize,
    down: Option<Downtime>,
    /// How many topics are stale.
    stale: usize,
    /// All were told to be stale: so will one be that is added since, until all are told to be fresh.
    all_stale: bool,
    /// What was told to be stale because nothing is read.
    stalled: Option<Scope>,
    /// The consumer has no topics on other connections.
    whole: bool,
    /// The consumer sees interruptions before anything was accepted.
    eager: bool,
}

#[derive(Debug)]
struct Tracked {
    /// `None` for a topic of no single symbol.
    symbol: Option<Symbol>,
    accepted: bool,
    /// It has been accepted before.
    ever: bool,
    /// It has brought data, or has been accepted: what is missing matters.
    begun: bool,
    stale: bool,
    /// Gaps that were told, and whose repair is to follow.
    promised: Vec<GapId>,
}

#[derive(Debug)]
struct Downtime {
    since: Instant,
    attempts: u32,
    /// What was told to be interrupted: all of it is told to have resumed.
    scope: Scope,
    /// What was told last.
    cause: Interruption,
}

impl Downtime {
    fn resumed(&self, now: Now, scope: &Scope) -> Marker {
        let downtime = now.instant.saturating_duration_since(self.since);
        let attempts = self.attempts;
        let kind = StatusKind::Resumed { downtime, attempts };
        Status::new(kind, self.scope.union(scope)).into()
    }
}

impl Tracker {
    pub(crate) fn new(whole: bool, eager: bool) -> Self {
        Self {
            topics: HashMap::new(),
            pending: 0,
            down: None,
            stale: 0,
            all_stale: false,
            stalled: None,
            whole,
            eager,
        }
    }

    pub(crate) fn set_whole(&mut self, whole: bool) {
        self.whole = whole;
    }

    pub(crate) fn add(&mut self, id: TopicId, symbol: Option<Symbol>) {
        let tracked = Tracked {
            symbol,
            accepted: false,
            ever: false,
            begun: false,
            stale: false,
            promised: Vec::new(),
        };
        match self.topics.insert(id, tracked) {
            Some(before) => self.stale -= usize::from(before.stale),
            None => self.pending += 1,
        }
    }

    /// The topic is no longer the consumer's; tells whether it had ever been accepted.
    pub(crate) fn remove(&mut self, id: TopicId, now: Now, mark: &mut impl FnMut(Marker)) -> bool {
        let Some(tracked) = self.topics.remove(&id) else {
            return false;
        };
        self.pending -= usize::from(!tracked.accepted);
        self.stale -= usize::from(tracked.stale);
        self.resume(now, mark);
        if self.topics.is_empty()
            && !self.whole
            && let Some(down) = self.down.take()
        {
            // What goes on elsewhere is no longer touched by this connection's trouble.
            mark(down.resumed(now, &Scope::of([])));
        }
        tracked.ever
    }

    /// The topic has brought its first event, of a subscription or after it was stale.
    pub(crate) fn began(&mut self, id: TopicId, mark: &mut impl FnMut(Marker)) {
        let Some(tracked) = self.topics.get_mut(&id) else {
            return;
        };
        tracked.begun = true;
        if std::mem::take(&mut tracked.stale) {
            self.freshened(&[id], mark);
        }
    }

    /// The symbol of a topic whose missing events matter to the consumer: one that has begun.
    pub(crate) fn begun(&self, id: TopicId) -> Option<Option<Symbol>> {
        let tracked = self.topics.get(&id).filter(|tracked| tracked.begun)?;
        Some(tracked.symbol.clone())
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = TopicId> + '_ {
        self.topics.keys().copied()
    }

    pub(crate) fn contains(&self, id: TopicId) -> bool {
        self.topics.contains_key(&id)
    }

    /// A new attempt to connect begins.
    pub(crate) fn connecting(&mut self) {
        if let Some(down) = &mut self.down {
            down.attempts += 1;
        }
    }

    pub(crate) fn interrupted(
        &mut self,
        now: Now,
        cause: &Interruption,
        mark: &mut impl FnMut(Marker),
    ) {
        let known = self.eager || self.topics.values().any(|tracked| tracked.ever);
        for tracked in self.topics.values_mut() {
            tracked.accepted = false;
        }
        self.pending = self.topics.len();
        if !known || self.topics.is_empty() {
            return;
        }
        let scope = self.scope_of_all();
        match &mut self.down {
            // Failed attempts are told by `Resumed`. What its user may have to act on is told at once, and
            // whatever else keeps it down once it has done so for a while.
            Some(down) if down.cause == *cause => return,
            Some(down) if down.attempts < LASTING && !calls_for_action(cause) => return,
            Some(down) => down.cause = cause.clone(),
            None => {
                self.down = Some(Downtime {
                    since: now.instant,
                    attempts: 0,
                    scope: scope.clone(),
                    cause: cause.clone(),
                });
            }
        }
        let kind = StatusKind::Interrupted {
            cause: cause.clone(),
        };
        mark(Status::new(kind, scope).into());
    }

    /// Topics were accepted; tells how many of them for the first time.
    pub(crate) fn accepted(
        &mut self,
        ids: &[TopicId],
        now: Now,
        mark: &mut impl FnMut(Marker),
    ) -> usize {
        let mut first = 0;
        for id in ids {
            let Some(tracked) = self.topics.get_mut(id) else {
                continue;
            };
            if !std::mem::replace(&mut tracked.accepted, true) {
                self.pending -= 1;
            }
            first += usize::from(!std::mem::replace(&mut tracked.ever, true));
            tracked.begun = true;
        }
        self.resume(now, mark);
        first
    }

    /// The topic is gone for good; tells its symbol, and whether it had never been accepted.
    pub(crate) fn rejected(
        &mut self,
        id: TopicId,
        now: Now,
        mark: &mut impl FnMut(Marker),
    ) -> Option<(Option<Symbol>, bool)> {
        let tracked = self.topics.remove(&id)?;
        self.pending -= usize::from(!tracked.accepted);
        self.stale -= usize::from(tracked.stale);
        self.resume(now, mark);
        Some((tracked.symbol, !tracked.ever))
    }

    pub(crate) fn missing(&mut self, missing: &Missing, mark: &mut impl FnMut(Marker)) {
        let begun = |id: &TopicId| self.topics.get(id).is_some_and(|tracked| tracked.begun);
        let held: Vec<_> = missing.topics.iter().copied().filter(begun).collect();
        let of_any = missing.topics.is_empty();
        if self.topics.is_empty() || (held.is_empty() && !of_any) {
            return;
        }
        let (from, to) = (missing.from, missing.to);
        let (cause, repaired) = match missing.why {
            Why::Outage { repair } => (Cause::Outage { from, to }, repair),
            Why::Renewed { repair } => {
                let text = "subscribed to again".into();
                (Cause::Venue { text, from, to }, repair)
            }
            Why::Moved => {
                let text = "moved to another connection".into();
                (Cause::Venue { text, from, to }, false)
            }
            Why::Sequence {
                expected,
                received,
                resync,
            } => {
                let cause = Cause::Sequence {
                    expected,
                    received,
                    from,
                    to,
                };
                (cause, resync)
            }
            Why::Malformed { resync, .. } => {
                let cause = Cause::Malformed {
                    messages: 1,
                    from,
                    to,
                };
                (cause, resync)
            }
        };
        let repair = if repaired {
            Repair::Follows
        } else {
            Repair::None
        };
        let scope = match repair {
            _ if of_any => self.scope_of_all(),
            // By name, so that whoever merges gaps sees when all of one has been repaired.
            Repair::Follows if held.len() > 1 => {
                scope_of(held.iter().filter_map(|id| self.topics.get(id)))
            }
            _ => self.scope(&held),
        };
        if repaired {
            for id in &held {
                if let Some(tracked) = self.topics.get_mut(id) {
                    tracked.promised.push(missing.id);
                }
            }
        }
        let gap = Gap::new(missing.id, cause, scope)
            .missed(missing.missed)
            .repair(repair)
            .seen(missing.seen_from, missing.seen_to);
        mark(gap.into());
    }

    pub(crate) fn repaired(
        &mut self,
        topic: TopicId,
        gap: GapId,
        well: bool,
        mark: &mut impl FnMut(Marker),
    ) {
        // Whoever has joined since never had the gap.
        let Some(tracked) = self.topics.get_mut(&topic) else {
            return;
        };
        let Some(at) = tracked.promised.iter().position(|told| *told == gap) else {
            return;
        };
        tracked.promised.swap_remove(at);
        let kind = if well {
            StatusKind::Repaired { gap }
        } else {
            StatusKind::RepairFailed { gap }
        };
        mark(Status::new(kind, self.scope(&[topic])).into());
    }

    pub(crate) fn snapshot(
        &self,
        topic: TopicId,
        edge: SnapshotEdge,
        mark: &mut impl FnMut(Marker),
    ) {
        if let Some(tracked) = self.topics.get(&topic) {
            let kind = match edge {
                SnapshotEdge::Begin => StatusKind::SnapshotBegan,
                SnapshotEdge::End { snipped } => StatusKind::SnapshotEnded { snipped },
            };
            // By name even where it is the only one: a snapshot is one symbol's.
            mark(Status::new(kind, scope_of(std::iter::once(tracked))).into());
        }
    }

    /// These topics are stale until they bring data again.
    pub(crate) fn stale(
        &mut self,
        topics: &[TopicId],
        why: &Staleness,
        mark: &mut impl FnMut(Marker),
    ) {
        let mut held = Vec::new();
        for id in topics {
            if let Some(tracked) = self.topics.get_mut(id)
                && tracked.begun
            {
                self.stale += usize::from(!std::mem::replace(&mut tracked.stale, true));
                held.push(*id);
            }
        }
        if !held.is_empty() {
            let kind = StatusKind::Stale { why: why.clone() };
            let scope = self.scope(&held);
            self.all_stale |= scope == Scope::All;
            mark(Status::new(kind, scope).into());
        }
    }

    /// These topics are no longer stale, though not all of them have brought data.
    pub(crate) fn fresh(&mut self, topics: &[TopicId], mark: &mut impl FnMut(Marker)) {
        let mut held = Vec::new();
        for id in topics {
            if let Some(tracked) = self.topics.get_mut(id)
                && std::mem::take(&mut tracked.stale)
            {
                held.push(*id);
            }
        }
        if !held.is_empty() {
            self.freshened(&held, mark);
        }
    }

    /// These topics were stale and are no longer.
    fn freshened(&mut self, topics: &[TopicId], mark: &mut impl FnMut(Marker)) {
        self.stale -= topics.len();
        if self.stalled.is_some() {
            return;
        }
        let all = self.stale == 0 && std::mem::take(&mut self.all_stale);
        let scope = if all { Scope::All } else { self.scope(topics) };
        mark(Status::new(StatusKind::Fresh, scope).into());
    }

    /// Nothing is read because of another handle. Told once, and not to a handle without topics.
    pub(crate) fn stalled(&mut self, by: &str, mark: &mut impl FnMut(Marker)) {
        if self.stalled.is_some() || self.topics.is_empty() {
            return;
        }
        let (why, scope) = (
            Staleness::Backpressure { by: by.into() },
            self.scope_of_all(),
        );
        self.stalled = Some(scope.clone());
        mark(Status::new(StatusKind::Stale { why }, scope).into());
    }

    /// It is read again: what was stale for that alone is fresh.
    pub(crate) fn flowing(&mut self, mark: &mut impl FnMut(Marker)) {
        let Some(told) = self.stalled.take() else {
            return;
        };
        let fresh: Vec<_> = self
            .topics
            .iter()
            .filter(|(_, tracked)| !tracked.stale)
            .map(|(id, _)| *id)
            .collect();
        let all = fresh.len() == self.topics.len();
        let scope = if all {
            told.union(&self.scope_of_all())
        } else {
            self.scope(&fresh)
        };
        mark(Status::new(StatusKind::Fresh, scope).into());
    }

    pub(crate) fn refusal(&self, symbol: Option<Symbol>, rejection: Rejection) -> Marker {
        let scope = symbol.map_or(Scope::All, |symbol| Scope::of([symbol]));
        Status::new(StatusKind::Rejected(rejection), scope).into()
    }

    fn resume(&mut self, now: Now, mark: &mut impl FnMut(Marker)) {
        if self.pending == 0
            && !self.topics.is_empty()
            && let Some(down) = self.down.take()
        {
            mark(down.resumed(now, &self.scope_of_all()));
        }
    }

    fn scope_of_all(&self) -> Scope {
        if self.whole {
            Scope::All
        } else {
            scope_of(self.topics.values())
        }
    }

    fn scope(&self, ids: &[TopicId]) -> Scope {
        if self.whole && ids.len() == self.topics.len() {
            return Scope::All;
        }
        scope_of(ids.iter().filter_map(|id| self.topics.get(id)))
    }
}

/// Whether a cause of waiting is news also to those who know that the feed is down.
fn calls_for_action(cause: &Interruption) -> bool {
    matches!(
        cause,
        Interruption::Login { .. } | Interruption::CircuitOpen { .. }
    )
}

fn scope_of<'a>(topics: impl Iterator<Item = &'a Tracked>) -> Scope {
    let symbols: Option<Vec<Symbol>> = topics.map(|tracked| tracked.symbol.clone()).collect();
    symbols.map_or(Scope::All, Scope::of)
}
