//! The bounded event queue between a feed and its consumer.

use std::collections::VecDeque;

use super::GapIds;
use super::run::{Marker, Run};
use crate::market::Record;
use crate::{Event, Overflow};

mod batch;
mod latest;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;

pub(crate) use batch::Batch;
use latest::Latest;

/// Beyond this many markers the data between the oldest of them is dropped, where it may be.
const MARKERS: usize = 64;

/// A bounded queue of events, of which data is dropped, merged or refused by policy, and markers
/// never are.
///
/// The capacity counts data. Not thread-safe by itself, and it never waits: under
/// [`Overflow::Wait`] the caller asks for [`room`](Queue::room) before it pushes.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    /// No two runs are neighbours.
    items: VecDeque<Item<T>>,
    /// Absolute position of the front item: how many items have left.
    base: u64,
    latest: Latest,
    ids: GapIds,
    capacity: usize,
    overflow: Overflow,
    len: usize,
    markers: usize,
    runs: usize,
    high_water: usize,
    merged: u64,
    dropped: u64,
    failed: bool,
}

#[derive(Debug)]
enum Item<T> {
    Data(T),
    Run(Box<Run>),
}

impl<T: Record> Queue<T> {
    /// A queue for `capacity` data events, at least one. Nothing is allocated yet.
    pub(crate) fn new(capacity: usize, overflow: Overflow, ids: GapIds) -> Self {
        Self {
            items: VecDeque::new(),
            base: 0,
            latest: Latest::default(),
            ids,
            capacity: capacity.max(1),
            overflow,
            len: 0,
            markers: 0,
            runs: 0,
            high_water: 0,
            merged: 0,
            dropped: 0,
            failed: false,
        }
    }

    /// Queues data by the policy. Under `Wait` it is stored even beyond the capacity, under `Fail`
    /// it is counted as dropped once the queue has overflowed.
    pub(crate) fn push(&mut self, data: T) {
        match self.overflow {
            Overflow::Wait => {}
            Overflow::Fail => {
                self.failed |= self.is_full();
                if self.failed {
                    self.dropped += 1;
                    return;
                }
            }
            Overflow::DropOldest => {
                if self.is_full() {
                    self.drop_oldest();
                }
            }
            Overflow::Conflate => {
                let Some(data) = self.replace(data) else {
                    return;
                };
                if self.is_full() {
                    self.drop_oldest();
                }
                self.latest.prune(self.len, self.base);
                let position = self.base + self.items.len() as u64;
                self.latest.note(data.symbol(), data.slot(), position);
                self.append(data);
                return;
            }
        }
        self.append(data);
    }

    /// Queues a marker, folding it with those that no data separates from it.
    pub(crate) fn mark(&mut self, marker: impl Into<Marker>) {
        if !matches!(self.items.back(), Some(Item::Run(_))) {
            self.items.push_back(Item::Run(Box::default()));
            self.runs += 1;
        }
        if let Some(Item::Run(run)) = self.items.back_mut() {
            self.markers -= run.len();
            run.add(marker.into(), &self.ids);
            self.markers += run.len();
        }
        match self.overflow {
            Overflow::Wait => {}
            Overflow::Fail => self.failed |= self.runs > MARKERS,
            Overflow::DropOldest | Overflow::Conflate => self.bound_markers(),
        }
        self.latest
            .forget_before(self.base + self.items.len() as u64);
    }

    /// Queues data or a marker.
    pub(crate) fn offer(&mut self, event: Event<T>) {
        match event {
            Event::Data(data) => self.push(data),
            Event::Gap(gap) => self.mark(gap),
            Event::Status(status) => self.mark(status),
        }
    }

    /// Queues a batch and leaves it empty.
    pub(crate) fn offer_all(&mut self, batch: &mut Batch<T>) {
        let fits = match self.overflow {
            Overflow::Wait => true,
            Overflow::Fail => !self.failed && batch.len() <= self.capacity,
            Overflow::DropOldest => batch.len() <= self.capacity,
            Overflow::Conflate => false,
        };
        if fits && self.items.is_empty() && batch.markers() == 0 {
            self.len = batch.len();
            self.high_water = self.high_water.max(self.len);
            batch.swap(&mut self.items);
            return;
        }
        while let Some(event) = batch.pop() {
            self.offer(event);
        }
    }

    /// Takes the oldest event.
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

    /// Moves up to `max` of the oldest events to the end of `out`.
    pub(crate) fn take_into(&mut self, out: &mut Batch<T>, max: usize) {
        if self.runs == 0 && self.len <= max && out.is_empty() {
            self.base += self.len as u64;
            self.len = 0;
            out.swap(&mut self.items);
            return;
        }
        for _ in 0..max {
            match self.pop() {
                Some(event) => out.push(event),
                None => break,
            }
        }
    }

    /// How much data is queued.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many markers are queued.
    pub(crate) fn markers(&self) -> usize {
        self.markers
    }

    /// Whether there is nothing to take, neither data nor markers.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How much more data fits. None does under `Wait` when too many runs of markers are queued:
    /// without data between them, further markers fold.
    pub(crate) fn room(&self) -> usize {
        if self.overflow == Overflow::Wait && self.runs > MARKERS {
            return 0;
        }
        self.capacity.saturating_sub(self.len)
    }

    /// Whether no more data fits.
    pub(crate) fn is_full(&self) -> bool {
        self.room() == 0
    }

    /// How much data fits in all.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// The policy.
    pub(crate) fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// The most data that was ever queued at once.
    pub(crate) fn high_water(&self) -> usize {
        self.high_water
    }

    /// How much data was replaced by newer data.
    pub(crate) fn merged(&self) -> u64 {
        self.merged
    }

    /// How much data was dropped, or refused after an overflow under `Fail`.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether it overflowed under `Fail`: the stream ends once what is queued has been taken.
    pub(crate) fn failed(&self) -> bool {
        self.failed
    }

    fn append(&mut self, data: T) {
        self.items.push_back(Item::Data(data));
        self.len += 1;
        self.high_water = self.high_water.max(self.len);
    }

    /// Puts `data` in the place of the event it makes worthless, or gives it back.
    fn replace(&mut self, data: T) -> Option<T> {
        let place = data
            .slot()
            .and_then(|slot| self.latest.find(data.symbol(), slot))
            .and_then(|position| position.checked_sub(self.base))
            .and_then(|at| self.items.get_mut(usize::try_from(at).ok()?));
        match place {
            Some(Item::Data(queued)) => {
                *queued = data;
                self.merged += 1;
                None
            }
            _ => Some(data),
        }
    }

    /// Drops the oldest data into the gap at the front.
    fn drop_oldest(&mut self) {
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
            run.lose(&data);
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
    fn bound_markers(&mut self) {
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
                    joined.lose(&data);
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
