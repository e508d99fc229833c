//! Values as dxLink writes them.

use std::borrow::Cow;

use serde_json::Value;

use crate::Decimal;

/// One value of a [`DxEvent`](super::DxEvent).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum DxValue {
    /// A floating-point number: `100.0`, `1.3743299E7`, `"NaN"`.
    Double(f64),
    /// A whole number, up to 64 bits.
    Long(i64),
    /// A text, character or name.
    Text(Cow<'static, str>),
    /// Yes or no.
    Bool(bool),
    /// Nothing, not even the type's usual absence.
    Null,
    /// Any JSON: what attachments hold.
    Json(Value),
}

impl DxValue {
    /// A number that is not known.
    pub const NAN: Self = Self::Double(f64::NAN);

    pub(super) const fn word(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// Appends it as JSON.
    pub(super) fn write(&self, text: &mut String) {
        match self {
            Self::Double(number) => write_double(*number, text),
            Self::Long(number) => *text += &number.to_string(),
            Self::Text(word) => *text += &Value::from(word.as_ref()).to_string(),
            Self::Bool(true) => *text += "true",
            Self::Bool(false) => *text += "false",
            Self::Null => *text += "null",
            Self::Json(value) => *text += &value.to_string(),
        }
    }
}

impl From<f64> for DxValue {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl From<i64> for DxValue {
    fn from(number: i64) -> Self {
        Self::Long(number)
    }
}

impl From<i32> for DxValue {
    fn from(number: i32) -> Self {
        Self::Long(number.into())
    }
}

impl From<bool> for DxValue {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

impl From<&str> for DxValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned().into())
    }
}

impl From<String> for DxValue {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Value> for DxValue {
    fn from(value: Value) -> Self {
        Self::Json(value)
    }
}

impl From<Decimal> for DxValue {
    fn from(number: Decimal) -> Self {
        Self::Double(double(number))
    }
}

/// The nearest double: its shortest digits are the decimal's own, as far as a double holds them.
pub(super) fn double(number: Decimal) -> f64 {
    number.to_string().parse().unwrap_or(f64::NAN)
}

/// As Java writes doubles: at least one digit after the point, and an exponent for what is shorter
/// than a thousandth or not shorter than ten million. What is no number is a text (dxLink
/// AsyncAPI, FEED_DATA).
pub(super) fn write_double(number: f64, text: &mut String) {
    if number.is_nan() {
        *text += "\"NaN\"";
    } else if number.is_infinite() {
        *text += if number > 0.0 {
            "\"Infinity\""
        } else {
            "\"-Infinity\""
        };
    } else if number == 0.0 || (1e-3..1e7).contains(&number.abs()) {
        *text += &format!("{number:?}");
    } else {
        let digits = format!("{number:e}");
        let (mantissa, exponent) = digits.split_once('e').unwrap_or((&digits, "0"));
        *text += mantissa;
        if !mantissa.contains('.') {
            *text += ".0";
        }
        *text += "E";
        *text += exponent;
    }
}

/// A number of seconds: without a point where it is whole, as servers write timeouts.
pub(super) fn seconds(number: f64) -> String {
    if number.is_finite() && number.fract() == 0.0 && number.abs() < 1e15 {
        format!("{number:.0}")
    } else {
        let mut text = String::new();
        write_double(number, &mut text);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(number: f64) -> String {
        let mut text = String::new();
        write_double(number, &mut text);
        text
    }

    #[test]
    fn doubles_look_like_javas() {
        assert_eq!(written(100.0), "100.0");
        assert_eq!(written(559.36), "559.36");
        assert_eq!(written(13_743_299.0), "1.3743299E7");
        assert_eq!(written(1e7), "1.0E7");
        assert_eq!(written(4.8e-12), "4.8E-12");
        assert_eq!(written(0.001), "0.001");
        assert_eq!(written(-0.0005), "-5.0E-4");
        assert_eq!(written(0.0), "0.0");
        assert_eq!(written(f64::NAN), "\"NaN\"");
        assert_eq!(written(f64::NEG_INFINITY), "\"-Infinity\"");
    }

    #[test]
    fn seconds_are_whole_where_they_can_be() {
        assert_eq!(seconds(60.0), "60");
        assert_eq!(seconds(0.1), "0.1");
        assert_eq!(seconds(0.0), "0");
    }
}
