//! One connection's share of the wanted set.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::task::AtomicWaker;
use hashbrown::HashMap;
use std::collections::VecDeque;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::limits::Load;
use super::report::Report;
use crate::feed::Protocol;
use crate::feed::handle::{HandleId, lock};
use crate::feed::lane::Lane;

/// A connection as the ledger knows it, with or without a task.
pub(super) struct Shard<P: Protocol> {
    pub(super) signal: Arc<Signal>,
    pub(super) running: bool,
    pub(super) task: Option<AbortHandle>,
    /// Counts the tasks that it has had.
    pub(super) generation: u64,
    /// The topics placed on it.
    pub(super) load: Load,
    pub(super) wishes: HashMap<HandleId, Wish<P>>,
    pub(super) touched: VecDeque<HandleId>,
    /// Of the task that runs, or of none.
    pub(super) report: Arc<Mutex<Report>>,
    /// Of the tasks that have ended.
    pub(super) past: Report,
}

/// What one handle wants of one connection.
pub(crate) struct Wish<P: Protocol> {
    /// In the order in which they were asked for.
    pub(crate) topics: Vec<P::Topic>,
    /// Removed since the task last looked, though they may be wanted again.
    pub(crate) left: Vec<P::Topic>,
    pub(crate) renew: Vec<P::Topic>,
    /// Taken by the task when it first sees the wish.
    pub(crate) lane: Option<Box<dyn Lane<P::Event>>>,
    pub(crate) closers: Vec<oneshot::Sender<()>>,
    /// The handle has no topics elsewhere.
    pub(crate) whole: bool,
    pub(crate) eager: bool,
    pub(crate) gone: bool,
    touched: bool,
}

/// How a task is told that its share of the wanted set has changed.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    pub(crate) dirty: AtomicBool,
    pub(crate) waker: AtomicWaker,
}

impl Signal {
    pub(crate) fn raise(&self) {
        self.dirty.store(true, Ordering::Release);
        self.waker.wake();
    }
}

impl<P: Protocol> Wish<P> {
    pub(super) fn new(lane: Box<dyn Lane<P::Event>>, eager: bool) -> Self {
        Self {
            topics: Vec::new(),
            left: Vec::new(),
            renew: Vec::new(),
            lane: Some(lane),
            closers: Vec::new(),
            whole: true,
            eager,
            gone: false,
            touched: false,
        }
    }
}

impl<P: Protocol> Shard<P> {
    /// Has the task look at a wish.
    pub(super) fn touch(&mut self, id: HandleId) {
        if let Some(wish) = self.wishes.get_mut(&id)
            && !std::mem::replace(&mut wish.touched, true)
        {
            self.touched.push_back(id);
        }
        self.signal.raise();
    }

    /// The next changed wish.
    pub(super) fn next_touched(&mut self) -> Option<HandleId> {
        let id = self.touched.pop_front()?;
        if let Some(wish) = self.wishes.get_mut(&id) {
            wish.touched = false;
        }
        Some(id)
    }

    /// The task has ended: what it counted stays, what it said of now does not.
    pub(super) fn retire(&mut self) {
        self.running = false;
        self.task = None;
        self.touched.clear();
        let report = std::mem::take(&mut *lock(&self.report));
        self.past.retire(&report);
    }
}

impl<P: Protocol> Default for Shard<P> {
    fn default() -> Self {
        Self {
            signal: Arc::default(),
            running: false,
            task: None,
            generation: 0,
            load: Load::default(),
            wishes: HashMap::new(),
            touched: VecDeque::new(),
            report: Arc::default(),
            past: Report::default(),
        }
    }
}
