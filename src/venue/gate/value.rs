//! Single values as the venue spells them: numbers come as numbers and as strings, an empty string
//! or `null` means absent (rules of Gate Spot WebSocket v4 as seen on the wire).

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::Timestamp;
use crate::decimal::{self, Decimal};
use crate::market::{Id, Side};

use super::IdRange;
use super::moment::{self, Unit};

/// A value that is there and cannot be read as what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bad;

/// A value of the frame; absent and `null` are the same.
pub(super) type Raw<'a> = Option<&'a RawValue>;
/// What was read: `Ok(None)` is absent.
pub(super) type Read<T> = Result<Option<T>, Bad>;

/// A string that is not empty.
pub(super) fn text<'a>(raw: Raw<'a>) -> Read<Cow<'a, str>> {
    let Some(raw) = raw.map(RawValue::get) else {
        return Ok(None);
    };
    let inner = raw.strip_prefix('"').and_then(|r| r.strip_suffix('"'));
    let text = match inner.ok_or(Bad)? {
        plain if !plain.contains('\\') => Cow::Borrowed(plain),
        _ => Cow::Owned(serde_json::from_str(raw).map_err(|_| Bad)?),
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// A string, or a number as it is spelled: what the venue repeats of what it was sent.
pub(super) fn echo<'a>(raw: Raw<'a>) -> Read<Cow<'a, str>> {
    digits(raw)
}

/// The characters of a number, or of a string that should be one.
fn digits<'a>(raw: Raw<'a>) -> Read<Cow<'a, str>> {
    match raw.map(RawValue::get) {
        Some(number) if number.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            Ok(Some(Cow::Borrowed(number)))
        }
        _ => text(raw),
    }
}

pub(super) fn decimal(raw: Raw<'_>) -> Read<Decimal> {
    let Some(digits) = digits(raw)? else {
        return Ok(None);
    };
    decimal::parse(&digits).map(Some).map_err(|_| Bad)
}

pub(super) fn signed(raw: Raw<'_>) -> Read<i64> {
    let Some(digits) = digits(raw)? else {
        return Ok(None);
    };
    if let Ok(value) = digits.parse() {
        return Ok(Some(value));
    }
    let value = decimal::parse(&digits).map_err(|_| Bad)?;
    if !value.is_integer() {
        return Err(Bad);
    }
    value.try_into().map(Some).map_err(|_| Bad)
}

pub(super) fn unsigned<T: TryFrom<u64>>(raw: Raw<'_>) -> Read<T> {
    let Some(digits) = digits(raw)? else {
        return Ok(None);
    };
    let value = match digits.parse::<u64>() {
        Ok(value) => value,
        Err(_) => {
            let value = decimal::parse(&digits).map_err(|_| Bad)?;
            if !value.is_integer() {
                return Err(Bad);
            }
            value.try_into().map_err(|_| Bad)?
        }
    };
    value.try_into().map(Some).map_err(|_| Bad)
}

pub(super) fn boolean(raw: Raw<'_>) -> Read<bool> {
    match raw.map(RawValue::get) {
        None | Some("\"\"") => Ok(None),
        Some("true" | "\"true\"") => Ok(Some(true)),
        Some("false" | "\"false\"") => Ok(Some(false)),
        Some(_) => Err(Bad),
    }
}

/// A number, in a string or not; any other text is itself.
pub(super) fn id(raw: Raw<'_>) -> Read<Id> {
    if !raw.is_some_and(|raw| raw.get().starts_with('"')) {
        return Ok(unsigned(raw)?.map(Id::Number));
    }
    let Some(text) = text(raw)? else {
        return Ok(None);
    };
    // A text of leading zeros is not the same as its number.
    let number = text.parse().ok();
    Ok(Some(match number.filter(|n: &u64| n.to_string() == text) {
        Some(number) => Id::Number(number),
        None => Id::Text(text.into()),
    }))
}

/// Whether a change can cover these numbers.
#[inline]
pub(super) fn is_span(first: u64, last: u64) -> bool {
    first <= last
}

/// Whether there can be this much of something.
#[inline]
pub(super) fn is_size(value: Decimal) -> bool {
    value.is_sign_positive() || value.is_zero()
}

pub(super) fn side(raw: Raw<'_>) -> Read<Side> {
    match text(raw)?.as_deref() {
        None => Ok(None),
        Some("buy") => Ok(Some(Side::Buy)),
        Some("sell") => Ok(Some(Side::Sell)),
        Some(_) => Err(Bad),
    }
}

pub(super) fn range(raw: Raw<'_>) -> Read<IdRange> {
    match text(raw)? {
        Some(text) => id_range(text.as_bytes()).map(Some),
        None => Ok(None),
    }
}

/// `first-last`.
pub(super) fn id_range(text: &[u8]) -> Result<IdRange, Bad> {
    let at = text.iter().position(|byte| *byte == b'-').ok_or(Bad)?;
    let first = plain(&text[..at]).ok_or(Bad)?;
    let last = plain(&text[at + 1..]).ok_or(Bad)?;
    if first > last {
        return Err(Bad);
    }
    Ok(IdRange { first, last })
}

/// When something happened.
pub(super) fn moment(raw: Raw<'_>, unit: Unit) -> Read<Timestamp> {
    match digits(raw)? {
        Some(digits) => moment::of_text(digits.as_bytes(), unit),
        None => Ok(None),
    }
}

/// At least one digit and nothing else.
pub(super) fn plain(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    let mut value = 0_u64;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn numbers_come_in_three_spellings() {
        for json in ["5", "5.0", "\"5\"", "\"5.0\"", "5e0"] {
            assert_eq!(unsigned(Some(&raw(json))), Ok(Some(5_u64)), "{json}");
            let value = decimal(Some(&raw(json))).unwrap().unwrap();
            assert_eq!(value, Decimal::from(5), "{json}");
        }
        assert_eq!(unsigned::<u64>(Some(&raw("\"\""))), Ok(None));
        assert_eq!(unsigned::<u64>(Some(&raw("5.5"))), Err(Bad));
        assert_eq!(unsigned::<u16>(Some(&raw("70000"))), Err(Bad));
        assert_eq!(signed(Some(&raw("-5"))), Ok(Some(-5)));
        assert_eq!(signed(Some(&raw("\"-5.0\""))), Ok(Some(-5)));
        for beyond in ["18446744073709551616", "\"99999999999999999999\"", "1e40"] {
            assert_eq!(unsigned::<u64>(Some(&raw(beyond))), Err(Bad), "{beyond}");
        }
        let exact = decimal(Some(&raw("0.2010000000"))).unwrap().unwrap();
        assert_eq!(exact.to_string(), "0.2010000000");
    }

    #[test]
    fn an_id_is_a_number_where_that_says_all_of_it() {
        let id = |json: &str| id(Some(&raw(json)));
        assert_eq!(id("7"), Ok(Some(Id::Number(7))));
        assert_eq!(id("\"7\""), Ok(Some(Id::Number(7))));
        for text in ["07", "+7", "7.0", "x7", "18446744073709551616"] {
            let json = format!("{text:?}");
            assert_eq!(id(&json), Ok(Some(Id::Text(text.into()))), "{text}");
        }
        assert_eq!(id("18446744073709551616"), Err(Bad));
    }

    #[test]
    fn a_range_ends_where_it_begins_or_later() {
        assert_eq!(id_range(b"4-5"), Ok(IdRange { first: 4, last: 5 }));
        for bad in ["5-4", "4", "4-", "-4", "4-x", ""] {
            assert_eq!(id_range(bad.as_bytes()), Err(Bad), "{bad}");
        }
    }

    #[test]
    fn escapes_are_understood() {
        assert_eq!(text(Some(&raw(r#""a\u0062""#))).unwrap().unwrap(), "ab");
        assert_eq!(
            decimal(Some(&raw(r#""\u0031""#))).unwrap().unwrap(),
            Decimal::ONE
        );
        assert_eq!(text(Some(&raw(r#""\ud800""#))), Err(Bad));
    }
}
