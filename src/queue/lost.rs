use crate::event::ScopeSet;
use crate::market::Record;
use crate::{Cause, Gap, GapId, Scope, Timestamp};

/// What a queue dropped at one place, until the gap that says so is taken.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    count: u64,
    scope: ScopeSet,
    /// By the venue's clock where the events have their time, and otherwise by this machine's.
    span: Span,
    /// By this machine's clock.
    seen: Span,
}

#[derive(Debug, Default)]
struct Span(Option<(Timestamp, Timestamp)>);

impl Span {
    #[inline]
    fn add(&mut self, time: Timestamp) {
        self.0 = Some(match self.0 {
            Some((from, to)) => (from.min(time), to.max(time)),
            None => (time, time),
        });
    }
}

impl Lost {
    pub(crate) fn add<T: Record>(&mut self, data: &T) {
        self.count += 1;
        self.scope.insert(data.symbol());
        let received = data.received();
        if let Some(time) = data.time().or(received) {
            self.span.add(time);
        }
        if let Some(received) = received {
            self.seen.add(received);
        }
    }

    /// Counts data of which nothing else is known.
    pub(crate) fn add_nameless(&mut self) {
        self.count += 1;
        self.scope.add_all();
    }

    /// The gap that says so, and whose data it was: the gap's own scope says nothing yet.
    pub(super) fn into_gap(self, id: GapId) -> (Gap, ScopeSet) {
        let (from, to) = self.span.0.unzip();
        let cause = Cause::Overflow { from, to };
        let mut gap = Gap::new(id, cause, Scope::All).missed(self.count);
        if let Some((from, to)) = self.seen.0 {
            gap = gap.seen(from, to);
        }
        (gap, self.scope)
    }
}
