//! Reading JSON of exactly one layout, byte by byte.

use crate::decimal::{self, Decimal};
use crate::market::Level;

/// What of a frame is still to be read.
///
/// Everything returns `None` on the first surprise; what was read before is then thrown away and
/// the frame is read again by serde. So no method needs to accept all that JSON allows, but none
/// may accept what JSON does not, or read it as something else.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(frame: &'a [u8]) -> Self {
        Self { rest: frame }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Exactly these bytes.
    #[inline(always)]
    pub(super) fn literal<const N: usize>(&mut self, literal: &[u8; N]) -> Option<()> {
        self.skip(literal).then_some(())
    }

    /// These bytes, if they come next.
    #[inline(always)]
    pub(super) fn skip<const N: usize>(&mut self, literal: &[u8; N]) -> bool {
        match self.rest.split_first_chunk::<N>() {
            Some((head, rest)) if head == literal => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// A whole number of at most 18 digits.
    ///
    /// What follows is not looked at: a fraction or exponent is no literal that a caller expects.
    #[inline]
    pub(super) fn count(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        let mut length = 0;
        for byte in self.rest {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            length += 1;
        }
        // JSON has no leading zeros.
        if length == 0 || length > 18 || (self.rest[0] == b'0' && length > 1) {
            return None;
        }
        self.rest = &self.rest[length..];
        Some(value)
    }

    /// The rest of a string after its opening quote, without escapes: printable ASCII.
    #[inline]
    pub(super) fn text(&mut self) -> Option<&'a str> {
        let end = self
            .rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | ..0x20 | 0x7f..))?;
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest.strip_prefix(b"\"")?;
        std::str::from_utf8(text).ok()
    }

    /// The rest of a string of at least one byte that is then checked by a stricter grammar.
    #[inline]
    pub(super) fn digits(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|byte| *byte == b'"')?;
        let digits = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        (end > 0).then_some(digits)
    }

    /// A decimal in a string whose opening quote was read.
    #[inline]
    pub(super) fn decimal(&mut self) -> Option<Decimal> {
        decimal::parse_bytes(self.digits()?).ok()
    }

    /// The same where an empty string means that there is none.
    #[inline]
    pub(super) fn decimal_or_empty(&mut self) -> Option<Option<Decimal>> {
        if self.skip(b"\"") {
            return Some(None);
        }
        self.decimal().map(Some)
    }

    pub(super) fn boolean(&mut self) -> Option<bool> {
        if self.skip(b"true") {
            Some(true)
        } else {
            self.literal(b"false").map(|()| false)
        }
    }

    /// The rest of an array of `["price","size"]` after its opening bracket.
    pub(super) fn levels(&mut self) -> Option<Vec<Level>> {
        if self.skip(b"]") {
            return Some(Vec::new());
        }
        // A level takes some 25 bytes, and half of what follows is the other side.
        let mut levels = Vec::with_capacity(self.rest.len() / 40 + 1);
        loop {
            self.literal(b"[\"")?;
            let price = self.decimal()?;
            self.literal(b",\"")?;
            let size = self.decimal()?;
            levels.push(Level { price, size });
            if !self.skip(b"],") {
                self.literal(b"]]")?;
                return Some(levels);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_json_does_not_allow() {
        let count = |text: &[u8]| Cursor::new(text).count();
        assert_eq!(count(b"0,"), Some(0));
        assert_eq!(count(b"999999999999999999}"), Some(999_999_999_999_999_999));
        assert_eq!(count(b"01"), None);
        assert_eq!(count(b"-1"), None);
        assert_eq!(count(b""), None);
        assert_eq!(count(b"1000000000000000000"), None);
        let text = |text| Cursor::new(text).text();
        assert_eq!(text(b"AB\"" as &[u8]), Some("AB"));
        assert_eq!(text(b"AB"), None);
        assert_eq!(text(b"A\\n\""), None);
        assert_eq!(text(b"A\n\""), None);
        assert_eq!(text("\u{e9}\"".as_bytes()), None);
    }

    #[test]
    fn reads_levels() {
        let levels = |text: &[u8]| Cursor::new(text).levels().map(|levels| levels.len());
        assert_eq!(levels(b"]"), Some(0));
        assert_eq!(levels(b"[\"1\",\"2\"]]"), Some(1));
        assert_eq!(levels(b"[\"1\",\"2\"],[\"1.5\",\"0\"]]"), Some(2));
        for bad in [
            "[]]",
            "[\"1\"]]",
            "[\"1\",\"\"]]",
            "[\"1\",\"2\"],]",
            "[\"1\",\"2\"]",
        ] {
            assert_eq!(levels(bad.as_bytes()), None, "{bad}");
        }
    }
}
