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
    anchor: Option<Anchor>,
    latest: Option<Timestamp>,
}

/// What it was when it was last advanced.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    time: Timestamp,
    at: Instant,
    seen: Option<Timestamp>,
}

impl MarketClock {
    #[inline]
    pub(super) fn saw(&mut self, time: Timestamp, received: Option<Timestamp>) {
        let time = received.map_or(time, |received| time.min(received));
        if self.seen.is_none_or(|seen| seen < time) {
            self.seen = Some(time);
            self.latest = self.latest.max(self.seen);
        }
    }

    /// The latest time that an event told.
    #[inline]
    pub(super) fn seen(&self) -> Option<Timestamp> {
        self.seen
    }

    /// The time when it was last advanced.
    pub(super) fn now(&self) -> Option<Timestamp> {
        self.anchor.map(|anchor| anchor.time)
    }

    /// The latest time that it ever was.
    pub(super) fn latest(&self) -> Option<Timestamp> {
        self.latest
    }

    /// Lets the time go on that has passed since the last event.
    ///
    /// Newer events that lie further behind it than the `delay` set it back to them: the feed has
    /// not been read for a while, by a slow consumer or for another handle's sake, and what comes
    /// next is as old.
    pub(super) fn advance(&mut self, instant: Instant, delay: Duration) {
        let gone_on = self.anchor.map(|anchor| {
            let gone = instant.saturating_duration_since(anchor.at);
            (anchor.seen, anchor.time.saturating_add(gone))
        });
        let behind = |(before, time): (Option<Timestamp>, Timestamp)| {
            self.seen > before
                && self
                    .seen
                    .is_some_and(|seen| time.duration_since(seen) > delay)
        };
        let time = match gone_on {
            Some(gone_on) if !behind(gone_on) => self.seen.max(Some(gone_on.1)),
            _ => self.seen,
        };
        self.anchor = time.map(|time| Anchor {
            time,
            at: instant,
            seen: self.seen,
        });
        self.latest = self.latest.max(time);
    }

    /// When it will be `time`, after it has been advanced. `None` for never.
    pub(super) fn reaches(&self, time: Timestamp) -> Option<Instant> {
        let Anchor { time: now, at, .. } = self.anchor?;
        // A nanosecond more: the interval's last one must be over.
        at.checked_add(time.duration_since(now) + Duration::from_nanos(1))
    }
}
