//! Which addresses have failed, for everyone in the process.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Most addresses that are remembered.
const LIMIT: usize = 1_024;

static SUSPECTS: LazyLock<Mutex<Suspects>> = LazyLock::new(Mutex::default);

/// Addresses that have failed since they last worked. They are tried last, and first of them the one
/// whose failure is the longest ago: a name whose addresses all fail is gone through in turn.
#[derive(Debug, Default)]
struct Suspects {
    /// By the number of its last failure.
    failed: HashMap<SocketAddr, u64>,
    failures: u64,
}

impl Suspects {
    fn fail(&mut self, address: SocketAddr) {
        self.failures += 1;
        self.failed.insert(address, self.failures);
        if self.failed.len() > LIMIT {
            let oldest = self.failed.iter().min_by_key(|(_, number)| **number);
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                self.failed.remove(&oldest);
            }
        }
    }

    fn sort(&self, addresses: &mut [SocketAddr]) {
        addresses.sort_by_key(|address| self.failed.get(address).copied());
    }
}

fn with<R>(call: impl FnOnce(&mut Suspects) -> R) -> R {
    call(&mut SUSPECTS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A connection to this address could not be made, or was of no use.
pub(crate) fn failed(address: SocketAddr) {
    with(|suspects| suspects.fail(address));
}

/// A connection to this address works.
pub(crate) fn works(address: SocketAddr) {
    with(|suspects| suspects.failed.remove(&address));
}

/// Puts those that have failed last.
pub(super) fn sort(addresses: &mut [SocketAddr]) {
    with(|suspects| suspects.sort(addresses));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, last], 443))
    }

    #[test]
    fn those_that_failed_come_last_and_the_longest_ago_first() {
        let mut suspects = Suspects::default();
        let mut known = [1, 2, 3, 4].map(address);
        suspects.fail(address(2));
        suspects.fail(address(1));
        suspects.sort(&mut known);
        assert_eq!(known, [3, 4, 2, 1].map(address));
        suspects.fail(address(3));
        suspects.fail(address(4));
        suspects.fail(address(2));
        suspects.sort(&mut known);
        assert_eq!(known, [1, 3, 4, 2].map(address));
    }

    #[test]
    fn memory_is_bounded() {
        let mut suspects = Suspects::default();
        for port in 0..3_000 {
            suspects.fail(SocketAddr::from(([192, 0, 2, 1], port)));
        }
        assert_eq!(suspects.failed.len(), LIMIT);
        let latest = SocketAddr::from(([192, 0, 2, 1], 2_999));
        assert!(suspects.failed.contains_key(&latest));
    }
}
