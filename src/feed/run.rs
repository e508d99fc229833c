//! Markers with no data between them, folded so that they stay few.

use std::collections::VecDeque;
use std::mem::discriminant;

use super::GapIds;
use super::lost::Lost;
use crate::{Event, Gap, Scope, Status, StatusKind};

/// A marker, apart from the data it stands between.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Marker {
    Gap(Gap),
    Status(Status),
}

impl From<Gap> for Marker {
    fn from(gap: Gap) -> Self {
        Self::Gap(gap)
    }
}

impl From<Status> for Marker {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl<T> From<Marker> for Event<T> {
    fn from(marker: Marker) -> Self {
        match marker {
            Marker::Gap(gap) => Self::Gap(gap),
            Marker::Status(status) => Self::Status(status),
        }
    }
}

/// A run of markers, and what was dropped right after the last of them.
///
/// What folds moves to the end, so that the latest cycle reads `Interrupted`, `Gap`, `Resumed`.
/// Read in order, a run leaves every symbol in the condition in which the unfolded one would.
#[derive(Debug, Default)]
pub(super) struct Run {
    markers: VecDeque<Marker>,
    lost: Option<Lost>,
}

impl Run {
    /// A run of one marker.
    pub(super) fn of(marker: Marker) -> Self {
        Self {
            markers: VecDeque::from([marker]),
            lost: None,
        }
    }

    /// The marker of a run that holds one and has lost nothing.
    pub(super) fn only(self) -> Option<Marker> {
        self.markers.into_iter().next()
    }

    pub(super) fn len(&self) -> usize {
        self.markers.len() + usize::from(self.lost.is_some())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many markers are in it that fold only with their like: refusals by topic, repairs by gap.
    pub(super) fn singular(&self) -> usize {
        let singular = |marker: &&Marker| match marker {
            Marker::Status(status) => matches!(
                status.kind,
                StatusKind::Rejected(_)
                    | StatusKind::Repaired { .. }
                    | StatusKind::RepairFailed { .. }
            ),
            Marker::Gap(_) => false,
        };
        self.markers.iter().filter(singular).count()
    }

    pub(super) fn add(&mut self, marker: Marker, ids: &GapIds) {
        self.settle(ids);
        match marker {
            Marker::Gap(gap) => self.add_gap(gap),
            Marker::Status(status) => self.add_status(status),
        }
    }

    /// Where data is counted that stood right after this run and is dropped.
    pub(super) fn lost(&mut self) -> &mut Lost {
        self.lost.get_or_insert_default()
    }

    /// Adds a later run, what stood between the two having been dropped.
    pub(super) fn append(&mut self, later: Self, ids: &GapIds) {
        for marker in later.markers {
            self.add(marker, ids);
        }
        if let Some(lost) = later.lost {
            self.settle(ids);
            self.lost = Some(lost);
        }
    }

    pub(super) fn pop(&mut self, ids: &GapIds) -> Option<Marker> {
        self.settle(ids);
        self.markers.pop_front()
    }

    fn settle(&mut self, ids: &GapIds) {
        if let Some(lost) = self.lost.take() {
            self.add_gap(lost.into_gap(ids.next()));
        }
    }

    /// Merges gaps into one, but for one that is being repaired and one that is not: the word that
    /// the first is repaired would speak for the second.
    fn add_gap(&mut self, mut gap: Gap) {
        let alike = |marker: &Marker| match marker {
            Marker::Gap(earlier) => earlier.repair == gap.repair,
            Marker::Status(_) => false,
        };
        if let Some(at) = self.markers.iter().rposition(alike)
            && let Some(Marker::Gap(earlier)) = self.markers.remove(at)
        {
            gap = earlier.merge(gap);
        }
        self.markers.push_back(Marker::Gap(gap));
    }

    fn add_status(&mut self, mut status: Status) {
        // Scope of the statuses after the one at hand that undo it.
        let mut undone = Scope::of([]);
        for at in (0..self.markers.len()).rev() {
            let Some(Marker::Status(earlier)) = self.markers.get_mut(at) else {
                continue;
            };
            let folds = if undoes(&earlier.kind, &status.kind) {
                undone = undone.union(&earlier.scope);
                earlier.folds_into(&status) && earlier.scope.is_within(&status.scope)
            } else if !earlier.folds_into(&status) {
                false
            } else if let Some(rest) = earlier.scope.without(&undone) {
                earlier.scope = rest;
                true
            } else {
                // "All but these" has no scope of its own.
                status.scope == Scope::All
            };
            if folds && let Some(Marker::Status(earlier)) = self.markers.remove(at) {
                status = status.fold(&earlier);
            }
        }
        self.markers.push_back(Marker::Status(status));
    }
}

fn undoes(a: &StatusKind, b: &StatusKind) -> bool {
    use StatusKind::{Fresh, Interrupted, Resumed, SnapshotBegan, SnapshotEnded, Stale};
    discriminant(a) != discriminant(b)
        && matches!(
            (a, b),
            (
                Interrupted { .. } | Resumed { .. },
                Interrupted { .. } | Resumed { .. }
            ) | (Stale { .. } | Fresh, Stale { .. } | Fresh)
                | (
                    SnapshotBegan | SnapshotEnded { .. },
                    SnapshotBegan | SnapshotEnded { .. }
                )
        )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::{Interruption, Staleness};

    /// Of each symbol, of which `Z` stands for those that no scope names: interrupted, stale.
    type Condition = BTreeMap<&'static str, (bool, bool)>;

    fn apply(condition: &mut Condition, status: &Status) {
        for (symbol, (interrupted, stale)) in condition {
            if !status.scope.contains(symbol) {
                continue;
            }
            match status.kind {
                StatusKind::Interrupted { .. } => *interrupted = true,
                StatusKind::Resumed { .. } => *interrupted = false,
                StatusKind::Stale { .. } => *stale = true,
                StatusKind::Fresh => *stale = false,
                _ => {}
            }
        }
    }

    fn status() -> impl Strategy<Value = Status> {
        let kind = prop_oneof![
            Just(StatusKind::Interrupted {
                cause: Interruption::NotUtf8
            }),
            Just(StatusKind::Resumed {
                downtime: Duration::ZERO,
                attempts: 1
            }),
            Just(StatusKind::Stale {
                why: Staleness::NoFirstData
            }),
            Just(StatusKind::Fresh),
        ];
        let scope = prop_oneof![
            1 => Just(Scope::All),
            4 => prop::sample::subsequence(vec!["A", "B", "C"], 1..=3)
                .prop_map(|symbols| Scope::of(symbols.into_iter().map(Into::into))),
        ];
        (kind, scope).prop_map(|(kind, scope)| Status::new(kind, scope))
    }

    proptest! {
        #[test]
        fn folding_leaves_every_symbol_in_its_condition(
            before in 0..16_u8,
            statuses in prop::collection::vec(status(), 0..40),
        ) {
            let start = |symbol, bit: u8| (symbol, (before & bit != 0, before & (2 * bit) != 0));
            let mut unfolded = Condition::from([start("A", 1), start("B", 4), start("C", 1), start("Z", 4)]);
            let mut folded = unfolded.clone();
            let ids = GapIds::default();
            let mut run = Run::default();
            for status in &statuses {
                apply(&mut unfolded, status);
                run.add(status.clone().into(), &ids);
            }
            prop_assert!(run.len() <= 8, "{} markers", run.len());
            let mut seen = 0;
            while let Some(Marker::Status(status)) = run.pop(&ids) {
                apply(&mut folded, &status);
                seen += 1 + status.folded;
            }
            prop_assert_eq!(folded, unfolded);
            prop_assert_eq!(seen, statuses.len() as u64);
        }
    }
}
