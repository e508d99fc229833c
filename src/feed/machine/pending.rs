//! Requests on their way.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::feed::{Op, RequestId, TopicId};

/// A request that the venue has not answered yet.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) id: RequestId,
    pub(super) op: Op,
    pub(super) topics: Vec<TopicId>,
    pub(super) asked: Instant,
    deadline: Instant,
}

/// The requests that wait for their answers.
#[derive(Debug, Default)]
pub(super) struct PendingRequests {
    waiting: VecDeque<Pending>,
    last: u32,
    /// The longest that an answer took on this connection.
    slowest: Option<Duration>,
}

impl PendingRequests {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The connection is gone, and with it every answer.
    pub(super) fn reset(&mut self) {
        self.waiting.clear();
        self.slowest = None;
    }

    /// Whether the venue has answered anything on this connection.
    pub(super) fn answers_come(&self) -> bool {
        self.slowest.is_some()
    }

    /// The longest that an answer took on this connection.
    pub(super) fn slowest(&self) -> Option<Duration> {
        self.slowest
    }

    /// Enters a request, to be answered within `timeout`.
    pub(super) fn enter(
        &mut self,
        op: Op,
        topics: Vec<TopicId>,
        now: Instant,
        timeout: Duration,
    ) -> RequestId {
        self.last = self.last % (i32::MAX as u32) + 1;
        let id = RequestId(self.last);
        self.waiting.push_back(Pending {
            id,
            op,
            topics,
            asked: now,
            deadline: now + timeout,
        });
        id
    }

    pub(super) fn topics(&self, id: RequestId) -> &[TopicId] {
        let found = self.waiting.iter().find(|pending| pending.id == id);
        found.map_or(&[], |pending| &pending.topics)
    }

    pub(super) fn answered(&mut self, id: RequestId, now: Instant) -> Option<Pending> {
        let at = self.waiting.iter().position(|pending| pending.id == id)?;
        let pending = self.waiting.remove(at)?;
        let took = now.saturating_duration_since(pending.asked);
        self.slowest = self.slowest.max(Some(took));
        Some(pending)
    }

    /// Keeps only topics that still wait for the answer.
    pub(super) fn retain(&mut self, waits: impl Fn(TopicId) -> bool) {
        for pending in &mut self.waiting {
            pending.topics.retain(|id| waits(*id));
        }
        self.waiting.retain(|pending| !pending.topics.is_empty());
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.waiting.iter().map(|pending| pending.deadline).min()
    }

    /// Takes a request that should have been answered by now.
    pub(super) fn overdue(&mut self, now: Instant) -> Option<Pending> {
        let late = |pending: &Pending| pending.deadline <= now;
        let at = self.waiting.iter().position(late)?;
        self.waiting.remove(at)
    }

    /// Nothing was read for this long by our own choice. A request made meanwhile is not excused for
    /// longer than it takes.
    pub(super) fn excuse(&mut self, silence: Duration, latest: Instant) {
        for pending in &mut self.waiting {
            pending.deadline = (pending.deadline + silence).min(latest);
        }
    }
}
