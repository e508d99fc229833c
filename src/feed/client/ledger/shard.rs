//! One connection's share of the wanted set.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::task::AtomicWaker;
use hashbrown::HashMap;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::afterwards::Afterwards;
use super::changes::{Change, Changes};
use super::report::Report;
use crate::feed::Protocol;
use crate::feed::client::task::Salvage;
use crate::feed::subscription::handle::{HandleId, lock};
use crate::feed::subscription::lane::Lane;

/// A connection as the ledger knows it, with or without a task.
pub(super) struct Shard<P: Protocol> {
    pub(super) signal: Arc<Signal>,
    pub(super) wishes: HashMap<HandleId, Wish<P>>,
    touched: VecDeque<HandleId>,
    task: Task,
    /// Counts the tasks that it has had.
    generation: u64,
    /// What a task left that lost its runtime.
    salvage: Option<Box<Salvage<P>>>,
    /// Of the task that runs, or of none.
    pub(super) report: Arc<Mutex<Report>>,
    /// Of the tasks that have ended.
    pub(super) past: Report,
}

/// The task of a connection. It is there until its socket is gone.
#[derive(Debug, Default)]
enum Task {
    #[default]
    None,
    /// Handed to a runtime, which may have dropped it already.
    Starting,
    Running(AbortHandle),
    /// To be stopped by force.
    Aborted,
}

/// What one handle wants of one connection.
pub(crate) struct Wish<P: Protocol> {
    pub(super) changes: Changes<P::Topic>,
    /// Taken by the task when it first sees the wish.
    lane: Option<Box<dyn Lane<P::Event>>>,
    eager: bool,
    /// Set once the handle is gone: those who wait for the venue to acknowledge it.
    gone: Option<Vec<oneshot::Sender<()>>>,
    touched: bool,
}

/// A changed wish, as the task takes it.
pub(crate) struct Changed<P: Protocol> {
    pub(crate) handle: HandleId,
    pub(crate) what: What<P>,
}

pub(crate) enum What<P: Protocol> {
    /// The handle is gone; these wait until the venue has acknowledged that.
    Gone(Vec<oneshot::Sender<()>>),
    Wants {
        /// The handle's, when the task sees it first.
        lane: Option<Box<dyn Lane<P::Event>>>,
        /// The handle has no topics on other connections.
        whole: bool,
        eager: bool,
        changes: Vec<(P::Topic, Change)>,
    },
}

/// How a task is told that its share of the wanted set has changed.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    dirty: AtomicBool,
    pub(crate) waker: AtomicWaker,
}

impl Signal {
    /// There is something to look at; returns whether that was known.
    pub(crate) fn set(&self) -> bool {
        self.dirty.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn is_set(&self) -> bool {
        self.dirty.load(Ordering::Acquire)
    }

    /// Whether there was something to look at.
    pub(crate) fn take(&self) -> bool {
        self.dirty.swap(false, Ordering::AcqRel)
    }
}

impl<P: Protocol> Wish<P> {
    fn new(lane: Box<dyn Lane<P::Event>>, eager: bool) -> Self {
        Self {
            changes: Changes::default(),
            lane: Some(lane),
            eager,
            gone: None,
            touched: false,
        }
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone.is_some()
    }
}

impl<P: Protocol> Shard<P> {
    /// What the handle wants here; a new wish has the lane and eagerness that `make` brings. Tells
    /// whether it is new.
    pub(super) fn wish(
        &mut self,
        handle: HandleId,
        make: impl FnOnce() -> (Box<dyn Lane<P::Event>>, bool),
    ) -> (&mut Wish<P>, bool) {
        let mut new = false;
        let wish = self.wishes.entry(handle).or_insert_with(|| {
            new = true;
            let (lane, eager) = make();
            Wish::new(lane, eager)
        });
        (wish, new)
    }

    /// Has the task look at a wish.
    pub(super) fn touch(&mut self, handle: HandleId, afterwards: &mut Afterwards<P>) {
        if let Some(wish) = self.wishes.get_mut(&handle)
            && !std::mem::replace(&mut wish.touched, true)
        {
            self.touched.push_back(handle);
        }
        afterwards.raise(&self.signal);
    }

    /// The next changed wish; `whole` tells of its handle whether it has no topics elsewhere.
    pub(super) fn next_changed(&mut self, whole: impl Fn(HandleId) -> bool) -> Option<Changed<P>> {
        loop {
            let handle = self.touched.pop_front()?;
            let Some(wish) = self.wishes.get_mut(&handle) else {
                continue;
            };
            wish.touched = false;
            let what = match wish.gone.take() {
                Some(closers) => {
                    self.wishes.remove(&handle);
                    What::Gone(closers)
                }
                None => What::Wants {
                    lane: wish.lane.take(),
                    whole: whole(handle),
                    eager: wish.eager,
                    changes: std::mem::take(&mut wish.changes).into_iter().collect(),
                },
            };
            return Some(Changed { handle, what });
        }
    }

    /// The handle is gone. Returns who hears when the venue has acknowledged that; nobody need wait if
    /// the task has never seen it.
    pub(super) fn release(
        &mut self,
        handle: HandleId,
        afterwards: &mut Afterwards<P>,
    ) -> Option<oneshot::Receiver<()>> {
        let wish = self.wishes.get_mut(&handle)?;
        let idle = self.task.is_none() && self.salvage.is_none();
        if wish.lane.is_some() || idle {
            let wish = self.wishes.remove(&handle);
            wish.into_iter().for_each(|wish| afterwards.drop_wish(wish));
            return None;
        }
        let (told, hears) = oneshot::channel();
        wish.gone.get_or_insert_default().push(told);
        for (_, change) in std::mem::take(&mut wish.changes) {
            afterwards.drop_ticket(change.ticket);
        }
        self.touch(handle, afterwards);
        Some(hears)
    }

    /// Whether a handle wants it that is not gone.
    pub(super) fn is_wanted(&self) -> bool {
        self.wishes.values().any(|wish| !wish.is_gone())
    }

    pub(super) fn has_task(&self) -> bool {
        !self.task.is_none()
    }

    /// A task is to be spawned; returns its number and what its predecessor left.
    pub(super) fn start(&mut self) -> (u64, Option<Box<Salvage<P>>>) {
        self.task = Task::Starting;
        self.generation += 1;
        (self.generation, self.salvage.take())
    }

    /// The task has been spawned; it may have ended already.
    pub(super) fn started(&mut self, generation: u64, task: AbortHandle) {
        if self.generation == generation && matches!(self.task, Task::Starting) {
            self.task = Task::Running(task);
        }
    }

    /// The task is to be stopped by force.
    pub(super) fn abort(&mut self) -> Option<AbortHandle> {
        match std::mem::replace(&mut self.task, Task::Aborted) {
            Task::Running(task) => Some(task),
            other => {
                self.task = other;
                None
            }
        }
    }

    pub(super) fn is_aborted(&self) -> bool {
        matches!(self.task, Task::Aborted)
    }

    /// The task is no more, nor its socket. Returns whether whoever spawned it has done so and looks
    /// no more.
    pub(super) fn end(&mut self) -> bool {
        !matches!(std::mem::take(&mut self.task), Task::Starting)
    }

    /// Keeps what a task has left for the next.
    pub(super) fn keep(&mut self, salvage: Box<Salvage<P>>) {
        self.salvage = Some(salvage);
    }

    /// Nothing is left of the last task: what it counted stays, what it said of now does not.
    pub(super) fn retire(&mut self, afterwards: &mut Afterwards<P>) {
        afterwards.drop_salvage(self.salvage.take());
        let report = std::mem::take(&mut *lock(&self.report));
        self.past.retire(&report);
    }

    /// Takes every wish out.
    pub(super) fn clear(&mut self, afterwards: &mut Afterwards<P>) {
        self.touched.clear();
        for (_, wish) in self.wishes.drain() {
            afterwards.drop_wish(wish);
        }
    }
}

impl Task {
    fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

impl<P: Protocol> Default for Shard<P> {
    fn default() -> Self {
        Self {
            signal: Arc::default(),
            wishes: HashMap::new(),
            touched: VecDeque::new(),
            task: Task::None,
            generation: 0,
            salvage: None,
            report: Arc::default(),
            past: Report::default(),
        }
    }
}
