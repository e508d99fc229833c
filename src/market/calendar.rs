use std::collections::BTreeSet;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::session::Hours;
use super::window::midnight;
use super::{Interval, IntervalUnit, Session, Window};
use crate::Timestamp;

/// How time is cut into candles: in which time zone days begin, and when the market is open.
///
/// Without a session, days, weeks and months begin at midnight of the time zone; intervals of
/// hours and less are counted from 1970 in UTC. With a session, an interval of hours or less is
/// counted from the session's opening and cut off at its close, and one of days or longer reaches
/// from its first opening to its last close. Days are as long as they are: 23 or 25 hours where the
/// clocks change.
///
/// ```
/// use feedline::market::{Calendar, Session};
///
/// let new_york = Calendar::named("America/New_York")?;
/// let exchange = new_york.session("Mon-Fri 09:30-16:00".parse::<Session>()?);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    zone: TimeZone,
    session: Option<Session>,
    holidays: BTreeSet<Date>,
}

/// The name of a time zone that is not known here.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "{name:?} is not a known time zone: expected a name of the IANA database such as America/New_York or UTC"
)]
pub struct UnknownTimeZone {
    name: String,
    source: jiff::Error,
}

/// Where a moment lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The interval that it is in; `None` while the market is closed.
    pub(crate) interval: Option<Window>,
    /// All moments around it of which the same is true, except for those beyond a break.
    pub(crate) span: Window,
}

impl Place {
    pub(crate) fn whole(interval: Window) -> Self {
        Self {
            interval: Some(interval),
            span: interval,
        }
    }
}

/// How far apart two openings may be; beyond that, a market is closed for good.
const LONGEST_CLOSE: i32 = 400;

impl Default for Calendar {
    fn default() -> Self {
        Self::utc()
    }
}

impl Calendar {
    /// Days begin at midnight UTC, and the market never closes.
    pub fn utc() -> Self {
        Self::in_zone(TimeZone::UTC)
    }

    /// Days begin at midnight of this time zone, and the market never closes.
    pub fn in_zone(zone: TimeZone) -> Self {
        Self {
            zone,
            session: None,
            holidays: BTreeSet::new(),
        }
    }

    /// Days begin at midnight of the time zone with this name of the IANA database.
    ///
    /// # Errors
    ///
    /// If there is no such zone in the system's database (`/usr/share/zoneinfo`), or in the one that
    /// the feature `tzdb` brings along.
    pub fn named(name: &str) -> Result<Self, UnknownTimeZone> {
        TimeZone::get(name)
            .map(Self::in_zone)
            .map_err(|source| UnknownTimeZone {
                name: name.to_owned(),
                source,
            })
    }

    /// The market is open only during this session, in the calendar's time zone.
    #[must_use]
    pub fn session(mut self, session: Session) -> Self {
        self.session = Some(session);
        self
    }

    /// The sessions of these days do not take place.
    #[must_use]
    pub fn holidays(mut self, days: impl IntoIterator<Item = Date>) -> Self {
        self.holidays.extend(days);
        self
    }

    /// The time zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// When the market opens again, if it is closed at `time`.
    pub(crate) fn closed_until(&self, time: Timestamp) -> Option<Timestamp> {
        let session = self.session.as_ref()?;
        if self.trading_day(session, time).is_some() {
            return None;
        }
        let last = self.closed_around(session, time).last;
        Some(last.saturating_add(Duration::from_nanos(1)))
    }

    /// Whether the market may close within one of these intervals.
    pub(crate) fn breaks(&self, interval: Interval) -> bool {
        let one_day = interval == Interval::days(1);
        self.session.is_some() && of_dates(interval) && !one_day
    }

    /// Where `time` lies among the intervals. `None` where these are not of time.
    pub(crate) fn place(&self, interval: Interval, time: Timestamp) -> Option<Place> {
        if !interval.unit().is_time() {
            return None;
        }
        let Some(session) = &self.session else {
            if !of_dates(interval) || self.zone == TimeZone::UTC {
                return interval.window(time).map(Place::whole);
            }
            let (first, next) = interval.dates(self.day(time))?;
            let window = Window::between(midnight(first, &self.zone), midnight(next, &self.zone));
            return Some(Place::whole(window));
        };
        let Some(day) = self.trading_day(session, time) else {
            return Some(Place {
                interval: None,
                span: self.closed_around(session, time),
            });
        };
        let hours = session.hours(day, &self.zone);
        if !of_dates(interval) {
            let length = i128::try_from(interval.fixed()?.as_nanos()).unwrap_or(i128::MAX);
            let since = i128::from(time.as_nanos()) - hours.open;
            let start = hours.open + since.div_euclid(length) * length;
            let window = Window::between(start, (start + length).min(hours.close));
            return Some(Place::whole(window));
        }
        let (first, next) = interval.dates(day)?;
        let opening = days_from(first).take_while(|date| *date <= day);
        let closing = days_before(next).take_while(|date| *date >= day);
        let mut opening = opening.filter(|date| self.is_open(session, *date));
        let mut closing = closing.filter(|date| self.is_open(session, *date));
        let open = opening.next().unwrap_or(day);
        let close = closing.next().unwrap_or(day);
        let window = Window::between(
            session.hours(open, &self.zone).open,
            session.hours(close, &self.zone).close,
        );
        Some(Place {
            interval: Some(window),
            span: Window::between(hours.open, hours.close),
        })
    }

    fn date(&self, time: Timestamp) -> Date {
        jiff::Timestamp::from(time)
            .to_zoned(self.zone.clone())
            .date()
    }

    /// The day that holds `time`: its date, but for where the clocks go back over midnight. Then
    /// the next day has begun already.
    fn day(&self, time: Timestamp) -> Date {
        let date = self.date(time);
        date.tomorrow()
            .ok()
            .filter(|next| midnight(*next, &self.zone) <= i128::from(time.as_nanos()))
            .unwrap_or(date)
    }

    fn is_open(&self, session: &Session, day: Date) -> bool {
        session.is_on(day) && !self.holidays.contains(&day)
    }

    /// The day whose session holds `time`; a session may begin on the evening before its day.
    fn trading_day(&self, session: &Session, time: Timestamp) -> Option<Date> {
        let date = self.date(time);
        let nanos = i128::from(time.as_nanos());
        days_from(date)
            .take(2)
            .find(|day| self.is_open(session, *day) && session.hours(*day, &self.zone).holds(nanos))
    }

    /// From the close before `time` to the opening after it.
    fn closed_around(&self, session: &Session, time: Timestamp) -> Window {
        let nanos = i128::from(time.as_nanos());
        let date = self.date(time);
        let hours = |day: Date| -> Option<Hours> {
            self.is_open(session, day)
                .then(|| session.hours(day, &self.zone))
        };
        let days = LONGEST_CLOSE.unsigned_abs() as usize;
        let before = std::iter::once(date)
            .chain(days_before(date))
            .take(days)
            .filter_map(hours)
            .map(|hours| hours.close)
            .find(|close| *close <= nanos);
        let after = days_from(date)
            .take(days)
            .filter_map(hours)
            .map(|hours| hours.open)
            .find(|open| *open > nanos);
        Window::between(
            before.unwrap_or(i128::from(i64::MIN)),
            after.unwrap_or(i128::from(i64::MAX) + 1),
        )
    }
}

/// Whether intervals are counted in dates.
fn of_dates(interval: Interval) -> bool {
    matches!(
        interval.unit(),
        IntervalUnit::Day | IntervalUnit::Week | IntervalUnit::Month
    )
}

/// This day and those after it.
fn days_from(day: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(day), |day| day.tomorrow().ok())
}

/// The days before this one, the nearest first.
fn days_before(day: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(day.yesterday().ok(), |day| day.yesterday().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_market_tells_when_it_opens_again() {
        let session = "Mon-Fri 09:30-16:00".parse().unwrap();
        let calendar = Calendar::named("America/New_York")
            .unwrap()
            .session(session);
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let until = |text| calendar.closed_until(at(text));
        assert_eq!(until("2026-11-27T15:00:00Z"), None);
        assert_eq!(
            until("2026-11-27T21:00:00Z"),
            Some(at("2026-11-30T14:30:00Z"))
        );
        assert_eq!(
            until("2026-11-30T14:29:59Z"),
            Some(at("2026-11-30T14:30:00Z"))
        );
        assert_eq!(
            Calendar::utc().closed_until(at("2026-11-28T00:00:00Z")),
            None
        );
    }
}
