use crate::event::ScopeSet;
use crate::market::Record;
use crate::{Cause, Gap, GapId, Timestamp};

/// What a queue dropped at one place, until the gap that says so is taken.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    count: u64,
    scope: ScopeSet,
    span: Option<(Timestamp, Timestamp)>,
}

impl Lost {
    pub(crate) fn add<T: Record>(&mut self, data: &T) {
        self.count += 1;
        self.scope.insert(data.symbol());
        for time in [data.time(), data.received()].into_iter().flatten() {
            self.span = Some(match self.span {
                Some((from, to)) => (from.min(time), to.max(time)),
                None => (time, time),
            });
        }
    }

    /// Counts data of which nothing else is known.
    pub(crate) fn add_nameless(&mut self) {
        self.count += 1;
        self.scope.add_all();
    }

    pub(super) fn into_gap(self, id: GapId) -> Gap {
        let cause = Cause::Overflow {
            from: self.span.map(|(from, _)| from),
            to: self.span.map(|(_, to)| to),
        };
        Gap::new(id, cause, self.scope.into_scope()).missed(self.count)
    }
}
