use crate::event::ScopeSet;
use crate::market::Record;
use crate::{Cause, Gap, GapId, Timestamp};

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

    pub(super) fn into_gap(self, id: GapId) -> Gap {
        let (from, to) = self.span.0.unzip();
        let cause = Cause::Overflow { from, to };
        let gap = Gap::new(id, cause, self.scope.into_scope()).missed(self.count);
        match self.seen.0 {
            Some((from, to)) => gap.seen(from, to),
            None => gap,
        }
    }
}
