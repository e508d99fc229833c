use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::feed::subscription::handle::AnyHandle;

/// Those who wait until a handle's topics have all been answered. Their wakers are given back to
/// whoever settles the last topic, because he may hold a lock and they run arbitrary code.
#[derive(Debug, Default)]
pub(in crate::feed) struct Waiters {
    waiting: Vec<(u64, Waker)>,
    /// How many there have been.
    count: u64,
}

impl Waiters {
    /// Lets somebody wait, who was given this number when he did before. What is returned is to be
    /// dropped without a lock.
    #[must_use]
    pub(in crate::feed) fn wait(
        &mut self,
        number: &mut Option<u64>,
        waker: &Waker,
    ) -> Option<Waker> {
        let known =
            number.and_then(|number| self.waiting.iter_mut().find(|(held, _)| *held == number));
        match known {
            Some((_, held)) if held.will_wake(waker) => None,
            Some((_, held)) => Some(std::mem::replace(held, waker.clone())),
            None => {
                self.count += 1;
                *number = Some(self.count);
                self.waiting.push((self.count, waker.clone()));
                None
            }
        }
    }

    #[must_use]
    pub(in crate::feed) fn forget(&mut self, number: u64) -> Option<Waker> {
        let at = self.waiting.iter().position(|(held, _)| *held == number)?;
        Some(self.waiting.swap_remove(at).1)
    }

    #[must_use]
    pub(in crate::feed) fn take(&mut self) -> Vec<Waker> {
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        waiting.map(|(_, waker)| waker).collect()
    }
}

/// Resolves once each topic of a handle has been accepted or refused, or the handle has ended.
#[must_use = "futures do nothing unless polled"]
pub(in crate::feed) struct Settled<'a> {
    handle: &'a Arc<dyn AnyHandle>,
    number: Option<u64>,
}

impl<'a> Settled<'a> {
    pub(in crate::feed) fn new(handle: &'a Arc<dyn AnyHandle>) -> Self {
        Self {
            handle,
            number: None,
        }
    }
}

impl Future for Settled<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.handle.poll_settled(&mut this.number, cx)
    }
}

impl Drop for Settled<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.handle.forget_waiter(number);
        }
    }
}
