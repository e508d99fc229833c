//! Single values as the venue spells them: leniently where nothing is lost, strictly where something
//! would be. Messages and rows, COMPACT and FULL, are all read by these rules.
//!
//! | in the place of | stands | read as |
//! |---|---|---|
//! | anything | `null`, `""` | absent |
//! | a number | `81.37`, `1.3E7`, or a text that holds one: `"81.37"` | the number, of its own digits |
//! | | `"NaN"` | absent |
//! | | `"Infinity"`, `"-Infinity"` | that, for what models compute; else bad |
//! | | more digits than an exact decimal holds | bad |
//! | a whole number | `5`, `"5"`, `5.0`, `5E0` | 5 |
//! | | `5.5`, or more than 64 bits | bad |
//! | a time, a day | 0 | absent |
//! | a size, volume or count | a negative number | bad |
//! | a text | `2330` | `2330` |
//! | a character | `"\u0000"` | absent |
//! | | more than one character | bad |
//! | `true` or `false` | `"true"`, `"false"` | the same |
//! | an enumeration | a name that is not documented | that name |
//! | the type of a message or an event | anything but a text | bad |
//!
//! Anything else is bad. What is bad is left out and counted where the event is of use without it. It
//! makes the row malformed where the event is none without it: prices of executions and candles, sizes of
//! executions and orders, flags and indices; and so does any size that is negative.
//!
//! Source: dxLink AsyncAPI, FEED_DATA, for `NaN`, the infinities, empty texts, `\u0000` and `5.0`; no
//! source has `null`, numbers as texts or texts as numbers, which some servers send all the same.

mod plain;
mod serde;

use std::borrow::Cow;

pub(super) use plain::Plain;
use smol_str::SmolStr;

use super::Day;
use crate::Timestamp;
use crate::decimal::{self, Decimal};

/// A value that is there and cannot be read as what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bad;

/// What was read: `Ok(None)` is absent.
pub(super) type Read<T> = Result<Option<T>, Bad>;

/// One JSON value. There are two ways to find and to read one, `plain` and `serde`, which must agree;
/// `differential.rs` holds them to it.
pub(super) trait Value<'a>: Copy {
    /// An exact decimal. Infinity is bad: it cannot be held.
    fn decimal(self) -> Read<Decimal>;

    /// A double, which may be infinite.
    fn float(self) -> Read<f64>;

    /// A whole number, never through a double.
    fn integer(self) -> Read<i64>;

    /// A text that is not empty, or the digits of a number.
    fn text(self) -> Read<Cow<'a, str>>;

    /// `true` or `false`.
    fn boolean(self) -> Read<bool>;

    /// Whatever it is.
    fn json(self) -> Read<serde_json::Value>;

    /// A decimal that cannot be negative.
    fn amount(self) -> Read<Decimal> {
        match self.decimal()? {
            Some(value) if value.is_sign_negative() && !value.is_zero() => Err(Bad),
            value => Ok(value),
        }
    }

    /// A text of one character that is not NUL.
    fn character(self) -> Read<char> {
        let Some(text) = self.text()? else {
            return Ok(None);
        };
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some('\0'), None) => Ok(None),
            (character, None) => Ok(character),
            _ => Err(Bad),
        }
    }

    /// A text to own, none if it is nothing but a NUL.
    fn name(self) -> Read<SmolStr> {
        let text = self.text()?.filter(|text| text != "\0");
        Ok(text.map(SmolStr::from))
    }

    /// A count that fits its type.
    fn count<T: TryFrom<i64>>(self) -> Read<T> {
        let number = self.integer()?;
        number.map(T::try_from).transpose().map_err(|_| Bad)
    }

    /// Milliseconds since the epoch, none if zero.
    fn millis(self) -> Read<Timestamp> {
        match self.integer()? {
            None | Some(0) => Ok(None),
            Some(millis) => Timestamp::from_millis(millis).map(Some).ok_or(Bad),
        }
    }

    /// Days since the epoch, none if zero.
    fn day(self) -> Read<Day> {
        match self.integer()? {
            None | Some(0) => Ok(None),
            Some(days) => Day::from_day_id(days).map(Some).ok_or(Bad),
        }
    }
}

/// The number that a text holds. What only Rust takes for one, such as `inf`, is none.
fn float_of(text: &str) -> Read<f64> {
    match text {
        "" | "NaN" => return Ok(None),
        "Infinity" => return Ok(Some(f64::INFINITY)),
        "-Infinity" => return Ok(Some(f64::NEG_INFINITY)),
        _ => {}
    }
    let plain = |byte: u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    let number = text.bytes().all(plain).then(|| text.parse().ok()).flatten();
    number.map(Some).ok_or(Bad)
}

/// The exact number that a text holds.
fn decimal_of(text: &str) -> Read<Decimal> {
    match text {
        "" | "NaN" => Ok(None),
        number => decimal::parse(number).map(Some).map_err(|_| Bad),
    }
}

/// The whole number that a text holds.
fn integer_of(text: &str) -> Read<i64> {
    match text {
        "" | "NaN" => Ok(None),
        number => match number.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => integral(number.as_bytes()),
        },
    }
}

/// A number without fraction that is not spelled as one, such as `5.0` or `1E3`.
#[cold]
fn integral(number: &[u8]) -> Read<i64> {
    let value = decimal::parse_bytes(number).map_err(|_| Bad)?;
    if !value.is_integer() {
        return Err(Bad);
    }
    i64::try_from(value).map(Some).map_err(|_| Bad)
}
