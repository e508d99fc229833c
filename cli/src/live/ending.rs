//! What a feed may lack that is not live when it ends.

use std::collections::BTreeSet;
use std::time::Instant;

use feedline::market::Record;
use feedline::{Cause, Clock, Event, Gap, GapId, Scope, Staleness, StatusKind, Symbol, Timestamp};

/// Of which symbols something may be missing that no gap has told of yet.
///
/// A gap stands in the stream when a feed is live again. One that ends before that has none, and
/// what the venue sent up to its end is missing all the same.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    symbols: BTreeSet<Symbol>,
    lacking: BTreeSet<Symbol>,
    /// The same of a feed whose events are of no symbols that were asked for.
    all: bool,
    /// The last event: its time, and when it came.
    last: Option<(Timestamp, Instant)>,
    /// Since when it is not live.
    since: Option<(Timestamp, Instant)>,
    ids: u64,
}

impl Ending {
    /// Of a feed of these symbols.
    pub(crate) fn of(symbols: impl IntoIterator<Item = Symbol>) -> Self {
        Self {
            symbols: symbols.into_iter().collect(),
            lacking: BTreeSet::new(),
            all: false,
            last: None,
            since: None,
            ids: 0,
        }
    }

    pub(crate) fn enter<T: Record>(&mut self, event: &Event<T>) {
        match event {
            Event::Data(data) => {
                let received = data.received().unwrap_or_else(now);
                self.last = Some((data.time().unwrap_or(received), Instant::now()));
                self.lacking.remove(data.symbol());
            }
            Event::Gap(gap) => {
                self.ids = self.ids.max(gap.id.number());
                self.is_told(&gap.scope);
            }
            Event::Status(status) => match &status.kind {
                StatusKind::Interrupted { .. } => self.lacks(&status.scope),
                // Nothing is lost by waiting, and what a consumer finds too quiet is its own view.
                StatusKind::Stale {
                    why: Staleness::Backpressure { .. } | Staleness::Silence { .. },
                } => {}
                StatusKind::Stale { .. } => self.lacks(&status.scope),
                StatusKind::Resumed { .. } | StatusKind::Fresh | StatusKind::Rejected(_) => {
                    self.is_told(&status.scope);
                }
                _ => {}
            },
        }
    }

    fn lacks(&mut self, scope: &Scope) {
        self.since.get_or_insert_with(|| (now(), Instant::now()));
        self.all |= *scope == Scope::All;
        let concerned = self.symbols.iter().filter(|symbol| scope.contains(symbol));
        self.lacking.extend(concerned.cloned());
    }

    fn is_told(&mut self, scope: &Scope) {
        self.lacking.retain(|symbol| !scope.contains(symbol));
        if *scope == Scope::All || self.lacking.is_empty() {
            self.all = false;
        }
        if self.lacking.is_empty() && !self.all {
            self.since = None;
        }
    }

    /// The gap that the stream would have had in the end, if it ends now.
    pub(crate) fn gap(&self) -> Option<Gap> {
        let (since, at) = self
            .since
            .filter(|_| self.all || !self.lacking.is_empty())?;
        let scope = if self.lacking == self.symbols {
            Scope::All
        } else {
            Scope::of(self.lacking.iter().cloned())
        };
        // By the venue's clock as far as it is known: a delayed feed's times are far from ours.
        let (from, received) = self.last.unwrap_or((since, at));
        let to = from.saturating_add(received.elapsed());
        let cause = Cause::Outage { from, to };
        let seen_to = now();
        let seen_from = seen_to.saturating_sub(received.elapsed());
        let id = GapId::new(self.ids + 1);
        Some(Gap::new(id, cause, scope).seen(seen_from, seen_to))
    }
}

fn now() -> Timestamp {
    Clock::system().now().wall
}

#[cfg(test)]
mod tests {
    use feedline::market::Candle;
    use feedline::{Interruption, Status};

    use super::*;

    fn ending() -> Ending {
        Ending::of(["A".into(), "B".into()])
    }

    fn status(kind: StatusKind, scope: Scope) -> Event<Candle> {
        Status::new(kind, scope).into()
    }

    fn interrupted(scope: Scope) -> Event<Candle> {
        let cause = Interruption::NotUtf8;
        status(StatusKind::Interrupted { cause }, scope)
    }

    fn outage(scope: Scope) -> Event<Candle> {
        let (from, to) = (Timestamp::EPOCH, Timestamp::EPOCH);
        Gap::new(GapId::new(7), Cause::Outage { from, to }, scope).into()
    }

    #[test]
    fn a_live_feed_lacks_nothing_at_its_end() {
        let mut ending = ending();
        assert_eq!(ending.gap(), None);
        ending.enter(&interrupted(Scope::All));
        ending.enter(&outage(Scope::All));
        assert_eq!(ending.gap(), None);
        let by = "another".to_owned();
        let why = Staleness::Backpressure { by: by.into() };
        ending.enter(&status(StatusKind::Stale { why }, Scope::All));
        assert_eq!(ending.gap(), None);
    }

    #[test]
    fn an_interrupted_one_lacks_what_no_gap_has_told_of() {
        let mut ending = ending();
        ending.enter(&outage(Scope::All));
        ending.enter(&interrupted(Scope::All));
        let gap = ending.gap().unwrap();
        assert!(gap.range().is_some_and(|(from, to)| from <= to));
        assert_eq!(
            (gap.scope, gap.id, gap.missed),
            (Scope::All, GapId::new(8), None)
        );
        assert!(gap.seen_from <= gap.seen_to);
        ending.enter(&outage(Scope::of(["A".into()])));
        assert_eq!(ending.gap().unwrap().scope, Scope::of(["B".into()]));
        ending.enter(&outage(Scope::of(["B".into()])));
        assert_eq!(ending.gap(), None);
    }

    #[test]
    fn a_stale_symbol_lacks_something_until_it_is_fresh() {
        let mut ending = ending();
        let scope = || Scope::of(["B".into()]);
        let why = Staleness::Withdrawn;
        ending.enter(&status(StatusKind::Stale { why }, scope()));
        assert_eq!(ending.gap().unwrap().scope, scope());
        ending.enter(&status(StatusKind::Fresh, scope()));
        assert_eq!(ending.gap(), None);
    }
}
