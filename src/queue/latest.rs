use hashbrown::HashMap;

use crate::Symbol;

/// Where the latest replaceable event of each key is queued, by absolute position.
///
/// Entries of events that have left are not removed one by one: the owner sees that their position
/// has left too, and they are pruned when they outnumber what is queued.
#[derive(Debug, Default)]
pub(super) struct Latest {
    slots: HashMap<(Symbol, i64), u64>,
    /// Position of each symbol's last event that must not be replaced nor overtaken.
    barriers: HashMap<Symbol, u64>,
    /// Nothing before this position may be replaced: a marker is after it.
    floor: u64,
}

impl Latest {
    /// Position of the event that a new one of this key replaces; it may have left already.
    pub(super) fn find(&self, symbol: &Symbol, slot: i64) -> Option<u64> {
        let position = *self.slots.get(&(symbol.clone(), slot))?;
        if position < self.floor {
            return None;
        }
        let overtakes = self
            .barriers
            .get(symbol)
            .is_some_and(|barrier| *barrier > position);
        (!overtakes).then_some(position)
    }

    /// Notes that an event is queued at `position`.
    pub(super) fn note(&mut self, symbol: &Symbol, slot: Option<i64>, position: u64) {
        match slot {
            Some(slot) => self.slots.insert((symbol.clone(), slot), position),
            None => self.barriers.insert(symbol.clone(), position),
        };
    }

    /// Protects what is queued before `position`.
    pub(super) fn forget_before(&mut self, position: u64) {
        self.floor = position;
    }

    /// Frees entries before `base` when most are: a constant number per event noted.
    pub(super) fn prune(&mut self, queued: usize, base: u64) {
        let most = 2 * queued + 64;
        let from = base.max(self.floor);
        if self.slots.len() > most {
            self.slots.retain(|_, position| *position >= from);
        }
        if self.barriers.len() > most {
            self.barriers.retain(|_, position| *position >= from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_never_come_again_do_not_pile_up() {
        let mut latest = Latest::default();
        let symbol = Symbol::new("A");
        for position in 0..100_000_u64 {
            latest.prune(10, position.saturating_sub(10));
            latest.note(&symbol, Some(position as i64), position);
            latest.note(&Symbol::new(position.to_string()), None, position);
        }
        assert!(latest.slots.len() <= 2 * 10 + 65 && latest.barriers.len() <= 2 * 10 + 65);
        assert_eq!(latest.find(&symbol, 99_999), Some(99_999));
    }
}
