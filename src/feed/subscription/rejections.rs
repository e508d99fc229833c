use std::collections::BTreeMap;

use hashbrown::HashMap;

use crate::{Rejection, Symbol};

/// So many refusals are kept, or as many as topics were ever asked for at once, if that is more.
const KEPT: usize = 1_024;

/// The last refusal of each symbol of a handle, the latest of them.
#[derive(Debug, Default)]
pub(in crate::feed) struct Rejections {
    by_symbol: HashMap<Symbol, (u64, Rejection)>,
    order: BTreeMap<u64, Symbol>,
    count: u64,
    most: usize,
}

impl Rejections {
    /// So many topics wait for an answer: there may be as many refusals.
    pub(in crate::feed) fn expect(&mut self, count: usize) {
        self.most = self.most.max(count);
    }

    pub(in crate::feed) fn add(&mut self, symbol: Symbol, rejection: Rejection) {
        self.count += 1;
        self.order.insert(self.count, symbol.clone());
        if let Some((earlier, _)) = self.by_symbol.insert(symbol, (self.count, rejection)) {
            self.order.remove(&earlier);
        }
        if self.order.len() > self.most.max(KEPT)
            && let Some((_, symbol)) = self.order.pop_first()
        {
            self.by_symbol.remove(&symbol);
        }
    }

    pub(in crate::feed) fn remove(&mut self, symbol: &Symbol) {
        if let Some((at, _)) = self.by_symbol.remove(symbol) {
            self.order.remove(&at);
        }
    }

    /// In the order in which they came.
    pub(in crate::feed) fn iter(&self) -> impl Iterator<Item = (&Symbol, &Rejection)> {
        let refusals = self.order.values();
        refusals.filter_map(|symbol| Some((symbol, &self.by_symbol.get(symbol)?.1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(rejections: &mut Rejections, name: usize) {
        let symbol = Symbol::new(name.to_string());
        rejections.add(symbol.clone(), Rejection::new(symbol.as_str(), None, "no"));
    }

    #[test]
    fn the_refusals_of_a_handles_life_are_bounded() {
        let mut rejections = Rejections::default();
        for name in 0..100_000 {
            add(&mut rejections, name);
            add(&mut rejections, 7);
        }
        let kept: Vec<_> = rejections
            .iter()
            .map(|(symbol, _)| symbol.clone())
            .collect();
        assert_eq!((kept.len(), kept[KEPT - 1].as_str()), (KEPT, "7"));
        assert_eq!(rejections.by_symbol.len(), KEPT);
        rejections.remove(&"7".into());
        assert_eq!(rejections.iter().count(), KEPT - 1);
    }

    #[test]
    fn all_that_were_asked_for_at_once_are_kept() {
        let mut rejections = Rejections::default();
        rejections.expect(5_000);
        for name in 0..6_000 {
            add(&mut rejections, name);
        }
        assert_eq!(rejections.iter().count(), 5_000);
    }
}
