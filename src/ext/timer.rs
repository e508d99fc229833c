use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Longer than any program runs, and short enough to be added to any moment.
const FOREVER: Duration = Duration::from_secs(86_400 * 365 * 30);

/// One timer of an operator, made when it first has to wait and set again after that.
///
/// Until then the operator needs no runtime.
#[derive(Debug, Default)]
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// Ready at `deadline`; until then it wakes the task of `cx` at that time.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(cx)
    }
}

/// `period` after `from`, or never.
pub(super) fn after(from: Instant, period: Duration) -> Instant {
    from + period.min(FOREVER)
}
