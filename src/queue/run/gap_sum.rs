use crate::event::ScopeSet;
use crate::queue::lost::Lost;
use crate::{Gap, GapId, Repair, Scope};

/// Gaps in the making of one, which is called as the last of them.
#[derive(Debug)]
pub(super) struct GapSum {
    /// All of it but the scope.
    gap: Gap,
    scope: ScopeSet,
    /// Places of the first and the last of them among the markers.
    span: (u64, u64),
}

impl GapSum {
    pub(super) fn new(at: u64, mut gap: Gap) -> Self {
        let scope = std::mem::replace(&mut gap.scope, Scope::All);
        gap.repair = Repair::None;
        Self::of(at, gap, (&scope).into())
    }

    /// What was dropped at this place.
    pub(super) fn dropped(at: u64, lost: Lost, id: GapId) -> Self {
        let (gap, scope) = lost.into_gap(id);
        Self::of(at, gap, scope)
    }

    fn of(at: u64, gap: Gap, scope: ScopeSet) -> Self {
        let span = (at, at);
        Self { gap, scope, span }
    }

    pub(super) fn add(&mut self, later: Self) {
        self.gap.absorb(later.gap);
        self.scope.extend(later.scope);
        self.span = (self.span.0.min(later.span.0), self.span.1.max(later.span.1));
    }

    pub(super) fn id(&self) -> GapId {
        self.gap.id
    }

    pub(super) fn rename(&mut self, id: GapId) {
        self.gap.id = id;
    }

    pub(super) fn span(&self) -> (u64, u64) {
        self.span
    }

    pub(super) fn into_gap(mut self, repair: Repair) -> Gap {
        self.gap.scope = self.scope.into_scope();
        self.gap.repair = repair;
        self.gap
    }
}
