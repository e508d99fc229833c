use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{Bad, Read, Value, decimal_of, float_of, integer_of, integral};
use crate::decimal::{self, Decimal};

/// The characters of a number, or the text that stands in its place.
enum Number<'a> {
    Digits(&'a str),
    Words(Cow<'a, str>),
}

fn number<'a>(raw: &'a RawValue) -> Result<Number<'a>, Bad> {
    let json = raw.get();
    if is_number(json) {
        return Ok(Number::Digits(json));
    }
    Ok(Number::Words(Value::text(raw)?.unwrap_or_default()))
}

fn is_number(json: &str) -> bool {
    json.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

impl<'a> Value<'a> for &'a RawValue {
    fn decimal(self) -> Read<Decimal> {
        match number(self)? {
            Number::Digits(digits) => decimal::parse(digits).map(Some).map_err(|_| Bad),
            Number::Words(words) => decimal_of(&words),
        }
    }

    fn float(self) -> Read<f64> {
        match number(self)? {
            Number::Digits(digits) => digits.parse().map(Some).map_err(|_| Bad),
            Number::Words(words) => float_of(&words),
        }
    }

    fn integer(self) -> Read<i64> {
        match number(self)? {
            Number::Digits(digits) => match serde_json::from_str(digits) {
                Ok(value) => Ok(Some(value)),
                Err(_) => integral(digits.as_bytes()),
            },
            Number::Words(words) => integer_of(&words),
        }
    }

    fn text(self) -> Read<Cow<'a, str>> {
        let json = self.get();
        if json == "null" {
            return Ok(None);
        }
        if is_number(json) {
            return Ok(Some(Cow::Borrowed(json)));
        }
        let plain = json.strip_prefix('"').and_then(|j| j.strip_suffix('"'));
        let text = match plain.ok_or(Bad)? {
            plain if !plain.contains('\\') => Cow::Borrowed(plain),
            _ => Cow::Owned(serde_json::from_str(json).map_err(|_| Bad)?),
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    fn boolean(self) -> Read<bool> {
        match self.get() {
            "null" | "\"\"" => Ok(None),
            "\"true\"" => Ok(Some(true)),
            "\"false\"" => Ok(Some(false)),
            json => serde_json::from_str(json).map(Some).map_err(|_| Bad),
        }
    }

    fn json(self) -> Read<serde_json::Value> {
        serde_json::from_str(self.get()).map(Some).map_err(|_| Bad)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Plain;
    use super::*;
    use crate::Timestamp;

    /// Values of all sorts that the tape lets through.
    const VALUES: [&str; 52] = [
        "0",
        "-0",
        "5",
        "-5",
        "5.0",
        "5.5",
        "1E3",
        "1.3743299E7",
        "4.8E-12",
        "1e400",
        "-1e400",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775807",
        "99999999999999999999",
        "0.12345678901234567890123456789",
        "123456789012345678901234567890",
        "412.093875510021",
        "null",
        "true",
        "false",
        "\"\"",
        "\"NaN\"",
        "\"Infinity\"",
        "\"-Infinity\"",
        "\"\\u0000\"",
        "\"\\u0000\\u0000\"",
        "\"Q\"",
        "\" @ I\"",
        "\"5\"",
        "\"true\"",
        "\"null\"",
        "\"a\\u0000b\"",
        "1700000000123",
        "20500",
        "7",
        "-7",
        "\"false\"",
        "\"-5\"",
        "\"+5\"",
        "\"5.0\"",
        "\"5.5\"",
        "\"1E3\"",
        "\"1e400\"",
        "\"81.370\"",
        "\" 5\"",
        "\"inf\"",
        "\"nan\"",
        "\"0x5\"",
        "\"9223372036854775808\"",
        "\"123456789012345678901234567890\"",
    ];

    #[test]
    fn both_ways_read_the_same() {
        for json in VALUES {
            let raw = RawValue::from_string(json.to_owned()).unwrap();
            let (plain, raw) = (Plain(json.as_bytes()), &*raw);
            assert_eq!(plain.decimal(), raw.decimal(), "{json}");
            assert_eq!(plain.float(), raw.float(), "{json}");
            assert_eq!(plain.integer(), raw.integer(), "{json}");
            assert_eq!(plain.text(), raw.text(), "{json}");
            assert_eq!(plain.boolean(), raw.boolean(), "{json}");
            assert_eq!(plain.json(), raw.json(), "{json}");
            assert_eq!(plain.character(), raw.character(), "{json}");
            assert_eq!(plain.name(), raw.name(), "{json}");
            assert_eq!(plain.millis(), raw.millis(), "{json}");
            assert_eq!(plain.day(), raw.day(), "{json}");
            assert_eq!(plain.count::<u32>(), raw.count::<u32>(), "{json}");
            assert_eq!(plain.amount(), raw.amount(), "{json}");
        }
    }

    #[test]
    fn numbers_as_texts_and_texts_as_numbers_are_read() {
        for json in ["5", "\"5\"", "5.0", "\"5.0\"", "5E0", "\"0.5E1\""] {
            let value = Plain(json.as_bytes());
            assert_eq!(value.integer(), Ok(Some(5)), "{json}");
            assert_eq!(value.decimal(), Ok(Some(Decimal::from(5))), "{json}");
            assert_eq!(value.float(), Ok(Some(5.0)), "{json}");
        }
        assert_eq!(Plain(b"2330").text(), Ok(Some("2330".into())));
        assert_eq!(Plain(b"\"true\"").boolean(), Ok(Some(true)));
        let millis = Timestamp::from_millis(1_700_000_000_123);
        assert_eq!(Plain(b"\"1700000000123\"").millis(), Ok(millis));
    }

    #[test]
    fn what_would_lose_something_is_bad() {
        for json in ["5.5", "\"5.5\"", "9223372036854775808", "1E30", "\"5 \""] {
            assert_eq!(Plain(json.as_bytes()).integer(), Err(Bad), "{json}");
        }
        for json in [
            "-1",
            "\"-0.5\"",
            "\"inf\"",
            "0.12345678901234567890123456789",
        ] {
            assert_eq!(Plain(json.as_bytes()).amount(), Err(Bad), "{json}");
        }
        assert_eq!(Plain(b"-0.0").amount().map(|it| it.is_some()), Ok(true));
        assert_eq!(Plain(b"\"inf\"").float(), Err(Bad));
    }

    #[test]
    fn the_venues_digits_are_kept() {
        let shown = |json: &[u8]| Plain(json).decimal().unwrap().unwrap().to_string();
        assert_eq!(shown(b"100.0"), "100.0");
        assert_eq!(shown(b"1.3743299E7"), "13743299");
        assert_eq!(shown(b"4.8E-12"), "0.0000000000048");
        assert_eq!(Plain(b"\"Infinity\"").decimal(), Err(Bad));
        assert_eq!(Plain(b"\"Infinity\"").float(), Ok(Some(f64::INFINITY)));
        assert_eq!(
            Plain(b"7301444403715899392").integer(),
            Ok(Some(7_301_444_403_715_899_392))
        );
        assert_eq!(Plain(b"5.0").integer(), Ok(Some(5)));
        assert_eq!(Plain(b"5.5").integer(), Err(Bad));
        assert_eq!(Plain(b"\"\\u0000\"").character(), Ok(None));
    }
}
