//! The time for which a connection was listened to.

use std::time::{Duration, Instant};

/// A moment of a [`Listening`] clock, in milliseconds since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(u64);

impl Moment {
    #[cfg(test)]
    pub(super) fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    pub(super) fn millis(self) -> u64 {
        self.0
    }

    /// Milliseconds since an earlier moment.
    pub(super) fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    pub(super) fn after(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The next whole second, so that what is due at about the same time is looked at together.
    pub(super) fn round_up(self) -> Self {
        Self(self.0.div_ceil(1_000).saturating_mul(1_000))
    }
}

/// A clock that stands still while silence would be our own doing, because nothing is read.
#[derive(Debug)]
pub(super) struct Listening {
    origin: Instant,
    excused: Duration,
    paused: Option<Instant>,
}

impl Listening {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            origin: now,
            excused: Duration::ZERO,
            paused: None,
        }
    }

    /// The moment that it is.
    pub(super) fn at(&self, now: Instant) -> Moment {
        let now = self.paused.map_or(now, |paused| paused.min(now));
        let elapsed = now.saturating_duration_since(self.origin);
        let listened = elapsed.saturating_sub(self.excused).as_millis();
        Moment(u64::try_from(listened).unwrap_or(u64::MAX))
    }

    /// When it will be `moment`; `None` while the clock stands still, or beyond all time.
    pub(super) fn instant(&self, moment: Moment) -> Option<Instant> {
        if self.paused.is_some() {
            return None;
        }
        let elapsed = self.excused.checked_add(Duration::from_millis(moment.0))?;
        self.origin.checked_add(elapsed)
    }

    /// Nothing is read from now on.
    pub(super) fn pause(&mut self, now: Instant) {
        self.paused.get_or_insert(now);
    }

    /// It is read again: the silence meanwhile does not count.
    pub(super) fn resume(&mut self, now: Instant) {
        if let Some(paused) = self.paused.take() {
            self.excuse(now.saturating_duration_since(paused));
        }
    }

    /// A silence of this length, until now, does not count.
    fn excuse(&mut self, silence: Duration) {
        self.excused = self.excused.saturating_add(silence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn exactly_what_was_paused_does_not_count(
            steps in prop::collection::vec((0_u64..10_000, 0_u64..10_000), 0..20),
        ) {
            let start = Instant::now();
            let mut clock = Listening::new(start);
            let (mut now, mut listened) = (start, 0);
            for (listen, pause) in steps {
                now += Duration::from_millis(listen);
                listened += listen;
                prop_assert_eq!(clock.at(now), Moment(listened));
                clock.pause(now);
                prop_assert_eq!(clock.at(now + Duration::from_millis(pause)), Moment(listened));
                prop_assert_eq!(clock.instant(Moment(listened)), None);
                now += Duration::from_millis(pause);
                clock.resume(now);
                prop_assert_eq!(clock.at(now), Moment(listened));
                prop_assert_eq!(clock.instant(Moment(listened)), Some(now));
            }
        }
    }

    #[test]
    fn a_pause_is_one_however_often_it_is_begun() {
        let start = Instant::now();
        let at = |secs| start + Duration::from_secs(secs);
        let mut clock = Listening::new(start);
        clock.pause(at(10));
        clock.pause(at(20));
        clock.resume(at(30));
        clock.resume(at(40));
        assert_eq!(clock.at(at(50)), Moment(30_000));
    }
}
