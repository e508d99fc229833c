use std::fmt;
use std::sync::Arc;

use hashbrown::HashSet;
use serde::{Deserialize, Serialize};

use crate::Symbol;

/// Which symbols of a handle a marker concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Scope {
    /// All of the handle's symbols.
    All,
    /// These, sorted and without repeats.
    Symbols(Arc<[Symbol]>),
}

impl Scope {
    /// The scope of `symbols`, in any order.
    pub fn of(symbols: impl IntoIterator<Item = Symbol>) -> Self {
        let mut symbols: Vec<Symbol> = symbols.into_iter().collect();
        symbols.sort_unstable();
        symbols.dedup();
        Self::Symbols(symbols.into())
    }

    /// Whether `symbol` is in it.
    pub fn contains(&self, symbol: &str) -> bool {
        match self {
            Self::All => true,
            Self::Symbols(symbols) => symbols
                .binary_search_by(|held| held.as_str().cmp(symbol))
                .is_ok(),
        }
    }

    /// Every symbol that is in this scope or in `other`.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::Symbols(a), Self::Symbols(b)) if a == b => self.clone(),
            (Self::Symbols(a), Self::Symbols(b)) => Self::of(a.iter().chain(b.iter()).cloned()),
        }
    }

    /// What is left of it without `other`; `None` where that would be "all but these".
    pub(crate) fn without(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (_, Self::All) => Some(Self::of([])),
            (_, Self::Symbols(gone)) if gone.is_empty() => Some(self.clone()),
            (Self::All, Self::Symbols(_)) => None,
            (Self::Symbols(held), Self::Symbols(_)) => Some(Self::of(
                held.iter()
                    .filter(|symbol| !other.contains(symbol))
                    .cloned(),
            )),
        }
    }
}

impl fmt::Display for Scope {
    /// At most five names, then a count.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all symbols"),
            Self::Symbols(symbols) => {
                for (at, symbol) in symbols.iter().take(5).enumerate() {
                    write!(f, "{}{symbol}", if at == 0 { "" } else { ", " })?;
                }
                match symbols.len().saturating_sub(5) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
        }
    }
}

/// A scope in the making: to grow a [`Scope`], which is sorted and shared, costs as much as it is long.
#[derive(Debug, Default)]
pub(crate) struct ScopeSet {
    all: bool,
    named: HashSet<Symbol>,
    /// The last one named: neighbours are often the same.
    latest: Option<Symbol>,
}

impl ScopeSet {
    pub(crate) fn add(&mut self, scope: &Scope) {
        match scope {
            Scope::All => self.add_all(),
            Scope::Symbols(symbols) => symbols.iter().for_each(|symbol| self.insert(symbol)),
        }
    }

    pub(crate) fn add_all(&mut self) {
        *self = Self {
            all: true,
            ..Self::default()
        };
    }

    #[inline]
    pub(crate) fn insert(&mut self, symbol: &Symbol) {
        if !self.all && self.latest.as_ref() != Some(symbol) {
            self.named.get_or_insert_with(symbol, Symbol::clone);
            self.latest = Some(symbol.clone());
        }
    }

    pub(crate) fn extend(&mut self, other: Self) {
        if other.all {
            self.add_all();
        } else if !self.all {
            self.named.extend(other.named);
        }
    }

    pub(crate) fn into_scope(self) -> Scope {
        if self.all {
            Scope::All
        } else {
            Scope::of(self.named)
        }
    }
}

impl From<&Scope> for ScopeSet {
    fn from(scope: &Scope) -> Self {
        let mut set = Self::default();
        set.add(scope);
        set
    }
}
