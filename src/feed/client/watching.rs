use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use tokio::sync::watch;

use crate::feed::machine::State;

/// A client's state as it was last published, by whoever was last to find it out.
#[derive(Debug)]
pub(crate) struct Published(watch::Sender<Dated>);

#[derive(Clone, Copy, Debug)]
struct Dated {
    state: State,
    number: u64,
}

/// A state to be published.
#[derive(Debug)]
pub(super) struct Update {
    pub(super) to: Arc<Published>,
    pub(super) state: State,
    /// Later ones have higher numbers.
    pub(super) number: u64,
}

impl Published {
    pub(super) fn new() -> Self {
        let (state, number) = (State::Idle, 0);
        Self(watch::Sender::new(Dated { state, number }))
    }

    pub(super) fn now(&self) -> State {
        self.0.borrow().state
    }

    pub(super) fn changes(&self) -> StateChanges {
        StateChanges {
            now: self.0.subscribe(),
            changed: None,
        }
    }
}

impl Update {
    /// Wakes those who watch, unless something later is known: not to be called under a lock.
    pub(super) fn publish(self) {
        let Self { to, state, number } = self;
        to.0.send_if_modified(|known| {
            if number < known.number {
                return false;
            }
            std::mem::replace(known, Dated { state, number }).state != state
        });
    }
}

/// What a client is doing: the state now, and a stream of its changes.
///
/// With several connections it is the worst of theirs. A slow reader sees the latest state and may
/// miss those between; the stream ends when the client is gone.
pub struct StateChanges {
    now: watch::Receiver<Dated>,
    changed: Option<BoxFuture<'static, Option<watch::Receiver<Dated>>>>,
}

impl StateChanges {
    /// The state at this moment.
    pub fn current(&self) -> State {
        self.now.borrow().state
    }

    /// Waits until the client is in `state`; `false` if it is gone before that.
    ///
    /// Cancel safe.
    pub async fn reached(&mut self, state: State) -> bool {
        let reached = self.now.wait_for(|now| now.state == state);
        reached.await.is_ok()
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
            let state = receiver.borrow_and_update().state;
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
