//! One call's view of the machine, and what happens to topics in it.

use std::time::{Duration, Instant};

use super::core::Core;
use super::liveness::Sign;
use super::numbers::Step;
use super::registry::{Down, Pending, TopicState};
use super::state::State;
use crate::feed::{
    Deliver, Malformed, Note, Op, Position, Protocol, Refusal, Topic, TopicId, Topics, Why,
};
use crate::transport::FrameRef;
use crate::{Now, Rejection, Staleness, Timestamp};

/// How long the first event after an outage is waited for where its number tells how many are missing.
const COUNT_WITHIN: Duration = Duration::from_secs(1);
/// A refusal of many topics that may pass and names none is followed by halves after this long.
const HALVES_AFTER: Duration = Duration::from_secs(1);
/// Most bytes of a malformed message that are logged.
const EXCERPT: usize = 80;

/// One call's view of the machine.
pub(super) struct Sink<'a, P: Protocol, D> {
    pub(super) now: Now,
    pub(super) core: &'a mut Core<P>,
    pub(super) topics: &'a Topics<P::Topic>,
    pub(super) deliver: &'a mut D,
    /// The message being read, for the log.
    pub(super) frame: Option<FrameRef<'a>>,
}

impl<P: Protocol, D: Deliver<P>> Sink<'_, P, D> {
    pub(super) fn enter(&mut self, state: State) {
        if self.core.state != state {
            self.core.state = state;
            self.deliver.note(Note::State(state));
        }
    }

    /// The venue has answered for a topic: it is accepted, or its first event decides.
    pub(super) fn answered_well(&mut self, id: TopicId) -> Option<TopicId> {
        let entry = self.core.registry.entry(id);
        if entry.began() {
            return Some(id);
        }
        let promise = self.topics.get(id).channel().first_data;
        let counts = entry.down().is_some() && entry.believes_numbers();
        let within = match promise {
            Some(within) => within,
            None if counts => COUNT_WITHIN,
            None => return Some(id),
        };
        let due = self.now.instant + within;
        self.core.registry.await_first(id, due, promise.is_some());
        None
    }

    /// Makes topics part of the venue's set and says so, gaps first.
    pub(super) fn accept(&mut self, topics: Vec<TopicId>) {
        if topics.is_empty() {
            return;
        }
        for id in &topics {
            self.core.registry.entry_mut(*id).accepted();
            self.core.silence.accepted(*id);
        }
        self.end_outage(&topics);
        for id in &topics {
            self.core.registry.review(*id);
        }
        self.deliver.note(Note::Accepted(topics));
    }

    /// The venue will not have this topic.
    pub(super) fn reject(&mut self, id: TopicId, code: Option<i64>, text: String) {
        // What it missed before it is refused is missing for good.
        self.end_outage(&[id]);
        let entry = self.core.registry.entry_mut(id);
        entry.stays_absent(None);
        let repairs = entry.take_repairs();
        // Whoever wants it releases it now that it is refused; until then it is not asked for again.
        if !entry.is_wanted() {
            self.core.registry.review(id);
        }
        for gap in repairs {
            self.repaired_gap(id, gap, false);
        }
        let rejection = Rejection::new(self.topics.get(id).label(), code, text);
        self.deliver.note(Note::Rejected(id, rejection));
    }

    /// Whether a refusal of this topic may pass.
    fn passes(&self, id: TopicId, refusal: &Refusal) -> bool {
        let known = self.core.registry.entry(id).ever_accepted();
        refusal.passing || refusal.doubtful && known
    }

    /// The venue refuses this topic for the time being.
    pub(super) fn postpone(&mut self, id: TopicId, refusal: &Refusal) {
        let now = self.now.instant;
        let entry = self.core.registry.entry_mut(id);
        let retry_at = later_of(entry.next_retry(now), now, refusal.retry_after);
        entry.stays_absent(Some(retry_at));
        entry.set_stale();
        self.core.registry.review(id);
        let label = self.topics.get(id).label();
        let rejection = Rejection::new(label, refusal.code, refusal.text.as_str());
        self.deliver.note(Note::Postponed(id, rejection));
    }

    /// The answer to a request for topics, one by one; those without a result are asked for again.
    pub(super) fn answer(
        &mut self,
        pending: Pending,
        mut results: Vec<(TopicId, Result<(), Refusal>)>,
    ) {
        let mut accepted = Vec::new();
        for id in pending.topics {
            let at = results.iter().position(|(known, _)| *known == id);
            let result = at.map(|at| results.swap_remove(at).1);
            match (pending.op, result) {
                (Op::Subscribe, Some(Ok(()))) => accepted.extend(self.answered_well(id)),
                (Op::Subscribe, Some(Err(refusal))) if self.passes(id, &refusal) => {
                    self.postpone(id, &refusal);
                }
                (Op::Subscribe, Some(Err(refusal))) => self.reject(id, refusal.code, refusal.text),
                (Op::Subscribe, None) => {
                    self.core.registry.entry_mut(id).stays_absent(None);
                    self.core.registry.review(id);
                }
                (Op::Unsubscribe, Some(Err(refusal))) if refusal.passing => {
                    self.keep(id, refusal.retry_after);
                }
                // What the venue will not release it does not have.
                (Op::Unsubscribe, Some(_)) => self.released(id),
                (Op::Unsubscribe, None) => self.keep(id, None),
            }
        }
        self.accept(accepted);
    }

    /// A whole request was refused.
    pub(super) fn refuse(&mut self, pending: Pending, refusal: &Refusal) {
        if pending.op == Op::Unsubscribe {
            let each = |id: &TopicId| (*id, Err(refusal.clone()));
            let results = pending.topics.iter().map(each).collect();
            return self.answer(pending, results);
        }
        let company = pending.topics.len();
        let alone = (company == 1).then(|| pending.topics[0]);
        let culprit = refusal.topic.or(alone);
        let now = self.now.instant;
        for id in pending.topics {
            if culprit == Some(id) {
                if self.passes(id, refusal) {
                    self.postpone(id, refusal);
                } else {
                    self.reject(id, refusal.code, refusal.text.clone());
                }
                continue;
            }
            let entry = self.core.registry.entry_mut(id);
            if culprit.is_none() {
                entry.halve(company);
            }
            let wait = refusal.passing && culprit.is_none();
            let retry_at = wait.then(|| later_of(now + HALVES_AFTER, now, refusal.retry_after));
            entry.stays_absent(retry_at);
            self.core.registry.review(id);
        }
    }

    /// A request was not answered in time, by a venue that has answered others or brought data. The answer
    /// may still come: what is not wanted has to be released, and what is wanted is asked for again. Its
    /// silence says something about the topics if it shows signs of life meanwhile.
    pub(super) fn left_unanswered(&mut self, pending: Pending) {
        let (company, now) = (pending.topics.len(), self.now.instant);
        for id in pending.topics {
            let lost = self.core.lost_from_here(id, true);
            let entry = self.core.registry.entry_mut(id);
            if pending.op == Op::Subscribe && entry.began() {
                // It brings what was asked for: that is an answer.
                self.accept(vec![id]);
                continue;
            }
            let alone = entry.suspect(company, pending.asked);
            let since = entry.unanswered_since().unwrap_or(pending.asked);
            let convincing = match self.core.liveness.sign_since(since) {
                Sign::None => false,
                sign @ Sign::Frame => entry.heard_meanwhile(sign) && alone >= PATIENCE,
                sign @ Sign::Message => entry.heard_meanwhile(sign),
            };
            let again = pending.op == Op::Unsubscribe || company > 1 || !convincing;
            if !entry.is_wanted() {
                // For as long as the connection lives: the venue may have it.
                let retry_at = entry.next_retry(now);
                entry.becomes_uncertain(Some(retry_at), || lost);
            } else if again {
                entry.becomes_uncertain(None, || lost);
            } else {
                self.give_up(id, lost);
            }
            self.core.registry.review(id);
        }
        tracing::debug!(topics = company, "a request was not answered");
    }

    /// A topic stays unanswered alone: one that was accepted before is asked for ever more rarely, another
    /// is refused.
    fn give_up(&mut self, id: TopicId, lost: Down) {
        let now = self.now.instant;
        let rejection = Rejection::new(self.topics.get(id).label(), None, NO_ANSWER);
        let entry = self.core.registry.entry_mut(id);
        if entry.ever_accepted() {
            let retry_at = entry.next_retry(now);
            entry.becomes_uncertain(Some(retry_at), || lost);
            entry.set_stale();
            self.deliver.note(Note::Postponed(id, rejection));
        } else {
            entry.becomes_uncertain(Some(now + GIVEN_UP), || lost);
            self.deliver.note(Note::Rejected(id, rejection));
        }
    }

    /// A topic that was to be released stays for a while.
    fn keep(&mut self, id: TopicId, retry_after: Option<Duration>) {
        let now = self.now.instant;
        let entry = self.core.registry.entry_mut(id);
        let retry_at = later_of(entry.next_retry(now), now, retry_after);
        entry.stays_active(Some(retry_at));
        let wanted_again = entry.desired() == super::registry::Desired::Yes;
        self.core.registry.review(id);
        if wanted_again {
            // Wanted again meanwhile, and never lost.
            self.deliver.note(Note::Renewed(id));
            self.accept(vec![id]);
        }
    }

    /// The venue no longer has this topic.
    pub(super) fn released(&mut self, id: TopicId) {
        let lost = self.core.lost_from_here(id, true);
        self.core.registry.entry_mut(id).released(|| lost);
        self.core.registry.review(id);
    }

    /// This topic is to be added again as it is.
    pub(super) fn renewed_in_place(&mut self, id: TopicId) {
        let lost = self.core.lost_from_here(id, true);
        self.core.registry.entry_mut(id).renewed_in_place(|| lost);
        self.core.registry.review(id);
    }

    /// The venue has taken this topic away.
    pub(super) fn withdraw(&mut self, id: TopicId, why: Option<Refusal>) {
        let now = self.now.instant;
        let lost = self.core.lost_from_here(id, false);
        let entry = self.core.registry.entry_mut(id);
        match entry.state() {
            TopicState::Active { .. } | TopicState::AwaitingFirst { .. } => {}
            // That is what it was asked for.
            TopicState::Releasing(_) => return self.released(id),
            // The answer to what is on its way decides.
            TopicState::Requested(_) => return entry.withdrawn_early(|| lost),
            TopicState::Absent { .. } | TopicState::Vacant => return,
        }
        let retry_after = why.as_ref().and_then(|why| why.retry_after);
        let retry_at = later_of(entry.next_retry(now), now, retry_after);
        entry.withdrawn(retry_at, || lost);
        entry.set_stale();
        self.core.registry.review(id);
        match why {
            Some(why) if !self.passes(id, &why) => self.reject(id, why.code, why.text),
            Some(why) => {
                let label = self.topics.get(id).label();
                let rejection = Rejection::new(label, why.code, why.text);
                self.deliver.note(Note::Postponed(id, rejection));
            }
            None => self
                .deliver
                .note(Note::Stale(vec![id], Staleness::Withdrawn)),
        }
    }

    /// What could not be read leaves a gap here.
    pub(super) fn unreadable(&mut self, malformed: Malformed) {
        let Malformed {
            topic,
            events,
            from,
            reason,
            resync,
        } = malformed;
        let lost = self.lost_here(topic);
        let from = from.map_or(lost.from, |from| from.min(lost.from));
        let down = Down { from, ..lost };
        let extent = self.extent(down, None);
        match topic {
            Some(id) => {
                let entry = self.core.registry.entry_mut(id);
                entry.stirred();
                let channel = entry.channel();
                self.core.channels[channel].1.errors += 1;
                self.hear(id, None);
            }
            None => self.core.counters.unreadable += 1,
        }
        let resync = resync && topic.is_some();
        let why = Why::Malformed {
            reason: reason.into_owned(),
            excerpt: self.frame.map(excerpt).unwrap_or_default(),
            resync,
        };
        let gap = self.missing(topic.into_iter().collect(), why, extent, events);
        if let Some(id) = topic.filter(|_| resync) {
            self.begin_anew(id, gap);
        }
    }

    /// The way of an event that ends something: an outage, a wait, a staleness. Returns whether it is to
    /// be delivered.
    #[cold]
    pub(super) fn first_event(
        &mut self,
        id: TopicId,
        time: Option<Timestamp>,
        position: Option<Position>,
    ) -> bool {
        let entry = self.core.registry.entry_mut(id);
        if matches!(
            entry.state(),
            TopicState::Absent { .. } | TopicState::Vacant
        ) {
            // Of a subscription that has ended: the gap that is still to come covers it.
            self.core.counters.ignored += 1;
            return false;
        }
        if entry.is_handed_over() && !self.continues(id, position, time) {
            return false;
        }
        let entry = self.core.registry.entry_mut(id);
        let step = position.map_or(Step::Unknown, |position| entry.step(position));
        let is_down = entry.down().is_some();
        let missed = match step {
            Step::Follows => Some(0),
            Step::Jumps { missed, .. } => Some(missed),
            Step::Unknown => None,
        };
        self.end_outage_at(id, time, missed);
        self.check_announced(id, time);
        if !is_down {
            self.check_step(id, step, position, time);
        }
        let entry = self.core.registry.entry_mut(id);
        let awaited = entry.owes_acceptance();
        entry.begin();
        // Where the venue fills what is missing, its first event is only the beginning of that.
        let repairs = if self.topics.get(id).channel().backfills {
            Vec::new()
        } else {
            entry.take_repairs()
        };
        if awaited {
            self.accept(vec![id]);
        }
        for gap in repairs {
            self.repaired_gap(id, gap, true);
        }
        self.deliver.note(Note::Began(id));
        true
    }

    /// A jump in numbers that have earned belief is a gap.
    #[inline]
    pub(super) fn check_step(
        &mut self,
        id: TopicId,
        step: Step,
        position: Option<Position>,
        time: Option<Timestamp>,
    ) {
        if let (Step::Jumps { expected, missed }, Some(position)) = (step, position) {
            self.jumped(id, expected, position.first, Some(missed), time, false);
        }
    }
}

/// How often a release that is not answered is asked for, and a topic by whose side nothing else shows
/// that the venue is there but the answer to a ping.
const PATIENCE: u32 = 4;
/// A topic given up is released by those who want it as soon as they hear of it.
const GIVEN_UP: Duration = Duration::from_secs(3600);
const NO_ANSWER: &str = "the venue does not answer";

fn later_of(at: Instant, now: Instant, retry_after: Option<Duration>) -> Instant {
    let demanded = retry_after.and_then(|wait| now.checked_add(wait));
    demanded.map_or(at, |demanded| at.max(demanded))
}

/// The beginning of a message, for the log: enough to see what it was, never all of a long one.
fn excerpt(frame: FrameRef<'_>) -> String {
    let bytes = frame.bytes();
    let head = &bytes[..bytes.len().min(EXCERPT)];
    head.escape_ascii().to_string()
}
