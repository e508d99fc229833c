//! The beginning of a candle in the calendar's time zone, as exactly as its interval asks for.

use feedline::Timestamp;
use feedline::market::{Calendar, Interval, IntervalUnit};

/// As a line begins.
pub(crate) fn full(time: Timestamp, interval: Interval, calendar: &Calendar) -> String {
    shown(
        time,
        calendar,
        match interval.unit() {
            IntervalUnit::Second => "%H:%M:%S",
            IntervalUnit::Minute | IntervalUnit::Hour => "%m-%d %H:%M",
            IntervalUnit::Day | IntervalUnit::Week | IntervalUnit::Month => "%Y-%m-%d",
            // They begin with a trade.
            _ => "%H:%M:%S%.3f",
        },
    )
}

/// Below an axis, where there is less room.
pub(crate) fn short(time: Timestamp, interval: Interval, calendar: &Calendar) -> String {
    shown(
        time,
        calendar,
        match interval.unit() {
            IntervalUnit::Minute | IntervalUnit::Hour => "%H:%M",
            IntervalUnit::Day | IntervalUnit::Week => "%m-%d",
            IntervalUnit::Month => "%Y-%m",
            _ => "%H:%M:%S",
        },
    )
}

/// The name of the time zone.
pub(crate) fn zone(calendar: &Calendar) -> &str {
    calendar.zone().iana_name().unwrap_or("UTC")
}

fn shown(time: Timestamp, calendar: &Calendar, format: &str) -> String {
    calendar
        .zone()
        .to_datetime(time.into())
        .strftime(format)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_candles_have_dates() {
        let time = "2026-01-02T03:04:05.678Z".parse().unwrap();
        let utc = Calendar::utc();
        let text = |interval: &str| full(time, interval.parse().unwrap(), &utc);
        assert_eq!(text("5s"), "03:04:05");
        assert_eq!(text("1m"), "01-02 03:04");
        assert_eq!(text("1d"), "2026-01-02");
        assert_eq!(text("100t"), "03:04:05.678");
        assert_eq!(short(time, Interval::months(1), &utc), "2026-01");
        assert_eq!(zone(&utc), "UTC");
    }

    #[test]
    fn the_time_zone_is_the_calendars() {
        let time = "2026-01-02T03:04:05Z".parse().unwrap();
        let tokyo = Calendar::named("Asia/Tokyo").unwrap();
        assert_eq!(full(time, Interval::seconds(1), &tokyo), "12:04:05");
        assert_eq!(zone(&tokyo), "Asia/Tokyo");
    }
}
