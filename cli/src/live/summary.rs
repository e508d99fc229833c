//! What a feed brought, in figures.

use std::fmt;

use feedline::{Event, StatusKind};

/// Counts of a feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
}

/// Trades that are in no candle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Their candle had been told as final.
    pub(crate) late: u64,
    /// They had no price, time or size.
    pub(crate) skipped: u64,
    /// The market was closed.
    pub(crate) outside: u64,
}

impl Summary {
    /// Nothing yet.
    pub(crate) fn of(what: &'static str) -> Self {
        Self {
            what,
            ..Self::default()
        }
    }

    pub(crate) fn count<T>(&mut self, event: &Event<T>) {
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
        } = self;
        write!(f, "{data} {what}, {gaps} gaps, {missing} missing")?;
        if *uncounted > 0 {
            write!(f, " and an unknown number in {uncounted} of the gaps")?;
        }
        write!(f, ", {reconnects} reconnects")?;
        for (count, why) in [
            (left_out.late, "too late for their candle"),
            (left_out.skipped, "without price, time or size"),
            (left_out.outside, "while the market was closed"),
        ] {
            if count > 0 {
                write!(f, ", {count} trades {why}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use feedline::{Cause, Gap, GapId, Scope, Status};

    use super::*;

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
        let mut summary = Summary::of("events");
        summary.count(&Event::Data(()));
        summary.count::<()>(&gap(1).missed(3).into());
        assert_eq!(
            summary.to_string(),
            "1 events, 1 gaps, 3 missing, 0 reconnects"
        );
        summary.count::<()>(&gap(2).into());
        summary.count::<()>(&Status::new(resumed, Scope::All).into());
        assert_eq!(
            summary.to_string(),
            "1 events, 2 gaps, 3 missing and an unknown number in 1 of the gaps, 1 reconnects"
        );
    }

    #[test]
    fn tells_which_trades_are_in_no_candle() {
        let mut summary = Summary::of("candles");
        summary.leave_out(LeftOut {
            late: 2,
            skipped: 0,
            outside: 3,
        });
        assert_eq!(
            summary.to_string(),
            "0 candles, 0 gaps, 0 missing, 0 reconnects, 2 trades too late for their candle, \
             3 trades while the market was closed"
        );
    }
}
