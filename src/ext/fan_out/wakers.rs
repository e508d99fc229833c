use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// The wakers of the branches that wait, together the one waker that the feed beneath is given.
///
/// Waking and dropping wakers runs foreign code, which may come back here: neither is done while
/// a lock is held. While the feed is polled, which is under the other lock, a wake is only noted.
#[derive(Default)]
pub(super) struct Wakers(Mutex<Parked>);

#[derive(Default)]
struct Parked {
    waiting: Vec<(usize, Waker)>,
    /// The feed beneath is being polled.
    polling: bool,
    /// It woke us meanwhile.
    woken: bool,
}

impl Wakers {
    fn lock(&self) -> MutexGuard<'_, Parked> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here to the end of what it returns, a wake is only noted.
    pub(super) fn polling(&self) -> Polling<'_> {
        let mut parked = self.lock();
        parked.polling = true;
        parked.woken = false;
        Polling(self)
    }

    /// Lets `branch` wait, and gives back the waker that it had.
    pub(super) fn park(&self, branch: usize, waker: &Waker) -> Option<Waker> {
        let mut parked = self.lock();
        match parked.waiting.iter_mut().find(|(held, _)| *held == branch) {
            Some((_, held)) if held.will_wake(waker) => None,
            Some((_, held)) => Some(mem::replace(held, waker.clone())),
            None => {
                parked.waiting.push((branch, waker.clone()));
                None
            }
        }
    }

    /// Takes the waker of a branch that is gone.
    pub(super) fn forget(&self, branch: usize) -> Option<Waker> {
        let mut parked = self.lock();
        let at = parked
            .waiting
            .iter()
            .position(|(held, _)| *held == branch)?;
        Some(parked.waiting.swap_remove(at).1)
    }

    /// Wakes every branch that waits. Whoever is woken in vain waits again.
    pub(super) fn wake_all(&self) {
        let mut parked = self.lock();
        if parked.polling {
            parked.woken = true;
            return;
        }
        if parked.waiting.is_empty() {
            return;
        }
        let mut waiting = mem::take(&mut parked.waiting);
        drop(parked);
        for (_, waker) in waiting.drain(..) {
            waker.wake();
        }
        // The list is used again.
        let mut parked = self.lock();
        if parked.waiting.capacity() == 0 {
            parked.waiting = waiting;
        }
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_all();
    }
}

/// The feed beneath is being polled, until this is dropped.
pub(super) struct Polling<'a>(&'a Wakers);

impl Polling<'_> {
    /// Ends it. Says whether the feed woke us meanwhile: then all must be woken, without a lock.
    #[must_use]
    pub(super) fn end(self) -> bool {
        let mut parked = self.0.lock();
        // In one step: a wake is noted before it, or wakes after it.
        parked.polling = false;
        mem::take(&mut parked.woken)
    }
}

impl Drop for Polling<'_> {
    /// For a feed that panics. After `end` it changes nothing: nobody polls without the other lock.
    fn drop(&mut self) {
        self.0.lock().polling = false;
    }
}

/// Wakes all when it is dropped, if that is due: made before a lock is taken, it outlives it.
pub(super) struct Waking<'a> {
    wakers: &'a Wakers,
    pub(super) due: bool,
}

impl<'a> Waking<'a> {
    pub(super) fn new(wakers: &'a Wakers) -> Self {
        Self { wakers, due: false }
    }
}

impl Drop for Waking<'_> {
    fn drop(&mut self) {
        // A feed that panics under one branch must not leave the others asleep.
        if self.due || std::thread::panicking() {
            self.wakers.wake_all();
        }
    }
}
