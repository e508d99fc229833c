//! When to say that we are alive, and how long the venue may be silent.

use std::time::{Duration, Instant};

use crate::feed::{Heartbeat, Probe};

/// What we announce in SETUP, and what the venue's silence may last where it announces nothing.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);
/// Life signs go out no less often than this.
const LONGEST: Duration = Duration::from_secs(30);
const SHORTEST: Duration = Duration::from_secs(1);
/// No venue is waited for longer than this, whatever it announces.
const LONGEST_SILENCE: Duration = Duration::from_secs(3_600);
/// A quiet connection is probed by WebSocket pings: they find a dead path sooner than silence does.
const PROBE: Duration = Duration::from_secs(20);

/// The life signs of one connection.
///
/// The venue counts DXLink messages alone, so that pings keep nothing alive.
#[derive(Debug)]
pub(super) struct Keepalive {
    interval: Duration,
    sent: Instant,
}

impl Keepalive {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            interval: LONGEST,
            sent: now,
        }
    }

    /// The venue's SETUP came: `timeout` is how long it may be silent, `accept` how long it would
    /// like us to be silent at most. Clients in use read the two either way round, so that the
    /// shorter one counts for both sides' patience with us.
    pub(super) fn setup(
        &mut self,
        timeout: Option<Duration>,
        accept: Option<Duration>,
    ) -> Heartbeat {
        // Nobody lives who may not be silent at all.
        let said = |time: Option<Duration>| time.filter(|time| !time.is_zero());
        let (timeout, accept) = (said(timeout), said(accept));
        let patience = timeout.into_iter().chain(accept).chain([TIMEOUT]).min();
        self.interval = (patience.unwrap_or(TIMEOUT) / 2).clamp(SHORTEST, LONGEST);
        heartbeat(timeout.map_or(TIMEOUT, |it| it.clamp(SHORTEST, LONGEST_SILENCE)))
    }

    /// A message went out.
    pub(super) fn sent(&mut self, now: Instant) {
        self.sent = now;
    }

    pub(super) fn due(&self) -> Instant {
        self.sent + self.interval
    }
}

/// How the machine judges life, when the venue promises a message every so often.
pub(super) fn heartbeat(silence: Duration) -> Heartbeat {
    Heartbeat {
        probe: Probe::WebSocketPing,
        interval: PROBE.min(silence / 2),
        only_when_quiet: true,
        timeout: silence,
        silence: Some(silence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn a_silence_of_nothing_or_for_ever_is_no_promise() {
        let start = Instant::now();
        for (timeout, silence) in [(Duration::ZERO, TIMEOUT), (Duration::MAX, LONGEST_SILENCE)] {
            let mut keepalive = Keepalive::new(start);
            let heartbeat = keepalive.setup(Some(timeout), Some(timeout));
            assert_eq!(keepalive.due(), start + secs(30));
            assert_eq!(heartbeat.silence, Some(silence));
            assert_eq!(heartbeat.timeout, silence);
        }
    }

    #[test]
    fn half_of_the_shortest_patience_and_no_more_than_half_a_minute() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(start);
        assert_eq!(keepalive.due(), start + secs(30));
        for (timeout, accept, interval) in [
            (Some(60), Some(60), 30_000),
            (Some(10), Some(60), 5_000),
            (Some(60), Some(4), 2_000),
            (None, None, 30_000),
            (Some(1), None, 1_000),
            (Some(600), Some(600), 30_000),
        ] {
            let heartbeat = keepalive.setup(timeout.map(secs), accept.map(secs));
            keepalive.sent(start);
            assert_eq!(keepalive.due(), start + Duration::from_millis(interval));
            assert_eq!(heartbeat.silence, Some(secs(timeout.unwrap_or(60))));
        }
    }
}
