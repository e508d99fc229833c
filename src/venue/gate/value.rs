//! Single values as the venue spells them: numbers come as numbers and as strings, an empty string
//! or `null` means absent (rules of Gate Spot WebSocket v4 as seen on the wire).

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::Timestamp;
use crate::decimal::{self, Decimal};
use crate::market::{Id, Side};

use super::IdRange;

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
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(Bad),
    }
}

/// A number if the venue sent a number, else a text.
pub(super) fn id(raw: Raw<'_>) -> Read<Id> {
    if raw.is_some_and(|raw| raw.get().starts_with('"')) {
        Ok(text(raw)?.map(|text| Id::Text(text.into())))
    } else {
        Ok(unsigned(raw)?.map(Id::Number))
    }
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
    Ok(IdRange {
        first: plain(&text[..at]).ok_or(Bad)?,
        last: plain(&text[at + 1..]).ok_or(Bad)?,
    })
}

/// What a time counts.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Seconds,
    /// Milliseconds; above 10^15 microseconds, which `spot.order_book_update` sent in mid-2023.
    Millis,
}

impl Unit {
    /// The fractional digits that nanoseconds have of this unit.
    const fn places(self, count: u64) -> usize {
        match self {
            Self::Seconds => 9,
            Self::Millis if count > 1_000_000_000_000_000 => 3,
            Self::Millis => 6,
        }
    }
}

pub(super) fn moment(raw: Raw<'_>, unit: Unit) -> Read<Timestamp> {
    match digits(raw)? {
        Some(digits) => moment_text(digits.as_bytes(), unit),
        None => Ok(None),
    }
}

/// A time of whole units. Zero is not a time.
pub(super) fn moment_count(count: u64, unit: Unit) -> Read<Timestamp> {
    let nanos = count.checked_mul(POWERS[unit.places(count)]).ok_or(Bad)?;
    at(nanos)
}

/// A time with or without a fraction, exact to the nanosecond and cut off below it.
pub(super) fn moment_text(text: &[u8], unit: Unit) -> Read<Timestamp> {
    let point = text.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = match point {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &text[..0]),
    };
    let Some(count) = plain(whole) else {
        return moment_any(text, unit);
    };
    let places = unit.places(count);
    let mut nanos = count;
    for at in 0..places {
        let digit = match fraction.get(at) {
            Some(digit @ b'0'..=b'9') => u64::from(digit - b'0'),
            Some(_) => return moment_any(text, unit),
            None => {
                nanos = nanos.checked_mul(POWERS[places - at]).ok_or(Bad)?;
                break;
            }
        };
        nanos = nanos
            .checked_mul(10)
            .and_then(|nanos| nanos.checked_add(digit))
            .ok_or(Bad)?;
    }
    let rest = fraction.get(places..).unwrap_or_default();
    if !rest.iter().all(u8::is_ascii_digit) {
        return moment_any(text, unit);
    }
    at(nanos)
}

/// [`moment_text`] for exponents and signs.
#[cold]
fn moment_any(text: &[u8], unit: Unit) -> Read<Timestamp> {
    let value = decimal::parse_bytes(text).map_err(|_| Bad)?;
    let count = u64::try_from(value.trunc()).map_err(|_| Bad)?;
    let scale = Decimal::from(POWERS[unit.places(count)]);
    let nanos = value.checked_mul(scale).ok_or(Bad)?.trunc();
    at(u64::try_from(nanos).map_err(|_| Bad)?)
}

fn at(nanos: u64) -> Read<Timestamp> {
    let nanos = i64::try_from(nanos).map_err(|_| Bad)?;
    Ok((nanos != 0).then(|| Timestamp::from_nanos(nanos)))
}

/// At least one digit and nothing else.
fn plain(text: &[u8]) -> Option<u64> {
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

const POWERS: [u64; 10] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    fn nanos(json: &str, unit: Unit) -> Result<Option<i64>, Bad> {
        moment(Some(&raw(json)), unit).map(|time| time.map(Timestamp::as_nanos))
    }

    #[test]
    fn times_are_exact_to_the_nanosecond() {
        let exact = [
            ("\"1619093543708.2642\"", 1_619_093_543_708_264_200),
            ("\"1672832218630.0\"", 1_672_832_218_630_000_000),
            ("1631824310261.896", 1_631_824_310_261_896_000),
            ("\"1790359171119.653000\"", 1_790_359_171_119_653_000),
            ("\"1790359171119.1234567\"", 1_790_359_171_119_123_456),
            ("1790359171119653", 1_790_359_171_119_653_000),
            ("1.790359171119e12", 1_790_359_171_119_000_000),
        ];
        for (json, expected) in exact {
            assert_eq!(nanos(json, Unit::Millis), Ok(Some(expected)), "{json}");
        }
        assert_eq!(nanos("\"1.5\"", Unit::Seconds), Ok(Some(1_500_000_000)));
    }

    #[test]
    fn zero_is_not_a_time_and_garbage_is_bad() {
        for json in ["0", "\"0\"", "0.0", "\"\""] {
            assert_eq!(nanos(json, Unit::Millis), Ok(None), "{json}");
        }
        for json in [
            "-1",
            "\"1.x\"",
            "\"x\"",
            "true",
            "{}",
            "[]",
            "1e30",
            "99999999999999999999",
            "9999999999999999999",
            "\"1.1234567x\"",
            "\"1_0\"",
        ] {
            assert_eq!(nanos(json, Unit::Millis), Err(Bad), "{json}");
        }
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
        let exact = decimal(Some(&raw("0.2010000000"))).unwrap().unwrap();
        assert_eq!(exact.to_string(), "0.2010000000");
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
