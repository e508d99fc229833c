//! Single values as the venue spells them.
//!
//! Source: dxLink AsyncAPI, FEED_DATA. A double may be the text `NaN`, `Infinity` or `-Infinity`; a
//! text may be empty or `\u0000`, which stands for none; `null` is not documented and means absent;
//! an integer may be written as `5.0`.

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

    /// A text that is not empty.
    fn text(self) -> Read<Cow<'a, str>>;

    /// `true` or `false`.
    fn boolean(self) -> Read<bool>;

    /// Whatever it is.
    fn json(self) -> Read<serde_json::Value>;

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

/// A number without fraction that is not spelled as one, such as `5.0` or `1E3`.
#[cold]
fn integral(number: &[u8]) -> Read<i64> {
    let value = decimal::parse_bytes(number).map_err(|_| Bad)?;
    if !value.is_integer() {
        return Err(Bad);
    }
    i64::try_from(value).map(Some).map_err(|_| Bad)
}
