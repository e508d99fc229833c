//! The time by the venue's own clock, as its events show it.

use std::time::{Duration, Instant};

use crate::{Now, Timestamp};

/// How long one reading of the difference between the clocks is kept, at most twice.
const WINDOW: Duration = Duration::from_secs(10);

/// A reading that is so many nanoseconds behind the one before it is of a clock that was set back.
const SET_BACK: i64 = 500_000_000;

/// What event times tell of the venue's clock: where it stands when nothing comes, and how far it is
/// from ours.
///
/// The least delayed events of the last seconds count. They are set against the monotonic clock, so that
/// a correction of this machine's wall clock moves nothing, but a machine that slept is seen to have.
#[derive(Debug)]
pub(super) struct EventClock {
    start: Now,
    /// Time of the last event of the connection.
    last_time: Option<Timestamp>,
    /// When an event was last seen.
    last_seen: Now,
    /// How far the events of this window, and of the one before, were ahead of the monotonic clock.
    ahead: [Option<i64>; 2],
    window_since: Instant,
    /// When it was last found to have been set back, by this machine's clock, and by how much.
    set_back: Option<(Timestamp, i64)>,
}

impl EventClock {
    pub(super) fn new(now: Now) -> Self {
        Self {
            start: now,
            last_time: None,
            last_seen: now,
            ahead: [None; 2],
            window_since: now.instant,
            set_back: None,
        }
    }

    #[inline]
    pub(super) fn observe(&mut self, time: Timestamp, now: Now) {
        self.last_time = Some(time);
        if now.instant != self.last_seen.instant {
            self.last_seen = now;
            self.turn(now);
        }
        let ahead = time.as_nanos().saturating_sub(self.steady(now).as_nanos());
        let most = &mut self.ahead[0];
        *most = Some(most.map_or(ahead, |most| most.max(ahead)));
    }

    /// Time of the last event of the connection, whichever topic's.
    pub(super) fn last_time(&self) -> Option<Timestamp> {
        self.last_time
    }

    /// The time of an event that would be sent now.
    pub(super) fn now(&self, now: Now) -> Option<Timestamp> {
        let ahead = self.ahead[0].max(self.ahead[1])?;
        // The monotonic clock may stand still while the machine sleeps; the wall clock, set again at the
        // next connect, does not.
        let slept = (now.wall.as_nanos() - self.last_seen.wall.as_nanos())
            .saturating_sub(self.steady(now).as_nanos() - self.steady(self.last_seen).as_nanos())
            .max(0);
        let nanos = self.steady(now).as_nanos().saturating_add(ahead);
        Some(Timestamp::from_nanos(nanos.saturating_add(slept)))
    }

    /// How far the venue's clock is ahead of ours, in nanoseconds; delayed feeds are behind.
    pub(super) fn offset(&self, now: Now) -> Option<i64> {
        Some(
            self.now(now)?
                .as_nanos()
                .saturating_sub(now.wall.as_nanos()),
        )
    }

    /// What it would read now if it had not been set back since `then`, by this machine's clock.
    pub(super) fn now_as_of(&self, then: Timestamp, now: Now) -> Option<Timestamp> {
        let by = self.set_back.filter(|(found, _)| then < *found);
        let nanos = self.now(now)?.as_nanos();
        let by = by.map_or(0, |(_, by)| by);
        Some(Timestamp::from_nanos(nanos.saturating_add(by)))
    }

    fn turn(&mut self, now: Now) {
        if now.instant.saturating_duration_since(self.window_since) < WINDOW {
            return;
        }
        if let [Some(newer), Some(older)] = self.ahead
            && older.saturating_sub(newer) >= SET_BACK
        {
            self.set_back = Some((now.wall, older.saturating_sub(newer)));
        }
        self.ahead = [None, self.ahead[0]];
        self.window_since = now.instant;
    }

    /// The wall clock at the start, gone on with the monotonic one.
    #[inline]
    fn steady(&self, now: Now) -> Timestamp {
        let elapsed = now.instant.saturating_duration_since(self.start.instant);
        self.start.wall.saturating_add(elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs).unwrap()
    }

    struct World {
        now: Now,
        clock: EventClock,
    }

    impl World {
        fn new() -> Self {
            let now = Now {
                instant: Instant::now(),
                wall: at(1_000_000),
            };
            Self {
                now,
                clock: EventClock::new(now),
            }
        }

        /// Time goes on by the monotonic clock, and by the wall clock.
        fn pass(&mut self, secs: u64, wall: i64) {
            self.now.instant += Duration::from_secs(secs);
            self.now.wall = at(self.now.wall.as_secs() + wall);
        }
    }

    #[test]
    fn a_delayed_feed_is_behind() {
        let mut world = World::new();
        world.clock.observe(at(1_000_000 - 15 * MINUTE), world.now);
        world.pass(3, 3);
        assert_eq!(
            world.clock.now(world.now),
            Some(at(1_000_003 - 15 * MINUTE))
        );
        let offset = Duration::from_secs(15 * 60).as_nanos() as i64;
        assert_eq!(world.clock.offset(world.now), Some(-offset));
    }

    #[test]
    fn a_wall_clock_that_is_set_back_moves_nothing() {
        let mut world = World::new();
        world.clock.observe(at(1_000_000), world.now);
        world.pass(3, 3 - 3600);
        assert_eq!(world.clock.now(world.now), Some(at(1_000_003)));
    }

    #[test]
    fn sleep_that_the_monotonic_clock_did_not_see_counts() {
        let mut world = World::new();
        world.clock.observe(at(1_000_000), world.now);
        world.pass(1, 3600);
        assert_eq!(world.clock.now(world.now), Some(at(1_003_600)));
    }

    #[test]
    fn the_least_delayed_events_of_the_last_seconds_count() {
        let mut world = World::new();
        world.clock.observe(at(1_000_000), world.now);
        world.clock.observe(at(999_990), world.now);
        assert_eq!(world.clock.now(world.now), Some(at(1_000_000)));
        // The venue's clock steps back: after two windows the old reading is gone.
        for _ in 0..3 {
            world.pass(11, 11);
            world
                .clock
                .observe(at(world.now.wall.as_secs() - 3600), world.now);
        }
        let now = world.now;
        assert_eq!(world.clock.now(now), Some(at(now.wall.as_secs() - 3600)));
    }

    #[test]
    fn what_it_would_read_had_it_not_been_set_back_is_remembered() {
        let mut world = World::new();
        let then = world.now.wall;
        for back in [0, 0, 0, 3, 3, 3, 3] {
            world.pass(11, 11);
            let time = world.now.wall.as_secs() - back;
            world.clock.observe(at(time), world.now);
        }
        let now = world.now;
        assert_eq!(world.clock.now(now), Some(at(now.wall.as_secs() - 3)));
        assert_eq!(world.clock.now_as_of(then, now), Some(now.wall));
        assert_eq!(world.clock.now_as_of(now.wall, now), world.clock.now(now));
    }

    #[test]
    fn absurd_times_are_borne() {
        let mut world = World::new();
        for nanos in [i64::MAX, i64::MIN, i64::MAX, i64::MIN, 0] {
            world.pass(11, 11);
            world.clock.observe(Timestamp::from_nanos(nanos), world.now);
        }
        assert!(world.clock.now_as_of(at(0), world.now).is_some());
    }

    #[test]
    fn without_event_times_nothing_is_known() {
        let world = World::new();
        assert_eq!(world.clock.now(world.now), None);
        assert_eq!(world.clock.offset(world.now), None);
    }
}
