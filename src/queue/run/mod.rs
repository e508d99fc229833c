//! Markers with no data between them, folded so that they stay few.

mod axis;
mod gap_sum;
mod gaps;
mod promise;
mod refusals;
mod table;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use super::GapNames;
use super::lost::Lost;
use crate::{Event, Gap, Status};
use table::Table;

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

/// A run of markers, and what was dropped between them.
///
/// Read in order, what it folds to leaves every symbol in the condition in which all of it would, and
/// says of nothing that it is repaired unless all of it would. Statuses that stand for others count
/// them; causes and counts of gaps are merged as by [`Gap::merge`].
#[derive(Debug, Default)]
pub(super) enum Run {
    #[default]
    Empty,
    /// As it came: most stay alone.
    One(Marker),
    Many(Box<Table>),
}

impl Run {
    /// The marker of a run that holds one.
    pub(super) fn only(self) -> Option<Marker> {
        match self {
            Self::One(marker) => Some(marker),
            Self::Empty | Self::Many(_) => None,
        }
    }

    /// At most how many markers it is.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::One(_) => 1,
            Self::Many(table) => table.len(),
        }
    }

    pub(super) fn add(&mut self, marker: Marker, names: &mut GapNames) {
        match self {
            Self::Empty => *self = Self::One(marker),
            Self::One(_) | Self::Many(_) => self.table(names).add(marker, names),
        }
    }

    /// Where data is counted that stood after all that is in it, and is dropped.
    pub(super) fn dropped(&mut self, names: &mut GapNames) -> &mut Lost {
        self.table(names).dropped()
    }

    /// The same, if it counts dropped data already: then it stays as long as it is.
    #[inline]
    pub(super) fn dropped_again(&mut self) -> Option<&mut Lost> {
        match self {
            Self::Many(table) => table.dropped_again(),
            Self::Empty | Self::One(_) => None,
        }
    }

    /// Adds a later run, what stood between the two having been dropped.
    pub(super) fn append(&mut self, later: Self, names: &mut GapNames) {
        match (&*self, later) {
            (_, Self::Empty) => {}
            (_, Self::One(marker)) => self.add(marker, names),
            (Self::Empty, later) => *self = later,
            (_, Self::Many(table)) => {
                for marker in table.into_markers(names) {
                    self.add(marker, names);
                }
            }
        }
    }

    /// What it folds to, in order.
    pub(super) fn into_markers(self, names: &mut GapNames) -> VecDeque<Marker> {
        match self {
            Self::Empty => VecDeque::new(),
            Self::One(marker) => VecDeque::from([marker]),
            Self::Many(table) => table.into_markers(names).collect(),
        }
    }

    fn table(&mut self, names: &mut GapNames) -> &mut Table {
        if !matches!(self, Self::Many(_)) {
            let mut table = Box::<Table>::default();
            if let Self::One(marker) = std::mem::take(self) {
                table.add(marker, names);
            }
            *self = Self::Many(table);
        }
        match self {
            Self::Many(table) => table,
            Self::Empty | Self::One(_) => unreachable!("it has just become a table"),
        }
    }
}
