//! What a run of markers says, by kind and symbol.

use super::Marker;
use super::axis::Axis;
use super::gaps::Gaps;
use super::refusals::Refusals;
use crate::queue::GapNames;
use crate::queue::lost::Lost;
use crate::{Status, StatusKind};

/// The state in which a sequence of markers leaves each symbol. To add a marker costs no more than the
/// symbols it names, and the table holds no more than there are symbols, however many markers came.
///
/// Markers come out in the order of the last of each that was folded into them, but for two things: a
/// gap merged from both sides of a `Resumed`, `Fresh` or `SnapshotEnded` stands before it, so that the
/// latest cycle reads `Interrupted`, `Gap`, `Resumed`; and what stays missing stands after what was
/// merged before it was repaired.
#[derive(Debug, Default)]
pub(in crate::queue) struct Table {
    /// Counts the markers: each has a place.
    at: u64,
    /// Interrupted or resumed.
    link: Option<Box<Axis>>,
    /// Stale or fresh.
    freshness: Option<Box<Axis>>,
    /// A snapshot has begun, or ended.
    snapshot: Option<Box<Axis>>,
    gaps: Gaps,
    refusals: Option<Box<Refusals>>,
}

impl Table {
    pub(super) fn add(&mut self, marker: Marker, names: &mut GapNames) {
        self.at += 1;
        match marker {
            Marker::Gap(gap) => self.gaps.add(self.at, gap, names),
            Marker::Status(status) => self.add_status(status, names),
        }
    }

    fn add_status(&mut self, status: Status, names: &mut GapNames) {
        let (axis, out) = match &status.kind {
            StatusKind::Interrupted { .. } => (&mut self.link, false),
            StatusKind::Resumed { .. } => (&mut self.link, true),
            StatusKind::Stale { .. } => (&mut self.freshness, false),
            StatusKind::Fresh => (&mut self.freshness, true),
            StatusKind::SnapshotBegan => (&mut self.snapshot, false),
            StatusKind::SnapshotEnded { .. } => (&mut self.snapshot, true),
            StatusKind::Rejected(rejection) => {
                let refusals = self.refusals.get_or_insert_default();
                return refusals.add(self.at, rejection.clone(), &status);
            }
            StatusKind::Repaired { gap } => {
                return self.gaps.hear(self.at, *gap, true, &status, names);
            }
            StatusKind::RepairFailed { gap } => {
                return self.gaps.hear(self.at, *gap, false, &status, names);
            }
        };
        axis.get_or_insert_with(|| Box::new(Axis::new()))
            .add(self.at, out, status);
    }

    /// Where data is counted that stood here and was dropped.
    pub(super) fn dropped(&mut self) -> &mut Lost {
        self.at += 1;
        self.gaps.dropped(self.at)
    }

    /// The same, if it counts dropped data already.
    pub(super) fn dropped_again(&mut self) -> Option<&mut Lost> {
        let lost = self.gaps.dropped_again(self.at + 1)?;
        self.at += 1;
        Some(lost)
    }

    /// At most how many markers it is, and exactly so many unless some have become one another's.
    pub(super) fn len(&self) -> usize {
        let axes = [&self.link, &self.freshness, &self.snapshot];
        let axes: usize = axes.into_iter().flatten().map(|axis| axis.len()).sum();
        let refusals = self.refusals.as_ref().map_or(0, |refusals| refusals.len());
        axes + self.gaps.len() + refusals
    }

    /// The markers in their order.
    pub(super) fn into_markers(self, names: &mut GapNames) -> impl Iterator<Item = Marker> + use<> {
        let spans = self.gaps.spans();
        let mut markers = Vec::new();
        self.gaps.into_markers(names, &mut markers);
        for axis in [self.link, self.freshness, self.snapshot]
            .into_iter()
            .flatten()
        {
            let statuses = axis.into_statuses(&spans).into_iter();
            markers.extend(statuses.map(|(at, status)| (at, status.into())));
        }
        let refusals = self
            .refusals
            .into_iter()
            .flat_map(|refusals| refusals.into_statuses());
        markers.extend(refusals.map(|(at, status)| (at, status.into())));
        // Stable: a status in the same place as a gap stands after it.
        markers.sort_by_key(|(at, _)| *at);
        markers.into_iter().map(|(_, marker)| marker)
    }
}
