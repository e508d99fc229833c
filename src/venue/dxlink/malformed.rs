use std::borrow::Cow;
use std::fmt;

use smol_str::SmolStr;

use crate::Symbol;

/// A message, a part of one or a row that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    reason: Cow<'static, str>,
    kind: Option<SmolStr>,
    symbol: Option<Symbol>,
    channel: Option<u64>,
    shape: Option<Shape>,
}

/// The numbers of a pair whose values do not make whole rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    width: usize,
    length: usize,
}

/// The most characters of a type's name or a symbol that are kept.
const NAME: usize = 64;
/// The most bytes of a reason that are kept.
const REASON: usize = 200;

impl Malformed {
    pub(super) fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        let mut reason = reason.into();
        if reason.len() > REASON {
            // It quotes the message.
            let end = (0..=REASON).rev().find(|at| reason.is_char_boundary(*at));
            reason = Cow::Owned(format!("{}…", &reason[..end.unwrap_or(0)]));
        }
        Self {
            reason,
            kind: None,
            symbol: None,
            channel: None,
            shape: None,
        }
    }

    /// A pair of so many values where a row has `width`.
    #[cold]
    pub(super) fn ragged(kind: &str, width: usize, length: usize) -> Self {
        let shape = Some(Shape { width, length });
        let reason = "the values do not make whole rows";
        Self {
            shape,
            ..Self::new(reason).of_kind(kind)
        }
    }

    pub(super) fn of_kind(self, kind: &str) -> Self {
        // A name is the venue's and may be as long as its message.
        let kind = Some(kind.chars().take(NAME).collect());
        Self { kind, ..self }
    }

    pub(super) fn of_symbol(self, symbol: &str) -> Self {
        let symbol: SmolStr = symbol.chars().take(NAME).collect();
        let symbol = Some(symbol.as_str().into());
        Self { symbol, ..self }
    }

    pub(super) fn of_channel(self, channel: u64) -> Self {
        let channel = Some(channel);
        Self { channel, ..self }
    }

    /// What is wrong.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The event type that it was of, where that could be read.
    pub fn event_type(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// The symbol of the row, where that could be read.
    pub fn symbol(&self) -> Option<&Symbol> {
        self.symbol.as_ref()
    }

    /// The channel of the message, where that could be read.
    pub fn channel(&self) -> Option<u64> {
        self.channel
    }

    /// How many values a row should have had, for values that do not make whole rows.
    pub fn width(&self) -> Option<usize> {
        self.shape.map(|shape| shape.width)
    }

    /// How many values there were, for values that do not make whole rows.
    pub fn length(&self) -> Option<usize> {
        self.shape.map(|shape| shape.length)
    }
}

impl Malformed {
    /// What is wrong, with the numbers.
    pub(super) fn full_reason(&self) -> String {
        match self.shape {
            Some(Shape { width, length }) => {
                format!("{length} values is not a multiple of {width} fields")
            }
            None => self.reason.clone().into_owned(),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(kind) = &self.kind {
            write!(f, "{kind}")?;
            if let Some(symbol) = &self.symbol {
                write!(f, " of {symbol}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.full_reason())
    }
}

impl std::error::Error for Malformed {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_it_is_about_within_bounds() {
        let ragged = Malformed::ragged("Trade", 4, 7);
        let text = "Trade: 7 values is not a multiple of 4 fields";
        assert_eq!(ragged.to_string(), text);
        assert_eq!((ragged.width(), ragged.length()), (Some(4), Some(7)));
        let row = Malformed::new("price is missing")
            .of_kind("TimeAndSale")
            .of_symbol("AAPL");
        assert_eq!(row.to_string(), "TimeAndSale of AAPL: price is missing");
        let long = Malformed::new("x").of_kind(&"é".repeat(1_000));
        assert_eq!(long.event_type().unwrap().chars().count(), NAME);
    }
}
