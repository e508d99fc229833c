use std::collections::VecDeque;

use super::Batch;
use crate::Event;
use crate::feed::GapIds;
use crate::feed::lost::Lost;
use crate::feed::run::{Marker, Run};

/// Beyond this many markers the data between the oldest of them is dropped, where it may be.
pub(super) const MARKERS: usize = 64;

/// Data and markers in their order, without a policy: what a queue makes use of.
///
/// Every item has a position, which counts all that ever stood in line.
#[derive(Debug)]
pub(crate) struct Line<T> {
    /// No two runs are neighbours.
    items: VecDeque<Item<T>>,
    /// Position of the front item: how many items have left.
    base: u64,
    ids: GapIds,
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
            base: 0,
            ids,
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
        if !matches!(self.items.back(), Some(Item::Run(_))) {
            self.items.push_back(Item::Run(Box::default()));
            self.runs += 1;
        }
        if let Some(Item::Run(run)) = self.items.back_mut() {
            self.markers -= run.len();
            run.add(marker, &self.ids);
            self.markers += run.len();
        }
    }

    /// Takes the oldest event.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Event<T>> {
        match self.items.front_mut()? {
            Item::Run(run) => {
                self.markers -= run.len();
                let marker = run.pop(&self.ids);
                self.markers += run.len();
                if run.is_empty() {
                    self.items.pop_front();
                    self.base += 1;
                    self.runs -= 1;
                }
                marker.map(Event::from)
            }
            Item::Data(_) => {
                let Some(Item::Data(data)) = self.items.pop_front() else {
                    return None;
                };
                self.base += 1;
                self.len -= 1;
                Some(Event::Data(data))
            }
        }
    }

    /// The data at this position, if it has not left and is no marker.
    #[inline]
    pub(crate) fn get_mut(&mut self, position: u64) -> Option<&mut T> {
        let at = usize::try_from(position.checked_sub(self.base)?).ok()?;
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
        self.base + self.items.len() as u64
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How much data stands in line.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many markers stand in line.
    pub(crate) fn markers(&self) -> usize {
        self.markers
    }

    /// How many runs of markers stand in line.
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
        let markers = self.markers;
        let mut run = match self.items.pop_front() {
            Some(Item::Run(run)) => {
                self.markers -= run.len();
                self.runs -= 1;
                self.base += 1;
                run
            }
            Some(data) => {
                self.items.push_front(data);
                Box::default()
            }
            None => return,
        };
        if let Some(Item::Data(data)) = self.items.pop_front() {
            (self.lose)(run.lost(), &data);
            self.len -= 1;
            self.dropped += 1;
            self.base += 1;
        }
        if let Some(Item::Run(_)) = self.items.front()
            && let Some(Item::Run(next)) = self.items.pop_front()
        {
            self.markers -= next.len();
            self.runs -= 1;
            self.base += 1;
            run.append(*next, &self.ids);
        }
        // One item went in front again, so one position fewer has left.
        self.base -= 1;
        self.markers += run.len();
        self.runs += 1;
        self.items.push_front(Item::Run(run));
        // Only the first of many drops adds a marker, so this stays cheap.
        if self.markers > markers {
            self.bound_markers();
        }
    }

    /// Joins the oldest runs, and drops the data between them, until few markers are left.
    pub(crate) fn bound_markers(&mut self) {
        while self.markers > MARKERS && self.runs > 1 {
            let mut runs = self
                .items
                .iter()
                .enumerate()
                .filter_map(|(at, item)| match item {
                    Item::Run(run) => Some((at, run)),
                    Item::Data(_) => None,
                });
            let (Some((first, oldest)), Some((second, _))) = (runs.next(), runs.next()) else {
                return;
            };
            // Refusals of different topics cannot fold: they do not count.
            if self.markers <= MARKERS + oldest.singular() {
                return;
            }
            self.join(first, second);
        }
    }

    /// Joins the runs at these places. What stands before them moves, but it stands before a
    /// marker, so nothing looks for it by position.
    fn join(&mut self, first: usize, second: usize) {
        let mut joined = Run::default();
        for item in self.items.drain(first..=second) {
            self.base += 1;
            match item {
                Item::Data(data) => {
                    (self.lose)(joined.lost(), &data);
                    self.len -= 1;
                    self.dropped += 1;
                }
                Item::Run(run) => {
                    self.markers -= run.len();
                    self.runs -= 1;
                    joined.append(*run, &self.ids);
                }
            }
        }
        self.base -= 1;
        self.markers += joined.len();
        self.runs += 1;
        self.items.insert(first, Item::Run(Box::new(joined)));
    }
}
