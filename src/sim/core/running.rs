//! A simulator's tasks, from start to end.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::sim::core::dial::Listener;
use crate::sim::core::hub::{Hub, Shared};
use crate::sim::core::journal::{Attempt, Breach, Published, Request};
use crate::sim::core::rules::Kind;
use crate::sim::core::server;
use crate::sim::core::venue::Venue;
use crate::sim::core::{Core, close};
use crate::sim::{Fault, RawFrame, SessionId, SimError};
use tokio_tungstenite::tungstenite::Message;

/// What the handles of all simulators share.
pub(in crate::sim) struct Running<V> {
    shared: Arc<Shared<V>>,
    stop: watch::Sender<bool>,
    root: Mutex<Option<JoinHandle<()>>>,
}

impl<V: Venue> Running<V> {
    /// Starts the server: the one task that is not spawned by it.
    pub(in crate::sim) fn start(
        core: Core,
        venue: V,
        listener: Listener,
    ) -> Result<Self, SimError> {
        let runtime = Handle::try_current().map_err(|_| SimError::NoRuntime)?;
        let shared = Shared::new(core, venue);
        let (stop, stopped) = watch::channel(false);
        let root = runtime.spawn(server::serve(shared.clone(), listener, stopped));
        Ok(Self {
            shared,
            stop,
            root: Mutex::new(Some(root)),
        })
    }

    pub(in crate::sim) fn with<R>(&self, work: impl FnOnce(&mut Hub<V>) -> R) -> R {
        self.shared.with(work)
    }

    pub(in crate::sim) fn look<R>(&self, look: impl FnOnce(&Hub<V>) -> R) -> R {
        self.shared.look(look)
    }

    pub(in crate::sim) fn inject(&self, target: Option<SessionId>, fault: Fault) {
        self.with(|hub| hub.inject(target, fault));
    }

    pub(in crate::sim) fn journal(&self) -> Vec<Published> {
        self.look(|hub| hub.core.log.published.to_vec())
    }

    pub(in crate::sim) fn breaches(&self) -> Vec<Breach> {
        self.look(|hub| hub.core.log.breaches.to_vec())
    }

    pub(in crate::sim) fn requests(&self) -> Vec<Request> {
        self.look(|hub| hub.core.log.requests.to_vec())
    }

    pub(in crate::sim) fn attempts(&self) -> Vec<Attempt> {
        self.look(|hub| hub.core.log.attempts.to_vec())
    }

    /// Sends a hand-made frame; faults that last apply to its texts.
    pub(in crate::sim) fn send(hub: &mut Hub<V>, sessions: &[SessionId], frame: &RawFrame) {
        for session in sessions {
            match frame {
                RawFrame::Text(text) => hub.core.reply(*session, Kind::Notice, text.clone()),
                RawFrame::Binary(bytes) => {
                    hub.core.send_raw(*session, Message::binary(bytes.clone()));
                }
                RawFrame::Ping(bytes) => {
                    hub.core
                        .send_raw(*session, Message::Ping(bytes.clone().into()));
                }
                RawFrame::Close { code, reason } => {
                    hub.core.send_raw(*session, close(*code, reason));
                }
            }
        }
    }

    /// Ends every connection and waits for every task.
    pub(in crate::sim) async fn shutdown(&self) {
        self.stop.send_replace(true);
        let root = self
            .root
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(root) = root
            && let Err(error) = root.await
            && error.is_panic()
        {
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

impl<V> Drop for Running<V> {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        let root = self.root.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(root) = root.take() {
            root.abort();
        }
    }
}

impl<V> fmt::Debug for Running<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").finish_non_exhaustive()
    }
}
