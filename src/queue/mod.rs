//! The bounded event queue between a feed and its consumer.

use crate::Event;
use crate::market::Record;

mod batch;
mod gap_ids;
mod latest;
mod line;
mod lost;
#[cfg(test)]
mod model_tests;
mod overflow;
mod run;
#[cfg(test)]
mod tests;

pub(crate) use batch::Batch;
pub(crate) use gap_ids::{GapIds, GapNames};
use latest::Latest;
pub(crate) use line::Line;
pub(crate) use lost::Lost;
pub use overflow::Overflow;
pub(crate) use run::Marker;

/// So many markers may stand behind the oldest run of them, or as many as the queue has capacity for
/// data, if that is more. Then data between the oldest is dropped, where it may be.
pub(crate) const MARKERS: usize = 64;

/// A bounded queue of events, of which data is dropped, merged or refused by policy, and markers
/// never are.
///
/// The capacity counts data. Not thread-safe by itself, and it never waits: under [`Overflow::Wait`]
/// the caller looks for [`room`](Queue::room) before it takes more from where data comes from. What
/// one look brings too much stays behind the queue, and moves up as data is taken.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    line: Line<T>,
    latest: Latest,
    capacity: usize,
    overflow: Overflow,
    /// Nobody can take anything yet: under `Wait` the oldest is dropped rather than waited for.
    unread: bool,
    high_water: usize,
    merged: u64,
    /// How much data came after an overflow under `Fail`.
    refused: u64,
    failed: bool,
}

impl<T: Record> Queue<T> {
    /// A queue for `capacity` data events, at least one. Nothing is allocated yet.
    pub(crate) fn new(capacity: usize, overflow: Overflow, ids: GapIds) -> Self {
        Self {
            line: Line::new(ids, Lost::add),
            latest: Latest::default(),
            capacity: capacity.max(1),
            overflow,
            unread: false,
            high_water: 0,
            merged: 0,
            refused: 0,
            failed: false,
        }
    }

    /// Says whether nobody can take anything yet, so that under `Wait` the oldest is dropped.
    pub(crate) fn set_unread(&mut self, unread: bool) {
        self.unread = unread;
    }

    /// What becomes of data that does not fit.
    fn policy(&self) -> Overflow {
        match self.overflow {
            Overflow::Wait if self.unread => Overflow::DropOldest,
            policy => policy,
        }
    }

    /// Queues data by the policy. Under `Wait` it is stored even beyond the capacity, under `Fail`
    /// it is counted as dropped once the queue has overflowed.
    pub(crate) fn push(&mut self, data: T) {
        match self.policy() {
            Overflow::Wait => {}
            Overflow::Fail => {
                self.failed |= self.is_full();
                if self.failed {
                    self.refused += 1;
                    return;
                }
            }
            Overflow::DropOldest => {
                if self.is_full() {
                    self.line.drop_oldest();
                }
            }
            Overflow::Conflate => {
                let Some(data) = self.replace(data) else {
                    return;
                };
                if self.is_full() {
                    self.line.drop_oldest();
                }
                self.latest.prune(self.line.len(), self.line.start());
                self.latest
                    .note(data.symbol(), data.slot(), self.line.end());
                self.append(data);
                return;
            }
        }
        self.append(data);
    }

    /// Queues a marker, folding it with those that no data separates from it.
    pub(crate) fn mark(&mut self, marker: impl Into<Marker>) {
        self.line.mark(marker.into());
        match self.policy() {
            // There are no more runs than data, and one more.
            Overflow::Wait | Overflow::Fail => {}
            Overflow::DropOldest | Overflow::Conflate => {
                self.line.bound_markers(self.most_markers());
            }
        }
        self.latest.forget_before(self.line.end());
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
        let fits = match self.policy() {
            Overflow::Wait => true,
            Overflow::Fail => !self.failed && batch.len() <= self.capacity,
            Overflow::DropOldest => batch.len() <= self.capacity,
            Overflow::Conflate => false,
        };
        if fits && self.line.is_empty() && batch.markers() == 0 {
            self.line.swap_in(batch);
            self.high_water = self.high_water.max(self.len());
            return;
        }
        while let Some(event) = batch.pop() {
            self.offer(event);
        }
    }

    /// Takes the oldest event.
    pub(crate) fn pop(&mut self) -> Option<Event<T>> {
        self.line.pop()
    }

    /// Moves up to `max` of the oldest events to the end of `out`.
    pub(crate) fn take_into(&mut self, out: &mut Batch<T>, max: usize) {
        if self.line.markers() == 0 && self.line.len() <= max && out.is_empty() {
            self.line.swap_out(out);
            return;
        }
        for _ in 0..max {
            match self.pop() {
                Some(event) => out.push(event),
                None => break,
            }
        }
    }

    /// How much data is queued, without what stays behind the queue.
    pub(crate) fn len(&self) -> usize {
        self.line.len().min(self.capacity)
    }

    /// At most how many markers are queued.
    pub(crate) fn markers(&self) -> usize {
        self.line.markers()
    }

    /// Whether there is nothing to take, neither data nor markers.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// How much more data fits. None does under `Wait` when too many markers are queued: without data
    /// between them, further ones fold.
    pub(crate) fn room(&self) -> usize {
        if self.policy() == Overflow::Wait
            && self.line.runs() > 1
            && self.line.markers() > self.most_markers()
        {
            return 0;
        }
        self.capacity.saturating_sub(self.line.len())
    }

    fn most_markers(&self) -> usize {
        self.capacity.max(MARKERS)
    }

    /// Whether nothing more may come until something has been taken: it is full, and may lose nothing.
    pub(crate) fn waits(&self) -> bool {
        self.policy() == Overflow::Wait && self.is_full()
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
        self.line.dropped() + self.refused
    }

    /// Whether it overflowed under `Fail`: the stream ends once what is queued has been taken.
    pub(crate) fn failed(&self) -> bool {
        self.failed
    }

    fn append(&mut self, data: T) {
        self.line.push(data);
        self.high_water = self.high_water.max(self.len());
    }

    /// Puts `data` in the place of the event it makes worthless, or gives it back.
    fn replace(&mut self, data: T) -> Option<T> {
        let place = data
            .slot()
            .and_then(|slot| self.latest.find(data.symbol(), slot))
            .and_then(|position| self.line.get_mut(position));
        match place {
            Some(queued) => {
                *queued = data;
                self.merged += 1;
                None
            }
            None => Some(data),
        }
    }
}
