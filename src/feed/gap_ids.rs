use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::GapId;

/// Where the gaps of one client get their ids; clones count on together.
#[derive(Clone, Debug, Default)]
pub(crate) struct GapIds(Arc<AtomicU64>);

impl GapIds {
    /// Ids that no client comes to, for gaps that an operator adds to a client's; small enough
    /// to survive JSON readers that hold numbers as binary floats.
    pub(crate) fn of_an_operator() -> Self {
        Self(Arc::new(AtomicU64::new(1 << 52)))
    }

    /// An id that was not given out before; the first is 1.
    pub(crate) fn next(&self) -> GapId {
        GapId::new(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}
