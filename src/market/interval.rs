use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The length of a candle: a count of seconds, minutes, hours, days, weeks or months.
///
/// Written as the count and a letter: `10s`, `1m`, `4h`, `1d`, `1w`, `1M` (months are the capital).
///
/// ```
/// use feedline::market::Interval;
///
/// assert_eq!(Interval::minutes(5).to_string(), "5m");
/// assert_eq!("1d".parse::<Interval>(), Ok(Interval::days(1)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    count: NonZeroU32,
    unit: IntervalUnit,
}

/// What an [`Interval`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IntervalUnit {
    /// Seconds.
    Second,
    /// Minutes of 60 s.
    Minute,
    /// Hours of 3,600 s.
    Hour,
    /// Calendar days.
    Day,
    /// Calendar weeks, which begin on Monday.
    Week,
    /// Calendar months.
    Month,
}

impl IntervalUnit {
    const ALL: [(&'static str, Self); 6] = [
        ("s", Self::Second),
        ("m", Self::Minute),
        ("h", Self::Hour),
        ("d", Self::Day),
        ("w", Self::Week),
        ("M", Self::Month),
    ];

    fn letter(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, unit)| *unit == self)
            .map_or("", |(letter, _)| letter)
    }
}

macro_rules! constructors {
    ($($name:ident => $unit:ident),*) => {$(
        #[doc = concat!("`count` ", stringify!($name), ".")]
        ///
        /// # Panics
        ///
        /// If `count` is zero.
        pub const fn $name(count: u32) -> Self {
            Self::new(NonZeroU32::new(count).expect("an interval is at least one unit long"), IntervalUnit::$unit)
        }
    )*};
}

impl Interval {
    /// `count` times `unit`.
    pub const fn new(count: NonZeroU32, unit: IntervalUnit) -> Self {
        Self { count, unit }
    }

    constructors!(seconds => Second, minutes => Minute, hours => Hour, days => Day, weeks => Week, months => Month);

    /// How many units.
    pub const fn count(self) -> u32 {
        self.count.get()
    }

    /// Which unit.
    pub const fn unit(self) -> IntervalUnit {
        self.unit
    }

    /// The length where it is always the same: `None` for months.
    ///
    /// Days and weeks count 24 hours each here, as they have in UTC.
    pub fn fixed(self) -> Option<Duration> {
        let unit = match self.unit {
            IntervalUnit::Second => 1,
            IntervalUnit::Minute => 60,
            IntervalUnit::Hour => 3_600,
            IntervalUnit::Day => 86_400,
            IntervalUnit::Week => 604_800,
            IntervalUnit::Month => return None,
        };
        Some(Duration::from_secs(unit * u64::from(self.count.get())))
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.count, self.unit.letter())
    }
}

/// A text that is no [`Interval`], with what would be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not an interval: expected a count and one of s, m, h, d, w, M, such as 10s, 5m or 1M"
)]
pub struct ParseIntervalError {
    text: String,
}

impl FromStr for Interval {
    type Err = ParseIntervalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        IntervalUnit::ALL
            .iter()
            .find_map(|(letter, unit)| Some((text.strip_suffix(letter)?, *unit)))
            .filter(|(digits, _)| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|(digits, unit)| Some(Self::new(digits.parse().ok()?, unit)))
            .ok_or_else(|| ParseIntervalError {
                text: text.to_owned(),
            })
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_writes() {
        for text in ["1s", "10s", "1m", "90m", "4h", "30d", "1w", "1M"] {
            assert_eq!(text.parse::<Interval>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn says_what_is_valid() {
        for text in [
            "",
            "m",
            "0m",
            "-1m",
            "+1m",
            "1x",
            "1.5h",
            "1 m",
            "99999999999s",
        ] {
            let error = text.parse::<Interval>().unwrap_err().to_string();
            assert!(
                error.contains("expected a count and one of s, m, h, d, w, M"),
                "{error}"
            );
        }
    }
}
