use super::super::indexed::DxItem;
use super::super::lines::{Hole, Shown};
use super::DxLinkProtocol;
use super::asked::Asked;
use crate::feed::{Malformed, Output, TopicId};

/// Passes on what rows have come to, in their order: neighbouring holes as one.
pub(super) struct Teller<'a, O> {
    asked: &'a mut Vec<Asked>,
    out: &'a mut O,
    hole: Option<(Option<TopicId>, Hole)>,
}

impl<'a, O: Output<DxLinkProtocol>> Teller<'a, O> {
    pub(super) fn new(asked: &'a mut Vec<Asked>, out: &'a mut O) -> Self {
        Self {
            asked,
            out,
            hole: None,
        }
    }

    #[inline]
    pub(super) fn event(&mut self, id: TopicId, item: DxItem) {
        self.finish();
        self.out.event(id, item);
    }

    pub(super) fn dropped_values(&mut self, count: u32) {
        if count > 0 {
            self.out.dropped_values(count);
        }
    }

    pub(super) fn ignored(&mut self, what: &str) {
        self.out.ignored(what);
    }

    pub(super) fn show(&mut self, id: TopicId, shown: Shown) {
        match shown {
            Shown::Item(item) => self.event(id, item),
            Shown::Hole(hole) => self.hole(Some(id), hole),
            Shown::Edge(edge) => {
                self.finish();
                self.out.snapshot(id, edge);
            }
            Shown::Filled(well) => {
                self.finish();
                self.out.repaired(id, well);
            }
            Shown::Stray => {
                self.finish();
                self.out.stray(id);
            }
            Shown::Withheld => {
                self.finish();
                self.out.withheld(id);
            }
        }
    }

    /// Something is missing here: of a topic, or of any.
    #[cold]
    pub(super) fn hole(&mut self, id: Option<TopicId>, hole: Hole) {
        if let Some((of, known)) = &mut self.hole
            && *of == id
            && known.resync == hole.resync
        {
            let events = known.events.zip(hole.events);
            known.events = events.map(|(known, more)| known + more);
            known.from = known.from.into_iter().chain(hole.from).min();
            return;
        }
        self.finish();
        self.hole = Some((id, hole));
    }

    /// Passes on what has been kept back to be joined with its neighbours.
    #[inline]
    pub(super) fn finish(&mut self) {
        if self.hole.is_some() {
            self.tell_hole();
        }
    }

    #[cold]
    fn tell_hole(&mut self) {
        let Some((topic, hole)) = self.hole.take() else {
            return;
        };
        if let Some(id) = topic.filter(|_| hole.resync) {
            // Whoever is still being asked for cannot be asked for again.
            let at = self.asked.iter().position(|asked| asked.has_sent(id));
            if let Some(at) = at {
                self.asked.remove(at).answer(self.out);
            }
        }
        self.out.malformed(Malformed {
            topic,
            events: hole.events,
            from: hole.from,
            reason: hole.reason,
            resync: hole.resync,
        });
    }
}
