//! What a feed brought, in figures.

use std::fmt;

use feedline::market::Record;
use feedline::{Event, Gap, StatusKind, Symbol};

use super::ending::Ending;

/// Counts of a feed.
#[derive(Clone, Debug)]
pub(crate) struct Summary {
    /// What the data are called.
    what: &'static str,
    data: u64,
    gaps: u64,
    missing: u64,
    /// Gaps that do not say how many are missing.
    uncounted: u64,
    reconnects: u64,
    left_out: LeftOut,
    ending: Ending,
    /// The gap in the end of a feed that was not live.
    last: Option<Gap>,
}

/// What is in no candle, or in none that was shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Their candle had been told as final.
    pub(crate) late: u64,
    /// They had no price, time or size.
    pub(crate) skipped: u64,
    /// The market was closed.
    pub(crate) outside: u64,
    /// Candles that the venue took back.
    pub(crate) removed: u64,
}

impl Summary {
    /// Nothing yet, of a feed of these symbols.
    pub(crate) fn of(what: &'static str, symbols: impl IntoIterator<Item = Symbol>) -> Self {
        Self {
            what,
            data: 0,
            gaps: 0,
            missing: 0,
            uncounted: 0,
            reconnects: 0,
            left_out: LeftOut::default(),
            ending: Ending::of(symbols),
            last: None,
        }
    }

    /// The feed ends here. The gap that stands there if it is not live, which is counted.
    pub(crate) fn end(&mut self) -> Option<Gap> {
        let gap = self.ending.gap()?;
        self.gaps += 1;
        self.uncounted += 1;
        self.last = Some(gap.clone());
        Some(gap)
    }

    pub(crate) fn count<T: Record>(&mut self, event: &Event<T>) {
        // A stream that ends while it is not live says so itself, by its last gap: no status follows.
        match event {
            Event::Gap(gap) if self.ending.gap().is_some() => self.last = Some(gap.clone()),
            Event::Status(_) => self.last = None,
            _ => {}
        }
        self.ending.enter(event);
        match event {
            Event::Data(_) => self.data += 1,
            Event::Gap(gap) => {
                self.gaps += 1;
                match gap.missed {
                    Some(missed) => self.missing = self.missing.saturating_add(missed),
                    None => self.uncounted += 1,
                }
            }
            Event::Status(status) => {
                if let StatusKind::Resumed { .. } = status.kind {
                    self.reconnects += 1 + status.folded;
                }
            }
        }
    }

    /// What candles could not take.
    pub(crate) fn leave_out(&mut self, left_out: LeftOut) {
        self.left_out = left_out;
    }

    /// How many data events there were.
    pub(crate) fn data(&self) -> u64 {
        self.data
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            data,
            gaps,
            missing,
            uncounted,
            reconnects,
            left_out,
            ending: _,
            last,
        } = self;
        write!(f, "{data} {what}, {gaps} gaps, {missing} missing")?;
        if *uncounted > 0 {
            write!(f, " and an unknown number in {uncounted} of the gaps")?;
        }
        write!(f, ", {reconnects} reconnects")?;
        if let Some(gap) = last {
            write!(
                f,
                ", not live at the end: something may be missing of {}",
                gap.scope
            )?;
            if let Some((from, _)) = gap.range() {
                write!(f, " since {from}")?;
            }
        }
        for (count, why) in [
            (left_out.late, "trades too late for their candle"),
            (left_out.skipped, "trades without price, time or size"),
            (left_out.outside, "trades while the market was closed"),
            (left_out.removed, "candles taken back by the venue"),
        ] {
            if count > 0 {
                write!(f, ", {count} {why}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use feedline::market::Candle;

    use feedline::{Cause, GapId, Interruption, Scope, Status};

    use super::*;

    /// A candle of nothing.
    fn candle() -> Candle {
        serde_json::from_value(serde_json::json!({
            "symbol": "A_B", "interval": "1m", "start": "2026-01-01T00:00:00Z",
            "open": "1", "high": "1", "low": "1", "close": "1",
        }))
        .unwrap()
    }

    #[test]
    fn tells_what_is_not_known() {
        let cause = Cause::Overflow {
            from: None,
            to: None,
        };
        let gap = |id| Gap::new(GapId::new(id), cause.clone(), Scope::All);
        let resumed = StatusKind::Resumed {
            downtime: Duration::from_secs(1),
            attempts: 1,
        };
        let mut summary = Summary::of("events", []);
        summary.count(&Event::Data(candle()));
        summary.count::<Candle>(&gap(1).missed(3).into());
        assert_eq!(
            summary.to_string(),
            "1 events, 1 gaps, 3 missing, 0 reconnects"
        );
        summary.count::<Candle>(&gap(2).into());
        summary.count::<Candle>(&Status::new(resumed, Scope::All).into());
        assert_eq!(
            summary.to_string(),
            "1 events, 2 gaps, 3 missing and an unknown number in 1 of the gaps, 1 reconnects"
        );
    }

    #[test]
    fn an_end_that_is_not_live_is_a_gap() {
        let mut summary = Summary::of("events", ["A_B".into(), "C_D".into()]);
        summary.count(&Event::Data(candle()));
        assert_eq!(summary.end(), None);
        let cause = Interruption::NotUtf8;
        let kind = StatusKind::Interrupted { cause };
        summary.count::<Candle>(&Status::new(kind, Scope::All).into());
        assert!(summary.end().is_some());
        assert_eq!(
            summary.to_string(),
            "1 events, 1 gaps, 0 missing and an unknown number in 1 of the gaps, 0 reconnects, not \
             live at the end: something may be missing of all symbols since 2026-01-01T00:00:00Z"
        );
    }

    #[test]
    fn tells_which_trades_are_in_no_candle() {
        let mut summary = Summary::of("candles", []);
        summary.leave_out(LeftOut {
            late: 2,
            skipped: 0,
            outside: 3,
            removed: 0,
        });
        assert_eq!(
            summary.to_string(),
            "0 candles, 0 gaps, 0 missing, 0 reconnects, 2 trades too late for their candle, \
             3 trades while the market was closed"
        );
    }
}
