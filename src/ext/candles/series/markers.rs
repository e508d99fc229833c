use super::super::line::Line;
use super::Series;
use crate::market::{Candle, CandleState};
use crate::{Gap, Scope, Staleness, Status, StatusKind, Timestamp};

/// What gaps and statuses mean for candles.
impl Series {
    pub(in super::super) fn gap(&mut self, gap: &Gap) {
        match &gap.scope {
            Scope::All => self.taint.add(gap),
            Scope::Symbols(symbols) => {
                for symbol in symbols.iter() {
                    let at = self.line(symbol);
                    self.lines[at].aside().taint.add(gap);
                }
            }
        }
    }

    /// A closed candle of this line that a gap taints, which has not been told yet.
    pub(in super::super) fn retainted(&mut self, at: usize) -> Option<Candle> {
        let now = self.clock.latest().unwrap_or(Timestamp::MIN);
        let line = &mut self.lines[at];
        let open = line.aside.as_mut()?.retaint(&self.taint, now, self.grace)?;
        let symbol = line.symbol.clone();
        Some(open.candle(symbol, self.cutter.interval, CandleState::Revised))
    }

    pub(in super::super) fn status(&mut self, status: &Status) {
        let backpressure = |why: &Staleness| matches!(why, Staleness::Backpressure { .. });
        let change: fn(&mut Line) = match &status.kind {
            StatusKind::Interrupted { .. } => |line| line.aside().interrupted = true,
            StatusKind::Resumed { .. } => |line| line.aside().interrupted = false,
            StatusKind::Stale { why } if backpressure(why) => |line| line.aside().unread = true,
            StatusKind::Fresh => |line| line.aside().unread = false,
            // It brings nothing any more, and no gap says since when.
            StatusKind::Rejected(_) => Line::refuse,
            _ => return,
        };
        match &status.scope {
            Scope::All => {
                for at in 0..self.lines.len() {
                    self.change(at, change);
                }
            }
            Scope::Symbols(symbols) => {
                for symbol in symbols.iter() {
                    if let Some(at) = self.index.get(symbol) {
                        self.change(*at, change);
                    }
                }
            }
        }
    }

    fn change(&mut self, at: usize, change: fn(&mut Line)) {
        let line = &mut self.lines[at];
        change(line);
        // Its end may have passed while the clock said nothing about it.
        if !line.is_held()
            && self.cutter.is_by_time()
            && let Some(window) = line.current()
        {
            self.expect_end(at, window);
        }
    }
}
