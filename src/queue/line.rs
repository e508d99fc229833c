use std::collections::VecDeque;

use super::Batch;
use crate::Event;
use crate::queue::lost::Lost;
use crate::queue::run::{Marker, Run};
use crate::queue::{GapIds, GapNames};

/// Data and markers in their order, without a policy: what a queue makes use of.
///
/// Every item has a position, which counts all that ever stood in line.
#[derive(Debug)]
pub(crate) struct Line<T> {
    /// No two runs are neighbours.
    items: VecDeque<Item<T>>,
    /// The run in front as it is being taken, marker by marker; it has the front position.
    leaving: VecDeque<Marker>,
    /// Position of the front item: how many items have left.
    base: u64,
    /// Position of the oldest run, if it was looked for since it became that.
    oldest: Option<u64>,
    names: GapNames,
    /// Counts dropped data for the gap that takes its place.
    lose: fn(&mut Lost, &T),
    len: usize,
    markers: usize,
    runs: usize,
    dropped: u64,
}

#[derive(Debug)]
pub(super) enum Item<T> {
    Data(T),
    Run(Box<Run>),
}

impl<T> Line<T> {
    /// An empty line, whose gaps have these ids and are told of dropped data by `lose`. Nothing is
    /// allocated yet.
    pub(crate) fn new(ids: GapIds, lose: fn(&mut Lost, &T)) -> Self {
        Self {
            items: VecDeque::new(),
            leaving: VecDeque::new(),
            base: 0,
            oldest: None,
            names: GapNames::new(ids),
            lose,
            len: 0,
            markers: 0,
            runs: 0,
            dropped: 0,
        }
    }

    /// Adds data at the end.
    #[inline]
    pub(crate) fn push(&mut self, data: T) {
        self.items.push_back(Item::Data(data));
        self.len += 1;
    }

    /// Adds a marker at the end, folding it with those that no data separates from it.
    pub(crate) fn mark(&mut self, marker: Marker) {
        if let Some(Item::Run(run)) = self.items.back_mut() {
            self.markers -= run.len();
            run.add(marker, &mut self.names);
            self.markers += run.len();
        } else {
            self.items.push_back(Item::Run(Box::new(Run::One(marker))));
            self.runs += 1;
            self.markers += 1;
        }
    }

    /// Takes the oldest event.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Event<T>> {
        if !self.leaving.is_empty() {
            return self.pop_marker();
        }
        match self.items.pop_front()? {
            Item::Data(data) => {
                self.base += 1;
                self.len -= 1;
                Some(Event::Data(data))
            }
            Item::Run(run) => {
                self.oldest = None;
                self.runs -= 1;
                self.markers -= run.len();
                self.leaving = match *run {
                    Run::One(marker) => {
                        self.base += 1;
                        return Some(marker.into());
                    }
                    run => run.into_markers(&mut self.names),
                };
                self.markers += self.leaving.len();
                self.pop_marker()
            }
        }
    }

    fn pop_marker(&mut self) -> Option<Event<T>> {
        let marker = self.leaving.pop_front()?;
        self.markers -= 1;
        self.base += u64::from(self.leaving.is_empty());
        Some(marker.into())
    }

    /// The data at this position, if it has not left and is no marker.
    #[inline]
    pub(crate) fn get_mut(&mut self, position: u64) -> Option<&mut T> {
        let at = usize::try_from(position.checked_sub(self.whole())?).ok()?;
        match self.items.get_mut(at)? {
            Item::Data(data) => Some(data),
            Item::Run(_) => None,
        }
    }

    /// Position of the front item.
    #[inline]
    pub(crate) fn start(&self) -> u64 {
        self.base
    }

    /// Position of the next item to come.
    #[inline]
    pub(crate) fn end(&self) -> u64 {
        self.whole() + self.items.len() as u64
    }

    /// Position of the first item that is not being taken.
    #[inline]
    fn whole(&self) -> u64 {
        self.base + u64::from(!self.leaving.is_empty())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.leaving.is_empty()
    }

    /// How much data stands in line.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// At most how many markers stand in line, and at least one if there are any.
    pub(crate) fn markers(&self) -> usize {
        self.markers
    }

    /// How many runs of markers stand in line whole.
    pub(super) fn runs(&self) -> usize {
        self.runs
    }

    /// How much data was dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Takes over a batch without markers, which must be alone here.
    pub(super) fn swap_in(&mut self, batch: &mut Batch<T>) {
        self.len = batch.len();
        batch.swap(&mut self.items);
    }

    /// Hands everything to an empty batch, where there are no markers.
    pub(super) fn swap_out(&mut self, out: &mut Batch<T>) {
        self.base += self.len as u64;
        self.len = 0;
        out.swap(&mut self.items);
    }

    /// Drops the oldest data into the gap at the front.
    pub(super) fn drop_oldest(&mut self) {
        if self.drop_behind_front() {
            return;
        }
        let mut run = match self.items.pop_front() {
            Some(Item::Run(run)) => {
                self.forget(&run);
                run
            }
            Some(data) => {
                self.items.push_front(data);
                Box::default()
            }
            None => return,
        };
        if let Some(Item::Data(data)) = self.items.pop_front() {
            self.lose(&mut run, &data);
        }
        if let Some(Item::Run(_)) = self.items.front()
            && let Some(Item::Run(next)) = self.items.pop_front()
        {
            self.forget(&next);
            run.append(*next, &mut self.names);
        }
        self.enter(0, run);
        self.oldest = Some(self.whole());
    }

    /// Drops data that stands alone behind a run that counts some already, as most does: then nothing
    /// moves. Returns whether it did.
    fn drop_behind_front(&mut self) -> bool {
        let mut front = self.items.iter_mut();
        let (Some(Item::Run(run)), Some(Item::Data(data)), None | Some(Item::Data(_))) =
            (front.next(), front.next(), front.next())
        else {
            return false;
        };
        let Some(lost) = run.dropped_again() else {
            return false;
        };
        (self.lose)(lost, data);
        // It changes places with the run, and leaves first.
        self.items.swap_remove_front(1);
        self.len -= 1;
        self.dropped += 1;
        self.base += 1;
        self.oldest = Some(self.whole());
        true
    }

    /// Has at most `most` markers behind the oldest run, whatever that holds: joins the oldest runs, and
    /// drops the data between them. Where these may be many, some more than that at a time: it moves all
    /// that stands before them.
    pub(crate) fn bound_markers(&mut self, most: usize) {
        if self.markers <= most || self.runs < 2 {
            return;
        }
        let start = self
            .oldest
            .map_or(0, |position| (position - self.whole()) as usize);
        let items = self.items.iter().enumerate().skip(start);
        let mut runs = items.filter_map(|(at, item)| match item {
            Item::Run(run) => Some((at, run.len())),
            Item::Data(_) => None,
        });
        let Some((first, len)) = runs.next() else {
            return;
        };
        self.oldest = Some(self.whole() + first as u64);
        let mut behind = self.markers - self.leaving.len() - len;
        if behind <= most {
            return;
        }
        let few = most - most / 64;
        let last = runs.find(|(_, len)| {
            behind -= len;
            behind <= few
        });
        let Some((last, _)) = last else { return };
        self.join(first, last);
    }

    /// Joins all from one place to another. What stands before them moves, but it stands before a
    /// marker, so nothing looks for it by position.
    fn join(&mut self, first: usize, last: usize) {
        let mut joined = Box::<Run>::default();
        let between: Vec<_> = self.items.drain(first..=last).collect();
        for item in between {
            match item {
                Item::Data(data) => self.lose(&mut joined, &data),
                Item::Run(run) => {
                    self.forget(&run);
                    joined.append(*run, &mut self.names);
                }
            }
        }
        self.enter(first, joined);
        self.oldest = Some(self.whole() + first as u64);
    }

    fn lose(&mut self, run: &mut Run, data: &T) {
        (self.lose)(run.dropped(&mut self.names), data);
        self.len -= 1;
        self.dropped += 1;
        self.base += 1;
    }

    /// A run has been taken out.
    fn forget(&mut self, run: &Run) {
        self.markers -= run.len();
        self.runs -= 1;
        self.base += 1;
    }

    /// Puts a run in.
    fn enter(&mut self, at: usize, run: Box<Run>) {
        self.markers += run.len();
        self.runs += 1;
        self.base -= 1;
        self.items.insert(at, Item::Run(run));
    }
}
