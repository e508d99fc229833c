//! How fast connections to one endpoint are opened, whichever client opens them.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::select;
use tokio::sync::Notify;

use crate::Rate;
use crate::rate::Bucket;

/// Whoever has not come this long after its turn is passed over: its task may never run again.
const LATE: Duration = Duration::from_secs(1);

/// Gives places to connect, in the order in which they were asked for.
///
/// A place is used up when it is given, which is when its connect begins. Whoever gives up before that
/// frees it for those behind.
#[derive(Debug)]
pub(crate) struct Limiter {
    queue: Mutex<Queue>,
    /// Somebody has given up.
    freed: Notify,
}

#[derive(Debug)]
struct Queue {
    bucket: Bucket,
    /// Everyone who has ever waited.
    tickets: u64,
    /// When whoever waits may expect its turn.
    waiting: BTreeMap<u64, Instant>,
}

impl Limiter {
    pub(crate) fn new(rate: Rate) -> Self {
        let queue = Queue {
            bucket: Bucket::new(rate),
            tickets: 0,
            waiting: BTreeMap::new(),
        };
        Self {
            queue: Mutex::new(queue),
            freed: Notify::new(),
        }
    }

    /// Waits for a place. Dropping the future gives it up.
    pub(crate) async fn place(&self) {
        let ticket = Ticket::new(self);
        loop {
            let mut freed = pin!(self.freed.notified());
            freed.as_mut().enable();
            let now = tokio::time::Instant::now();
            let taken = self.queue().take(ticket.number, now.into_std());
            let Err(at) = taken else { return };
            select(freed, pin!(tokio::time::sleep_until(at.into()))).await;
        }
    }

    /// How long it takes until this many more could have begun.
    pub(crate) fn delay(&self, count: usize, now: Instant) -> Duration {
        let queue = self.queue();
        let ahead = (queue.waiting.len() + count).saturating_sub(1);
        queue.bucket.ready_after(ahead, now) - now
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Takes a place, or tells when to come for it.
    fn take(&mut self, ticket: u64, now: Instant) -> Result<(), Instant> {
        self.bucket.settle(now);
        let before = self.waiting.range(..ticket);
        let ahead = before.filter(|(_, at)| **at + LATE >= now).count();
        let at = self.bucket.ready_after(ahead, now);
        if at > now {
            self.waiting.insert(ticket, at);
            return Err(at);
        }
        self.waiting.remove(&ticket);
        self.bucket.take(now);
        Ok(())
    }
}

/// A place in the queue, as long as it waits.
struct Ticket<'a> {
    limiter: &'a Limiter,
    number: u64,
}

impl<'a> Ticket<'a> {
    fn new(limiter: &'a Limiter) -> Self {
        let mut queue = limiter.queue();
        queue.tickets += 1;
        let number = queue.tickets;
        Self { limiter, number }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let waited = self.limiter.queue().waiting.remove(&self.number).is_some();
        if waited {
            self.limiter.freed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::{Instant, sleep};

    use super::*;

    /// One a second, two at once.
    fn limiter() -> Arc<Limiter> {
        Arc::new(Limiter::new(Rate::per_second(1).with_burst(2)))
    }

    /// Waits for a place; when it came.
    fn wait(limiter: &Arc<Limiter>) -> tokio::task::JoinHandle<Instant> {
        let limiter = Arc::clone(limiter);
        tokio::spawn(async move {
            limiter.place().await;
            Instant::now()
        })
    }

    #[tokio::test(start_paused = true)]
    async fn places_come_at_the_rate_in_the_order_in_which_they_were_asked_for() {
        let (limiter, start) = (limiter(), Instant::now());
        let mut waiting = Vec::new();
        for _ in 0..6 {
            waiting.push(wait(&limiter));
            tokio::task::yield_now().await;
        }
        let mut came = Vec::new();
        for waiting in waiting {
            came.push((waiting.await.unwrap() - start).as_secs());
        }
        assert_eq!(came, [0, 0, 1, 2, 3, 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_gives_up_frees_its_place_for_those_behind() {
        let (limiter, start) = (limiter(), Instant::now());
        let mut waiting: Vec<_> = (0..62).map(|_| wait(&limiter)).collect();
        sleep(Duration::from_millis(100)).await;
        let last = waiting.pop().unwrap();
        let abandoned = waiting.split_off(2);
        abandoned.iter().for_each(tokio::task::JoinHandle::abort);
        let came = last.await.unwrap() - start;
        assert!(came <= Duration::from_millis(1_001), "{came:?}");
        assert!(limiter.queue().waiting.is_empty());
        // And nothing was used up by them.
        sleep(Duration::from_secs(2)).await;
        let now = Instant::now();
        limiter.place().await;
        limiter.place().await;
        assert_eq!(now.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_come_in_its_turn_holds_nobody_up() {
        let (limiter, start) = (limiter(), Instant::now());
        limiter.place().await;
        limiter.place().await;
        // They are polled once and never again, as in a runtime that nobody drives.
        let mut frozen: Vec<_> = (0..3).map(|_| Box::pin(limiter.place())).collect();
        for place in &mut frozen {
            assert!(futures_util::poll!(place).is_pending());
        }
        let mut came = Vec::new();
        for _ in 0..4 {
            limiter.place().await;
            came.push(start.elapsed().as_secs());
        }
        // The first behind them waits for their turns; then they are passed over.
        assert_eq!(came[0], 4);
        assert!(came[3] <= 4 + 3 + 1, "{came:?}");
        // They have not lost their turn when they come after all.
        let turn = limiter.delay(1, Instant::now().into_std());
        sleep(turn).await;
        frozen.remove(0).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_delay_is_that_of_the_last_of_so_many() {
        let limiter = limiter();
        let now = Instant::now().into_std();
        assert_eq!(limiter.delay(0, now), Duration::ZERO);
        assert_eq!(limiter.delay(2, now), Duration::ZERO);
        assert_eq!(limiter.delay(302, now), Duration::from_secs(300));
        limiter.place().await;
        assert_eq!(limiter.delay(302, now), Duration::from_secs(301));
    }
}
