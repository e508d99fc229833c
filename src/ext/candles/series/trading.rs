use super::super::open::{Entry, Open};
use super::super::sums::Sums;
use super::{Series, Told};
use crate::market::{CandleState, Interval, IntervalUnit, Window};
use crate::{Decimal, Timestamp};

/// Candles that are cut by what is traded.
impl Series {
    /// Adds to a candle that ends when enough has been traded.
    pub(super) fn put_by_trading(&mut self, at: usize, entry: &Entry) -> Told {
        let interval = self.cutter.interval;
        let needs_size = interval.unit() != IntervalUnit::Trade;
        let measured = match entry.part.map(|part| part.state) {
            None => !needs_size || entry.sums.volume.is_some(),
            // What it holds so far is in its final state too, and cannot be taken back.
            Some(Some(CandleState::Partial)) => return Told::Nothing,
            Some(Some(CandleState::Revised)) => {
                self.counts.late += 1;
                return Told::Nothing;
            }
            Some(Some(CandleState::Final)) if needs_size => entry.sums.volume.is_some(),
            Some(Some(CandleState::Final)) => entry.sums.trades().is_some(),
            Some(None) => false,
        };
        if !measured {
            self.counts.skipped += 1;
            return Told::Nothing;
        }
        let line = &mut self.lines[at];
        if entry.part.is_some() {
            // One that has come before is in a candle that may be over.
            let latest = &mut line.aside().latest;
            if latest.is_some_and(|latest| entry.time <= latest) {
                self.counts.late += 1;
                return Told::Nothing;
            }
            *latest = Some(entry.time);
        }
        if let Some(open) = &mut line.open {
            open.append(entry);
        } else {
            // Candles of one symbol are told apart by their start.
            let start = entry.sums.first_time.unwrap_or(entry.time).max(line.floor);
            line.floor = Timestamp::from_nanos(start.as_nanos().saturating_add(1));
            let gaps = line.gaps(&self.taint);
            let always = self.cutter.place(entry.time).span;
            let span = Window { start, ..always };
            let tainted = line.is_tainted(&self.taint, &span, gaps);
            line.open = Some(Open::new(entry, always, start).marked(false, tainted, gaps));
        }
        if line
            .open
            .as_ref()
            .is_some_and(|open| is_full(&open.sums, interval))
        {
            self.close(at);
            return Told::Last;
        }
        Told::Open(at)
    }
}

/// Whether as much has been traded as its interval asks for. A sum that does not fit is enough.
fn is_full(sums: &Sums, interval: Interval) -> bool {
    let reaches = |sum: Option<Decimal>| sum.is_none_or(|sum| sum >= interval.amount());
    match interval.unit() {
        IntervalUnit::Volume => reaches(sums.volume),
        IntervalUnit::Turnover => reaches(sums.turnover),
        _ => interval
            .count()
            .is_some_and(|count| sums.ticks >= u64::from(count)),
    }
}
