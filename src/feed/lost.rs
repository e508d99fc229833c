use hashbrown::HashSet;

use crate::market::Record;
use crate::{Cause, Gap, GapId, Scope, Symbol, Timestamp};

/// What a queue dropped at one place, until the gap that says so is taken.
///
/// A gap's scope is sorted and shared, which is costly to grow symbol by symbol; this is cheap.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    count: u64,
    /// Whether some of it did not say whose it was.
    nameless: bool,
    symbols: HashSet<Symbol>,
    latest: Option<Symbol>,
    span: Option<(Timestamp, Timestamp)>,
}

impl Lost {
    pub(crate) fn add<T: Record>(&mut self, data: &T) {
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

    /// Counts data of which nothing else is known.
    pub(crate) fn add_nameless(&mut self) {
        self.count += 1;
        self.nameless = true;
    }

    pub(super) fn into_gap(self, id: GapId) -> Gap {
        let cause = Cause::Overflow {
            from: self.span.map(|(from, _)| from),
            to: self.span.map(|(_, to)| to),
        };
        let scope = if self.nameless {
            Scope::All
        } else {
            Scope::of(self.symbols)
        };
        Gap::new(id, cause, scope).missed(self.count)
    }
}
