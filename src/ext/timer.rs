use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

/// One sleep, made when something first has to wait and used again from then on.
#[derive(Debug, Default)]
pub(super) struct Timer {
    /// Boxed so that operators with a timer can be moved like the stream beneath.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// Waits for `deadline`.
    ///
    /// A deadline that has moved on since the last call costs nothing: the sleep wakes at the old
    /// one and is set again then.
    pub(super) fn poll_until(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline || (sleep.is_elapsed() && sleep.deadline() < deadline) {
            sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}
