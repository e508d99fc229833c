use std::collections::VecDeque;

use super::line::Item;
use crate::Event;
use crate::queue::run::{Marker, Run};

/// Events on their way into a queue or out of it.
///
/// It is kept as a queue keeps them, so that a whole batch changes hands in one swap: events are
/// large, and copying them is a good part of what handing them on costs.
#[derive(Debug)]
pub(crate) struct Batch<T> {
    /// A run holds exactly one marker here.
    items: VecDeque<Item<T>>,
    markers: usize,
}

impl<T> Batch<T> {
    pub(crate) fn new() -> Self {
        Self {
            items: VecDeque::new(),
            markers: 0,
        }
    }

    #[inline]
    pub(crate) fn push_data(&mut self, data: T) {
        self.items.push_back(Item::Data(data));
    }

    pub(crate) fn push_marker(&mut self, marker: Marker) {
        self.items.push_back(Item::Run(Box::new(Run::One(marker))));
        self.markers += 1;
    }

    pub(super) fn push(&mut self, event: Event<T>) {
        match event {
            Event::Data(data) => self.push_data(data),
            Event::Gap(gap) => self.push_marker(gap.into()),
            Event::Status(status) => self.push_marker(status.into()),
        }
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Event<T>> {
        match self.items.pop_front()? {
            Item::Data(data) => Some(Event::Data(data)),
            Item::Run(run) => {
                self.markers -= 1;
                run.only().map(Event::from)
            }
        }
    }

    /// How many events are in it, markers included.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn markers(&self) -> usize {
        self.markers
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Changes places with the items of a queue, where neither side has markers.
    pub(super) fn swap(&mut self, items: &mut VecDeque<Item<T>>) {
        std::mem::swap(&mut self.items, items);
    }
}
