use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Longer than any program runs, and short enough to be added to any moment.
const FOREVER: Duration = Duration::from_secs(86_400 * 365 * 30);

/// One timer of an operator, made when it first has to wait and set again after that.
///
/// Until then the operator needs no runtime.
#[derive(Debug, Default)]
pub(super) struct Timer {
    /// Boxed so that operators with a timer can be moved like the stream beneath.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// Ready at `deadline`; until then it wakes the task of `cx` at that time.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self.sleep(deadline);
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(cx)
    }

    /// The same for a deadline that is never earlier than at the last call.
    ///
    /// That it has moved on since then costs nothing: the sleep wakes at the old one and is set
    /// again only then.
    pub(super) fn poll_later(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self.sleep(deadline);
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }

    fn sleep(&mut self, deadline: Instant) -> &mut Pin<Box<Sleep>> {
        self.sleep
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)))
    }
}

/// `period` after `from`, or never.
pub(super) fn after(from: Instant, period: Duration) -> Instant {
    from + period.min(FOREVER)
}
