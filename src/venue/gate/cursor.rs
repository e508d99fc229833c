//! Reading JSON of exactly one layout, byte by byte.

use super::moment::{self, Unit};
use super::value::is_size;
use crate::Timestamp;
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
        let (value, length) = number(self.rest);
        // JSON has no leading zeros.
        if length == 0 || length > 18 || (self.rest[0] == b'0' && length > 1) {
            return None;
        }
        self.rest = &self.rest[length..];
        Some(value)
    }

    /// A time in milliseconds in a string whose opening quote was read.
    #[inline]
    pub(super) fn millis(&mut self) -> Option<Option<Timestamp>> {
        let (whole, length) = number(self.rest);
        let mut fraction = (0, 0);
        let mut rest = &self.rest[length..];
        if let Some((b'.', more)) = rest.split_first() {
            fraction = number(more);
            rest = &more[fraction.1..];
        }
        // What is spelled otherwise, or beyond the year 2286, takes the long way.
        let usual = (1..=13).contains(&length) && fraction.1 <= 6;
        match rest.split_first() {
            Some((b'"', rest)) if usual => {
                self.rest = rest;
                moment::of_millis(whole, fraction).ok()
            }
            _ => moment::of_text(self.digits()?, Unit::Millis).ok(),
        }
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
        if let Some((value, length)) = decimal::parse_before_quote(self.rest) {
            self.rest = &self.rest[length + 1..];
            return Some(value);
        }
        decimal::parse_bytes(self.digits()?).ok()
    }

    /// An amount of something, in a string whose opening quote was read.
    #[inline]
    pub(super) fn size(&mut self) -> Option<Decimal> {
        self.decimal().filter(|size| is_size(*size))
    }

    /// The same where an empty string means that there is none.
    #[inline]
    pub(super) fn size_or_empty(&mut self) -> Option<Option<Decimal>> {
        if self.skip(b"\"") {
            return Some(None);
        }
        self.size().map(Some)
    }

    /// [`decimal`](Self::decimal), where an empty string means that there is none.
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
            let size = self.size()?;
            levels.push(Level { price, size });
            if !self.skip(b"],") {
                self.literal(b"]]")?;
                return Some(levels);
            }
        }
    }
}

/// The digits that `text` begins with, as a number, and how many they are; beyond nineteen the
/// number means nothing.
#[inline]
fn number(text: &[u8]) -> (u64, usize) {
    let (mut value, mut length) = (0_u64, 0);
    while let Some(eight) = text[length..].first_chunk().and_then(eight_digits) {
        value = value.wrapping_mul(100_000_000).wrapping_add(eight);
        length += 8;
    }
    for byte in &text[length..] {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        length += 1;
    }
    (value, length)
}

/// The value of eight digits, all of them taken at once, or nothing if one is not a digit.
#[inline]
fn eight_digits(text: &[u8; 8]) -> Option<u64> {
    const HIGH: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    let word = u64::from_le_bytes(*text);
    // Digits are 0x30 to 0x39: their high halves are 3, also six further.
    let further = word.wrapping_add(0x0606_0606_0606_0606);
    if word & HIGH != 0x3030_3030_3030_3030 || further & HIGH != 0x3030_3030_3030_3030 {
        return None;
    }
    // Neighbours are joined: eight digits to four pairs, to two fours, to one eight.
    let pairs = (word & 0x0f0f_0f0f_0f0f_0f0f).wrapping_mul(0x0a01) >> 8;
    let fours = (pairs & 0x00ff_00ff_00ff_00ff).wrapping_mul(0x0064_0001) >> 16;
    Some((fours & 0x0000_ffff_0000_ffff).wrapping_mul(0x2710_0000_0001) >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length_are_read() {
        for digits in [
            "",
            "7",
            "07",
            "1234567",
            "12345678",
            "98765432",
            "123456789",
            "1790359171119",
            "1234567890123456",
            "12345678901234567",
            "9999999999999999999",
        ] {
            for end in ["", ",", "/", ":", "\"", ".12345678", "x2345678"] {
                let text = format!("{digits}{end}");
                let expected = (digits.parse().unwrap_or(0), digits.len());
                assert_eq!(number(text.as_bytes()), expected, "{text}");
            }
        }
    }

    #[test]
    fn times_are_read_alike_on_both_ways() {
        for text in [
            "1790359171119.653000",
            "1790359171119.65",
            "1790359171119",
            "1790359171119.",
            "1790359171119.6530001",
            "0",
            "0.000",
            "17903591711190.5",
            "9999999999999.999999",
            "1790359171119653",
            ".5",
            "1.x",
            "x",
            "1790359171119.1234567x",
            "-1",
            "1.5e3",
        ] {
            let quoted = format!("{text}\",");
            let mut cursor = Cursor::new(quoted.as_bytes());
            let expected = moment::of_text(text.as_bytes(), Unit::Millis).ok();
            assert_eq!(cursor.millis(), expected, "{text}");
            if expected.is_some() {
                assert_eq!(cursor.rest, b",", "{text}");
            }
        }
        assert_eq!(Cursor::new(b"\"").millis(), None);
        assert_eq!(Cursor::new(b"1790359171119").millis(), None);
    }

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
            "[\"1\",\"-2\"]]",
            "[\"1\",\"2\"],]",
            "[\"1\",\"2\"]",
        ] {
            assert_eq!(levels(bad.as_bytes()), None, "{bad}");
        }
    }
}
