//! The one clock of a client or simulator.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::Timestamp;

/// One moment, by the monotonic clock and by the wall clock.
///
/// State machines are told it; they never read a clock themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For deadlines and durations.
    pub instant: Instant,
    /// For stamping events.
    pub wall: Timestamp,
}

/// Where a client or a simulator reads the time.
///
/// Wall time is an anchor plus the time elapsed on tokio's clock, so it never jumps within a
/// connection and follows a paused clock in tests. Clones share one anchor.
///
/// ```
/// use feedline::{Clock, Timestamp};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let clock = Clock::starting_at(Timestamp::EPOCH);
/// assert!(clock.now().wall >= Timestamp::EPOCH);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Clock {
    anchor: Arc<Mutex<Anchor>>,
    follows: Option<Wall>,
}

/// Where the wall time comes from.
#[derive(Clone)]
struct Wall(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl fmt::Debug for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wall").finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    instant: Instant,
    wall: Timestamp,
}

impl Clock {
    /// The system's wall clock, re-anchored at every connect so that it does not drift for months.
    pub fn system() -> Self {
        Self::following(system_time)
    }

    /// Another wall clock, re-anchored at every connect as the system's is: for tests of what happens
    /// when a machine's clock is wrong or is corrected.
    pub fn following(wall: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let now = wall();
        Self::anchored(now, Some(Wall(Arc::new(wall))))
    }

    /// A clock that reads `wall` now and is never re-anchored: for tests and simulations, which
    /// give the same clock to the simulator and to its client.
    pub fn starting_at(wall: Timestamp) -> Self {
        Self::anchored(wall, None)
    }

    fn anchored(wall: Timestamp, follows: Option<Wall>) -> Self {
        let anchor = Anchor {
            instant: monotonic(),
            wall,
        };
        Self {
            anchor: Arc::new(Mutex::new(anchor)),
            follows,
        }
    }

    /// The time now.
    pub fn now(&self) -> Now {
        let instant = monotonic();
        let anchor = *self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = instant.saturating_duration_since(anchor.instant);
        Now {
            instant,
            wall: anchor.wall.saturating_add(elapsed),
        }
    }

    /// Follows a correction of the wall clock made since the last call.
    pub(crate) fn re_anchor(&self) {
        if let Some(Wall(wall)) = &self.follows {
            let anchor = Anchor {
                instant: monotonic(),
                wall: wall(),
            };
            *self.anchor.lock().unwrap_or_else(PoisonError::into_inner) = anchor;
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

/// Tokio's clock, which tests pause.
fn monotonic() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn system_time() -> Timestamp {
    let nanos = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => Timestamp::from_nanos(nanos(since)),
        Err(before) => Timestamp::from_nanos(-nanos(before.duration())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_correction_shows_when_the_clock_is_anchored_again() {
        let seconds = Arc::new(AtomicI64::new(100));
        let wall = Arc::clone(&seconds);
        let clock = Clock::following(move || {
            Timestamp::from_nanos(wall.load(Ordering::Relaxed) * 1_000_000_000)
        });
        seconds.store(40, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(clock.now().wall.as_secs(), 101);
        clock.clone().re_anchor();
        assert_eq!(clock.now().wall.as_secs(), 40);
        let fixed = Clock::starting_at(Timestamp::EPOCH);
        fixed.re_anchor();
        assert_eq!(fixed.now().wall, Timestamp::EPOCH);
    }
}
