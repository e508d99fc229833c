use std::borrow::Cow;

use super::{Bad, Read, Value, decimal_of, float_of, integer_of, integral};
use crate::decimal::{self, Decimal};

/// A value of a frame that the tape has checked: a scalar of valid JSON without blanks around it,
/// in ASCII, with no escape but `\u0000`.
#[derive(Clone, Copy, Debug)]
pub(in crate::venue::dxlink) struct Plain<'a>(pub(in crate::venue::dxlink) &'a [u8]);

impl<'a> Plain<'a> {
    /// The inside of a text.
    #[inline]
    fn inside(self) -> Option<&'a [u8]> {
        self.0.strip_prefix(b"\"")?.strip_suffix(b"\"")
    }

    #[inline]
    fn is_number(self) -> bool {
        matches!(self.0.first(), Some(b'-' | b'0'..=b'9'))
    }

    /// What a text holds that stands where a number should.
    #[cold]
    #[inline(never)]
    fn words(self) -> Read<&'a str> {
        match self.inside() {
            Some(inside) => std::str::from_utf8(inside).map(Some).map_err(|_| Bad),
            None if self.0 == b"null" => Ok(None),
            None => Err(Bad),
        }
    }
}

impl<'a> Value<'a> for Plain<'a> {
    #[inline]
    fn decimal(self) -> Read<Decimal> {
        if self.is_number() {
            return decimal::parse_bytes(self.0).map(Some).map_err(|_| Bad);
        }
        decimal_of(self.words()?.unwrap_or_default())
    }

    fn float(self) -> Read<f64> {
        if self.is_number() {
            let text = std::str::from_utf8(self.0).map_err(|_| Bad)?;
            return text.parse().map(Some).map_err(|_| Bad);
        }
        float_of(self.words()?.unwrap_or_default())
    }

    #[inline]
    fn integer(self) -> Read<i64> {
        let (negative, digits) = match self.0 {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        // Nineteen digits always fit 64 bits without a sign.
        if (1..=19).contains(&digits.len()) {
            let mut value = 0_u64;
            for byte in digits {
                let digit = byte.wrapping_sub(b'0');
                if digit > 9 {
                    return self.odd_integer();
                }
                value = value * 10 + u64::from(digit);
            }
            let value = match negative {
                true => 0_i64.checked_sub_unsigned(value),
                false => 0_i64.checked_add_unsigned(value),
            };
            return value.map(Some).ok_or(Bad);
        }
        self.odd_integer()
    }

    #[inline]
    fn text(self) -> Read<Cow<'a, str>> {
        let Some(inside) = self.inside() else {
            return match self.0 {
                b"null" => Ok(None),
                number if self.is_number() => {
                    let digits = std::str::from_utf8(number).map_err(|_| Bad)?;
                    Ok(Some(Cow::Borrowed(digits)))
                }
                _ => Err(Bad),
            };
        };
        if inside.is_empty() {
            return Ok(None);
        }
        if inside.contains(&b'\\') {
            let text: String = serde_json::from_slice(self.0).map_err(|_| Bad)?;
            return Ok(Some(Cow::Owned(text)));
        }
        let text = std::str::from_utf8(inside).map_err(|_| Bad)?;
        Ok(Some(Cow::Borrowed(text)))
    }

    #[inline]
    fn boolean(self) -> Read<bool> {
        match self.0 {
            b"true" | b"\"true\"" => Ok(Some(true)),
            b"false" | b"\"false\"" => Ok(Some(false)),
            b"null" | b"\"\"" => Ok(None),
            _ => Err(Bad),
        }
    }

    fn json(self) -> Read<serde_json::Value> {
        serde_json::from_slice(self.0).map(Some).map_err(|_| Bad)
    }

    #[inline]
    fn character(self) -> Read<char> {
        match self.0 {
            [b'"', character, b'"'] => Ok(Some(char::from(*character))),
            [digit @ b'0'..=b'9'] => Ok(Some(char::from(*digit))),
            b"\"\"" | b"\"\\u0000\"" | b"null" => Ok(None),
            _ => Err(Bad),
        }
    }
}

impl Plain<'_> {
    #[inline(never)]
    fn odd_integer(self) -> Read<i64> {
        if self.is_number() {
            return integral(self.0);
        }
        integer_of(self.words()?.unwrap_or_default())
    }
}
