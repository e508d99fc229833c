use super::super::line::Aside;
use super::Series;
use crate::market::{Candle, CandleState};
use crate::{Gap, Scope, Staleness, Status, StatusKind};

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
        let line = &mut self.lines[at];
        let open = line.aside.as_mut()?.retaint(&self.taint)?;
        let symbol = line.symbol.clone();
        Some(open.candle(symbol, self.cutter.interval, CandleState::Revised))
    }

    pub(in super::super) fn status(&mut self, status: &Status) {
        let backpressure = |why: &Staleness| matches!(why, Staleness::Backpressure { .. });
        let change: fn(&mut Aside) = match &status.kind {
            StatusKind::Interrupted { .. } => |aside| aside.interrupted = true,
            StatusKind::Resumed { .. } => |aside| aside.interrupted = false,
            StatusKind::Stale { why } if backpressure(why) => |aside| aside.unread = true,
            StatusKind::Fresh => |aside| aside.unread = false,
            _ => return,
        };
        match &status.scope {
            Scope::All => self.lines.iter_mut().for_each(|line| change(line.aside())),
            Scope::Symbols(symbols) => {
                for symbol in symbols.iter() {
                    if let Some(at) = self.index.get(symbol) {
                        change(self.lines[*at].aside());
                    }
                }
            }
        }
        // Those of lines that are still held are postponed again.
        self.due.resume();
    }
}
