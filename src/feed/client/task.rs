//! The life of one connection's task: however it ends, nobody is left waiting.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime;

use super::Pool;
use super::driver::Driver;
use super::router::Router;
use super::stall::Stall;
use crate::ErrorKind;
use crate::feed::Protocol;
use crate::feed::machine::Machine;

/// A driver, as a runtime polls it.
pub(super) struct Task<P: Protocol> {
    pool: Arc<Pool<P>>,
    shard: usize,
    /// Where it runs.
    runtime: runtime::Id,
    driver: Option<Box<Driver<P>>>,
    /// The driver is being polled; if that is still so in the end, it has panicked.
    polling: bool,
    /// The driver is done.
    done: bool,
}

/// What of a connection does not need the runtime that it was driven in: all but its socket, timers
/// and effects.
pub(crate) struct Salvage<P: Protocol> {
    pub(super) machine: Machine<P>,
    pub(super) router: Router<P>,
    pub(super) admission: super::admission::Admission<P::Topic>,
    pub(super) stall: Option<Stall>,
}

impl<P: Protocol> Task<P> {
    pub(super) fn new(pool: Arc<Pool<P>>, driver: Driver<P>, runtime: runtime::Id) -> Self {
        Self {
            pool,
            shard: driver.shard(),
            runtime,
            driver: Some(Box::new(driver)),
            polling: false,
            done: false,
        }
    }
}

// Nothing in it is pinned by structure.
impl<P: Protocol> Unpin for Task<P> {}

impl<P: Protocol> Future for Task<P> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let Some(driver) = &mut this.driver else {
            return Poll::Ready(());
        };
        this.polling = true;
        let poll = driver.poll(cx);
        this.polling = false;
        this.done = poll.is_ready();
        poll
    }
}

impl<P: Protocol> Drop for Task<P> {
    /// Also when the task was aborted, panicked or lost its runtime: no handle may hang.
    fn drop(&mut self) {
        let Some(driver) = self.driver.take() else {
            return;
        };
        let start = if self.done || self.polling {
            if self.polling {
                let what = "the connection's task panicked".to_owned();
                let error = self.pool.error(ErrorKind::Internal(what));
                self.pool.ledger(|ledger| ledger.fail(self.shard, &error));
            }
            // With its socket: the next task of this connection may open another.
            drop(driver);
            self.pool.ledger(|ledger| ledger.ended(self.shard))
        } else {
            let salvage = Box::new(driver.salvage());
            self.pool
                .ledger(|ledger| ledger.lost(self.shard, self.runtime, salvage))
        };
        if start {
            self.pool.spawn_drivers();
        }
        self.pool.task_ended();
    }
}
