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
/// Monday, 5 January 1970.
const MONDAY: i128 = 4 * 86_400 * SECOND;

impl Window {
    pub(crate) fn contains(&self, time: Timestamp) -> bool {
        self.start <= time && time <= self.last
    }

    /// Whether it has a moment in common with this span, both ends of which are in it.
    pub(crate) fn meets(&self, (from, to): (Timestamp, Timestamp)) -> bool {
        from <= self.last && self.start <= to
    }
}

impl Interval {
    /// The one that holds `time`, in UTC: counted from the epoch, weeks from a Monday, months by
    /// the calendar from January 1970. Cut off where a [`Timestamp`] ends.
    pub(crate) fn window(self, time: Timestamp) -> Window {
        let (start, end) = match self.fixed() {
            Some(length) => {
                let length = i128::try_from(length.as_nanos()).unwrap_or(i128::MAX);
                let origin = match self.unit() {
                    IntervalUnit::Week => MONDAY,
                    _ => 0,
                };
                let since = i128::from(time.as_nanos()) - origin;
                let start = origin + since.div_euclid(length) * length;
                (start, start + length)
            }
            None => {
                let date = jiff::Timestamp::from(time)
                    .to_zoned(jiff::tz::TimeZone::UTC)
                    .date();
                let month = (i64::from(date.year()) - 1970) * 12 + i64::from(date.month()) - 1;
                let count = i64::from(self.count());
                let first = month.div_euclid(count) * count;
                (month_start(first), month_start(first + count))
            }
        };
        let clamp = |nanos: i128| {
            let nanos = nanos.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
            Timestamp::from_nanos(i64::try_from(nanos).unwrap_or_default())
        };
        Window {
            start: clamp(start),
            last: clamp(end - 1),
        }
    }
}

/// When the month begins that is this many after January 1970.
fn month_start(months: i64) -> i128 {
    let far = if months < 0 { i128::MIN } else { i128::MAX } / 2;
    let year = i16::try_from(1970 + months.div_euclid(12));
    let month = i8::try_from(months.rem_euclid(12) + 1);
    year.ok()
        .zip(month.ok())
        .and_then(|(year, month)| jiff::civil::Date::new(year, month, 1).ok())
        .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .map_or(far, |zoned| zoned.timestamp().as_nanosecond())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn window(interval: Interval, time: &str) -> (String, String) {
        let window = interval.window(time.parse().unwrap());
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
        for unit in [
            IntervalUnit::Second,
            IntervalUnit::Week,
            IntervalUnit::Month,
        ] {
            for count in [1, 7, u32::MAX] {
                let interval = Interval::new(NonZeroU32::new(count).unwrap(), unit);
                for nanos in [i64::MIN, -1, 0, i64::MAX] {
                    let time = Timestamp::from_nanos(nanos);
                    assert!(interval.window(time).contains(time), "{interval} {nanos}");
                }
            }
        }
    }
}
