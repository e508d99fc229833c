//! The machine's parts in view of one call, and what happens to topics in it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::changes::ChangeCount;
use super::counters::{ChannelCounters, ConnectionCounters};
use super::liveness::Liveness;
use super::registry::{Down, Registry, Side};
use super::state::State;
use crate::feed::{Deliver, Failure, GapIds, Missing, Note, Protocol, Topic, TopicId, Topics, Why};
use crate::rate::Bucket;
use crate::transport::Frame;
use crate::{GapId, Now, Rejection, Timestamp};

/// A venue's clock and ours may differ, and frames are under way for a while; an event older than
/// this when it came says nothing about what was sent before an outage.
const TRUSTED_LAG: Duration = Duration::from_secs(10);
/// A refusal that may pass is repeated after this long, doubling up to the cap.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(30);

/// Everything of a machine that is neither the protocol nor the topics.
#[derive(Debug)]
pub(super) struct Core<P: Protocol> {
    pub(super) registry: Registry,
    pub(super) state: State,
    pub(super) liveness: Liveness,
    pub(super) pace: Bucket,
    pub(super) changes: ChangeCount,
    pub(super) outbox: VecDeque<Frame>,
    pub(super) effects: VecDeque<P::Effect>,
    pub(super) failure: Option<Failure>,
    pub(super) wake_at: Option<Instant>,
    pub(super) gap_ids: GapIds,
    pub(super) received: Timestamp,
    pub(super) venue_time: Option<Timestamp>,
    /// The last time that was complete before the frame being read.
    pub(super) complete: Timestamp,
    /// Since when the socket may hold what has not been read.
    pub(super) backlog_since: Option<Timestamp>,
    pub(super) live_since: Option<Instant>,
    pub(super) frame_len: usize,
    pub(super) frame_channel: Option<usize>,
    pub(super) channels: Vec<(&'static str, ChannelCounters)>,
    pub(super) counters: ConnectionCounters,
}

impl<P: Protocol> Core<P> {
    /// The last time up to which nothing of this connection can be missing.
    pub(super) fn complete_until(&self) -> Timestamp {
        let last = match self.venue_time {
            Some(time) if self.received.saturating_sub(TRUSTED_LAG) <= time => {
                time.min(self.received)
            }
            _ => self.received,
        };
        // What was sent since may lie behind the last frame read, however late that was read.
        self.backlog_since.map_or(last, |since| last.min(since))
    }

    pub(super) fn channel(&mut self, name: &'static str) -> usize {
        let known = self.channels.iter().position(|(known, _)| *known == name);
        known.unwrap_or_else(|| {
            self.channels.push((name, ChannelCounters::default()));
            self.channels.len() - 1
        })
    }
}

/// One call's view of the machine.
pub(super) struct Sink<'a, P: Protocol, D> {
    pub(super) now: Now,
    pub(super) core: &'a mut Core<P>,
    pub(super) topics: &'a Topics<P::Topic>,
    pub(super) deliver: &'a mut D,
}

impl<P: Protocol, D: Deliver<P>> Sink<'_, P, D> {
    pub(super) fn enter(&mut self, state: State) {
        if self.core.state != state {
            self.core.state = state;
            self.deliver.note(Note::State(state));
        }
    }

    /// Makes topics part of the venue's set and says so, gaps first.
    pub(super) fn accept(&mut self, topics: Vec<TopicId>) {
        for id in &topics {
            self.core.registry[*id].side = Side::Active;
        }
        self.end_outage(&topics);
        for id in &topics {
            let entry = &mut self.core.registry[*id];
            (entry.max_batch, entry.retries) = (usize::MAX, 0);
            entry.attend();
            if !entry.wanted || entry.renew {
                self.core.registry.review(*id);
            }
        }
        if !topics.is_empty() {
            self.deliver.note(Note::Accepted(topics));
        }
    }

    /// Announces what may be missing of these topics, in one gap for each reason.
    pub(super) fn end_outage(&mut self, topics: &[TopicId]) {
        for why in [
            Why::Outage { repair: false },
            Why::Outage { repair: true },
            Why::Renewed,
        ] {
            let (renewed, repair) = match why {
                Why::Outage { repair } => (false, repair),
                _ => (true, false),
            };
            let mut from: Option<Timestamp> = None;
            let mut missing = Vec::new();
            for id in topics {
                let backfills = !renewed && self.topics.get(*id).channel().backfills;
                let entry = &mut self.core.registry[*id];
                if backfills == repair
                    && let Some(down) = entry.down.filter(|down| down.renewed == renewed)
                {
                    entry.down = None;
                    entry.attend();
                    from = Some(from.map_or(down.from, |from| from.min(down.from)));
                    missing.push(*id);
                }
            }
            if let Some(from) = from {
                let repaired = if repair { missing.clone() } else { Vec::new() };
                let gap = self.missing(missing, why, from, self.now.wall.max(from));
                for id in repaired {
                    self.core.registry[id].repairs.push(gap);
                }
            }
        }
    }

    pub(super) fn missing(
        &mut self,
        topics: Vec<TopicId>,
        why: Why,
        from: Timestamp,
        to: Timestamp,
    ) -> GapId {
        let id = self.core.gap_ids.next();
        for topic in &topics {
            let channel = self.core.registry[*topic].channel;
            self.core.channels[channel].1.gaps += 1;
        }
        self.deliver.note(Note::Missing(Missing {
            id,
            topics,
            why,
            from,
            to,
            seen_from: from,
            seen_to: to,
            missed: None,
        }));
        id
    }

    /// The venue will not have this topic.
    pub(super) fn reject(&mut self, id: TopicId, code: Option<i64>, text: String) {
        let entry = &mut self.core.registry[id];
        (entry.side, entry.down) = (Side::Absent, None);
        let repairs = std::mem::take(&mut entry.repairs);
        // Whoever wants it releases it now that it is refused; until then it is not asked again.
        if !entry.wanted {
            self.core.registry.review(id);
        }
        for gap in repairs {
            self.deliver.note(Note::Repaired {
                topic: id,
                gap,
                well: false,
            });
        }
        let label = self.topics.get(id).label();
        self.deliver
            .note(Note::Rejected(id, Rejection::new(label, code, text)));
    }

    /// The slow way of an event: it ends an outage or is the first of its subscription.
    #[cold]
    pub(super) fn first_event(&mut self, id: TopicId) {
        if self.core.registry[id].side == Side::Absent {
            // Of a subscription that has ended: it proves nothing about the next.
            return;
        }
        self.end_outage(&[id]);
        let entry = &mut self.core.registry[id];
        entry.seen_data = true;
        entry.attend();
        // Where the venue fills what is missing, its first event is only the beginning of that.
        let repairs = if self.topics.get(id).channel().backfills {
            Vec::new()
        } else {
            std::mem::take(&mut entry.repairs)
        };
        if let Side::AwaitingData(_) = entry.side {
            self.accept(vec![id]);
        }
        for gap in repairs {
            self.deliver.note(Note::Repaired {
                topic: id,
                gap,
                well: true,
            });
        }
        self.deliver.note(Note::Began(id));
    }

    /// The venue no longer has this topic.
    pub(super) fn released(&mut self, id: TopicId) {
        let from = self.core.complete_until();
        let entry = &mut self.core.registry[id];
        entry.side = Side::Absent;
        entry.not_before = None;
        if std::mem::take(&mut entry.renew) && entry.wanted {
            entry.down.get_or_insert(Down {
                from,
                renewed: true,
            });
            entry.attend();
        }
        self.core.registry.review(id);
    }

    /// A refusal that may pass: the same again a little later.
    pub(super) fn postpone(&mut self, id: TopicId, side: Side) {
        let entry = &mut self.core.registry[id];
        let delay = FIRST_RETRY
            .saturating_mul(1 << entry.retries.min(5))
            .min(LAST_RETRY);
        entry.retries += 1;
        entry.not_before = Some(self.now.instant + delay);
        entry.side = side;
        self.core.registry.review(id);
    }
}
