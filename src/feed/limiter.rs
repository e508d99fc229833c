//! One limit of connects for everything in the process that goes to the same endpoint.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::Instant;

use crate::Rate;
use crate::rate::Bucket;

static LIMITERS: LazyLock<Mutex<HashMap<String, Weak<Limiter>>>> = LazyLock::new(Mutex::default);

/// Bounds how fast connections to one endpoint are opened, whichever client opens them.
#[derive(Debug)]
pub(crate) struct Limiter(Mutex<Bucket>);

impl Limiter {
    /// The limiter of `endpoint`, shared with everyone who holds it. The first to come sets the
    /// rate.
    pub(crate) fn of(endpoint: &str, rate: Rate) -> Arc<Self> {
        let mut limiters = LIMITERS.lock().unwrap_or_else(PoisonError::into_inner);
        limiters.retain(|_, limiter| limiter.strong_count() > 0);
        if let Some(limiter) = limiters.get(endpoint).and_then(Weak::upgrade) {
            return limiter;
        }
        let limiter = Arc::new(Self(Mutex::new(Bucket::new(rate))));
        limiters.insert(endpoint.to_owned(), Arc::downgrade(&limiter));
        limiter
    }

    /// When the next connect may begin; it counts as begun.
    pub(crate) fn reserve(&self, now: Instant) -> Instant {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .reserve(now)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn clients_of_one_endpoint_share_a_limit_and_others_do_not() {
        let rate = Rate::new(1, Duration::from_secs(1));
        let now = Instant::now();
        let (a, b) = (
            Limiter::of("ws://limiter-a:1", rate),
            Limiter::of("ws://limiter-a:1", rate),
        );
        let other = Limiter::of("ws://limiter-b:1", rate);
        assert_eq!(a.reserve(now), now);
        assert_eq!(b.reserve(now), now + Duration::from_secs(1));
        assert_eq!(other.reserve(now), now);
    }
}
