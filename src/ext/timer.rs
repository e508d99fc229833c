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
    /// Waits for `deadline`, which is never earlier than at the last call.
    ///
    /// That it has moved on since then costs nothing: the sleep wakes at the old one and is set
    /// again only then.
    pub(super) fn poll_until(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}
