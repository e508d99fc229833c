use std::fmt;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::Symbol;
use crate::market::Id;

/// The latest identities of each symbol.
#[derive(Clone)]
pub(super) struct Seen {
    window: usize,
    hasher: DefaultHashBuilder,
    /// Which of the windows is the symbol's: a map of small entries is quick to grow.
    symbols: HashMap<Symbol, usize>,
    windows: Vec<Window>,
}

/// So few identities are found faster by looking at each, and quiet symbols need no table.
const FEW: usize = 8;

/// One symbol's identities: a ring that grows as it fills, and where in it each one is.
#[derive(Clone, Default)]
struct Window {
    ids: Vec<Id>,
    /// Empty while there are few.
    places: HashTable<u32>,
    /// Place of the oldest identity, once the ring is full.
    oldest: usize,
}

impl Seen {
    /// Remembers at least one identity a symbol; places are held in 32 bits, so no more than
    /// those can tell apart.
    pub(super) fn new(window: usize) -> Self {
        Self {
            window: window.clamp(1, u32::MAX as usize),
            hasher: DefaultHashBuilder::default(),
            symbols: HashMap::new(),
            windows: Vec::new(),
        }
    }

    /// Whether `id` is not among the symbol's latest; it is from now on.
    pub(super) fn is_new(&mut self, symbol: &Symbol, id: Id) -> bool {
        let at = *self.symbols.entry_ref(symbol).or_insert_with(|| {
            self.windows.push(Window::default());
            self.windows.len() - 1
        });
        let window = &mut self.windows[at];
        if window.contains(&id, &self.hasher) {
            return false;
        }
        if window.ids.len() < self.window {
            window.add(id, &self.hasher);
        } else {
            window.replace_oldest(id, &self.hasher);
        }
        true
    }

    /// Remembers nothing of this symbol any more.
    pub(super) fn forget(&mut self, symbol: &Symbol) {
        if !self.symbols.is_empty()
            && let Some(at) = self.symbols.get(symbol)
        {
            self.windows[*at] = Window::default();
        }
    }
}

impl Window {
    fn contains(&self, id: &Id, hasher: &DefaultHashBuilder) -> bool {
        if self.ids.len() <= FEW {
            return self.ids.contains(id);
        }
        let equals = |at: &u32| self.ids[*at as usize] == *id;
        self.places.find(hasher.hash_one(id), equals).is_some()
    }

    fn add(&mut self, id: Id, hasher: &DefaultHashBuilder) {
        self.ids.push(id);
        match self.ids.len() - 1 {
            last if last > FEW => self.note(last, hasher),
            FEW => (0..=FEW).for_each(|place| self.note(place, hasher)),
            _ => {}
        }
    }

    fn replace_oldest(&mut self, id: Id, hasher: &DefaultHashBuilder) {
        let place = self.oldest;
        self.oldest = (place + 1) % self.ids.len();
        let gone = hasher.hash_one(&self.ids[place]);
        if let Ok(entry) = self.places.find_entry(gone, |at| *at as usize == place) {
            entry.remove();
        }
        self.ids[place] = id;
        if self.ids.len() > FEW {
            self.note(place, hasher);
        }
    }

    /// Notes where an identity is.
    fn note(&mut self, place: usize, hasher: &DefaultHashBuilder) {
        let hash = |at: usize| hasher.hash_one(&self.ids[at]);
        self.places
            .insert_unique(hash(place), place as u32, |at| hash(*at as usize));
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen")
            .field("window", &self.window)
            .field("symbols", &self.symbols.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_no_more_than_its_window_of_each_symbol() {
        for window in [1, FEW, FEW + 1, 100] {
            let mut seen = Seen::new(window);
            for id in 0..1_000_u64 {
                for symbol in ["A", "B"] {
                    assert!(seen.is_new(&symbol.into(), id.into()));
                }
            }
            for held in &seen.windows {
                assert_eq!(held.ids.len(), window);
                let noted = if window > FEW { window } else { 0 };
                assert_eq!(held.places.len(), noted);
            }
        }
    }
}
