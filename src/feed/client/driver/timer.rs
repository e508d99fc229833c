use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Instant;

use tokio::time::Sleep;

/// Wakes its task at one moment.
#[derive(Debug, Default)]
pub(super) struct Timer(Option<(Instant, Pin<Box<Sleep>>)>);

impl Timer {
    /// Whether that moment has come; the task is woken then.
    pub(super) fn has_come(&mut self, at: Instant, now: Instant, cx: &mut Context<'_>) -> bool {
        if at <= now {
            self.0 = None;
            return true;
        }
        let set = self.0.take_if(|(set, _)| *set == at);
        let (_, mut sleep) =
            set.unwrap_or_else(|| (at, Box::pin(tokio::time::sleep_until(at.into()))));
        if sleep.as_mut().poll(cx).is_ready() {
            return true;
        }
        self.0 = Some((at, sleep));
        false
    }

    /// Wakes nobody.
    pub(super) fn clear(&mut self) {
        self.0 = None;
    }
}
