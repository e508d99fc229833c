//! Exact decimals from the venue's own digits: one strict grammar for every venue.
//!
//! `rust_decimal`'s own `from_str` rounds what does not fit and accepts `_` between digits; a
//! price must do neither. [`parse`] keeps every digit, trailing zeros included (`0.2010` stays
//! `0.2010`), and refuses what cannot be held exactly.

use std::borrow::Cow;

pub use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serializer, de};

/// The most fractional digits a [`Decimal`] holds.
const MAX_SCALE: i64 = 28;
/// The largest coefficient a [`Decimal`] holds: 96 bits.
const MAX_COEFFICIENT: u128 = (1 << 96) - 1;

/// Why a text is not an exact decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// The text does not follow the grammar.
    #[error("not a decimal number (expected digits such as 12, -0.5 or 1.2e-7)")]
    Syntax,
    /// The value cannot be held exactly in 96 bits with up to 28 fractional digits.
    #[error("the number does not fit an exact decimal of 96 bits and 28 fractional digits")]
    Range,
}

/// Reads `[+-] digits [. digits] [e [+-] digits]` exactly.
///
/// At least one digit must stand before or after the point; nothing else is allowed, neither
/// blanks nor `_`, `inf` or `nan`. Trailing zeros are kept unless they are more than fit.
///
/// # Errors
///
/// [`DecimalError::Syntax`] for any other text, [`DecimalError::Range`] when the value would have
/// to be rounded.
///
/// ```
/// use feedline::decimal::{self, DecimalError};
///
/// assert_eq!(decimal::parse("121.5800")?.to_string(), "121.5800");
/// assert_eq!(decimal::parse("1.5e-7")?.to_string(), "0.00000015");
/// assert_eq!(decimal::parse("1_000"), Err(DecimalError::Syntax));
/// # Ok::<(), DecimalError>(())
/// ```
pub fn parse(text: &str) -> Result<Decimal, DecimalError> {
    parse_bytes(text.as_bytes())
}

/// [`parse`] for text that has not been checked for UTF-8: decimals are ASCII.
///
/// # Errors
///
/// As [`parse`].
#[inline]
pub fn parse_bytes(text: &[u8]) -> Result<Decimal, DecimalError> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    // Nineteen digits always fit 64 bits: nearly every price and size takes this way.
    if digits.len() <= 19 {
        let mut coefficient = 0_u64;
        let mut point = None;
        for (at, byte) in digits.iter().enumerate() {
            match byte {
                b'0'..=b'9' => coefficient = coefficient * 10 + u64::from(byte - b'0'),
                b'.' if point.is_none() => point = Some(at),
                _ => return parse_any(negative, digits),
            }
        }
        let scale = point.map_or(0, |at| digits.len() - at - 1);
        if digits.len() > usize::from(point.is_some()) {
            let (low, middle) = (coefficient as u32, (coefficient >> 32) as u32);
            return Ok(Decimal::from_parts(low, middle, 0, negative, scale as u32));
        }
    }
    parse_any(negative, digits)
}

/// The number that stands before a quote, and how long it is, if it has neither sign nor exponent
/// and at most nineteen characters; [`parse_bytes`] reads the others, and these no differently.
#[inline]
pub(crate) fn parse_before_quote(text: &[u8]) -> Option<(Decimal, usize)> {
    let mut coefficient = 0_u64;
    let mut point = None;
    for (at, byte) in text.iter().enumerate().take(20) {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            // Only a twentieth digit can overflow, and then no quote is met.
            coefficient = coefficient.wrapping_mul(10).wrapping_add(u64::from(digit));
        } else if *byte == b'.' && point.is_none() {
            point = Some(at);
        } else if *byte == b'"' && at > usize::from(point.is_some()) {
            let scale = point.map_or(0, |point| at - point - 1);
            let (low, middle) = (coefficient as u32, (coefficient >> 32) as u32);
            let value = Decimal::from_parts(low, middle, 0, false, scale as u32);
            return Some((value, at));
        } else {
            return None;
        }
    }
    None
}

/// The whole grammar, for long numbers and exponents.
#[cold]
fn parse_any(negative: bool, digits: &[u8]) -> Result<Decimal, DecimalError> {
    let at = digits.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = match at {
        Some(at) => (&digits[..at], parse_exponent(&digits[at + 1..])?),
        None => (digits, 0),
    };
    let (mut coefficient, mut scale, mut zeros) = (0_u128, 0_i64, 0_i64);
    let (mut any_digit, mut after_point, mut too_long) = (false, false, false);
    for byte in mantissa {
        match byte {
            // Zeros wait until a digit follows them: trailing ones may be more than fit.
            b'0' => {
                any_digit = true;
                zeros += 1;
                scale += i64::from(after_point);
            }
            b'1'..=b'9' => {
                any_digit = true;
                scale += i64::from(after_point);
                match grow(coefficient, zeros + 1)
                    .and_then(|c| c.checked_add(u128::from(byte - b'0')))
                {
                    Some(grown) if grown <= MAX_COEFFICIENT => coefficient = grown,
                    _ => too_long = true,
                }
                zeros = 0;
            }
            b'.' if !after_point => after_point = true,
            _ => return Err(DecimalError::Syntax),
        }
    }
    if !any_digit {
        return Err(DecimalError::Syntax);
    }
    if too_long {
        return Err(DecimalError::Range);
    }
    // The value is coefficient * 10^zeros / 10^(scale - exponent).
    scale -= exponent;
    if coefficient == 0 {
        return Ok(signed(0, scale.clamp(0, MAX_SCALE), negative));
    }
    let excess = (scale - MAX_SCALE).max(0);
    let keep = zeros - excess;
    if let Some(kept) = grow(coefficient, keep).filter(|c| *c <= MAX_COEFFICIENT) {
        return whole(kept, scale - excess, negative);
    }
    // Not all trailing zeros fit: keep none, and only as many as the exponent asks for.
    whole(coefficient, scale - zeros, negative)
}

/// `coefficient / 10^scale`, where a negative scale multiplies.
fn whole(coefficient: u128, scale: i64, negative: bool) -> Result<Decimal, DecimalError> {
    if scale > MAX_SCALE {
        return Err(DecimalError::Range);
    }
    let coefficient = grow(coefficient, -scale.min(0))
        .filter(|c| *c <= MAX_COEFFICIENT)
        .ok_or(DecimalError::Range)?;
    Ok(signed(coefficient, scale.max(0), negative))
}

fn signed(coefficient: u128, scale: i64, negative: bool) -> Decimal {
    let part = |shift: u32| (coefficient >> shift) as u32;
    Decimal::from_parts(part(0), part(32), part(64), negative, scale as u32)
}

/// `coefficient * 10^power`, if that fits.
fn grow(coefficient: u128, power: i64) -> Option<u128> {
    let power = u32::try_from(power).ok()?;
    coefficient.checked_mul(10_u128.checked_pow(power)?)
}

fn parse_exponent(text: &[u8]) -> Result<i64, DecimalError> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() {
        return Err(DecimalError::Syntax);
    }
    let mut value = 0_i64;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return Err(DecimalError::Syntax);
        }
        // Far beyond any exponent that fits, so that long ones cannot wrap round.
        value = (value * 10 + i64::from(byte - b'0')).min(1_000_000);
    }
    Ok(if negative { -value } else { value })
}

/// For `#[serde(with = "…")]`: a decimal as a string of its exact digits.
pub mod text {
    use super::{Cow, Decimal, Deserialize, Deserializer, Serializer, de};

    /// Writes the digits as a string.
    ///
    /// # Errors
    ///
    /// Those of the serialiser.
    pub fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    /// Reads a string by [`parse`](super::parse).
    ///
    /// # Errors
    ///
    /// Those of the deserialiser and of the grammar.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        super::parse(&text).map_err(de::Error::custom)
    }
}

/// For `#[serde(with = "…")]`: [`text`](mod@text) for a value that may be absent.
pub mod text_option {
    use super::{Cow, Decimal, Deserialize, Deserializer, Serializer, de};

    /// Writes the digits as a string, or nothing.
    ///
    /// # Errors
    ///
    /// Those of the serialiser.
    pub fn serialize<S: Serializer>(
        value: &Option<Decimal>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    /// Reads a string by [`parse`](super::parse), or nothing.
    ///
    /// # Errors
    ///
    /// Those of the deserialiser and of the grammar.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Decimal>, D::Error> {
        Option::<Cow<'de, str>>::deserialize(deserializer)?
            .map(|text| super::parse(&text).map_err(de::Error::custom))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, DecimalError> {
        parse(text).map(|value| value.to_string())
    }

    #[test]
    fn keeps_the_venues_digits() {
        for text in [
            "0",
            "0.0",
            "-1",
            "121.5800000000",
            "2.048263365803126",
            "0.00000001",
        ] {
            assert_eq!(shown(text).as_deref(), Ok(text));
        }
        assert_eq!(
            shown("79228162514264337593543950335").unwrap(),
            "79228162514264337593543950335"
        );
        assert_eq!(shown(".5").unwrap(), "0.5");
        assert_eq!(shown("5.").unwrap(), "5");
        assert_eq!(shown("+7").unwrap(), "7");
    }

    #[test]
    fn numbers_before_a_quote_are_read_alike() {
        let plain = [
            "0",
            "0.0",
            "12.50",
            ".5",
            "5.",
            "0001",
            "1234567890123456789",
        ];
        let long = "123456789012345678.9";
        for text in plain {
            let quoted = format!("{text}\"0");
            let (value, length) = parse_before_quote(quoted.as_bytes()).unwrap();
            assert_eq!(value.to_string(), parse(text).unwrap().to_string());
            assert_eq!(length, text.len());
        }
        for text in ["", ".", "-1", "+1", "1e2", "1.2.3", "x", long] {
            let quoted = format!("{text}\"");
            assert_eq!(parse_before_quote(quoted.as_bytes()), None, "{text}");
        }
        assert_eq!(parse_before_quote(b"12345678901234567890"), None);
    }

    #[test]
    fn understands_exponents() {
        assert_eq!(shown("-1.25e-8").unwrap(), "-0.0000000125");
        assert_eq!(shown("1E3").unwrap(), "1000");
        assert_eq!(shown("1.5e+1").unwrap(), "15");
        assert_eq!(shown("1200e-2").unwrap(), "12.00");
        assert_eq!(shown("0e99").unwrap(), "0");
    }

    #[test]
    fn drops_only_zeros_that_do_not_fit() {
        let zeros = "0".repeat(40);
        assert_eq!(
            shown(&format!("1.5{zeros}")).unwrap(),
            format!("1.5{}", &zeros[..27])
        );
        let long = format!("7922816251426433759354395033.50{zeros}");
        assert_eq!(shown(&long).unwrap(), "7922816251426433759354395033.5");
        assert_eq!(
            shown(&format!("0.{zeros}")).unwrap(),
            format!("0.{}", &zeros[..28])
        );
    }

    #[test]
    fn refuses_what_it_would_have_to_round() {
        let tiny = format!("0.{}1", "0".repeat(28));
        for text in [
            "79228162514264337593543950336",
            "1e29",
            "1e-29",
            "0.12345678901234567890123456789",
            &tiny,
        ] {
            assert_eq!(shown(text), Err(DecimalError::Range), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_number() {
        for text in [
            "", "-", ".", "+.", "1_000", " 1", "1 ", "1.2.3", "e5", "1e", "1e+", "NaN", "inf",
            "0x1", "1,5", "--1",
        ] {
            assert_eq!(shown(text), Err(DecimalError::Syntax), "{text:?}");
        }
    }
}
