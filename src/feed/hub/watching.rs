use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use tokio::sync::watch;

use crate::feed::machine::State;

/// What a client is doing: the state now, and a stream of its changes.
///
/// With several connections it is the worst of theirs. A slow reader sees the latest state and may
/// miss those between; the stream ends when the client is gone.
pub struct StateChanges {
    now: watch::Receiver<State>,
    changed: Option<BoxFuture<'static, Option<watch::Receiver<State>>>>,
}

impl StateChanges {
    pub(super) fn new(now: watch::Receiver<State>) -> Self {
        Self { now, changed: None }
    }

    /// The state at this moment.
    pub fn current(&self) -> State {
        *self.now.borrow()
    }

    /// Waits until the client is in `state`; `false` if it is gone before that.
    ///
    /// Cancel safe.
    pub async fn reached(&mut self, state: State) -> bool {
        self.now.wait_for(|now| *now == state).await.is_ok()
    }
}

impl Stream for StateChanges {
    type Item = State;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<State>> {
        let this = self.get_mut();
        let changed = this.changed.get_or_insert_with(|| {
            let mut receiver = this.now.clone();
            Box::pin(async move { receiver.changed().await.is_ok().then_some(receiver) })
        });
        let receiver = std::task::ready!(changed.as_mut().poll(cx));
        this.changed = None;
        Poll::Ready(receiver.map(|mut receiver| {
            let state = *receiver.borrow_and_update();
            this.now = receiver;
            state
        }))
    }
}

impl std::fmt::Debug for StateChanges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateChanges")
            .field("current", &self.current())
            .finish()
    }
}
