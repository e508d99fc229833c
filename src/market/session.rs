use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use super::window::midnight;

/// When a market is open on each of its days, by the clock of a [`Calendar`](super::Calendar)'s
/// time zone.
///
/// A session that does not close after it opens is open overnight and belongs to the day on which
/// it closes: `Mon-Fri 17:00-16:00` opens on Sunday afternoon.
///
/// Written as days, which may be left out, and hours: `09:30-16:00`, `Mon-Fri 09:30-16:00`,
/// `Mon,Wed,Fri 08:00-12:00`.
///
/// ```
/// use feedline::market::Session;
///
/// let stocks: Session = "Mon-Fri 09:30-16:00".parse()?;
/// assert_eq!(stocks.to_string(), "Mon,Tue,Wed,Thu,Fri 09:30-16:00");
/// # Ok::<_, feedline::market::ParseSessionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    open: Time,
    close: Time,
    /// From Monday on.
    days: [bool; 7],
}

/// One day's session, in nanoseconds since the epoch; the close is not in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hours {
    pub(super) open: i128,
    pub(super) close: i128,
}

impl Hours {
    pub(super) fn holds(&self, nanos: i128) -> bool {
        self.open <= nanos && nanos < self.close
    }
}

const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl Session {
    /// Open from `open` to just before `close` on every day of the week.
    pub fn new(open: Time, close: Time) -> Self {
        Self {
            open,
            close,
            days: [true; 7],
        }
    }

    /// Only on these days of the week.
    #[must_use]
    pub fn on(mut self, days: impl IntoIterator<Item = Weekday>) -> Self {
        self.days = [false; 7];
        for day in days {
            self.days[place(day)] = true;
        }
        self
    }

    pub(super) fn is_on(&self, day: Date) -> bool {
        self.days[place(day.weekday())]
    }

    pub(super) fn hours(&self, day: Date, zone: &TimeZone) -> Hours {
        let at = |day: Date, time: Time| match day.to_datetime(time).to_zoned(zone.clone()) {
            Ok(zoned) => zoned.timestamp().as_nanosecond(),
            Err(_) => midnight(day, zone),
        };
        let opens = if self.close <= self.open {
            day.yesterday().unwrap_or(day)
        } else {
            day
        };
        Hours {
            open: at(opens, self.open),
            close: at(day, self.close),
        }
    }
}

fn place(day: Weekday) -> usize {
    usize::from(day.to_monday_zero_offset().unsigned_abs())
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days != [true; 7] {
            let days = NAMES.iter().zip(self.days).filter(|(_, on)| *on);
            let days: Vec<&str> = days.map(|(name, _)| *name).collect();
            write!(f, "{} ", days.join(","))?;
        }
        write!(
            f,
            "{}-{}",
            self.open.strftime("%H:%M"),
            self.close.strftime("%H:%M")
        )
    }
}

/// A text that is no [`Session`], with what would be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a session: expected hours, and before them the days if not every day, such as \
     09:30-16:00 or Mon-Fri 09:30-16:00 or Mon,Wed 22:00-05:00"
)]
pub struct ParseSessionError {
    text: String,
}

impl FromStr for Session {
    type Err = ParseSessionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (days, hours) = match text.split_once(' ') {
                Some((days, hours)) => (Some(days), hours),
                None => (None, text),
            };
            let (open, close) = hours.split_once('-')?;
            let time = |text: &str| Time::strptime("%H:%M", text).ok();
            let mut session = Self::new(time(open)?, time(close)?);
            if let Some(days) = days {
                session.days = [false; 7];
                for part in days.split(',') {
                    let (first, last) = part.split_once('-').unwrap_or((part, part));
                    let [first, last] = [first, last].map(weekday);
                    let (first, last) = first.zip(last)?;
                    // A range may run over the end of the week.
                    let mut day = first;
                    session.days[day] = true;
                    while day != last {
                        day = (day + 1) % 7;
                        session.days[day] = true;
                    }
                }
            }
            Some(session)
        };
        parse().ok_or_else(|| ParseSessionError {
            text: text.to_owned(),
        })
    }
}

fn weekday(name: &str) -> Option<usize> {
    NAMES
        .iter()
        .position(|known| known.eq_ignore_ascii_case(name))
}
