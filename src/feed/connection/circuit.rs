//! Whether an endpoint is worth trying, for everyone in the process who would.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::select;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::{Now, Timestamp};

/// How many failures in a row open a circuit.
const THRESHOLD: u32 = 5;
/// How long an open circuit lets nobody through, at first and at most. It doubles with each failed
/// probe, and is never more than half of the longest backoff of whoever waits.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(10);

/// A live connection that is lost sooner than this was served no better than one that failed.
const LIVED: Duration = Duration::from_secs(1);

/// What the process knows of an endpoint that it connects to, for one user there.
///
/// All connections of all clients to the same endpoint with the same credentials share it. Five failed
/// attempts in a row, none of which became live for at least a second, open it: then only one attempt at
/// a time goes through, the next a while after the one before has failed: a second at first, ten at most.
/// The first that becomes live closes it, or where connections had been live for less than a second, the
/// first that stays so for one. A connection that has the endpoint to itself goes by its own backoff
/// alone. When the venue says how long it wants to be left alone, nobody goes before that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Circuit {
    /// Who may go.
    pub state: CircuitState,
    /// Failed attempts since one last became live, and connections that were lost within a second of
    /// becoming so.
    pub failures: u32,
    /// Until when nobody goes through, if nobody does now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Who may try to connect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CircuitState {
    /// Everyone.
    #[default]
    Closed,
    /// Nobody for now, and then one.
    Open,
    /// One does now, and decides for all.
    HalfOpen,
}

/// Which connection of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// Which attempt of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AttemptId(pub(crate) u64);

/// Who would like to connect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker {
    pub(crate) connection: ConnectionId,
    pub(crate) attempt: AttemptId,
    /// It was live and has not failed since.
    pub(crate) returning: bool,
    /// Its own longest backoff.
    pub(crate) patience: Duration,
    /// How long its attempt may take before others need not wait for it.
    pub(crate) lease: Duration,
}

/// Why somebody must wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// Until when, if nothing happens before.
    pub(crate) until: Instant,
    /// Failed attempts in a row.
    pub(crate) failures: u32,
    /// The last failure.
    pub(crate) error: String,
}

/// A [`Circuit`] at work.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    record: Mutex<Record>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Record {
    failures: u32,
    /// Connections that were live for less than [`LIVED`], since one was for longer.
    short: u32,
    /// When the last became live, unless one was lost too soon since; only while there are `short` ones.
    trial: Option<Instant>,
    error: String,
    /// When an attempt last failed, and whose it was.
    failed: Option<(Instant, ConnectionId)>,
    /// Failed probes in a row.
    probes: u32,
    /// The attempt that decides for all, and when others need not wait for it any more.
    probe: Option<(AttemptId, Instant)>,
    /// The venue wants to be left alone until then.
    left_alone: Option<Instant>,
    /// Connections that are live.
    live: usize,
    /// Who waits to be let through.
    waiting: usize,
}

impl Record {
    fn is_open(&self) -> bool {
        self.failures.max(self.short) >= THRESHOLD || self.left_alone.is_some()
    }

    /// Forgets failures once a connection has stayed live.
    fn judge(&mut self, now: Instant) {
        if self.trial.is_some_and(|since| now >= since + LIVED) {
            self.forgive();
        }
    }

    fn forgive(&mut self) {
        *self = Self {
            live: self.live,
            waiting: self.waiting,
            ..Self::default()
        };
    }

    fn pause(&self, patience: Duration) -> Duration {
        let doubled = FIRST.saturating_mul(1 << self.probes.min(16));
        doubled.min(LONGEST).min(patience / 2)
    }

    /// Lets somebody through, as the probe if there must be one, or tells how long to wait.
    fn admit(&mut self, asker: Asker, now: Instant) -> Result<(), Instant> {
        self.judge(now);
        if let Some(until) = self.left_alone.filter(|until| now < *until) {
            return Err(until);
        }
        // As long as others are live it is not the endpoint that is down.
        if !self.is_open() || (asker.returning && self.live > 0) {
            return Ok(());
        }
        if let Some((_, until)) = self.probe.filter(|(_, until)| now < *until) {
            return Err(until);
        }
        // Whoever has the endpoint to itself has waited by its own backoff.
        if let Some((at, by)) = self.failed
            && (by != asker.connection || self.waiting > 0)
        {
            let until = at + self.pause(asker.patience);
            if now < until {
                return Err(until);
            }
        }
        self.probe = Some((asker.attempt, now + asker.lease));
        Ok(())
    }

    /// The attempt is over; tells whether it was the probe.
    fn over(&mut self, attempt: AttemptId) -> bool {
        self.probe
            .take_if(|(probing, _)| *probing == attempt)
            .is_some()
    }
}

/// Counts one who waits, until it is dropped.
struct Waiting<'a>(&'a Breaker);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.record().waiting -= 1;
    }
}

impl Breaker {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known, and has everyone who waits look at it.
    fn change(&self, change: impl FnOnce(&mut Record)) {
        change(&mut self.record());
        self.changed.notify_waiters();
    }

    /// Waits until the asker may go. `held` hears of each wait before it begins. Dropping the future
    /// gives the wish up.
    pub(crate) async fn admit(&self, asker: Asker, mut held: impl FnMut(Held)) {
        let mut waiting = None;
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let now = tokio::time::Instant::now().into_std();
            // It does not count itself.
            drop(waiting.take());
            let until = {
                let mut record = self.record();
                let Err(until) = record.admit(asker, now) else {
                    return;
                };
                record.waiting += 1;
                held(Held {
                    until,
                    failures: record.failures.saturating_add(record.short),
                    error: record.error.clone(),
                });
                until
            };
            waiting = Some(Waiting(self));
            select(changed, pin!(tokio::time::sleep_until(until.into()))).await;
        }
    }

    /// Resolves when somebody who was let through while the circuit was closed should come back and
    /// wait: it has opened since, and another is the probe or will be.
    pub(crate) async fn turned(&self, asker: Asker) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            {
                let record = self.record();
                let probing = record
                    .probe
                    .is_some_and(|(probe, _)| probe == asker.attempt);
                let exempt = asker.returning && record.live > 0;
                if record.is_open() && !probing && !exempt {
                    return;
                }
            }
            changed.await;
        }
    }

    /// An attempt has come to nothing.
    pub(crate) fn failed(
        &self,
        asker: Asker,
        error: &str,
        retry_after: Option<Duration>,
        now: Instant,
    ) {
        self.change(|record| {
            let probed = record.over(asker.attempt);
            record.probes = record.probes.saturating_add(u32::from(probed));
            record.failures = record.failures.saturating_add(1);
            error.clone_into(&mut record.error);
            record.failed = Some((now, asker.connection));
            if let Some(after) = retry_after {
                record.left_alone = record.left_alone.max(Some(now + after));
            }
        });
    }

    /// An attempt has been given up for reasons that say nothing of the endpoint.
    pub(crate) fn abandoned(&self, attempt: AttemptId) {
        self.change(|record| {
            record.over(attempt);
        });
    }

    /// An attempt has become live.
    pub(crate) fn live(&self, asker: Asker, now: Instant) {
        self.change(|record| {
            record.live += 1;
            if record.short == 0 {
                return record.forgive();
            }
            (record.failures, record.left_alone) = (0, None);
            record.trial = Some(now);
            if record.is_open() {
                // Others go when it has stayed so.
                record.probe = Some((asker.attempt, now + LIVED));
            }
        });
    }

    /// A connection has been lost that was live for so long; tells whether that was long enough.
    pub(crate) fn lost(&self, asker: Asker, lived: Duration, error: &str, now: Instant) -> bool {
        let stayed = lived >= LIVED;
        self.change(|record| {
            if stayed {
                return record.judge(now);
            }
            let probed = record.over(asker.attempt);
            record.probes = record.probes.saturating_add(u32::from(probed));
            record.short = record.short.saturating_add(1);
            record.trial = None;
            error.clone_into(&mut record.error);
            record.failed = Some((now, asker.connection));
        });
        stayed
    }

    /// A live connection is gone.
    pub(crate) fn ended(&self) {
        self.change(|record| record.live -= 1);
    }

    /// What is known now.
    pub(crate) fn circuit(&self, now: Now) -> Circuit {
        let mut record = self.record();
        record.judge(now.instant);
        let is_later = |until: &Instant| now.instant < *until;
        let probing = record.probe.is_some_and(|(_, until)| is_later(&until));
        let state = match (record.is_open(), probing) {
            (false, _) => CircuitState::Closed,
            (true, true) => CircuitState::HalfOpen,
            (true, false) => CircuitState::Open,
        };
        let paused = record
            .failed
            .map(|(at, _)| at + record.pause(Duration::MAX));
        let until = paused.max(record.left_alone).filter(is_later);
        let until = until.filter(|_| state == CircuitState::Open);
        Circuit {
            state,
            failures: record.failures.saturating_add(record.short),
            until: until.map(|until| now.wall.saturating_add(until - now.instant)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asker(connection: u64, attempt: u64) -> Asker {
        Asker {
            connection: ConnectionId(connection),
            attempt: AttemptId(attempt),
            returning: false,
            patience: Duration::from_secs(30),
            lease: Duration::from_secs(60),
        }
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    struct World {
        breaker: Breaker,
        start: Instant,
    }

    impl World {
        fn new() -> Self {
            Self {
                breaker: Breaker::default(),
                start: Instant::now(),
            }
        }

        /// After this many failures of connection 1 at the start.
        fn failed(count: u64) -> Self {
            let world = Self::new();
            for attempt in 1..=count {
                world.fail(asker(1, attempt), 0);
            }
            world
        }

        /// Whether it may go at this second, or until which second it waits.
        fn admit(&self, asker: Asker, at: u64) -> Result<(), u64> {
            let admitted = self.breaker.record().admit(asker, self.start + secs(at));
            admitted.map_err(|until| (until - self.start).as_secs())
        }

        fn fail(&self, asker: Asker, at: u64) {
            let now = self.start + secs(at);
            self.breaker.failed(asker, "down", None, now);
        }

        fn live(&self, attempt: u64, at: u64) {
            let now = self.start + secs(at);
            self.breaker.live(asker(attempt, attempt), now);
        }

        /// It is lost right after it has become live.
        fn flash(&self, asker: Asker, at: u64) {
            let now = self.start + secs(at);
            self.breaker.live(asker, now);
            self.breaker.lost(asker, Duration::ZERO, "closed", now);
            self.breaker.ended();
        }

        fn circuit(&self, at: u64) -> (CircuitState, u32, Option<u64>) {
            let now = Now {
                instant: self.start + secs(at),
                wall: Timestamp::EPOCH.saturating_add(secs(at)),
            };
            let Circuit {
                state,
                failures,
                until,
            } = self.breaker.circuit(now);
            let until = until.map(|until| until.duration_since(Timestamp::EPOCH).as_secs());
            (state, failures, until)
        }
    }

    #[test]
    fn five_failures_in_a_row_open_it_for_all_but_whoever_is_alone() {
        let world = World::failed(4);
        assert_eq!(world.circuit(0), (CircuitState::Closed, 4, None));
        assert_eq!(world.admit(asker(2, 10), 0), Ok(()));
        world.fail(asker(1, 5), 0);
        assert_eq!(world.circuit(0), (CircuitState::Open, 5, Some(1)));
        assert_eq!(world.admit(asker(2, 11), 0), Err(1));
        // Its own backoff is all that it waits for, unless others wait; and then it is the probe.
        world.breaker.record().waiting = 1;
        assert_eq!(world.admit(asker(1, 6), 0), Err(1));
        world.breaker.record().waiting = 0;
        assert_eq!(world.admit(asker(1, 6), 0), Ok(()));
        assert_eq!(world.circuit(0), (CircuitState::HalfOpen, 5, None));
        assert_eq!(world.admit(asker(2, 11), 1), Err(60));
    }

    #[test]
    fn pauses_double_with_each_failed_probe_and_end_with_the_first_that_is_live() {
        let world = World::failed(5);
        let mut at = 0;
        let mut pauses = Vec::new();
        for attempt in 10..16 {
            let other = asker(attempt, attempt);
            let until = world.admit(other, at).unwrap_err();
            pauses.push(until - at);
            at = until;
            assert_eq!(world.admit(other, at), Ok(()));
            world.fail(other, at);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 10, 10]);
        // Whoever has little patience does not wait longer than half of it.
        let hasty = Asker {
            patience: secs(4),
            ..asker(20, 20)
        };
        assert_eq!(world.admit(hasty, at), Err(at + 2));
        assert_eq!(world.admit(hasty, at + 2), Ok(()));
        world.live(99, at + 2);
        assert_eq!(world.circuit(at + 2), (CircuitState::Closed, 0, None));
        assert_eq!(world.admit(asker(21, 21), at + 2), Ok(()));
    }

    #[test]
    fn failures_of_attempts_that_were_under_way_lengthen_no_pause() {
        let world = World::failed(300);
        assert_eq!(world.circuit(0), (CircuitState::Open, 300, Some(1)));
    }

    #[test]
    fn a_probe_that_is_given_up_or_never_ends_holds_nobody_up() {
        let world = World::failed(5);
        assert_eq!(world.admit(asker(2, 10), 1), Ok(()));
        assert_eq!(world.admit(asker(3, 11), 1), Err(61));
        world.breaker.abandoned(AttemptId(10));
        assert_eq!(world.admit(asker(3, 11), 1), Ok(()));
        assert_eq!(world.admit(asker(4, 12), 61), Ok(()));
    }

    #[test]
    fn whoever_comes_back_goes_while_others_are_live() {
        let world = World::new();
        world.live(99, 0);
        for attempt in 1..=5 {
            world.fail(asker(1, attempt), 0);
        }
        let returning = Asker {
            returning: true,
            ..asker(2, 10)
        };
        assert_eq!(world.admit(returning, 0), Ok(()));
        world.breaker.ended();
        assert_eq!(world.admit(returning, 0), Err(1));
    }

    #[test]
    fn a_venue_that_wants_to_be_left_alone_is_left_alone_by_everyone() {
        let world = World::new();
        let now = world.start;
        let busy = Some(secs(20));
        world.breaker.failed(asker(1, 1), "429", busy, now);
        assert_eq!(world.circuit(0), (CircuitState::Open, 1, Some(20)));
        assert_eq!(world.admit(asker(1, 2), 19), Err(20));
        assert_eq!(world.admit(asker(2, 3), 19), Err(20));
        assert_eq!(world.admit(asker(2, 3), 20), Ok(()));
        assert_eq!(world.admit(asker(1, 2), 20), Err(80));
        world.live(99, 20);
        assert_eq!(world.admit(asker(1, 2), 20), Ok(()));
    }

    #[test]
    fn connections_that_are_lost_at_once_open_it_until_one_stays() {
        let world = World::new();
        for attempt in 1..=5 {
            assert_eq!(world.admit(asker(attempt, attempt), 0), Ok(()));
            world.flash(asker(attempt, attempt), 0);
        }
        assert_eq!(world.circuit(0), (CircuitState::Open, 5, Some(1)));
        assert_eq!(world.admit(asker(2, 10), 0), Err(1));
        assert_eq!(world.admit(asker(2, 10), 1), Ok(()));
        world.flash(asker(2, 10), 1);
        assert_eq!(world.admit(asker(3, 11), 1), Err(3), "the pause doubles");
        assert_eq!(world.admit(asker(3, 11), 3), Ok(()));
        world.breaker.live(asker(3, 11), world.start + secs(3));
        assert_eq!(world.circuit(3), (CircuitState::HalfOpen, 6, None));
        assert_eq!(world.admit(asker(4, 12), 3), Err(4), "it has to stay");
        assert_eq!(world.admit(asker(4, 12), 4), Ok(()));
        assert_eq!(world.circuit(4), (CircuitState::Closed, 0, None));
    }

    #[test]
    fn connections_that_lived_are_no_failures_when_they_are_lost() {
        let world = World::new();
        for attempt in 1..=20 {
            world.live(attempt, attempt);
            let now = world.start + secs(attempt);
            let asker = asker(attempt, attempt);
            world.breaker.lost(asker, LIVED, "closed", now);
            world.breaker.ended();
        }
        assert_eq!(world.circuit(20), (CircuitState::Closed, 0, None));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_is_let_go_as_soon_as_one_is_live() {
        let breaker = Breaker::default();
        let start = tokio::time::Instant::now();
        for attempt in 1..=5 {
            breaker.failed(asker(1, attempt), "down", None, start.into_std());
        }
        let mut told = Vec::new();
        let waits = breaker.admit(asker(2, 10), |held| told.push(held));
        let lives = async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            breaker.live(asker(1, 9), tokio::time::Instant::now().into_std());
        };
        futures_util::future::join(waits, lives).await;
        assert_eq!(start.elapsed(), Duration::from_millis(10));
        let held = Held {
            until: start.into_std() + FIRST,
            failures: 5,
            error: "down".to_owned(),
        };
        assert_eq!(told, [held]);
        assert_eq!(breaker.record().waiting, 0);
    }
}
