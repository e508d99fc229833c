//! What a protocol may do, carried out on the machine's parts.

use std::time::{Duration, Instant};

use super::entry::{Down, Side};
use super::sink::Sink;
use super::state::State;
use crate::feed::{
    Deliver, Failure, Heartbeat, Jump, Malformed, Note, Op, Output, Protocol, Refusal, RequestId,
    SnapshotEdge, Topic, TopicId, Why,
};
use crate::transport::Frame;
use crate::{Staleness, Timestamp};

impl<P: Protocol, D: Deliver<P>> Output<P> for Sink<'_, P, D> {
    fn send(&mut self, frame: Frame) {
        self.core.outbox.push_back(frame);
    }

    fn live(&mut self) {
        self.core.live_since = Some(self.now.instant);
        self.enter(State::Live);
    }

    #[inline]
    fn event(&mut self, topic: TopicId, event: P::Event) {
        if let Some(time) = P::event_time(&event) {
            self.core.venue_time = Some(time);
        }
        let entry = &self.core.registry[topic];
        let (attention, channel) = (entry.attention, entry.channel);
        let counters = &mut self.core.channels[channel].1;
        counters.events += 1;
        if self.core.frame_channel != Some(channel) {
            self.core.frame_channel = Some(channel);
            counters.messages += 1;
            counters.bytes += self.core.frame_len as u64;
            counters.last_message = Some(self.now.wall);
        }
        if attention {
            self.first_event(topic);
        }
        self.core.liveness.proof();
        self.deliver.event(topic, event);
    }

    fn settled(&mut self, request: RequestId) {
        let Some(pending) = self.core.registry.answered(request) else {
            return;
        };
        match pending.op {
            Op::Subscribe => {
                let mut accepted = Vec::with_capacity(pending.topics.len());
                for id in pending.topics {
                    let promise = self.topics.get(id).channel().first_data;
                    match promise.filter(|_| !self.core.registry[id].seen_data) {
                        Some(within) => {
                            self.core.registry.await_data(id, self.now.instant + within);
                            // It may have been released, or joined, while it was asked for.
                            self.core.registry.review(id);
                        }
                        None => accepted.push(id),
                    }
                }
                self.accept(accepted);
            }
            Op::Unsubscribe => pending.topics.into_iter().for_each(|id| self.released(id)),
        }
    }

    fn refused(&mut self, request: RequestId, refusal: Refusal) {
        let Some(pending) = self.core.registry.answered(request) else {
            return;
        };
        if pending.op == Op::Unsubscribe {
            for id in pending.topics {
                if refusal.passing {
                    self.postpone(id, Side::Active);
                    let entry = &self.core.registry[id];
                    if entry.wanted && !entry.renew {
                        // Wanted again meanwhile, and never lost.
                        self.deliver.note(Note::Renewed(id));
                        self.accept(vec![id]);
                    }
                } else {
                    // What the venue will not release it does not have.
                    self.released(id);
                }
            }
            return;
        }
        let alone = pending.topics.len() == 1;
        let culprit = refusal.topic.or_else(|| alone.then(|| pending.topics[0]));
        let half = pending.topics.len().div_ceil(2);
        for id in pending.topics {
            if refusal.passing {
                self.postpone(id, Side::Absent);
            } else if culprit == Some(id) {
                self.reject(id, refusal.code, refusal.text.clone());
            } else {
                let entry = &mut self.core.registry[id];
                entry.side = Side::Absent;
                if culprit.is_none() {
                    entry.max_batch = half;
                }
                self.core.registry.review(id);
            }
        }
    }

    fn answered(&mut self, request: RequestId, results: Vec<(TopicId, Result<(), Refusal>)>) {
        let _ = (request, results);
    }

    fn whole_state(&mut self, held: &[TopicId]) {
        let _ = held;
    }

    fn sequence_gap(&mut self, topic: TopicId, jump: Jump) {
        let (from, to) = (self.core.complete, self.now.wall);
        let resync = jump.resync;
        let why = Why::Sequence {
            expected: jump.expected,
            received: jump.received,
            resync,
        };
        let gap = self.missing(vec![topic], why, from.min(to), to);
        if resync {
            let entry = &mut self.core.registry[topic];
            entry.renew = true;
            entry.repairs.push(gap);
            self.core.registry.review(topic);
        }
    }

    fn malformed(&mut self, malformed: Malformed) {
        let _ = malformed;
    }

    fn dropped(&mut self, topic: TopicId, _why: Option<Refusal>) {
        let from = self.core.complete_until();
        let entry = &mut self.core.registry[topic];
        if !matches!(entry.side, Side::Active | Side::AwaitingData(_)) {
            // The answer to what is on its way decides.
            return;
        }
        entry.seen_data = false;
        entry.down.get_or_insert(Down {
            from,
            renewed: false,
        });
        // A little later, so that a venue that does it again and again is not asked without end.
        self.postpone(topic, Side::Absent);
        self.core.registry[topic].attend();
        self.deliver
            .note(Note::Stale(vec![topic], Staleness::Withdrawn));
    }

    fn repaired(&mut self, topic: TopicId, well: bool) {
        let repairs = std::mem::take(&mut self.core.registry[topic].repairs);
        for gap in repairs {
            self.deliver.note(Note::Repaired { topic, gap, well });
        }
    }

    fn snapshot(&mut self, topic: TopicId, edge: SnapshotEdge) {
        if self.core.registry[topic].attention {
            self.first_event(topic);
        }
        self.deliver.note(Note::Snapshot(topic, edge));
    }

    fn stray(&mut self, topic: TopicId) {
        self.core.registry[topic].stirred = true;
        self.ignored("event without the beginning of its subscription");
    }

    fn repeated(&mut self, topic: TopicId, count: u64) {
        let channel = self.core.registry[topic].channel;
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
        self.core.effects.push_back(effect);
    }

    fn effect_for(&mut self, topic: TopicId, effect: P::Effect) {
        let _ = topic;
        self.core.effects.push_back(effect);
    }

    fn wake_at(&mut self, at: Instant) {
        self.core.wake_at = Some(at);
    }

    fn heartbeat(&mut self, heartbeat: Heartbeat) {
        self.core.liveness.set(heartbeat);
    }

    fn retire(&mut self, within: Duration) {
        let _ = within;
    }

    fn fail(&mut self, failure: Failure) {
        self.core.failure.get_or_insert(failure);
    }
}
