//! What a protocol may do, carried out on the machine's parts.

use std::time::{Duration, Instant};

use super::effects::EffectTag;
use super::registry::TopicState;
use super::sink::Sink;
use super::state::State;
use super::succession::Retirement;
use crate::feed::{
    Deliver, Failure, Heartbeat, Jump, Malformed, Note, Output, Protocol, Refusal, RequestId,
    SnapshotEdge, TopicId,
};
use crate::transport::Frame;
use crate::{Staleness, Timestamp};

impl<P: Protocol, D: Deliver<P>> Output<P> for Sink<'_, P, D> {
    fn send(&mut self, frame: Frame) {
        self.core.outbox.push_back(frame);
    }

    fn live(&mut self) {
        self.core.live_since = Some(self.now.instant);
        self.core.silence.live();
        self.enter(State::Live);
    }

    #[inline]
    fn event(&mut self, topic: TopicId, event: P::Event) {
        let time = P::event_time(&event);
        let entry = self.core.registry.entry_mut(topic);
        let channel = entry.channel();
        let mut is_news = true;
        if entry.takes_slow_path() {
            is_news = entry.began() || self.begins_with_news(topic);
            let delivered = self.first_event(topic, time, P::position(&event));
            // What is missing stands before the end of the silence.
            self.hear(topic, time);
            if !delivered {
                return;
            }
        } else if entry.learns_numbers()
            && let Some(position) = P::position(&event)
        {
            let step = entry.step(position);
            self.check_step(topic, step, Some(position), time);
            self.hear(topic, time);
        } else {
            self.hear(topic, time);
        }
        if let Some(time) = time {
            self.core.registry.entry_mut(topic).set_last_time(time);
        }
        if let Some(time) = P::clock_time(&event).filter(|_| is_news) {
            self.core.event_clock.observe(time, self.now);
            self.core.venue_time = Some(time);
        }
        let counters = &mut self.core.channels[channel].1;
        counters.events += 1;
        if self.core.frame_channel != Some(channel) {
            self.core.frame_channel = Some(channel);
            counters.messages += 1;
            counters.bytes += self.core.frame_len as u64;
            counters.last_message = Some(self.now.wall);
        }
        self.core.has_data = true;
        self.core.prove(self.now);
        self.deliver.event(topic, event);
    }

    fn begun_anew(&mut self, topic: TopicId) {
        self.core.registry.entry_mut(topic).begun_anew();
    }

    fn authorized(&mut self) {
        self.core.prove(self.now);
    }

    fn settled(&mut self, request: RequestId) {
        self.core.prove(self.now);
        if let Some(pending) = self.core.registry.answered(request, self.now.instant) {
            let results = pending.topics.iter().map(|id| (*id, Ok(()))).collect();
            self.answer(pending, results);
        }
    }

    fn refused(&mut self, request: RequestId, refusal: Refusal) {
        if let Some(pending) = self.core.registry.answered(request, self.now.instant) {
            self.refuse(pending, &refusal);
        }
    }

    fn answered(&mut self, request: RequestId, results: Vec<(TopicId, Result<(), Refusal>)>) {
        if results.iter().any(|(_, result)| result.is_ok()) {
            self.core.prove(self.now);
        }
        if let Some(pending) = self.core.registry.answered(request, self.now.instant) {
            self.answer(pending, results);
        }
    }

    fn whole_state(&mut self, held: &[TopicId]) {
        if !held.is_empty() {
            self.core.prove(self.now);
        }
        let held: hashbrown::HashSet<TopicId> = held.iter().copied().collect();
        let mut accepted = Vec::new();
        for id in self.core.registry.ids() {
            let is_held = held.contains(&id);
            match self.core.registry.entry(id).state() {
                TopicState::Requested(_) if is_held => accepted.extend(self.answered_well(id)),
                TopicState::Releasing(_) if !is_held => self.released(id),
                TopicState::Active { .. } | TopicState::AwaitingFirst { .. } if !is_held => {
                    self.withdraw(id, None);
                }
                _ => {}
            }
        }
        self.accept(accepted);
        self.core.registry.forget_answered();
    }

    fn sequence_gap(&mut self, topic: TopicId, jump: Jump) {
        let Jump {
            expected,
            received,
            missed,
            time,
            resync,
        } = jump;
        self.jumped(topic, expected, received, missed, time, resync);
    }

    fn malformed(&mut self, malformed: Malformed) {
        self.unreadable(malformed);
    }

    fn dropped(&mut self, topic: TopicId, why: Option<Refusal>) {
        self.withdraw(topic, why);
    }

    fn complained(&mut self, topics: &[TopicId], why: Refusal) {
        let mut held = topics.to_vec();
        held.retain(|id| self.core.registry.entry(*id).is_held());
        for id in &held {
            self.core.registry.entry_mut(*id).set_stale();
        }
        if !held.is_empty() {
            let (code, text) = (why.code, why.text);
            let text = text.into();
            let why = Staleness::Refused { code, text };
            self.deliver.note(Note::Stale(held, why));
        }
    }

    fn repaired(&mut self, topic: TopicId, well: bool) {
        for gap in self.core.registry.entry_mut(topic).take_repairs() {
            self.repaired_gap(topic, gap, well);
        }
    }

    fn snapshot(&mut self, topic: TopicId, edge: SnapshotEdge) {
        self.hear(topic, None);
        if matches!(edge, SnapshotEdge::End { .. }) {
            self.begun_anew(topic);
        }
        if !self.core.registry.entry(topic).takes_slow_path() || self.first_event(topic, None, None)
        {
            self.deliver.note(Note::Snapshot(topic, edge));
        }
    }

    fn stray(&mut self, topic: TopicId) {
        self.hear(topic, None);
        self.core.blind(topic, self.now);
        self.core.registry.stray(topic, self.now.instant);
        self.ignored("event without the beginning of its subscription");
    }

    fn withheld(&mut self, topic: TopicId) {
        self.hear(topic, None);
        self.core.blind(topic, self.now);
    }

    fn repeated(&mut self, topic: TopicId, count: u64) {
        let channel = self.core.registry.entry(topic).channel();
        self.core.channels[channel].1.repeated += count;
    }

    fn venue_time(&mut self, time: Timestamp) {
        self.core.venue_time = Some(time);
    }

    fn dropped_values(&mut self, count: u32) {
        self.core.counters.dropped_values += u64::from(count);
    }

    fn ignored(&mut self, what: &str) {
        self.core.counters.ignored += 1;
        tracing::trace!(what, "message ignored");
    }

    fn effect(&mut self, effect: P::Effect) {
        self.core.effects.push(EffectTag::Connection, effect);
    }

    fn effect_for(&mut self, topic: TopicId, effect: P::Effect) {
        let generation = self.core.registry.entry(topic).generation();
        let tag = EffectTag::Topic {
            id: topic,
            generation,
        };
        self.core.effects.push(tag, effect);
    }

    fn wake_at(&mut self, at: Instant) {
        self.core.wake_at = Some(at);
    }

    fn heartbeat(&mut self, heartbeat: Heartbeat) {
        self.core.liveness.set(heartbeat);
    }

    fn retire(&mut self, within: Duration) {
        tracing::info!(?within, "the venue is going to end the connection");
        let news = Retirement::within(self.now.instant, within);
        self.core.retirement = self.core.retirement.into_iter().chain(news).min();
    }

    fn fail(&mut self, failure: Failure) {
        match (&self.core.failure, &failure) {
            (None, _) | (Some(Failure::Retry(_) | Failure::RetryAfter(..)), Failure::Fatal(_)) => {
                self.core.failure = Some(failure);
            }
            _ => {}
        }
    }
}
