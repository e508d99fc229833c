//! The wanted topics and where each stands at the venue.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use crate::Timestamp;
use crate::feed::{Op, RequestId, Topic, TopicId, Topics};

pub(super) use super::entry::{Down, Entry, Pending, Side};

/// Desired state against the venue's: the difference is `todo`.
#[derive(Debug, Default)]
pub(super) struct Registry {
    entries: Vec<Entry>,
    todo: VecDeque<TopicId>,
    pending: VecDeque<Pending>,
    /// When promised first events are due; entries that came meanwhile are dropped in passing.
    due: BTreeSet<(Instant, TopicId)>,
    wanted: usize,
    last_request: u32,
}

impl std::ops::Index<TopicId> for Registry {
    type Output = Entry;

    #[inline]
    fn index(&self, id: TopicId) -> &Entry {
        &self.entries[id.index()]
    }
}

impl std::ops::IndexMut<TopicId> for Registry {
    #[inline]
    fn index_mut(&mut self, id: TopicId) -> &mut Entry {
        &mut self.entries[id.index()]
    }
}

impl Registry {
    /// How many topics are wanted.
    pub(super) fn wanted(&self) -> usize {
        self.wanted
    }

    /// Whether the venue's set is the wanted set and nothing is on its way.
    pub(super) fn settled(&self) -> bool {
        self.todo.is_empty() && self.pending.is_empty()
    }

    pub(super) fn want(&mut self, id: TopicId, channel: usize) {
        if id.index() == self.entries.len() {
            self.entries.push(Entry {
                wanted: false,
                side: Side::Absent,
                attention: true,
                seen_data: false,
                down: None,
                renew: false,
                repairs: Vec::new(),
                max_batch: usize::MAX,
                not_before: None,
                retries: 0,
                channel,
                queued: false,
                free: false,
                stirred: false,
            });
        }
        let entry = &mut self[id];
        entry.free = false;
        if !entry.wanted {
            entry.wanted = true;
            entry.channel = channel;
            self.wanted += 1;
            self.review(id);
        }
    }

    pub(super) fn release(&mut self, id: TopicId) {
        if std::mem::take(&mut self[id].wanted) {
            self.wanted -= 1;
            self.review(id);
        }
    }

    /// Queues a topic whose wanted and actual sides may differ.
    pub(super) fn review(&mut self, id: TopicId) {
        let entry = &mut self[id];
        if !entry.queued {
            entry.queued = true;
            self.todo.push_back(id);
        }
    }

    /// Forgets what the venue knew: the connection is gone. Returns the topics that nobody wants.
    pub(super) fn disconnect(&mut self, from: Timestamp) -> Vec<TopicId> {
        self.pending.clear();
        self.due.clear();
        let mut unwanted = Vec::new();
        for at in 0..self.entries.len() {
            let id = TopicId::at(at);
            let entry = &mut self[id];
            let had = matches!(
                entry.side,
                Side::Active | Side::AwaitingData(_) | Side::Releasing(_)
            );
            // Data may have come ahead of the acceptance.
            if had || entry.seen_data {
                let earlier = entry.down.map_or(from, |down| down.from.min(from));
                entry.down = Some(Down {
                    from: earlier,
                    renewed: false,
                });
            } else if let Some(down) = &mut entry.down {
                down.renewed = false;
            }
            let known = entry.side != Side::Absent;
            entry.side = Side::Absent;
            entry.renew = false;
            entry.not_before = None;
            entry.seen_data = false;
            entry.attend();
            if entry.wanted {
                self.review(id);
            } else if !self[id].free && (known || self[id].queued) {
                unwanted.push(id);
            }
        }
        unwanted
    }

    /// Clears what is remembered of a topic that nobody wants and the venue does not send.
    pub(super) fn forget(&mut self, id: TopicId) {
        let entry = &mut self[id];
        entry.side = Side::Absent;
        entry.down = None;
        entry.repairs.clear();
        entry.renew = false;
        entry.max_batch = usize::MAX;
        entry.not_before = None;
        entry.retries = 0;
        entry.seen_data = false;
        entry.free = true;
        entry.stirred = false;
        entry.attend();
    }

    /// What a topic needs: nothing now, or one of the two operations.
    fn need(&self, id: TopicId, now: Instant) -> Need {
        let entry = &self[id];
        let later = entry.not_before.is_some_and(|at| at > now);
        match (entry.wanted, entry.side) {
            _ if entry.free => Need::Nothing,
            (true, Side::Absent) if later => Need::Later,
            (_, Side::Active | Side::AwaitingData(_))
                if later && (entry.renew || !entry.wanted) =>
            {
                Need::Later
            }
            (true, Side::Absent) => Need::Request(Op::Subscribe),
            (true, Side::Active | Side::AwaitingData(_)) if entry.renew => {
                Need::Request(Op::Unsubscribe)
            }
            (false, Side::Active | Side::AwaitingData(_)) => Need::Request(Op::Unsubscribe),
            (false, Side::Absent) => Need::Forget,
            // The answer to what is on its way decides first, or nothing is to do.
            _ => Need::Nothing,
        }
    }

    /// The next request: topics that need the same operation and may travel together.
    pub(super) fn next_request<T: Topic>(
        &mut self,
        now: Instant,
        most: usize,
        most_bytes: usize,
        answer_timeout: Duration,
        topics: &Topics<T>,
        forgotten: &mut Vec<TopicId>,
    ) -> Option<(RequestId, Op)> {
        let mut chosen: Option<(Op, Option<u32>)> = None;
        let (mut batch, mut limit, mut bytes) = (Vec::new(), usize::MAX, 0);
        for _ in 0..self.todo.len() {
            let Some(id) = self.todo.pop_front() else {
                break;
            };
            let op = match self.need(id, now) {
                Need::Request(op) => op,
                Need::Later => {
                    self.todo.push_back(id);
                    continue;
                }
                Need::Forget => {
                    self[id].queued = false;
                    forgotten.push(id);
                    continue;
                }
                Need::Nothing => {
                    self[id].queued = false;
                    continue;
                }
            };
            let topic = topics.get(id);
            let own_limit = self[id].max_batch.min(most);
            let fits = match chosen {
                None => true,
                Some((chosen_op, group)) => {
                    op == chosen_op
                        && group.is_some()
                        && group == topic.batch()
                        && batch.len() < limit.min(own_limit)
                        && bytes + topic.bytes() <= most_bytes
                }
            };
            if !fits {
                self.todo.push_back(id);
                continue;
            }
            chosen.get_or_insert((op, topic.batch()));
            limit = limit.min(own_limit);
            bytes += topic.bytes();
            self[id].queued = false;
            batch.push(id);
            if topic.batch().is_none() || batch.len() >= limit {
                break;
            }
        }
        let (op, _) = chosen?;
        self.last_request = self.last_request % (i32::MAX as u32) + 1;
        let request = RequestId(self.last_request);
        for id in &batch {
            let entry = &mut self[*id];
            entry.side = match op {
                Op::Subscribe => Side::Asked(request),
                Op::Unsubscribe => Side::Releasing(request),
            };
            entry.seen_data &= op == Op::Unsubscribe;
            entry.stirred = false;
            entry.attend();
        }
        let deadline = now + answer_timeout;
        self.pending.push_back(Pending {
            id: request,
            op,
            topics: batch,
            deadline,
        });
        Some((request, op))
    }

    /// Topics that are in neither set, without a connection to ask.
    pub(super) fn absent_and_unwanted(&self, now: Instant) -> Vec<TopicId> {
        let forget = |id: &TopicId| matches!(self.need(*id, now), Need::Forget);
        self.todo.iter().copied().filter(forget).collect()
    }

    /// How many requests are on their way.
    pub(super) fn outstanding(&self) -> usize {
        self.pending.len()
    }

    /// The topics of a request on its way; empty if it is not.
    pub(super) fn requested(&self, id: RequestId) -> &[TopicId] {
        self.pending
            .iter()
            .find(|pending| pending.id == id)
            .map_or(&[], |found| &found.topics)
    }

    pub(super) fn answered(&mut self, id: RequestId) -> Option<Pending> {
        let at = self.pending.iter().position(|pending| pending.id == id)?;
        self.pending.remove(at)
    }

    /// Whether something could be requested now, and when a postponed topic may be.
    pub(super) fn work(&self, now: Instant) -> (bool, Option<Instant>) {
        let mut later = None;
        for id in &self.todo {
            match self.need(*id, now) {
                Need::Later => {
                    let at = self[*id].not_before;
                    later = later.into_iter().chain(at).min();
                }
                _ => return (true, later),
            }
        }
        (false, later)
    }

    /// The topic's first event is promised by `due`.
    pub(super) fn await_data(&mut self, id: TopicId, due: Instant) {
        self[id].side = Side::AwaitingData(due);
        self[id].attend();
        self.due.insert((due, id));
    }

    /// The first deadline of an answer or of a promised first event.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let answer = self.pending.front().map(|pending| pending.deadline);
        answer
            .into_iter()
            .chain(self.due.first().map(|(due, _)| *due))
            .min()
    }

    /// The request that should have been answered by now.
    pub(super) fn overdue(&self, now: Instant) -> Option<&Pending> {
        self.pending
            .front()
            .filter(|pending| pending.deadline <= now)
    }

    /// A topic whose promised first event should have come by now.
    pub(super) fn next_without_data(&mut self, now: Instant) -> Option<TopicId> {
        while let Some((due, id)) = self.due.first().copied().filter(|(due, _)| *due <= now) {
            self.due.pop_first();
            if self[id].side == Side::AwaitingData(due) {
                return Some(id);
            }
        }
        None
    }

    /// Nothing was read for this long by our own choice.
    pub(super) fn excuse(&mut self, silence: Duration, latest: Instant) {
        for pending in &mut self.pending {
            // A request made meanwhile is not excused for longer than it takes.
            pending.deadline = (pending.deadline + silence).min(latest);
        }
        for (due, id) in std::mem::take(&mut self.due) {
            if self[id].side == Side::AwaitingData(due) {
                self.await_data(id, due + silence);
            }
        }
    }
}

enum Need {
    Request(Op),
    Later,
    Forget,
    Nothing,
}
