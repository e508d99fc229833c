//! One connection takes the place of another that is about to end: what it begins with, and what it
//! inherits.

use std::time::{Duration, Instant};

use super::core::Core;
use super::registry::{Bequest, Down, Place};
use super::sink::Sink;
use super::{Machine, MachineConfig, State};
use crate::feed::{
    ChannelSpec, Deliver, Join, Note, Numbering, Position, Protocol, Topic, TopicId, Why,
};
use crate::{Now, Timestamp};

/// How long before its end a connection is replaced, or a tenth of what is left if that is more.
const LEAD: Duration = Duration::from_secs(30);
/// How long after it has taken over a connection may bring what the other has delivered. A number that
/// comes later and is no higher is none of those that were counted on.
const REPEATS: Duration = Duration::from_secs(30);

/// When the venue will have ended a connection. The earlier end is the lesser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Retirement {
    at: Instant,
    /// From when on it should be replaced.
    due: Instant,
}

impl Retirement {
    /// `None` beyond all time.
    pub(super) fn within(now: Instant, within: Duration) -> Option<Self> {
        let at = now.checked_add(within)?;
        let lead = LEAD.max(within / 10);
        let due = at.checked_sub(lead).map_or(now, |due| due.max(now));
        Some(Self { at, due })
    }
}

/// Since when two connections have been bringing the same topics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Overlap {
    /// In the venue's time, where its events carry any.
    from: Timestamp,
    seen_from: Timestamp,
}

/// How a topic can go on where another connection leaves off.
enum Way {
    After(u64),
    /// From a new beginning.
    Anew,
    /// With the next event, whatever was missed or comes twice.
    Anyhow,
}

impl<P: Protocol> Machine<P> {
    /// From when on the connection should be replaced, because the venue will end it soon after.
    pub(crate) fn succession_due(&self) -> Option<Instant> {
        let retirement = self.core.retirement?;
        let needed = self.core.state == State::Live && self.core.registry.wanted() > 0;
        needed.then_some(retirement.due)
    }

    /// What another connection begins with that is to bring the same topics, under the same numbers.
    pub(crate) fn successor(&self, protocol: P, config: MachineConfig, now: Now) -> Self {
        let mut machine = Self::new(protocol, config, now);
        // Its kind has been live: what is refused to it may pass.
        machine.ever_live = self.ever_live;
        // Channels have the same places in both.
        for (name, _) in &self.core.channels {
            machine.core.channel(name);
        }
        for id in self.wanted() {
            machine.want_as(self.topics.get(id), id);
        }
        machine
    }

    /// Adds a topic to the wanted sets of both.
    pub(crate) fn want_with(&mut self, other: &mut Self, topic: &P::Topic) -> TopicId {
        let known = self.find(topic).or_else(|| other.find(topic));
        let id = known.unwrap_or_else(|| self.topics.vacant_beside(&other.topics));
        self.want_as(topic, id);
        other.want_as(topic, id);
        id
    }

    fn want_as(&mut self, topic: &P::Topic, id: TopicId) {
        self.topics.insert_as(topic, id);
        self.enter(topic, id);
    }

    fn wanted(&self) -> Vec<TopicId> {
        let mut ids = self.core.registry.ids();
        ids.retain(|id| self.core.registry.entry(*id).is_wanted());
        ids
    }

    /// The topics that are known here and not there.
    pub(crate) fn unknown_to(&self, other: &Self) -> Vec<TopicId> {
        let mut ids = self.core.registry.ids();
        ids.retain(|id| !other.topics.contains(*id));
        ids
    }

    /// The last number of each topic that has earned belief.
    pub(crate) fn believed(&self) -> Vec<(TopicId, u64)> {
        let ids = self.core.registry.ids().into_iter();
        let believed = |id| Some((id, self.core.registry.entry(id).believed()?));
        ids.filter_map(believed).collect()
    }

    /// Whether the numbers of a topic's events tell where one connection leaves off and another goes on.
    pub(crate) fn counts(&self, id: TopicId) -> bool {
        let entry = self.core.registry.entry(id);
        let promised = self.topics.get(id).channel().numbering == Numbering::Promised;
        entry.is_at_rest() && (promised || entry.believed().is_some())
    }

    /// Whether whatever another brings is had here, and of the rest nothing has begun.
    pub(crate) fn can_succeed(&self, old: &Self) -> bool {
        let ready = |id: TopicId| {
            let (new, old) = (self.core.registry.entry(id), old.core.registry.entry(id));
            new.is_at_rest() || !new.is_brought() && !old.is_brought()
        };
        self.core.state == State::Live && old.wanted().into_iter().all(ready)
    }

    /// The moment from which on two connections bring the same.
    pub(crate) fn overlap(&self, now: Now) -> Overlap {
        let seen_from = self.core.complete_until();
        let from = self.core.event_clock.now(now).unwrap_or(seen_from);
        Overlap { from, seen_from }
    }

    /// Wants nothing any more, and is closed without lingering.
    pub(crate) fn part(&mut self, now: Now) {
        self.linger = Duration::ZERO;
        for id in self.wanted() {
            self.release(id, now);
        }
    }

    /// Goes on in the place of another machine. `last` and `seen` tell the last numbers that were
    /// delivered of a topic, and that were brought here meanwhile.
    pub(crate) fn take_over(
        &mut self,
        old: &mut Self,
        overlap: Overlap,
        last: impl Fn(TopicId) -> Option<u64>,
        seen: impl Fn(TopicId) -> Option<u64>,
        now: Now,
        deliver: &mut impl Deliver<P>,
    ) {
        let (was, is) = (old.core.state, self.core.state);
        let unknown = old.unknown_to(self);
        let wanted = old.wanted();
        let complete = old.core.complete_until();
        let fallback = old.core.last_event_before(None, complete);
        self.core.inherit(&mut old.core, &unknown, now);
        if is != was {
            deliver.note(Note::State(is));
        }
        let until = now.instant + REPEATS;
        let mut moved: Option<(Down, Vec<TopicId>)> = None;
        let mut again = Vec::new();
        for id in wanted {
            let entry = old.core.registry.entry_mut(id);
            let lost = entry.lost(fallback, complete);
            let lost = Down {
                from: lost.from.min(overlap.from),
                seen_from: lost.seen_from.min(overlap.seen_from),
                renewed: true,
            };
            let mut bequest = entry.bequeath();
            let down = bequest.down.or(bequest.brought.then_some(lost));
            let way = way(self.topics.get(id).channel(), &bequest, last(id));
            let entry = self.core.registry.entry_mut(id);
            entry.inherit(&mut bequest);
            let held = entry.is_at_rest();
            if let Way::After(last) = way {
                entry.continue_after(last, seen(id), until);
            }
            match way {
                _ if !held => {
                    entry.begin_again(down);
                    self.core.losing.push(id);
                }
                Way::Anew => {
                    entry.continue_anew(down);
                    self.core.losing.push(id);
                    self.renew(id, now);
                }
                _ if !bequest.at_rest => {
                    entry.begin_again(down);
                    self.core.losing.push(id);
                    again.push(id);
                }
                Way::After(_) => {}
                Way::Anyhow => {
                    let (all, topics) = moved.get_or_insert_with(|| (lost, Vec::new()));
                    all.from = all.from.min(lost.from);
                    all.seen_from = all.seen_from.min(lost.seen_from);
                    topics.push(id);
                }
            }
        }
        self.with(now, deliver, |_, _, sink| {
            if let Some((down, topics)) = moved {
                let extent = sink.extent(down, None);
                for id in &topics {
                    sink.core.registry.entry_mut(*id).announce(extent);
                }
                sink.missing(topics, Why::Moved, extent, None);
            }
            let mut accepted = Vec::new();
            for id in again {
                // Whoever waits for a new subscription finds it here.
                sink.deliver.note(Note::Renewed(id));
                accepted.extend(sink.answered_well(id));
            }
            sink.accept(accepted);
        });
        self.advance(now, deliver);
    }
}

/// How a topic goes on, the last number of which that was delivered is `last`.
fn way(channel: &ChannelSpec, bequest: &Bequest, last: Option<u64>) -> Way {
    let promised = channel.numbering == Numbering::Promised;
    // What its consumers have builds on a beginning, or is yet to get one.
    let builds = promised || channel.backfills || channel.join == Join::Resubscribe;
    let last = if promised { last } else { bequest.believed };
    match last {
        Some(last) if bequest.at_rest || !builds => Way::After(last),
        _ if builds || channel.first_data.is_some() && !bequest.at_rest => Way::Anew,
        _ => Way::Anyhow,
    }
}

impl<P: Protocol> Core<P> {
    /// Takes over what is known of the venue rather than of a socket.
    fn inherit(&mut self, old: &mut Self, unknown: &[TopicId], now: Now) {
        let mut counters = old.counters.clone();
        counters.add(&self.counters);
        self.counters = counters;
        // What was brought meanwhile reached nobody.
        self.channels.clone_from(&old.channels);
        self.frame_channel = None;
        if self.event_clock.last_time().is_none() {
            std::mem::swap(&mut self.event_clock, &mut old.event_clock);
        }
        std::mem::swap(&mut self.silence, &mut old.silence);
        self.silence.read_at(now.instant);
        self.silence.disconnected();
        if self.state == State::Live {
            self.silence.live();
        }
        for id in unknown {
            self.silence.vacate(*id);
        }
        for id in self.registry.ids() {
            if self.registry.entry(id).is_at_rest() {
                self.silence.accepted(id);
            }
        }
        self.spans.clear();
        self.losing.clear();
    }
}

impl<P: Protocol, D: Deliver<P>> Sink<'_, P, D> {
    /// The way of an item whose topic another connection has brought until now. Returns whether it is to
    /// be delivered.
    pub(super) fn continues(
        &mut self,
        id: TopicId,
        position: Option<Position>,
        time: Option<Timestamp>,
    ) -> bool {
        let entry = self.core.registry.entry_mut(id);
        let (channel, is_down) = (entry.channel(), entry.down().is_some());
        match entry.place(position, self.now.instant) {
            Place::Next => true,
            Place::Unusable => false,
            Place::Repeated => {
                self.core.channels[channel].1.repeated += 1;
                false
            }
            Place::Jumps { expected, missed } => {
                let lost = self.core.lost_from_here(id, true);
                self.jumped(id, expected, expected + missed, Some(missed), time, true);
                let entry = self.core.registry.entry_mut(id);
                entry.continue_anew(Some(lost));
                false
            }
            Place::Unproven => {
                if !is_down {
                    let lost = self.core.lost_from_here(id, true);
                    let extent = self.extent(lost, time);
                    self.missing(vec![id], Why::Moved, extent, None);
                }
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_replaced_half_a_minute_or_a_tenth_before_its_end() {
        let now = Instant::now();
        let due = |within: u64| {
            let retirement = Retirement::within(now, Duration::from_secs(within)).unwrap();
            retirement.due.duration_since(now).as_secs()
        };
        assert_eq!([due(86_400), due(600), due(300)], [77_760, 540, 270]);
        assert_eq!([due(100), due(30), due(5), due(0)], [70, 0, 0, 0]);
        assert_eq!(Retirement::within(now, Duration::MAX), None);
    }
}
