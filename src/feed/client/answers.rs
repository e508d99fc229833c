//! What waits for the venue's answers to topics that were added.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use futures_util::task::AtomicWaker;

use crate::Rejection;
use crate::feed::subscription::handle::lock;

/// The answers to the topics of one call.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    shared: Arc<Shared>,
}

/// One topic's part in it: dropped when the topic is accepted or no longer wanted.
///
/// Dropping it wakes whoever waits, which runs arbitrary code: it must not be dropped under a lock.
#[derive(Debug)]
pub(crate) struct Ticket {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    open: AtomicUsize,
    refused: Mutex<Vec<Rejection>>,
    waker: AtomicWaker,
}

impl Answers {
    /// A ticket for one more topic.
    pub(super) fn ticket(&self) -> Ticket {
        self.shared.open.fetch_add(1, Ordering::Relaxed);
        Ticket {
            shared: Arc::clone(&self.shared),
        }
    }

    /// How many have not come.
    pub(crate) fn open(&self) -> usize {
        self.shared.open.load(Ordering::Acquire)
    }

    /// Waits until all have come.
    pub(crate) async fn all(&self) {
        poll_fn(|cx| {
            self.shared.waker.register(cx.waker());
            if self.open() == 0 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// The refusals among them.
    pub(crate) fn refused(&self) -> Vec<Rejection> {
        std::mem::take(&mut *lock(&self.shared.refused))
    }
}

impl Ticket {
    /// The venue refused the topic.
    pub(super) fn refuse(self, rejection: Rejection) {
        lock(&self.shared.refused).push(rejection);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.shared.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn all_have_come_when_no_ticket_is_left() {
        let answers = Answers::default();
        assert_eq!(answers.all().now_or_never(), Some(()));
        let (first, second) = (answers.ticket(), answers.ticket());
        drop(first);
        assert_eq!((answers.open(), answers.all().now_or_never()), (1, None));
        second.refuse(Rejection::new("B", Some(2), "unknown"));
        assert_eq!(answers.all().now_or_never(), Some(()));
        assert_eq!(answers.refused().len(), 1);
    }
}
