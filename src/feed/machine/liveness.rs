use std::time::{Duration, Instant};

use crate::feed::Heartbeat;

/// Whether the other side is alive: probes, and the verdict after one that nothing answered.
#[derive(Debug)]
pub(super) struct Liveness {
    heartbeat: Heartbeat,
    received: Instant,
    /// The last message, which is no ping or pong.
    message: Instant,
    probed: Instant,
    /// The first probe since the last frame received.
    unanswered: Option<Instant>,
}

/// What the other side has shown of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sign {
    None,
    /// A ping or a pong: the socket is alive.
    Frame,
    /// A message: the venue is.
    Message,
}

/// What liveness demands now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Demand {
    Nothing,
    Probe,
    /// Nothing came for this long, nor after a probe.
    Dead(Duration),
}

impl Liveness {
    pub(super) fn new(heartbeat: Heartbeat, now: Instant) -> Self {
        Self {
            heartbeat,
            received: now,
            message: now,
            probed: now,
            unanswered: None,
        }
    }

    /// Something came; tells whether it answers a probe.
    pub(super) fn received(&mut self, now: Instant) -> bool {
        self.received = now;
        self.unanswered.take().is_some()
    }

    /// What was received was a message.
    pub(super) fn message(&mut self, now: Instant) {
        self.message = now;
    }

    /// What the other side has shown of itself since then.
    pub(super) fn sign_since(&self, since: Instant) -> Sign {
        if self.message > since {
            Sign::Message
        } else if self.received > since {
            Sign::Frame
        } else {
            Sign::None
        }
    }

    /// Other times from now on.
    pub(super) fn set(&mut self, heartbeat: Heartbeat) {
        self.heartbeat = heartbeat;
    }

    pub(super) fn demand(&mut self, now: Instant, reading: bool) -> Demand {
        if let Some(since) = self.unanswered
            && reading
            && now >= since + self.heartbeat.timeout
        {
            return Demand::Dead(now - self.received);
        }
        if reading && self.silence_over().is_some_and(|at| now >= at) {
            return Demand::Dead(now - self.message);
        }
        if now < self.next_probe() {
            return Demand::Nothing;
        }
        self.probed = now;
        self.unanswered.get_or_insert(now);
        Demand::Probe
    }

    pub(super) fn deadline(&self, reading: bool) -> Instant {
        let probe = self.next_probe();
        if !reading {
            return probe;
        }
        let unanswered = self.unanswered.map(|since| since + self.heartbeat.timeout);
        let verdict = unanswered.into_iter().chain(self.silence_over()).min();
        verdict.map_or(probe, |verdict| probe.min(verdict))
    }

    fn silence_over(&self) -> Option<Instant> {
        Some(self.message + self.heartbeat.silence?)
    }

    /// Nothing was read for this long by our own choice: silence meanwhile means nothing.
    pub(super) fn excuse(&mut self, silence: Duration) {
        self.received += silence;
        self.message += silence;
        if let Some(since) = &mut self.unanswered {
            *since += silence;
        }
    }

    fn next_probe(&self) -> Instant {
        let quiet_since = if self.heartbeat.only_when_quiet {
            self.probed.max(self.received)
        } else {
            self.probed
        };
        quiet_since + self.heartbeat.interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn probes_before_the_verdict() {
        let start = Instant::now();
        let mut liveness = Liveness::new(Heartbeat::default(), start);
        assert_eq!(liveness.demand(start + secs(19), true), Demand::Nothing);
        assert_eq!(liveness.demand(start + secs(20), true), Demand::Probe);
        assert_eq!(liveness.deadline(true), start + secs(30));
        assert_eq!(liveness.demand(start + secs(29), true), Demand::Nothing);
        assert_eq!(
            liveness.demand(start + secs(30), true),
            Demand::Dead(secs(30))
        );
    }

    #[test]
    fn any_frame_answers_a_probe() {
        let start = Instant::now();
        let mut liveness = Liveness::new(Heartbeat::default(), start);
        assert_eq!(liveness.demand(start + secs(20), true), Demand::Probe);
        assert!(liveness.received(start + secs(21)));
        assert_eq!(liveness.demand(start + secs(35), true), Demand::Nothing);
        assert_eq!(liveness.deadline(true), start + secs(41));
    }

    #[test]
    fn silence_is_judged_by_messages_alone() {
        let start = Instant::now();
        let heartbeat = Heartbeat {
            silence: Some(secs(60)),
            ..Heartbeat::default()
        };
        let mut liveness = Liveness::new(heartbeat, start);
        liveness.message(start + secs(5));
        for at in [20, 40, 60] {
            assert_eq!(liveness.demand(start + secs(at), true), Demand::Probe);
            liveness.received(start + secs(at));
        }
        assert_eq!(liveness.deadline(true), start + secs(65));
        assert_eq!(
            liveness.demand(start + secs(65), true),
            Demand::Dead(secs(60))
        );
        liveness.excuse(secs(10));
        assert_eq!(liveness.demand(start + secs(65), true), Demand::Nothing);
    }

    #[test]
    fn no_verdict_while_nothing_is_read() {
        let start = Instant::now();
        let mut liveness = Liveness::new(Heartbeat::default(), start);
        assert_eq!(liveness.demand(start + secs(20), false), Demand::Probe);
        assert_eq!(liveness.demand(start + secs(39), false), Demand::Nothing);
        assert_eq!(liveness.demand(start + secs(40), false), Demand::Probe);
        liveness.excuse(secs(25));
        assert_eq!(liveness.demand(start + secs(54), true), Demand::Nothing);
        assert_eq!(
            liveness.demand(start + secs(55), true),
            Demand::Dead(secs(30))
        );
    }
}
