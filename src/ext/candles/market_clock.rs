use std::time::Duration;

use tokio::time::Instant;

use crate::Timestamp;

/// The venue's time, as far as its events tell it.
///
/// Between events it goes on with the machine's monotonic clock. So it is right for live feeds
/// whatever the machine's wall clock says, for recordings, and for simulated time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MarketClock {
    /// The latest event time. An event time after the event's receipt counts as that: one stamp
    /// from the future must not close the candles of all symbols.
    seen: Option<Timestamp>,
    anchor: Option<(Timestamp, Instant)>,
    now: Option<Timestamp>,
}

impl MarketClock {
    #[inline]
    pub(super) fn saw(&mut self, time: Timestamp, received: Option<Timestamp>) {
        let time = received.map_or(time, |received| time.min(received));
        if self.seen.is_none_or(|seen| seen < time) {
            self.seen = Some(time);
            self.now = self.now.max(self.seen);
        }
    }

    /// The latest time that an event told.
    #[inline]
    pub(super) fn seen(&self) -> Option<Timestamp> {
        self.seen
    }

    /// The time when it was last looked at, or that of an event since.
    pub(super) fn now(&self) -> Option<Timestamp> {
        self.now
    }

    /// Lets the time go on that has passed since the last event.
    pub(super) fn advance(&mut self, instant: Instant) {
        let gone_on = self
            .anchor
            .map(|(time, at)| time.saturating_add(instant.saturating_duration_since(at)));
        self.now = gone_on.max(self.seen);
        self.anchor = self.now.map(|now| (now, instant));
    }

    /// When it will be `time`, after it has been advanced. `None` for never.
    pub(super) fn reaches(&self, time: Timestamp) -> Option<Instant> {
        let (now, at) = self.anchor?;
        // A nanosecond more: the interval's last one must be over.
        at.checked_add(time.duration_since(now) + Duration::from_nanos(1))
    }
}
