use crate::Timestamp;
use crate::market::{Calendar, Interval, IntervalUnit, Place, Window};

/// Cuts time into intervals, and remembers the last cut: the next tick mostly wants the same.
#[derive(Clone, Debug)]
pub(super) struct Cutter {
    pub(super) interval: Interval,
    calendar: Calendar,
    last: Option<Place>,
    /// Where the last candle lay that was to be made part of a longer one.
    part: Option<(Interval, Place)>,
}

/// All of time: candles of trading are not cut by it.
const ALWAYS: Window = Window {
    start: Timestamp::MIN,
    last: Timestamp::MAX,
};

impl Cutter {
    pub(super) fn new(interval: Interval, calendar: Calendar) -> Self {
        Self {
            interval,
            calendar,
            last: None,
            part: None,
        }
    }

    pub(super) fn is_by_time(&self) -> bool {
        self.interval.unit().is_time()
    }

    /// Whether all moments of an open interval belong to it.
    pub(super) fn is_seamless(&self) -> bool {
        self.is_by_time() && !self.calendar.breaks(self.interval)
    }

    pub(super) fn place(&mut self, time: Timestamp) -> Place {
        match self.last {
            Some(last) if last.span.contains(time) => last,
            _ => {
                let place = self.calendar.place(self.interval, time);
                *self.last.insert(place.unwrap_or(Place::whole(ALWAYS)))
            }
        }
    }

    /// The last moment of a shorter candle, where its start tells that: by this calendar or, for
    /// hours and less, without one.
    pub(super) fn last_of(&mut self, interval: Interval, start: Timestamp) -> Option<Timestamp> {
        let known = self
            .part
            .filter(|(known, place)| *known == interval && place.span.contains(start));
        let place = match known {
            Some((_, place)) => place,
            None => {
                let place = self.calendar.place(interval, start)?;
                self.part = Some((interval, place));
                place
            }
        };
        let own = place.interval.filter(|window| window.start == start);
        let fixed = || match interval.unit() {
            IntervalUnit::Second | IntervalUnit::Minute | IntervalUnit::Hour => {
                interval.window(start)
            }
            _ => None,
        };
        own.or_else(fixed).map(|window| window.last)
    }

    /// The interval after this one. `None` at the end of time.
    pub(super) fn after(&mut self, window: Window) -> Option<Window> {
        let mut last = window.last;
        // Between two intervals lies at most one span in which the market is closed.
        for _ in 0..2 {
            if last == Timestamp::MAX {
                return None;
            }
            let place = self.place(Timestamp::from_nanos(last.as_nanos() + 1));
            if place.interval.is_some() {
                return place.interval;
            }
            last = place.span.last;
        }
        None
    }
}
