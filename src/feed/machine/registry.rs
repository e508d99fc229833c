//! The wanted topics and where each stands at the venue.

use std::time::{Duration, Instant};

use super::alarms::{Alarm, Alarms};
pub(super) use super::pending::Pending;
use super::pending::PendingRequests;
pub(super) use super::topic_state::{
    Announced, Bequest, Desired, Down, Place, TopicEntry, TopicState,
};
use super::work_queue::{Turn, WorkQueue};
use crate::feed::{Op, RequestId, Topic, TopicId, Topics};
use crate::{Now, Timestamp};

/// How long nothing of a topic may be delivered before it is said, and for how long events may come that are
/// of no use before it is asked for again.
const NOTICED: Duration = Duration::from_secs(1);
const STRAY_LIMIT: Duration = Duration::from_secs(10);
/// A suspect need not be waited for as long as a request of unknown company, if the venue answers.
const SUSPECT_PATIENCE: Duration = Duration::from_secs(2);

/// Desired state against the venue's: the difference is `work`.
#[derive(Debug, Default)]
pub(super) struct Registry {
    entries: Vec<TopicEntry>,
    work: WorkQueue,
    pending: PendingRequests,
    alarms: Alarms,
    wanted: usize,
}

/// What limits one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestLimits {
    pub(super) topics: usize,
    pub(super) bytes: usize,
    pub(super) timeout: Duration,
}

impl Registry {
    /// How many topics are wanted.
    pub(super) fn wanted(&self) -> usize {
        self.wanted
    }

    /// Whether the venue's set is the wanted set and nothing is on its way.
    pub(super) fn settled(&self) -> bool {
        self.work.is_empty() && self.pending.is_empty()
    }

    #[inline]
    pub(super) fn entry(&self, id: TopicId) -> &TopicEntry {
        &self.entries[id.index()]
    }

    #[inline]
    pub(super) fn entry_mut(&mut self, id: TopicId) -> &mut TopicEntry {
        &mut self.entries[id.index()]
    }

    pub(super) fn want(
        &mut self,
        id: TopicId,
        channel: usize,
        learns: bool,
        since: Option<Timestamp>,
    ) {
        while self.entries.len() <= id.index() {
            self.entries.push(TopicEntry::vacant());
        }
        let entry = self.entry_mut(id);
        entry.occupy(channel, learns, since);
        if entry.set_wanted(true) {
            self.wanted += 1;
            self.review(id);
        }
    }

    pub(super) fn release(&mut self, id: TopicId) {
        if self.entry_mut(id).set_wanted(false) {
            self.wanted -= 1;
            self.review(id);
        }
    }

    /// Asks for a new beginning of a topic; without `at_once` its own backoff decides when.
    pub(super) fn resubscribe(&mut self, id: TopicId, now: Instant, at_once: bool) {
        self.entry_mut(id).resubscribe(now, at_once);
        self.review(id);
    }

    /// Queues a topic whose wanted and actual sides may differ.
    pub(super) fn review(&mut self, id: TopicId) {
        let entry = self.entry(id);
        let turn = match self.need(id) {
            Need::Nothing => return,
            Need::Forget => Turn::Next,
            Need::Request(_) => match entry.retry_at() {
                Some(at) => Turn::At(at),
                None if entry.is_suspect() => Turn::Last,
                None => Turn::Next,
            },
        };
        self.work.put(id, turn);
    }

    /// Forgets what the venue knew: the connection is gone. `lost` tells from when on events of a topic
    /// may be missing. Returns the topics that nobody wants.
    pub(super) fn disconnect(&mut self, lost: impl Fn(&TopicEntry) -> Down) -> Vec<TopicId> {
        self.pending.reset();
        self.alarms.clear();
        let mut unwanted = Vec::new();
        for at in 0..self.entries.len() {
            let id = TopicId::at(at);
            let entry = &mut self.entries[at];
            if entry.state() == TopicState::Vacant {
                continue;
            }
            let down = lost(entry);
            let known = entry.disconnected(|| down);
            if entry.is_wanted() {
                self.review(id);
            } else if known || self.work.contains(id) {
                unwanted.push(id);
            }
        }
        unwanted
    }

    /// Clears what is remembered of a topic that nobody wants and the venue does not send.
    pub(super) fn forget(&mut self, id: TopicId) {
        self.entry_mut(id).vacate();
    }

    /// What a topic needs, now or later.
    fn need(&self, id: TopicId) -> Need {
        let entry = self.entry(id);
        let held = matches!(
            entry.state(),
            TopicState::Active { .. } | TopicState::AwaitingFirst { .. }
        );
        match (entry.desired(), entry.state()) {
            (_, TopicState::Vacant) => Need::Nothing,
            (Desired::No, TopicState::Absent { .. }) if entry.may_be_held() => {
                Need::Request(Op::Unsubscribe)
            }
            (Desired::No, TopicState::Absent { .. }) => Need::Forget,
            (_, TopicState::Absent { .. }) => Need::Request(Op::Subscribe),
            (Desired::No | Desired::Resubscribe, _) if held => Need::Request(Op::Unsubscribe),
            // The answer to what is on its way decides first, or nothing is to do.
            _ => Need::Nothing,
        }
    }

    /// Looks again at what was put off until now.
    pub(super) fn ripen(&mut self, now: Instant) {
        while let Some(id) = self.work.ripe(now) {
            let turn = if self.entry(id).is_suspect() {
                Turn::Last
            } else {
                Turn::Next
            };
            self.work.put(id, turn);
        }
    }

    /// Whether something could be requested now, and when a postponed topic may be.
    pub(super) fn work(&self) -> (bool, Option<Instant>) {
        (self.work.has_work(), self.work.due())
    }

    /// The next request: topics that need the same operation and may travel together. Topics that need
    /// nothing any more are put into `forgotten`, and those that only have to be added again into `renewed`.
    pub(super) fn next_request<T: Topic>(
        &mut self,
        now: Instant,
        limits: RequestLimits,
        topics: &Topics<T>,
        forgotten: &mut Vec<TopicId>,
        renewed: &mut Vec<TopicId>,
    ) -> Option<(RequestId, Op)> {
        let mut chosen: Option<(Op, Option<u32>)> = None;
        let (mut batch, mut limit, mut bytes) = (Vec::new(), usize::MAX, 0);
        let (turn, count) = self.work.batch();
        for _ in 0..count {
            let Some(id) = self.work.pop(turn) else {
                break;
            };
            let op = match self.need(id) {
                Need::Request(op) => op,
                Need::Forget => {
                    forgotten.push(id);
                    continue;
                }
                Need::Nothing => continue,
            };
            let retry_at = self.entry(id).retry_at().filter(|at| *at > now);
            if let Some(at) = retry_at {
                self.work.put(id, Turn::At(at));
                continue;
            }
            let topic = topics.get(id);
            let is_renewal = self.entry(id).desired() == Desired::Resubscribe;
            if op == Op::Unsubscribe && is_renewal && topic.channel().replaces {
                renewed.push(id);
                continue;
            }
            let own_limit = self.entry(id).max_batch().min(limits.topics);
            let fits = match chosen {
                None => true,
                Some((chosen_op, group)) => {
                    op == chosen_op
                        && group.is_some()
                        && group == topic.batch()
                        && batch.len() < limit.min(own_limit)
                        && bytes + topic.bytes() <= limits.bytes
                }
            };
            if !fits {
                self.work.put(id, turn);
                continue;
            }
            chosen.get_or_insert((op, topic.batch()));
            limit = limit.min(own_limit);
            bytes += topic.bytes();
            batch.push(id);
            if topic.batch().is_none() || batch.len() >= limit {
                break;
            }
        }
        let (op, _) = chosen?;
        let suspects = turn == Turn::Last;
        let timeout = self.patience(limits.timeout, suspects);
        let request = self.pending.enter(op, batch.clone(), now, timeout);
        for id in batch {
            match op {
                Op::Subscribe => self.entry_mut(id).requested(request),
                Op::Unsubscribe => self.entry_mut(id).releasing(request),
            }
        }
        Some((request, op))
    }

    /// How long an answer is waited for: less for suspects, where the venue has answered others.
    fn patience(&self, timeout: Duration, suspects: bool) -> Duration {
        match self.pending.slowest().filter(|_| suspects) {
            Some(slowest) => timeout.min(SUSPECT_PATIENCE.max(slowest.saturating_mul(4))),
            None => timeout,
        }
    }

    /// Topics that are in neither set, without a connection to ask.
    pub(super) fn absent_and_unwanted(&self) -> Vec<TopicId> {
        let forget = |id: &TopicId| matches!(self.need(*id), Need::Forget);
        self.work.ids().filter(forget).collect()
    }

    /// How many requests are on their way.
    pub(super) fn outstanding(&self) -> usize {
        self.pending.len()
    }

    /// The topics of a request on its way; empty if it is not.
    pub(super) fn requested(&self, id: RequestId) -> &[TopicId] {
        self.pending.topics(id)
    }

    /// Takes the request that is answered. Topics that something else has decided about since are left
    /// out.
    pub(super) fn answered(&mut self, id: RequestId, now: Instant) -> Option<Pending> {
        let mut pending = self.pending.answered(id, now)?;
        self.retain_waiting(&mut pending);
        Some(pending)
    }

    /// Takes a request that should have been answered by now.
    pub(super) fn overdue(&mut self, now: Instant) -> Option<Pending> {
        let mut pending = self.pending.overdue(now)?;
        self.retain_waiting(&mut pending);
        Some(pending)
    }

    fn retain_waiting(&self, pending: &mut Pending) {
        let request = pending.id;
        pending.topics.retain(|id| {
            matches!(
                self.entry(*id).state(),
                TopicState::Requested(asked) | TopicState::Releasing(asked) if asked == request
            )
        });
    }

    /// Whether the venue has answered any request on this connection.
    pub(super) fn answers_come(&self) -> bool {
        self.pending.answers_come()
    }

    /// Topics that something else has decided about wait for the answers to their requests no more.
    pub(super) fn forget_answered(&mut self) {
        let entries = &self.entries;
        let waits = |id: TopicId| {
            matches!(
                entries[id.index()].state(),
                TopicState::Requested(_) | TopicState::Releasing(_)
            )
        };
        self.pending.retain(waits);
    }

    /// Every number that names a topic.
    pub(super) fn ids(&self) -> Vec<TopicId> {
        let occupied = |at: &usize| self.entries[*at].state() != TopicState::Vacant;
        let at = (0..self.entries.len()).filter(occupied);
        at.map(TopicId::at).collect()
    }

    /// An event decides about the topic until `due`.
    pub(super) fn await_first(&mut self, id: TopicId, due: Instant, promised: bool) {
        self.entry_mut(id).await_first(due, promised);
        self.alarms.set(due, id, Alarm::FirstData);
        // It may have been released, or joined, while it was asked for.
        self.review(id);
    }

    /// An event of the topic came that cannot be used.
    pub(super) fn stray(&mut self, id: TopicId, now: Instant) {
        if self.entry_mut(id).stray(now) {
            self.alarms.set(now + STRAY_LIMIT, id, Alarm::StrayLimit);
        }
    }

    /// Nothing of the topic is delivered from here on, until the next event is.
    pub(super) fn blind(&mut self, id: TopicId, now: Now) {
        let noticed = now.instant + NOTICED;
        if self.entry_mut(id).set_blind(now.wall, Some(noticed)) {
            self.alarms.set(noticed, id, Alarm::Blind);
        }
    }

    /// The first deadline of an answer, or of something else that a topic waits for.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let alarms = self.alarms.deadline();
        self.pending.deadline().into_iter().chain(alarms).min()
    }

    /// What has fallen due of a topic, and still matters.
    pub(super) fn next_alarm(&mut self, now: Instant) -> Option<(TopicId, Alarm)> {
        while let Some((at, id, alarm)) = self.alarms.pop(now) {
            let entry = self.entry(id);
            let matters = match alarm {
                Alarm::FirstData => {
                    matches!(entry.state(), TopicState::AwaitingFirst { due, .. } if due == at)
                }
                Alarm::Blind => entry.blind_noticed() == Some(at) && !entry.is_stale(),
                Alarm::StrayLimit => entry.stray_since() == at.checked_sub(STRAY_LIMIT),
            };
            if matters {
                return Some((id, alarm));
            }
        }
        None
    }

    /// Nothing was read for this long by our own choice.
    pub(super) fn excuse(&mut self, silence: Duration, latest: Instant) {
        self.pending.excuse(silence, latest);
        for (at, id, alarm) in self.alarms.put_off(silence) {
            let entry = self.entry_mut(id);
            match alarm {
                Alarm::FirstData => entry.put_off_first(at, silence),
                Alarm::StrayLimit
                    if entry.stray_since() == at.checked_sub(STRAY_LIMIT + silence) =>
                {
                    entry.put_off_stray(silence);
                }
                Alarm::Blind if entry.blind_noticed() == at.checked_sub(silence) => {
                    entry.put_off_blind(silence);
                }
                Alarm::StrayLimit | Alarm::Blind => {}
            }
        }
    }
}

enum Need {
    Request(Op),
    Forget,
    Nothing,
}
