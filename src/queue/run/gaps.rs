//! Gaps, and what is said of their repair.

use std::collections::BTreeMap;

use hashbrown::HashSet;

use super::Marker;
use super::gap_sum::GapSum;
use super::promise::{Promise, Verdict};
use crate::queue::GapNames;
use crate::queue::lost::Lost;
use crate::{Gap, GapId, Repair, Scope, Status, Symbol};

/// So many promises of a repair are kept by their name, and one more for each of their symbols.
const PROMISES: usize = 64;

/// Folds gaps by what becomes of them: all that stay missing are one, all that have been repaired as
/// a whole are one, and each that a repair is promised for stays by itself until that is over.
///
/// So nothing is ever said to be repaired that is not, whatever it was merged with.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    missing: Option<Box<Missing>>,
    repaired: Option<Box<Repaired>>,
    promised: BTreeMap<GapId, Promise>,
    /// What is said about gaps that stand before this run.
    verdicts: BTreeMap<(GapId, bool), Verdict>,
    /// Whose gaps are promised to be repaired, and whose verdicts these are.
    symbols: HashSet<Symbol>,
    len: usize,
}

/// What stays missing.
#[derive(Debug, Default)]
struct Missing {
    sum: Option<GapSum>,
    /// What was said of repairs that failed.
    failed: Option<Verdict>,
    /// Data dropped here, and its first and last place.
    dropped: Option<(Lost, (u64, u64))>,
}

/// What has been repaired.
#[derive(Debug)]
struct Repaired {
    sum: GapSum,
    verdict: Verdict,
}

impl Gaps {
    pub(super) fn add(&mut self, at: u64, gap: Gap, names: &mut GapNames) {
        if gap.repair == Repair::None {
            let sum = GapSum::new(at, gap);
            return self.missing().add(sum, None);
        }
        names.revive(gap.id);
        self.note(&gap.scope);
        match self.promised.get_mut(&gap.id) {
            Some(promise) => promise.extend(at, gap),
            None => {
                self.len += 1;
                self.promised.insert(gap.id, Promise::new(at, gap));
            }
        }
        self.bound(names);
    }

    /// Hears that the repair of a gap went well, or did not.
    pub(super) fn hear(
        &mut self,
        at: u64,
        gap: GapId,
        well: bool,
        status: &Status,
        names: &mut GapNames,
    ) {
        if let Some(promise) = self.promised.get_mut(&gap) {
            self.len -= promise.len();
            promise.hear(at, well, status);
            self.len += promise.len();
            if promise.is_over() && (promise.repaired.is_none() || promise.failed.is_none()) {
                self.settle(gap, names);
            }
            return;
        }
        if names.is_retired(gap) {
            // Whoever reads this has never seen it: it is part of another gap.
            return;
        }
        self.note(&status.scope);
        self.verdicts
            .entry((gap, well))
            .or_default()
            .add(at, status);
        self.bound(names);
    }

    /// The gap that counts data dropped at this place.
    pub(super) fn dropped(&mut self, at: u64) -> &mut Lost {
        let dropped = &mut self.missing().dropped;
        let (lost, span) = dropped.get_or_insert_with(|| (Lost::default(), (at, at)));
        span.1 = at;
        lost
    }

    /// The same, if it counts some already.
    pub(super) fn dropped_again(&mut self, at: u64) -> Option<&mut Lost> {
        let (lost, span) = self.missing.as_mut()?.dropped.as_mut()?;
        span.1 = at;
        Some(lost)
    }

    fn missing(&mut self) -> &mut Missing {
        self.missing.get_or_insert_default()
    }

    /// A repair is over, for all in one way.
    fn settle(&mut self, id: GapId, names: &mut GapNames) {
        let Some(promise) = self.promised.remove(&id) else {
            return;
        };
        self.len -= promise.len();
        // Nothing that may be said of it any more speaks for what it becomes part of.
        names.finish(id);
        match (promise.repaired, promise.failed) {
            (Some(verdict), None) => match &mut self.repaired {
                Some(repaired) => {
                    repaired.sum.add(promise.sum);
                    repaired.verdict.join(verdict);
                }
                none => {
                    let sum = promise.sum;
                    *none = Some(Box::new(Repaired { sum, verdict }));
                }
            },
            (_, failed) => self.missing().add(promise.sum, failed),
        }
    }

    fn note(&mut self, scope: &Scope) {
        if let Scope::Symbols(symbols) = scope {
            for symbol in symbols.iter() {
                if !self.symbols.contains(symbol) {
                    self.symbols.insert(symbol.clone());
                }
            }
        }
    }

    /// Gives up the oldest names when there are too many.
    fn bound(&mut self, names: &mut GapNames) {
        let most = PROMISES + self.symbols.len();
        while self.promised.len() > most
            && let Some((id, promise)) = self.promised.pop_first()
        {
            self.len -= promise.len();
            names.give_up(id);
            self.missing().give_up(promise, names);
        }
        while self.verdicts.len() > most
            && let Some(((_, well), verdict)) = self.verdicts.pop_first()
        {
            let mut later = self.verdicts.iter_mut().rev();
            if let Some((_, later)) = later.find(|((_, kind), _)| *kind == well) {
                later.count(&verdict);
            }
        }
    }

    /// At most how many markers it is.
    pub(super) fn len(&self) -> usize {
        let missing = self.missing.as_ref().map_or(0, |missing| missing.len());
        let repaired = if self.repaired.is_some() { 2 } else { 0 };
        missing + repaired + self.len + self.verdicts.len()
    }

    /// First and last place of each gap that several were merged into.
    pub(super) fn spans(&self) -> Vec<(u64, u64)> {
        let missing = self.missing.as_ref().and_then(|missing| missing.span());
        let repaired = self.repaired.as_ref().map(|repaired| repaired.sum.span());
        let promised = self.promised.values().map(|promise| promise.sum.span());
        let spans = missing.into_iter().chain(repaired).chain(promised);
        spans.filter(|(first, last)| first < last).collect()
    }

    /// The markers, each with its place among the others.
    pub(super) fn into_markers(self, names: &mut GapNames, markers: &mut Vec<(u64, Marker)>) {
        for ((gap, well), verdict) in self.verdicts {
            markers.push((verdict.at, verdict.into_status(gap, well).into()));
        }
        let mut healed = None;
        if let Some(repaired) = self.repaired {
            let Repaired { sum, verdict } = *repaired;
            let (gap, (first, at)) = (sum.id(), sum.span());
            // Of all that it now covers, some may have gone missing since the first of it was repaired.
            healed = (first < at).then_some((first, verdict.at));
            markers.push((at, sum.into_gap(Repair::Follows).into()));
            markers.push((verdict.at.max(at), verdict.into_status(gap, true).into()));
        }
        for (gap, promise) in self.promised {
            let at = promise.sum.span().1;
            markers.push((at, promise.sum.into_gap(Repair::Follows).into()));
            for (verdict, well) in [(promise.repaired, true), (promise.failed, false)] {
                let verdict =
                    verdict.map(|verdict| (verdict.at.max(at), verdict.into_status(gap, well)));
                markers.extend(verdict.map(|(at, status)| (at, status.into())));
            }
        }
        if let Some(missing) = self.missing {
            missing.into_markers(healed, names, markers);
        }
    }
}

impl Missing {
    /// Adds what nobody repairs, or what a repair has failed for: the failure is told by the name of
    /// the last gap that has one.
    fn add(&mut self, sum: GapSum, failed: Option<Verdict>) {
        let name = match &self.sum {
            Some(earlier) if self.failed.is_some() && failed.is_none() => earlier.id(),
            _ => sum.id(),
        };
        self.join(sum, failed, name);
    }

    /// Adds a gap whose repair may yet be spoken of, without its name.
    fn give_up(&mut self, promise: Promise, names: &mut GapNames) {
        let name = self.sum.as_ref().map(GapSum::id);
        let name = name.unwrap_or_else(|| names.next());
        self.join(promise.sum, promise.failed, name);
    }

    fn join(&mut self, sum: GapSum, failed: Option<Verdict>, name: GapId) {
        let sum = match self.sum.take() {
            Some(mut earlier) => {
                earlier.add(sum);
                earlier
            }
            None => sum,
        };
        self.sum.insert(sum).rename(name);
        if let Some(failed) = failed {
            self.failed.get_or_insert_default().join(failed);
        }
    }

    fn len(&self) -> usize {
        1 + usize::from(self.failed.is_some())
    }

    fn span(&self) -> Option<(u64, u64)> {
        let dropped = self.dropped.as_ref().map(|(_, span)| *span);
        let sum = self.sum.as_ref().map(GapSum::span);
        match (sum, dropped) {
            (Some(sum), Some(dropped)) => Some((sum.0.min(dropped.0), sum.1.max(dropped.1))),
            (sum, dropped) => sum.or(dropped),
        }
    }

    /// `healed`: places of the first of several gaps that were repaired, and of the word that they were.
    fn into_markers(
        mut self,
        healed: Option<(u64, u64)>,
        names: &mut GapNames,
        markers: &mut Vec<(u64, Marker)>,
    ) {
        let last = self.span().map_or(0, |(_, last)| last);
        let since = healed.filter(|(first, _)| *first < last);
        let at = since.map_or(last, |(_, healed)| healed.max(last));
        if let Some((lost, _)) = self.dropped.take() {
            let name = self.sum.as_ref().map(GapSum::id);
            let name = name.unwrap_or_else(|| names.next());
            self.join(GapSum::dropped(at, lost, name), None, name);
        }
        let Some(sum) = self.sum else { return };
        let gap = sum.id();
        let Some(failed) = self.failed else {
            return markers.push((at, sum.into_gap(Repair::None).into()));
        };
        markers.push((at, sum.into_gap(Repair::Follows).into()));
        markers.push((failed.at.max(at), failed.into_status(gap, false).into()));
    }
}
