//! How many lines were read, and what was in them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Counts that can be read while they grow.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    lines: u64,
    kinds: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Counts a line and returns its number, from 1.
    pub(crate) fn line(&self) -> u64 {
        let mut counts = self.counts();
        counts.lines += 1;
        counts.lines
    }

    /// Counts an item of this kind.
    pub(crate) fn item(&self, kind: &'static str) {
        *self.counts().kinds.entry(kind).or_default() += 1;
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts();
        write!(f, "{} lines", counts.lines)?;
        for (at, (kind, count)) in counts.kinds.iter().enumerate() {
            write!(f, "{} {count} {kind}", if at == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}
