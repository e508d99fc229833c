use hashbrown::HashSet;

use super::gap_sum::GapSum;
use crate::event::ScopeSet;
use crate::{Gap, GapId, Scope, Status, StatusKind, Symbol};

/// A gap that a repair has been promised for, and what has become of that.
#[derive(Debug)]
pub(super) struct Promise {
    pub(super) sum: GapSum,
    open: Open,
    pub(super) repaired: Option<Verdict>,
    pub(super) failed: Option<Verdict>,
}

/// Whose repair is not over.
#[derive(Debug)]
enum Open {
    All,
    Symbols(HashSet<Symbol>),
}

impl Promise {
    pub(super) fn new(at: u64, gap: Gap) -> Self {
        Self {
            open: Open::of(&gap.scope),
            sum: GapSum::new(at, gap),
            repaired: None,
            failed: None,
        }
    }

    /// Promises more by the same name: what was said of its repair no longer holds of all of it.
    pub(super) fn extend(&mut self, at: u64, gap: Gap) {
        self.open.extend(&gap.scope);
        self.sum.add(GapSum::new(at, gap));
        for verdict in [&mut self.repaired, &mut self.failed].into_iter().flatten() {
            verdict.retract();
        }
    }

    pub(super) fn hear(&mut self, at: u64, well: bool, status: &Status) {
        self.open.close(&status.scope);
        let verdict = if well {
            &mut self.repaired
        } else {
            &mut self.failed
        };
        verdict.get_or_insert_default().add(at, status);
    }

    /// Whether its repair is over for all of its symbols.
    pub(super) fn is_over(&self) -> bool {
        matches!(&self.open, Open::Symbols(symbols) if symbols.is_empty())
    }

    /// How many markers it is.
    pub(super) fn len(&self) -> usize {
        1 + usize::from(self.repaired.is_some()) + usize::from(self.failed.is_some())
    }
}

impl Open {
    fn of(scope: &Scope) -> Self {
        match scope {
            Scope::All => Self::All,
            Scope::Symbols(symbols) => Self::Symbols(symbols.iter().cloned().collect()),
        }
    }

    fn extend(&mut self, scope: &Scope) {
        match (self, scope) {
            (Self::All, _) => {}
            (open, Scope::All) => *open = Self::All,
            (Self::Symbols(open), Scope::Symbols(more)) => open.extend(more.iter().cloned()),
        }
    }

    fn close(&mut self, scope: &Scope) {
        match (self, scope) {
            (open, Scope::All) => *open = Self::Symbols(HashSet::new()),
            // Which are left of all is not known.
            (Self::All, Scope::Symbols(_)) => {}
            (Self::Symbols(open), Scope::Symbols(over)) => {
                for symbol in over.iter() {
                    open.remove(symbol);
                }
            }
        }
    }
}

/// Statuses that say the same about the repair of one gap.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    scope: ScopeSet,
    count: u64,
    pub(super) at: u64,
}

impl Verdict {
    pub(super) fn add(&mut self, at: u64, status: &Status) {
        self.scope.add(&status.scope);
        self.count += status.folded + 1;
        self.at = at;
    }

    pub(super) fn join(&mut self, other: Self) {
        self.scope.extend(other.scope);
        self.count += other.count;
        self.at = self.at.max(other.at);
    }

    /// Counts statuses that it says nothing of.
    pub(super) fn count(&mut self, other: &Self) {
        self.count += other.count;
    }

    fn retract(&mut self) {
        self.scope = ScopeSet::default();
    }

    pub(super) fn into_status(self, gap: GapId, well: bool) -> Status {
        let kind = if well {
            StatusKind::Repaired { gap }
        } else {
            StatusKind::RepairFailed { gap }
        };
        let mut status = Status::new(kind, self.scope.into_scope());
        status.folded = self.count - 1;
        status
    }
}
