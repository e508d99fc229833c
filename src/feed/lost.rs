use hashbrown::HashSet;

use crate::market::Record;
use crate::{Cause, Gap, GapId, Scope, Symbol, Timestamp};

/// What a queue dropped at one place, until the gap that says so is taken.
///
/// A gap's scope is sorted and shared, which is costly to grow symbol by symbol; this is cheap.
#[derive(Debug, Default)]
pub(super) struct Lost {
    count: u64,
    symbols: HashSet<Symbol>,
    latest: Option<Symbol>,
    span: Option<(Timestamp, Timestamp)>,
}

impl Lost {
    pub(super) fn add(&mut self, data: &impl Record) {
        self.count += 1;
        if self.latest.as_ref() != Some(data.symbol()) {
            self.symbols.insert(data.symbol().clone());
            self.latest = Some(data.symbol().clone());
        }
        for time in [data.time(), data.received()].into_iter().flatten() {
            self.span = Some(match self.span {
                Some((from, to)) => (from.min(time), to.max(time)),
                None => (time, time),
            });
        }
    }

    pub(super) fn into_gap(self, id: GapId) -> Gap {
        let cause = Cause::Overflow {
            from: self.span.map(|(from, _)| from),
            to: self.span.map(|(_, to)| to),
        };
        Gap::new(id, cause, Scope::of(self.symbols)).missed(self.count)
    }
}
