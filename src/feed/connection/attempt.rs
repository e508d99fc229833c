//! One attempt to connect, from the wish to what comes of it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};

use crate::feed::connection::circuit::{Asker, AttemptId, ConnectionId, Held};
use crate::feed::connection::endpoint::Endpoint;
use crate::transport::{ConnectError, suspects};
use crate::{Interruption, Now};

/// How much longer than its connect an attempt may take to become live before others need not wait
/// for it.
const LOGIN: Duration = Duration::from_secs(30);

/// And nobody is waited for longer than this.
const LEASE: Duration = Duration::from_secs(300);

static NUMBERS: AtomicU64 = AtomicU64::new(1);

fn number() -> u64 {
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

/// The attempts of one connection, one after the other.
#[derive(Debug)]
pub(in crate::feed) struct Attempts {
    connection: ConnectionId,
    endpoint: Arc<Endpoint>,
    /// The connection's own longest backoff.
    patience: Duration,
    connect_timeout: Duration,
    /// Attempts of the whole client that came to nothing since one of them was live.
    strikes: Arc<AtomicU32>,
    record: Mutex<Record>,
}

#[derive(Debug, Default)]
struct Record {
    stage: Stage,
    /// It has been live.
    ever_live: bool,
    /// It was live and has not failed since.
    returning: bool,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    None,
    /// It may not try yet.
    Held(Held),
    /// It is open, and not live yet.
    Open(Attempt),
    Live {
        /// Counts until it is dropped.
        _live: Live,
        asker: Asker,
        since: Instant,
    },
}

/// An attempt that may begin. Dropping it gives it up.
#[derive(Debug)]
pub(in crate::feed) struct Attempt {
    endpoint: Arc<Endpoint>,
    asker: Asker,
    peer: Option<SocketAddr>,
    over: bool,
}

/// A live connection.
#[derive(Debug)]
struct Live(Arc<Endpoint>);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.breaker.ended();
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.over {
            self.endpoint.breaker.abandoned(self.asker.attempt);
        }
    }
}

impl Attempts {
    pub(in crate::feed) fn new(
        endpoint: Arc<Endpoint>,
        patience: Duration,
        connect_timeout: Duration,
        strikes: Arc<AtomicU32>,
    ) -> Self {
        Self {
            connection: ConnectionId(number()),
            endpoint,
            patience,
            connect_timeout,
            strikes,
            record: Mutex::default(),
        }
    }

    /// Those of another connection of the same client.
    pub(in crate::feed) fn another(&self) -> Self {
        Self::new(
            Arc::clone(&self.endpoint),
            self.patience,
            self.connect_timeout,
            Arc::clone(&self.strikes),
        )
    }

    pub(in crate::feed) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Attempts of the whole client that came to nothing since one of them was live.
    pub(in crate::feed) fn strikes(&self) -> u32 {
        self.strikes.load(Ordering::Relaxed)
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was goes, outside the lock: it tells others.
    fn enter(&self, stage: Stage) {
        let before = std::mem::replace(&mut self.record().stage, stage);
        drop(before);
    }

    /// Waits until an attempt may begin. Dropping the future gives it up.
    pub(in crate::feed) async fn admitted(&self) -> Attempt {
        self.enter(Stage::None);
        let asker = Asker {
            connection: self.connection,
            attempt: AttemptId(number()),
            returning: self.record().returning,
            patience: self.patience,
            lease: self.connect_timeout.saturating_add(LOGIN).min(LEASE),
        };
        let held = |held| self.enter(Stage::Held(held));
        self.endpoint.breaker.admit(asker, held).await;
        self.enter(Stage::None);
        Attempt {
            endpoint: Arc::clone(&self.endpoint),
            asker,
            peer: None,
            over: false,
        }
    }

    /// Waits for the attempt's place among all connects to the endpoint; `None` if it should rather
    /// ask again whether it may begin.
    pub(in crate::feed) async fn placed(&self, attempt: Attempt) -> Option<Attempt> {
        let endpoint = &*self.endpoint;
        let place = std::pin::pin!(endpoint.limiter.place());
        let turned = std::pin::pin!(endpoint.breaker.turned(attempt.asker));
        match select(place, turned).await {
            Either::Left(_) => Some(attempt),
            Either::Right(_) => None,
        }
    }

    /// Why the next attempt has not begun, if others' failures are the reason, and for how long.
    pub(in crate::feed) fn held(&self, now: Now) -> Option<(Interruption, Duration)> {
        let record = self.record();
        let Stage::Held(held) = &record.stage else {
            return None;
        };
        let cause = Interruption::CircuitOpen {
            failures: held.failures,
            error: held.error.clone().into(),
        };
        let left = held.until.saturating_duration_since(now.instant);
        Some((cause, left))
    }

    /// The attempt has brought a connection.
    pub(in crate::feed) fn opened(&self, mut attempt: Attempt, peer: Option<SocketAddr>) {
        attempt.peer = peer;
        self.enter(Stage::Open(attempt));
    }

    /// No connection could be made.
    pub(in crate::feed) fn failed(&self, attempt: Attempt, error: &ConnectError, now: Instant) {
        // What ends the feed at once says nothing of the endpoint: a wrong path, a wrong name.
        let ends = !error.retryable && !self.record().ever_live;
        if !ends {
            self.fail(attempt, &error.cause, error.retry_after, now);
        }
    }

    fn fail(&self, mut attempt: Attempt, error: &str, retry_after: Option<Duration>, now: Instant) {
        attempt.over = true;
        self.record().returning = false;
        let strikes = self.strikes().saturating_add(1);
        self.strikes.store(strikes, Ordering::Relaxed);
        let breaker = &self.endpoint.breaker;
        breaker.failed(attempt.asker, error, retry_after, now);
    }

    /// The connection is live.
    pub(in crate::feed) fn live(&self, now: Instant) {
        let stage = {
            let mut record = self.record();
            (record.ever_live, record.returning) = (true, true);
            std::mem::take(&mut record.stage)
        };
        let Stage::Open(mut attempt) = stage else {
            return self.enter(stage);
        };
        attempt.over = true;
        attempt.peer.into_iter().for_each(suspects::works);
        self.strikes.store(0, Ordering::Relaxed);
        let asker = attempt.asker;
        self.endpoint.breaker.live(asker, now);
        self.enter(Stage::Live {
            _live: Live(Arc::clone(&self.endpoint)),
            asker,
            since: now,
        });
    }

    /// The connection is gone: lost for this reason, or no longer wanted.
    pub(in crate::feed) fn closed(&self, lost: Option<&Interruption>, now: Instant) {
        let stage = std::mem::take(&mut self.record().stage);
        let Some(cause) = lost else { return };
        match stage {
            Stage::Open(attempt) => {
                attempt.peer.into_iter().for_each(suspects::failed);
                self.fail(attempt, &cause.to_string(), None, now);
            }
            Stage::Live { asker, since, .. } => {
                let lived = now.saturating_duration_since(since);
                let error = cause.to_string();
                let stayed = self.endpoint.breaker.lost(asker, lived, &error, now);
                if !stayed {
                    self.record().returning = false;
                }
            }
            Stage::None | Stage::Held(_) => {}
        }
    }
}
