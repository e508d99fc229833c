//! The one lock of a simulator, and the task that moves its time.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, watch};

use crate::sim::core::Core;
use crate::sim::core::rules::Kind;
use crate::sim::core::server::told;
use crate::sim::core::venue::Venue;
use crate::sim::{Fault, SessionId};

/// A venue and what it shares with every other venue.
#[derive(Debug)]
pub(in crate::sim) struct Hub<V> {
    pub(in crate::sim) core: Core,
    pub(in crate::sim) venue: V,
}

impl<V: Venue> Hub<V> {
    /// Does whatever is due by now.
    fn advance(&mut self) {
        let faults = self.core.advance();
        self.start_all(faults);
        self.venue.advance(&mut self.core);
        self.settle();
    }

    /// Starts one fault.
    pub(in crate::sim) fn inject(&mut self, target: Option<SessionId>, fault: Fault) {
        if let Fault::Upgrade { after } = fault {
            for session in self.core.targets(target) {
                if let Some(text) = self.venue.shutdown_notice(&mut self.core) {
                    self.core.reply(session, Kind::Notice, text);
                }
                self.core.cut_after(session, after);
            }
        } else if fault.is_the_venues() {
            for session in self.core.targets(target) {
                self.venue.fault(&mut self.core, session, &fault);
            }
        } else {
            self.core.start(target, fault);
        }
    }

    fn start_all(&mut self, faults: Vec<(Option<SessionId>, Fault)>) {
        for (target, fault) in faults {
            self.inject(target, fault);
        }
    }

    /// Tells the venue of sessions that ended and starts faults that counting made due.
    fn settle(&mut self) {
        loop {
            for session in self.core.take_ended() {
                self.venue.closed(session);
            }
            if !self.core.has_due_faults() {
                return;
            }
            let faults = self.core.advance();
            self.start_all(faults);
        }
    }
}

/// The hub, shared by the server's tasks and the simulator's handle.
#[derive(Debug)]
pub(in crate::sim) struct Shared<V> {
    hub: Mutex<Hub<V>>,
    changed: Notify,
}

impl<V: Venue> Shared<V> {
    pub(in crate::sim) fn new(core: Core, venue: V) -> Arc<Self> {
        Arc::new(Self {
            hub: Mutex::new(Hub { core, venue }),
            changed: Notify::new(),
        })
    }

    /// Works on the hub, then has the driver look at its deadlines again.
    pub(in crate::sim) fn with<R>(&self, work: impl FnOnce(&mut Hub<V>) -> R) -> R {
        let mut hub = self.hub.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut hub);
        hub.settle();
        drop(hub);
        self.changed.notify_one();
        result
    }

    /// Looks at the hub.
    pub(in crate::sim) fn look<R>(&self, look: impl FnOnce(&Hub<V>) -> R) -> R {
        look(&self.hub.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Moves the simulator's time until told to stop.
    pub(in crate::sim) async fn drive(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        loop {
            let deadline = {
                let mut hub = self.hub.lock().unwrap_or_else(PoisonError::into_inner);
                hub.advance();
                let venue = hub.venue.deadline(&hub.core);
                [venue, hub.core.deadline()].into_iter().flatten().min()
            };
            let due = async {
                match deadline {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = told(&mut stop) => return,
                () = self.changed.notified() => {}
                () = due => {}
            }
        }
    }
}
