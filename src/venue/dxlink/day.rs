use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// A trading day: the venue's `dayId`, days since 1970-01-01.
///
/// Shown and serialised as an ISO date, `2026-07-31`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

impl Day {
    /// The day of a `dayId`; `None` for zero, which stands for no day, and beyond the calendar.
    pub fn from_day_id(days: i64) -> Option<Self> {
        if days == 0 {
            return None;
        }
        let span = jiff::Span::new().try_days(days).ok()?;
        EPOCH.checked_add(span).ok().map(Self)
    }

    /// The venue's number of the day.
    pub fn day_id(self) -> i32 {
        let days = EPOCH.until(self.0).map(|span| span.get_days());
        days.unwrap_or_default()
    }

    /// As a date of the calendar.
    pub const fn date(self) -> Date {
        self.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Day {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates() {
        let day = Day::from_day_id(20_665).unwrap();
        assert_eq!(day.to_string(), "2026-07-31");
        assert_eq!(day.day_id(), 20_665);
        assert_eq!("2026-07-31".parse::<Day>().unwrap(), day);
        assert_eq!(Day::from_day_id(0), None);
        assert_eq!(Day::from_day_id(i64::MAX), None);
        assert_eq!(Day::from_day_id(-1).unwrap().day_id(), -1);
    }
}
