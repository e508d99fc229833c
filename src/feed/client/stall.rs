use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::Sleep;

use super::router::Seat;

/// How long reading may rest before the other handles are told: a queue that is full for a moment
/// is how backpressure works.
const GRACE: Duration = Duration::from_secs(1);

/// A connection that is not read because a handle that may lose nothing is full.
#[derive(Debug)]
pub(super) struct Stall {
    pub(super) seat: Seat,
    pub(super) by: String,
    /// `None` once the others are to know.
    grace: Option<Pin<Box<Sleep>>>,
}

impl Stall {
    pub(super) fn new(seat: Seat, by: String) -> Self {
        Self {
            seat,
            by,
            grace: Some(Box::pin(tokio::time::sleep(GRACE))),
        }
    }

    /// Whether the others are to know by now.
    pub(super) fn poll_told(&mut self, cx: &mut Context<'_>) -> bool {
        if self
            .grace
            .as_mut()
            .is_some_and(|grace| grace.as_mut().poll(cx).is_ready())
        {
            self.grace = None;
        }
        self.told()
    }

    /// Whether the others have been told.
    pub(super) fn told(&self) -> bool {
        self.grace.is_none()
    }
}
