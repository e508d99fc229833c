//! What the simulated market trades unless told otherwise, and how it is priced.

use crate::Symbol;
use crate::sim::market::Listing;

/// Symbols and their prices at the start, in hundredths.
const KNOWN: [(&str, i64); 9] = [
    ("AAPL", 23_140),
    ("SPY", 59_836),
    ("QQQ", 51_270),
    ("TSLA", 31_205),
    ("IBM", 24_418),
    ("SPX", 598_214),
    ("/ESZ26:XCME", 601_025),
    ("BTC/USD:CXTALP", 8_379_050),
    (".AAPL270115C230", 2_415),
];

/// The symbols a simulator knows unless told otherwise.
pub(in crate::sim) fn default_symbols() -> impl Iterator<Item = Symbol> {
    KNOWN.iter().map(|(name, _)| Symbol::new(name))
}

/// Prices in cents; shares and contracts are whole, parts of coins are not.
pub(in crate::sim) fn listing(symbol: &Symbol) -> Listing {
    let known = KNOWN.iter().find(|(name, _)| *symbol == **name);
    let spread = symbol
        .bytes()
        .fold(7_i64, |sum, byte| (sum * 31 + i64::from(byte)) % 9_973);
    let ticks = match known {
        Some((_, ticks)) => *ticks,
        None if symbol.starts_with('.') => 900 + spread % 2_000,
        None => 2_000 + spread * 4,
    };
    let is_coin = symbol.contains("/USD");
    Listing {
        ticks,
        price_digits: 2,
        size_digits: if is_coin { 4 } else { 0 },
    }
}
