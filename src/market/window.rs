use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Interval, IntervalUnit};
use crate::Timestamp;

/// A place of an [`Interval`] in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// Its first nanosecond.
    pub(crate) start: Timestamp,
    /// Its last nanosecond.
    pub(crate) last: Timestamp,
}

const SECOND: i128 = 1_000_000_000;
/// Monday, 5 January 1970, in days since the epoch.
const FIRST_MONDAY: i64 = 4;
const MONDAY: i128 = FIRST_MONDAY as i128 * 86_400 * SECOND;
const EPOCH: Date = jiff::civil::date(1970, 1, 1);

impl Window {
    /// From `start` to just before `end`, both in nanoseconds since the epoch.
    pub(crate) fn between(start: i128, end: i128) -> Self {
        let clamp = |nanos: i128| {
            let nanos = nanos.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
            Timestamp::from_nanos(i64::try_from(nanos).unwrap_or_default())
        };
        Self {
            start: clamp(start),
            last: clamp(end - 1),
        }
    }

    pub(crate) fn contains(&self, time: Timestamp) -> bool {
        self.start <= time && time <= self.last
    }

    /// Whether it has a moment in common with this span, both ends of which are in it.
    pub(crate) fn meets(&self, (from, to): (Timestamp, Timestamp)) -> bool {
        from <= self.last && self.start <= to
    }
}

impl Interval {
    /// The window that holds `time` when it is counted from 1970 in UTC, weeks from a Monday and
    /// months by the calendar. Cut off where a [`Timestamp`] ends. `None` for lengths of trading.
    pub(crate) fn window(self, time: Timestamp) -> Option<Window> {
        if let Some(length) = self.fixed() {
            let length = i128::try_from(length.as_nanos()).unwrap_or(i128::MAX);
            let origin = match self.unit() {
                IntervalUnit::Week => MONDAY,
                _ => 0,
            };
            let since = i128::from(time.as_nanos()) - origin;
            let start = origin + since.div_euclid(length) * length;
            return Some(Window::between(start, start + length));
        }
        let date = jiff::Timestamp::from(time).to_zoned(TimeZone::UTC).date();
        let (first, next) = self.dates(date)?;
        Some(Window::between(
            midnight(first, &TimeZone::UTC),
            midnight(next, &TimeZone::UTC),
        ))
    }

    /// The dates that one interval of days, weeks or months covers: its first one, and the first
    /// one after it. Cut off where the calendar ends.
    pub(super) fn dates(self, date: Date) -> Option<(Date, Date)> {
        let count = i64::from(self.count()?);
        let group = |at: i64, origin: i64, size: i64| {
            let first = origin + (at - origin).div_euclid(size) * size;
            (first, first + size)
        };
        let day = i64::from((date - EPOCH).get_days());
        let days = |(first, next)| (date_of(first), date_of(next));
        Some(match self.unit() {
            IntervalUnit::Day => days(group(day, 0, count)),
            IntervalUnit::Week => days(group(day, FIRST_MONDAY, count * 7)),
            IntervalUnit::Month => {
                let month = (i64::from(date.year()) - 1970) * 12 + i64::from(date.month()) - 1;
                let (first, next) = group(month, 0, count);
                (first_of_month(first), first_of_month(next))
            }
            _ => return None,
        })
    }
}

/// The date that is this many days after the epoch.
fn date_of(days: i64) -> Date {
    jiff::Span::new()
        .try_days(days)
        .and_then(|days| EPOCH.checked_add(days))
        .unwrap_or(if days < 0 { Date::MIN } else { Date::MAX })
}

/// The first day of the month that is this many after January 1970.
fn first_of_month(months: i64) -> Date {
    let year = i16::try_from(1970 + months.div_euclid(12)).ok();
    let month = i8::try_from(months.rem_euclid(12) + 1).ok();
    year.zip(month)
        .and_then(|(year, month)| Date::new(year, month, 1).ok())
        .unwrap_or(if months < 0 { Date::MIN } else { Date::MAX })
}

/// When a day begins, in nanoseconds since the epoch.
pub(super) fn midnight(date: Date, zone: &TimeZone) -> i128 {
    match date.to_zoned(zone.clone()) {
        Ok(midnight) => midnight.timestamp().as_nanosecond(),
        // Only the very ends of the calendar have no place in every zone.
        Err(_) if date.year() < 0 => i128::from(i64::MIN),
        Err(_) => i128::from(i64::MAX) + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(interval: Interval, time: &str) -> (String, String) {
        let window = interval.window(time.parse().unwrap()).unwrap();
        (window.start.to_string(), window.last.to_string())
    }

    fn span(start: &str, last: &str) -> (String, String) {
        (
            format!("{start}T00:00:00Z"),
            format!("{last}T23:59:59.999999999Z"),
        )
    }

    #[test]
    fn fixed_lengths_count_from_the_epoch() {
        assert_eq!(
            window(Interval::minutes(5), "2026-03-04T12:34:56.7Z"),
            (
                "2026-03-04T12:30:00Z".to_owned(),
                "2026-03-04T12:34:59.999999999Z".to_owned()
            )
        );
        assert_eq!(
            window(Interval::days(1), "1969-12-31T23:00:00Z"),
            span("1969-12-31", "1969-12-31")
        );
    }

    #[test]
    fn weeks_begin_on_monday() {
        let week = span("2026-03-02", "2026-03-08");
        assert_eq!(window(Interval::weeks(1), "2026-03-02T00:00:00Z"), week);
        assert_eq!(window(Interval::weeks(1), "2026-03-08T23:59:59Z"), week);
    }

    #[test]
    fn months_follow_the_calendar() {
        assert_eq!(
            window(Interval::months(1), "2024-02-29T12:00:00Z"),
            span("2024-02-01", "2024-02-29")
        );
        assert_eq!(
            window(Interval::months(3), "2026-06-30T23:59:59Z"),
            span("2026-04-01", "2026-06-30")
        );
        assert_eq!(
            window(Interval::months(1), "1969-12-05T00:00:00Z"),
            span("1969-12-01", "1969-12-31")
        );
    }

    #[test]
    fn the_ends_of_time_are_cut_off() {
        for unit in ["s", "w", "d", "M"] {
            for count in [1, 7, u32::MAX] {
                let interval: Interval = format!("{count}{unit}").parse().unwrap();
                for nanos in [i64::MIN, -1, 0, i64::MAX] {
                    let time = Timestamp::from_nanos(nanos);
                    let window = interval.window(time).unwrap();
                    assert!(window.contains(time), "{interval} {nanos}");
                }
            }
        }
    }

    #[test]
    fn trading_has_no_windows() {
        assert_eq!(Interval::trades(5).window(Timestamp::EPOCH), None);
    }
}
