//! Points in time, as venues stamp them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time: nanoseconds since the Unix epoch, in UTC.
///
/// Reaches from the year 1677 to 2262. Shown, parsed and serialised as RFC 3339 with the fewest
/// fractional digits that are exact; calendars and time zones are [`jiff`]'s business.
///
/// ```
/// use feedline::Timestamp;
///
/// let time = Timestamp::from_millis(1_619_093_543_708).unwrap();
/// assert_eq!(time.to_string(), "2021-04-22T12:12:23.708Z");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The first representable time, in the year 1677.
    pub const MIN: Self = Self(i64::MIN);

    /// The last representable time, in the year 2262.
    pub const MAX: Self = Self(i64::MAX);

    /// From nanoseconds since the epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From microseconds since the epoch; `None` outside the representable range.
    pub const fn from_micros(micros: i64) -> Option<Self> {
        Self::scaled(micros, 1_000)
    }

    /// From milliseconds since the epoch; `None` outside the representable range.
    pub const fn from_millis(millis: i64) -> Option<Self> {
        Self::scaled(millis, 1_000_000)
    }

    /// From seconds since the epoch; `None` outside the representable range.
    pub const fn from_secs(secs: i64) -> Option<Self> {
        Self::scaled(secs, 1_000_000_000)
    }

    const fn scaled(value: i64, nanos: i64) -> Option<Self> {
        match value.checked_mul(nanos) {
            Some(nanos) => Some(Self(nanos)),
            None => None,
        }
    }

    /// Nanoseconds since the epoch.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the epoch, rounded towards the past.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Whole seconds since the epoch, rounded towards the past.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// This time plus `duration`, or the last representable time.
    pub fn saturating_add(self, duration: Duration) -> Self {
        let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(nanos))
    }

    /// This time minus `duration`, or the first representable time.
    pub fn saturating_sub(self, duration: Duration) -> Self {
        let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(nanos))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn duration_since(self, earlier: Self) -> Duration {
        let nanos = i128::from(self.0) - i128::from(earlier.0);
        u64::try_from(nanos).map_or(Duration::ZERO, Duration::from_nanos)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&jiff::Timestamp::from(*self), f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<jiff::Timestamp>()?.try_into()
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(time: Timestamp) -> Self {
        Self::from_nanosecond(i128::from(time.0))
            .expect("jiff's range contains every i64 of nanoseconds")
    }
}

impl TryFrom<jiff::Timestamp> for Timestamp {
    type Error = jiff::Error;

    fn try_from(time: jiff::Timestamp) -> Result<Self, Self::Error> {
        i64::try_from(time.as_nanosecond())
            .map(Self)
            .map_err(|_| jiff::Error::from_args(format_args!("{time} is outside 1677..=2262")))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_fewest_digits_that_are_exact() {
        let shown = |nanos| Timestamp::from_nanos(nanos).to_string();
        assert_eq!(shown(0), "1970-01-01T00:00:00Z");
        assert_eq!(
            shown(1_619_093_543_708_264_200),
            "2021-04-22T12:12:23.7082642Z"
        );
        assert_eq!(shown(-1), "1969-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn reads_back_what_it_shows() {
        for nanos in [i64::MIN, -1, 0, 1, 1_619_093_543_708_264_200, i64::MAX] {
            let time = Timestamp::from_nanos(nanos);
            let json = serde_json::to_string(&time).unwrap();
            assert_eq!(
                serde_json::from_str::<Timestamp>(&json).unwrap(),
                time,
                "{json}"
            );
        }
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(Timestamp::from_secs(i64::MAX), None);
        assert!("9999-01-01T00:00:00Z".parse::<Timestamp>().is_err());
        assert!("yesterday".parse::<Timestamp>().is_err());
    }

    #[test]
    fn durations_never_go_negative() {
        let early = Timestamp::from_nanos(10);
        let late = Timestamp::from_nanos(15);
        assert_eq!(late.duration_since(early), Duration::from_nanos(5));
        assert_eq!(early.duration_since(late), Duration::ZERO);
    }
}
