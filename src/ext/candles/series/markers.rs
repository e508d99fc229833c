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
        let held = match &status.kind {
            StatusKind::Interrupted { .. } => true,
            StatusKind::Stale {
                why: Staleness::Backpressure { .. },
            } => true,
            StatusKind::Resumed { .. } | StatusKind::Fresh => false,
            _ => return,
        };
        match &status.scope {
            Scope::All => {
                for line in &mut self.lines {
                    if held || line.aside.is_some() {
                        line.aside().held = held;
                    }
                }
            }
            Scope::Symbols(symbols) => {
                for symbol in symbols.iter() {
                    if let Some(at) = self.index.get(symbol) {
                        self.lines[*at].aside().held = held;
                    }
                }
            }
        }
        if !held {
            self.due.resume();
        }
    }
}
