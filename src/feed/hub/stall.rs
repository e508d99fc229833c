use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
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
    /// `None` once the others have been told.
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

    /// Whether the others are to be told now; true once.
    pub(super) fn poll_tell(&mut self, cx: &mut Context<'_>) -> bool {
        let over = match &mut self.grace {
            Some(grace) => grace.as_mut().poll(cx) == Poll::Ready(()),
            None => false,
        };
        if over {
            self.grace = None;
        }
        over
    }

    /// Whether the others have been told.
    pub(super) fn told(&self) -> bool {
        self.grace.is_none()
    }
}
