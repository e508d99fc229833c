use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::decimal::{self, Decimal};

/// The length of a candle: of time, or of trading.
///
/// Time is a count of seconds, minutes, hours, days, weeks or months. Trading is a count of trades,
/// a volume or a turnover, of which a candle is made however long that takes.
///
/// Written as the amount and a letter: `10s`, `1m`, `4h`, `1d`, `1w`, `1M` (months are the capital),
/// `100t` (trades), `2.5v` (volume, in the base asset), `50000q` (turnover, in the quote asset).
///
/// ```
/// use feedline::market::Interval;
///
/// assert_eq!(Interval::minutes(5).to_string(), "5m");
/// assert_eq!("1d".parse::<Interval>(), Ok(Interval::days(1)));
/// assert_eq!("100t".parse::<Interval>(), Ok(Interval::trades(100)));
/// assert_eq!("2.50v".parse::<Interval>()?.to_string(), "2.5v");
/// # Ok::<_, feedline::market::ParseIntervalError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    /// Without trailing zeros where it is an amount.
    digits: NonZeroU32,
    /// The power of ten that the digits count; zero where it is a count.
    exponent: i8,
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
    /// Trades.
    Trade,
    /// Amount traded, in the base asset.
    Volume,
    /// Amount traded, in the quote asset.
    Turnover,
}

impl IntervalUnit {
    const ALL: [(&'static str, Self); 9] = [
        ("s", Self::Second),
        ("m", Self::Minute),
        ("h", Self::Hour),
        ("d", Self::Day),
        ("w", Self::Week),
        ("M", Self::Month),
        ("t", Self::Trade),
        ("v", Self::Volume),
        ("q", Self::Turnover),
    ];

    fn letter(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, unit)| *unit == self)
            .map_or("", |(letter, _)| letter)
    }

    /// Whether it is an amount, which may have a fraction, rather than a count.
    const fn is_amount(self) -> bool {
        matches!(self, Self::Volume | Self::Turnover)
    }

    /// Whether it measures time rather than trading.
    pub const fn is_time(self) -> bool {
        !matches!(self, Self::Trade | Self::Volume | Self::Turnover)
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
            let count = NonZeroU32::new(count).expect("an interval is at least one unit long");
            Self { digits: count, exponent: 0, unit: IntervalUnit::$unit }
        }
    )*};
}

impl Interval {
    constructors!(
        seconds => Second, minutes => Minute, hours => Hour, days => Day, weeks => Week,
        months => Month, trades => Trade
    );

    /// This much traded, in the base asset.
    ///
    /// # Errors
    ///
    /// If `amount` is not positive, or has more than nine digits that are not zeros at its end.
    pub fn volume(amount: Decimal) -> Result<Self, ParseIntervalError> {
        Self::of(amount, IntervalUnit::Volume)
    }

    /// This much traded, in the quote asset.
    ///
    /// # Errors
    ///
    /// As [`volume`](Interval::volume).
    pub fn turnover(amount: Decimal) -> Result<Self, ParseIntervalError> {
        Self::of(amount, IntervalUnit::Turnover)
    }

    fn of(amount: Decimal, unit: IntervalUnit) -> Result<Self, ParseIntervalError> {
        let error = || ParseIntervalError {
            text: format!("{amount}{}", unit.letter()),
        };
        let mut digits = amount.mantissa();
        let mut exponent = -i8::try_from(amount.scale()).map_err(|_| error())?;
        while digits != 0 && digits % 10 == 0 {
            digits /= 10;
            exponent += 1;
        }
        let digits = u32::try_from(digits).ok().and_then(NonZeroU32::new);
        digits
            .filter(|digits| digits.get() < 1_000_000_000)
            .map(|digits| Self {
                digits,
                exponent,
                unit,
            })
            .ok_or_else(error)
    }

    /// How many units, where they are counted: `None` for a volume or a turnover.
    pub const fn count(self) -> Option<u32> {
        if self.unit.is_amount() {
            None
        } else {
            Some(self.digits.get())
        }
    }

    /// How many units, or how much.
    pub fn amount(self) -> Decimal {
        let digits = i128::from(self.digits.get());
        match u32::try_from(self.exponent) {
            Ok(zeros) => Decimal::from_i128_with_scale(digits * 10_i128.pow(zeros), 0),
            Err(_) => Decimal::from_i128_with_scale(digits, self.exponent.unsigned_abs().into()),
        }
    }

    /// Which unit.
    pub const fn unit(self) -> IntervalUnit {
        self.unit
    }

    /// A number that no other interval has.
    pub(super) const fn code(self) -> u64 {
        let exponent = self.exponent.cast_unsigned() as u64;
        (self.digits.get() as u64) << 16 | exponent << 8 | self.unit as u64
    }

    /// The length in time where it is always the same: `None` for months, and where the length is
    /// not one of time.
    ///
    /// Days and weeks count 24 hours each here, as they have in UTC.
    pub fn fixed(self) -> Option<Duration> {
        let unit = match self.unit {
            IntervalUnit::Second => 1,
            IntervalUnit::Minute => 60,
            IntervalUnit::Hour => 3_600,
            IntervalUnit::Day => 86_400,
            IntervalUnit::Week => 604_800,
            IntervalUnit::Month
            | IntervalUnit::Trade
            | IntervalUnit::Volume
            | IntervalUnit::Turnover => return None,
        };
        Some(Duration::from_secs(unit * u64::from(self.digits.get())))
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count() {
            Some(count) => write!(f, "{count}{}", self.unit.letter()),
            None => write!(f, "{}{}", self.amount(), self.unit.letter()),
        }
    }
}

/// What is no [`Interval`], with what would be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not an interval: expected a count and one of s, m, h, d, w, M, t, such as 10s, 5m, \
     1M or 100t, or an amount of up to nine digits and v or q, such as 2.5v or 50000q"
)]
pub struct ParseIntervalError {
    text: String,
}

impl FromStr for Interval {
    type Err = ParseIntervalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseIntervalError {
            text: text.to_owned(),
        };
        let (number, unit) = IntervalUnit::ALL
            .iter()
            .find_map(|(letter, unit)| Some((text.strip_suffix(letter)?, *unit)))
            .ok_or_else(error)?;
        if unit.is_amount() {
            let amount = decimal::parse(number).map_err(|_| error())?;
            return Self::of(amount, unit).map_err(|_| error());
        }
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(error());
        }
        Ok(Self {
            digits: number.parse().map_err(|_| error())?,
            exponent: 0,
            unit,
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
        for text in [
            "1s",
            "10s",
            "1m",
            "90m",
            "4h",
            "30d",
            "1w",
            "1M",
            "100t",
            "2.5v",
            "0.00000001v",
            "50000q",
            "999999999q",
            "1000000000000000v",
        ] {
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
            "1.5t",
            "0v",
            "-1v",
            "1234567891v",
            "xq",
        ] {
            let error = text.parse::<Interval>().unwrap_err().to_string();
            assert!(
                error.contains("expected a count and one of s, m, h, d, w, M"),
                "{error}"
            );
        }
    }

    #[test]
    fn one_amount_is_one_interval() {
        let volume = |text: &str| Interval::volume(decimal::parse(text).unwrap()).unwrap();
        assert_eq!(volume("2.50"), "2.5v".parse().unwrap());
        assert_eq!(volume("1000"), "1e3v".parse().unwrap());
        assert_eq!(volume("1000").amount(), Decimal::ONE_THOUSAND);
        assert_eq!(
            (volume("1").count(), Interval::days(2).count()),
            (None, Some(2))
        );
        assert_eq!(Interval::days(2).amount(), Decimal::TWO);
        assert!(Interval::turnover(Decimal::ZERO).is_err());
    }
}
