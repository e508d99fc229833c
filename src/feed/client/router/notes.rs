//! What becomes of a connection's events and notes: each handle hears what concerns it.

use std::collections::BTreeMap;

use super::{Refused, Router, Seat};
use crate::feed::{Deliver, Losing, Note, Protocol, State, TopicId};
use crate::queue::Marker;
use crate::{Rejection, Staleness, Symbol};

impl<P: Protocol> Router<P> {
    /// The handles that hold at least one of these topics, with those they hold.
    fn holders(&self, ids: &[TopicId]) -> BTreeMap<Seat, Vec<TopicId>> {
        let mut holders: BTreeMap<Seat, Vec<TopicId>> = BTreeMap::new();
        for id in ids {
            if let Some(route) = self.routes.get(id.index()) {
                let seats = route.seats.as_slice().iter();
                for seat in seats.chain(route.waiting.as_slice()) {
                    holders.entry(*seat).or_default().push(*id);
                }
            }
        }
        holders
    }

    /// The handles that a topic leads to; others still wait for its new beginning.
    fn led(&self, id: TopicId) -> Vec<Seat> {
        let route = self.routes.get(id.index());
        route.map_or_else(Vec::new, |route| route.seats.as_slice().to_vec())
    }

    /// Handles note what they must say if their streams end before the gap is over.
    fn losing(&mut self, losing: &[Losing]) {
        let ids: Vec<TopicId> = losing.iter().map(|losing| losing.topic).collect();
        let shard = self.shard;
        for (seat, held) in self.holders(&ids) {
            self.tell(seat, |tracker, lane| {
                let owed = held.iter().filter_map(|id| {
                    let at = ids.binary_search(id).ok()?;
                    Some((tracker.begun(*id)?, losing[at]))
                });
                lane.handle().owe(shard, owed.collect());
            });
        }
    }

    fn accepted(&mut self, ids: &[TopicId]) {
        let now = self.now;
        let mut wakers = Vec::new();
        for (seat, held) in self.holders(ids) {
            self.tell(seat, |tracker, lane| {
                let first = tracker.accepted(&held, now, &mut |marker| lane.mark(marker));
                if first > 0 {
                    wakers.extend(lane.handle().settle(first));
                }
            });
            for id in held {
                self.take_ticket(seat, id);
            }
        }
        self.to_wake.extend(wakers);
    }

    fn rejected(&mut self, id: TopicId, rejection: &Rejection) {
        let now = self.now;
        for (seat, _) in self.holders(&[id]) {
            let Some(handle) = self.seats[seat].as_ref().map(|seated| seated.id) else {
                continue;
            };
            let mut first = false;
            self.tell(seat, |tracker, lane| {
                let mut mark = |marker: Marker| lane.mark(marker);
                if let Some((symbol, never)) = tracker.rejected(id, now, &mut mark) {
                    first = never;
                    let named = symbol.clone().unwrap_or_else(|| Symbol::new("*"));
                    if lane.handle().refuse(named, rejection.clone()) {
                        lane.mark(tracker.refusal(symbol, rejection.clone()));
                    }
                }
            });
            let ticket = self.take_ticket(seat, id);
            self.unroute(seat, id);
            self.refused.push(Refused {
                handle,
                topic: id,
                first,
                ticket: ticket.map(|ticket| (ticket, rejection.clone())),
            });
        }
    }

    fn stale(&mut self, ids: &[TopicId], why: &Staleness) {
        for (seat, held) in self.holders(ids) {
            self.tell(seat, |tracker, lane| {
                tracker.stale(&held, why, &mut |marker| lane.mark(marker));
            });
        }
    }

    fn fresh(&mut self, ids: &[TopicId]) {
        for (seat, held) in self.holders(ids) {
            self.tell(seat, |tracker, lane| {
                tracker.fresh(&held, &mut |marker| lane.mark(marker));
            });
        }
    }

    /// The venue's last words stand in the errors of those who wait for the topic.
    fn postponed(&mut self, id: TopicId, rejection: Rejection) {
        let why = Staleness::Refused {
            code: rejection.code,
            text: rejection.text.clone(),
        };
        self.stale(&[id], &why);
        self.refusal = Some(rejection);
    }

    /// The topic's number may be reused: nothing of it may be left.
    fn released(&mut self, id: TopicId) {
        if let Some(route) = self.routes.get_mut(id.index()) {
            (route.last, route.replays) = (None, false);
        }
        self.acknowledge(id);
        self.freed.push(id);
    }

    /// Handles that waited for a new subscription are led to it.
    fn renewed(&mut self, id: TopicId) {
        if let Some(route) = self.routes.get_mut(id.index()) {
            route.last = None;
            let waiting = std::mem::take(&mut route.waiting);
            route.seats.append(waiting);
        }
    }
}

impl<P: Protocol> Deliver<P> for Router<P> {
    #[inline]
    fn event(&mut self, topic: TopicId, event: P::Event) {
        let Some(route) = self.routes.get_mut(topic.index()) else {
            return;
        };
        if route.replays {
            route.last = Some(event.clone());
        }
        let Some((last, others)) = route.seats.as_slice().split_last() else {
            return;
        };
        for seat in others.iter().chain([last]) {
            if let Some(seated) = &mut self.seats[*seat]
                && !std::mem::replace(&mut seated.touched, true)
            {
                self.touched.push(*seat);
            }
        }
        for seat in others {
            if let Some(seated) = &mut self.seats[*seat] {
                seated.lane.lend(&event);
            }
        }
        if let Some(seated) = &mut self.seats[*last] {
            seated.lane.give(event);
        }
    }

    fn note(&mut self, note: Note) {
        let now = self.now;
        match note {
            Note::State(state) => {
                self.state = state;
                match state {
                    State::Connecting => self.tell_all(|tracker, _| tracker.connecting()),
                    State::Live => self.trouble = None,
                    _ => {}
                }
            }
            Note::Interrupted { cause, .. } => {
                for at in 0..self.routes.len() {
                    self.renewed(TopicId::at(at));
                }
                self.tell_all(|tracker, lane| {
                    tracker.interrupted(now, &cause, &mut |marker| lane.mark(marker));
                });
                self.trouble = Some(cause);
            }
            Note::Losing(losing) => self.losing(&losing),
            Note::Accepted(ids) => self.accepted(&ids),
            Note::Rejected(id, rejection) => self.rejected(id, &rejection),
            Note::Released(id) => self.released(id),
            Note::Renewed(id) => self.renewed(id),
            Note::Missing(missing) if missing.topics.is_empty() => {
                self.tell_all(|tracker, lane| {
                    tracker.missing(&missing, &mut |marker| lane.mark(marker));
                });
            }
            Note::Missing(missing) => {
                let shard = self.shard;
                for (seat, held) in self.holders(&missing.topics) {
                    self.tell(seat, |tracker, lane| {
                        lane.handle().told(shard, &held);
                        tracker.missing(&missing, &mut |marker| lane.mark(marker));
                    });
                }
            }
            Note::Began(topic) => {
                let shard = self.shard;
                for seat in self.led(topic) {
                    self.tell(seat, |tracker, lane| {
                        lane.handle().told(shard, &[topic]);
                        tracker.began(topic, &mut |marker| lane.mark(marker));
                    });
                }
            }
            Note::Repaired { topic, gap, well } => {
                for (seat, _) in self.holders(&[topic]) {
                    self.tell(seat, |tracker, lane| {
                        tracker.repaired(topic, gap, well, &mut |marker| lane.mark(marker));
                    });
                }
            }
            Note::Snapshot(topic, edge) => {
                for seat in self.led(topic) {
                    self.tell(seat, |tracker, lane| {
                        tracker.snapshot(topic, edge, &mut |marker| lane.mark(marker));
                    });
                }
            }
            Note::Stale(topics, why) => self.stale(&topics, &why),
            Note::Fresh(topics) => self.fresh(&topics),
            Note::Postponed(topic, rejection) => self.postponed(topic, rejection),
            Note::Ended(error) => self.ended = Some(error),
        }
    }
}
