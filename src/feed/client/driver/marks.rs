//! What is noted of two connections that bring the same topics, one to the consumers and one to nobody.

use crate::feed::machine::Machine;
use crate::feed::{Deliver, Note, Protocol, TopicId};

/// What one of them has brought.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The last number of each topic.
    last: Vec<Option<u64>>,
    /// Topics stand otherwise than before.
    changed: bool,
}

impl Marks {
    pub(super) fn last(&self, id: TopicId) -> Option<u64> {
        self.last.get(id.index()).copied().flatten()
    }

    pub(super) fn set(&mut self, id: TopicId, last: Option<u64>) {
        if self.last.len() <= id.index() {
            self.last.resize(id.index() + 1, None);
        }
        self.last[id.index()] = last;
    }

    /// The topics with numbers.
    pub(super) fn ids(&self) -> impl Iterator<Item = TopicId> + '_ {
        let numbered = self.last.iter().enumerate();
        numbered.filter_map(|(at, last)| last.map(|_| TopicId::at(at)))
    }

    pub(super) fn touch(&mut self) {
        self.changed = true;
    }

    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    fn event<P: Protocol>(&mut self, topic: TopicId, event: &P::Event) {
        if let Some(position) = P::position(event) {
            self.set(topic, Some(position.last));
        }
    }

    fn note(&mut self, note: &Note) {
        match note {
            // What is counted anew shows nothing of what was counted before.
            Note::Renewed(id) | Note::Released(id) => self.set(*id, None),
            Note::Interrupted { .. } => self.last.clear(),
            _ => {}
        }
        self.changed |= matches!(
            note,
            Note::Accepted(_)
                | Note::Rejected(..)
                | Note::Released(_)
                | Note::Postponed(..)
                | Note::Stale(..)
                | Note::State(_)
        );
    }
}

/// The way of the connection whose consumers hear it.
pub(super) struct Heard<'a, P: Protocol, D> {
    pub(super) marks: &'a mut Marks,
    pub(super) successor: &'a Machine<P>,
    pub(super) inner: &'a mut D,
}

impl<P: Protocol, D: Deliver<P>> Deliver<P> for Heard<'_, P, D> {
    fn event(&mut self, topic: TopicId, event: P::Event) {
        self.marks.event::<P>(topic, &event);
        self.inner.event(topic, event);
    }

    fn note(&mut self, note: Note) {
        self.marks.note(&note);
        match note {
            // Its number and its place are free when both have released it.
            Note::Released(id) if self.successor.topics().contains(id) => {}
            note => self.inner.note(note),
        }
    }
}

/// The way of the connection that nobody hears yet.
pub(super) struct Unheard<'a> {
    pub(super) marks: &'a mut Marks,
    pub(super) released: &'a mut Vec<TopicId>,
    /// It is not going to have what the other has.
    pub(super) unfit: &'a mut bool,
}

impl<P: Protocol> Deliver<P> for Unheard<'_> {
    fn event(&mut self, topic: TopicId, event: P::Event) {
        self.marks.event::<P>(topic, &event);
    }

    fn note(&mut self, note: Note) {
        self.marks.note(&note);
        match note {
            Note::Released(id) => self.released.push(id),
            Note::Rejected(..) | Note::Ended(_) => *self.unfit = true,
            _ => {}
        }
    }
}

/// The way of a connection that is being closed: nobody hears it any more.
pub(super) struct Nobody;

impl<P: Protocol> Deliver<P> for Nobody {
    fn event(&mut self, _: TopicId, _: P::Event) {}

    fn note(&mut self, _: Note) {}
}
