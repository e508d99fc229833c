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
    symbols: HashMap<Symbol, Window>,
}

/// One symbol's identities: a ring that grows as it fills, and where in it each one is.
#[derive(Clone, Default)]
struct Window {
    ids: Vec<Id>,
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
        }
    }

    /// Whether `id` is not among the symbol's latest; it is from now on.
    pub(super) fn is_new(&mut self, symbol: &Symbol, id: Id) -> bool {
        let hasher = &self.hasher;
        let hash = hasher.hash_one(&id);
        let Window {
            ids,
            places,
            oldest,
        } = self.symbols.entry_ref(symbol).or_default();
        if places.find(hash, |at| ids[*at as usize] == id).is_some() {
            return false;
        }
        let place = if ids.len() < self.window {
            ids.push(id);
            ids.len() - 1
        } else {
            let place = *oldest;
            *oldest = (place + 1) % self.window;
            let evicted = hasher.hash_one(&ids[place]);
            if let Ok(entry) = places.find_entry(evicted, |at| *at as usize == place) {
                entry.remove();
            }
            ids[place] = id;
            place
        };
        places.insert_unique(hash, place as u32, |at| hasher.hash_one(&ids[*at as usize]));
        true
    }

    /// Remembers nothing of this symbol any more.
    pub(super) fn forget(&mut self, symbol: &Symbol) {
        if !self.symbols.is_empty() {
            self.symbols.remove(symbol);
        }
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
