//! What may be missing, where it is announced.

use std::time::Duration;

use super::registry::{Announced, Down};
use super::sink::Sink;
use crate::feed::{Deliver, Join, Missing, MissingSpan, Note, Protocol, Topic, TopicId, Why};
use crate::{GapId, Timestamp};

/// The first event after an outage may be so much earlier than the last before it, or later than was to
/// be expected, before the venue's clock is taken to have been set.
const CLOCK_STEP: Duration = Duration::from_millis(500);
/// A connection remembers no more spans for its protocol than this between two looks.
const SPANS: usize = 4_096;

impl<P: Protocol, D: Deliver<P>> Sink<'_, P, D> {
    /// Announces what may be missing of these topics before their first event, in one gap for each
    /// reason.
    pub(super) fn end_outage(&mut self, topics: &[TopicId]) {
        for why in outages() {
            let mut extent: Option<Announced> = None;
            let mut missing = Vec::new();
            for id in topics {
                let Some(down) = self.take_down(*id, &why) else {
                    continue;
                };
                let own = self.extent(down, None);
                self.core.registry.entry_mut(*id).announce(own);
                extent = Some(extent.map_or(own, |extent| extent.union(own)));
                missing.push(*id);
            }
            if let Some(extent) = extent {
                self.missing(missing, why, extent, None);
            }
        }
    }

    /// Announces what is missing of a topic before an event of this time.
    pub(super) fn end_outage_at(
        &mut self,
        id: TopicId,
        time: Option<Timestamp>,
        missed: Option<u64>,
    ) {
        for why in outages() {
            if let Some(down) = self.take_down(id, &why) {
                let extent = self.extent(down, time.filter(|_| self.begins_with_news(id)));
                self.missing(vec![id], why, extent, missed);
            }
        }
    }

    /// Takes a topic's outage, if it is of this kind.
    fn take_down(&mut self, id: TopicId, why: &Why) -> Option<Down> {
        let backfills = self.topics.get(id).channel().backfills;
        let entry = self.core.registry.entry_mut(id);
        let down = entry.down()?;
        let fits = match why {
            Why::Outage { repair } => !down.renewed && *repair == backfills,
            Why::Renewed { repair } => down.renewed && *repair == backfills,
            _ => false,
        };
        fits.then(|| entry.take_down()).flatten()
    }

    /// Whether the first event of a subscription is newer than the subscription: a replay of the last
    /// one, a whole book or history tells nothing of the time.
    pub(super) fn begins_with_news(&self, id: TopicId) -> bool {
        let channel = self.topics.get(id).channel();
        channel.join == Join::Live && !channel.backfills
    }

    /// From the last event before to the first after, if that is known, or to now.
    pub(super) fn extent(&self, down: Down, first: Option<Timestamp>) -> Announced {
        let seen_to = self.now.wall.max(down.seen_from);
        let end = first.unwrap_or_else(|| self.core.event_time_now(self.now));
        let (mut from, mut to) = (down.from.min(end), down.from.max(end));
        let clock = self.core.event_clock.now_as_of(down.seen_from, self.now);
        let expected = clock.unwrap_or(down.from).max(down.from);
        if first.is_some() && end.saturating_add(CLOCK_STEP) < expected {
            // The venue's clock was set back: what is missing may have the time of either clock.
            let lasted = seen_to.duration_since(down.seen_from);
            from = from.min(end.saturating_sub(lasted));
            to = to.max(down.from.saturating_add(lasted));
        }
        Announced {
            from,
            to,
            seen_from: down.seen_from,
            seen_to,
            clock: clock.unwrap_or(from),
        }
    }

    /// The first event after a gap that was announced before it: if the venue's clock was set meanwhile,
    /// what is missing may have its new time.
    pub(super) fn check_announced(&mut self, id: TopicId, time: Option<Timestamp>) {
        let announced = self.core.registry.entry_mut(id).take_announced();
        let (Some(announced), Some(time)) = (announced, time) else {
            return;
        };
        if !self.begins_with_news(id) {
            return;
        }
        let lasted = announced.seen_to.duration_since(announced.seen_from);
        let since = self.now.wall.duration_since(announced.seen_to);
        let expected = announced.clock.saturating_add(since).max(announced.from);
        let earliest = time.saturating_sub(lasted + since);
        let span = if time.saturating_add(CLOCK_STEP) < expected && earliest < announced.from {
            Some((earliest, time))
        } else if announced.to.saturating_add(since + CLOCK_STEP) < time {
            Some((announced.to, time))
        } else {
            None
        };
        if let Some((from, to)) = span {
            let extent = Announced {
                from,
                to,
                ..announced
            };
            self.missing(vec![id], Why::Outage { repair: false }, extent, None);
        }
    }

    /// From when on events of a topic, or of any, are missing if the frame being read shows that some are.
    pub(super) fn lost_here(&self, topic: Option<TopicId>) -> Down {
        let complete = self.core.complete;
        let fallback = self.core.last_event_before(None, complete);
        match topic {
            Some(id) => self.core.registry.entry(id).lost(fallback, complete),
            None => Down {
                from: fallback,
                seen_from: complete,
                renewed: false,
            },
        }
    }

    /// The numbering of a topic jumped: from its last event to the one that shows it.
    pub(super) fn jumped(
        &mut self,
        id: TopicId,
        expected: u64,
        received: u64,
        missed: Option<u64>,
        time: Option<Timestamp>,
        resync: bool,
    ) {
        let down = self.lost_here(Some(id));
        let extent = self.extent(down, time);
        let why = Why::Sequence {
            expected,
            received,
            resync,
        };
        let gap = self.missing(vec![id], why, extent, missed);
        if resync {
            self.begin_anew(id, gap);
        }
    }

    /// What follows of a topic is of no use without a new beginning, which repairs the gap.
    pub(super) fn begin_anew(&mut self, id: TopicId, gap: GapId) {
        let forgotten = self.core.registry.entry_mut(id).repair_later(gap);
        if let Some(gap) = forgotten {
            self.repaired_gap(id, gap, false);
        }
        self.core.registry.resubscribe(id, self.now.instant, false);
        self.core.registry.entry_mut(id).sees_again();
        self.core.blind(id, self.now);
    }

    pub(super) fn missing(
        &mut self,
        topics: Vec<TopicId>,
        why: Why,
        extent: Announced,
        missed: Option<u64>,
    ) -> GapId {
        let id = self.core.gap_ids.next();
        let repairs = matches!(
            why,
            Why::Outage { repair: true } | Why::Renewed { repair: true }
        );
        for topic in &topics {
            let channel = self.core.registry.entry(*topic).channel();
            self.core.channels[channel].1.gaps += 1;
            if repairs {
                let forgotten = self.core.registry.entry_mut(*topic).repair_later(id);
                if let Some(gap) = forgotten {
                    self.repaired_gap(*topic, gap, false);
                }
            }
            if self.core.spans.len() < SPANS {
                self.core.spans.push(MissingSpan {
                    topic: *topic,
                    gap: id,
                    from: extent.from,
                    to: extent.to,
                });
            }
        }
        self.deliver.note(Note::Missing(Missing {
            id,
            topics,
            why,
            from: extent.from,
            to: extent.to,
            seen_from: extent.seen_from,
            seen_to: extent.seen_to,
            missed,
        }));
        id
    }

    pub(super) fn repaired_gap(&mut self, topic: TopicId, gap: GapId, well: bool) {
        self.deliver.note(Note::Repaired { topic, gap, well });
    }
}

/// The reasons for which a topic may have been down, each of which has a gap of its own.
fn outages() -> [Why; 4] {
    [
        Why::Outage { repair: false },
        Why::Outage { repair: true },
        Why::Renewed { repair: false },
        Why::Renewed { repair: true },
    ]
}
