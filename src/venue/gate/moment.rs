//! Times as the venue spells them.

use super::value::{Bad, Read, plain};
use crate::Timestamp;
use crate::decimal::{self, Decimal};

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

/// A time of whole units. Zero is not a time.
pub(super) fn of_count(count: u64, unit: Unit) -> Read<Timestamp> {
    let nanos = count.checked_mul(POWERS[unit.places(count)]).ok_or(Bad)?;
    at(nanos)
}

/// A time of at most thirteen digits of whole milliseconds, and a fraction as a number and its at
/// most six digits.
#[inline]
pub(super) fn of_millis(whole: u64, (fraction, places): (u64, usize)) -> Read<Timestamp> {
    at(whole * 1_000_000 + fraction * POWERS[6 - places])
}

/// A time with or without a fraction, exact to the nanosecond and cut off below it.
pub(super) fn of_text(text: &[u8], unit: Unit) -> Read<Timestamp> {
    let point = text.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = match point {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &text[..0]),
    };
    let Some(count) = plain(whole) else {
        return of_any(text, unit);
    };
    let places = unit.places(count);
    let mut nanos = count;
    for at in 0..places {
        let digit = match fraction.get(at) {
            Some(digit @ b'0'..=b'9') => u64::from(digit - b'0'),
            Some(_) => return of_any(text, unit),
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
        return of_any(text, unit);
    }
    at(nanos)
}

/// [`of_text`] for exponents and signs.
#[cold]
fn of_any(text: &[u8], unit: Unit) -> Read<Timestamp> {
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
    use serde_json::value::RawValue;

    use super::*;
    use crate::venue::gate::value::moment;

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
}
