//! What the process shares of one endpoint: a limit of connects, and whether it is worth trying.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::Rate;
use crate::feed::Secret;
use crate::feed::connection::circuit::Breaker;
use crate::feed::connection::limiter::Limiter;

/// Most endpoints that are remembered when nobody uses them.
const LIMIT: usize = 1_024;

static ENDPOINTS: LazyLock<Mutex<Endpoints>> = LazyLock::new(Mutex::default);

/// One endpoint, as one user of it.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) limiter: Limiter,
    pub(crate) breaker: Breaker,
}

/// All endpoints. They outlive their clients: a new one does not begin as if nothing had happened.
#[derive(Debug, Default)]
struct Endpoints {
    /// With the number of the last time that each was asked for.
    known: HashMap<Key, (Arc<Endpoint>, u64)>,
    asked: u64,
}

/// Scheme, host and port, and whose key is used there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    endpoint: String,
    user: Option<u64>,
}

impl Endpoint {
    /// What everyone shares who connects to `endpoint` with the same `credential`. The first to come
    /// sets the rate.
    pub(crate) fn of(endpoint: &str, credential: Option<&Secret>, rate: Rate) -> Arc<Self> {
        // Not the credential itself: it would outlive its client.
        static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        let key = Key {
            endpoint: endpoint.to_ascii_lowercase(),
            user: credential.map(|secret| STATE.hash_one(secret.expose())),
        };
        let endpoints = &mut *ENDPOINTS.lock().unwrap_or_else(PoisonError::into_inner);
        endpoints.get(key, rate)
    }
}

impl Endpoints {
    fn get(&mut self, key: Key, rate: Rate) -> Arc<Endpoint> {
        self.asked += 1;
        if let Some((known, asked)) = self.known.get_mut(&key) {
            *asked = self.asked;
            return Arc::clone(known);
        }
        if self.known.len() >= LIMIT {
            let unused = self.known.iter();
            let unused = unused.filter(|(_, (known, _))| Arc::strong_count(known) == 1);
            let oldest = unused.min_by_key(|(_, (_, asked))| *asked);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.known.remove(&oldest);
            }
        }
        let endpoint = Arc::new(Endpoint {
            limiter: Limiter::new(rate),
            breaker: Breaker::default(),
        });
        self.known.insert(key, (Arc::clone(&endpoint), self.asked));
        endpoint
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RATE: Rate = Rate::new(1, Duration::from_secs(1));

    fn of(endpoint: &str, credential: Option<&str>) -> Arc<Endpoint> {
        Endpoint::of(endpoint, credential.map(Secret::from).as_ref(), RATE)
    }

    #[test]
    fn endpoints_and_users_are_told_apart_and_remembered_without_clients() {
        let one = of("ws://endpoint-a:1", None);
        let address = Arc::as_ptr(&one);
        drop(one);
        assert_eq!(Arc::as_ptr(&of("WS://Endpoint-A:1", None)), address);
        for (endpoint, credential) in [
            ("ws://endpoint-a:2", None),
            ("wss://endpoint-a:1", None),
            ("ws://endpoint-a:1", Some("x")),
            ("ws://endpoint-a:1", Some("y")),
        ] {
            assert_ne!(Arc::as_ptr(&of(endpoint, credential)), address);
            let again = of(endpoint, credential);
            assert!(Arc::ptr_eq(&of(endpoint, credential), &again));
        }
    }

    #[test]
    fn memory_is_bounded_and_keeps_what_is_used() {
        let mut endpoints = Endpoints::default();
        let key = |number: usize| Key {
            endpoint: number.to_string(),
            user: None,
        };
        let held = endpoints.get(key(0), RATE);
        for number in 1..3 * LIMIT {
            endpoints.get(key(number), RATE);
        }
        assert_eq!(endpoints.known.len(), LIMIT);
        assert!(Arc::ptr_eq(&endpoints.get(key(0), RATE), &held));
        assert!(endpoints.known.contains_key(&key(3 * LIMIT - 1)));
    }
}
