//! Which fills have been told.

use std::collections::VecDeque;

use hashbrown::HashSet;

use super::fill::Fill;
use crate::Symbol;
use crate::market::Id;

/// How many fills are remembered.
const MEMORY: usize = 10_000;

/// The latest fills that were told. Every change of an order brings all of its fills again, those of an
/// outage among them.
#[derive(Debug, Default)]
pub(super) struct Told {
    known: HashSet<Key>,
    order: VecDeque<Key>,
}

/// Fills are numbered within an order at worst.
type Key = (Option<Symbol>, Option<Id>, Symbol, Id);

impl Told {
    /// Whether it is told for the first time.
    pub(super) fn is_new(&mut self, fill: &Fill) -> bool {
        let account = fill.detail.account.clone();
        let key = (
            account,
            fill.order_id.clone(),
            fill.symbol.clone(),
            fill.id.clone(),
        );
        if !self.known.insert(key.clone()) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > MEMORY
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decimal, Timestamp};

    fn fill(id: u64) -> Fill {
        Fill {
            id: Id::Text(id.to_string().into()),
            order_id: None,
            symbol: Symbol::new("AAPL"),
            side: None,
            price: Decimal::ONE,
            size: Decimal::ONE,
            role: None,
            fee: None,
            time: Timestamp::EPOCH,
            received: None,
            detail: Default::default(),
        }
    }

    #[test]
    fn a_fill_is_new_once_and_the_memory_is_bounded() {
        let mut told = Told::default();
        assert!(told.is_new(&fill(0)) && !told.is_new(&fill(0)));
        for id in 1..=MEMORY as u64 {
            assert!(told.is_new(&fill(id)));
        }
        assert_eq!(told.known.len(), MEMORY);
        assert!(told.is_new(&fill(0)));
    }
}
