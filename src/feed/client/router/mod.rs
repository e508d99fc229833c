//! From a connection's topics to the handles that want them.

mod closings;
mod notes;
mod seats;

use std::task::Waker;

use hashbrown::HashMap;
use tokio::sync::oneshot;

use self::closings::{Closing, Closings};
use self::seats::Seats;
use super::answers::Ticket;
use crate::feed::connection::tracker::Tracker;
use crate::feed::subscription::handle::HandleId;
use crate::feed::subscription::lane::Lane;
use crate::feed::{Join, Protocol, State, TopicId};
use crate::{Error, Interruption, Now, Rejection, Symbol};

/// Where a handle's lane stands in the table.
pub(super) type Seat = usize;

/// A refusal on its way to the ledger.
pub(super) struct Refused {
    pub(super) handle: HandleId,
    pub(super) topic: TopicId,
    /// The topic had never been accepted.
    pub(super) first: bool,
    /// Of whoever waits for the answer, and the answer.
    pub(super) ticket: Option<(Ticket, Rejection)>,
}

/// Routes events and notes of one connection to the lanes of its handles.
pub(super) struct Router<P: Protocol> {
    /// Its connection's number in the pool.
    shard: usize,
    seats: Vec<Option<Seated<P>>>,
    free: Vec<Seat>,
    by_handle: HashMap<HandleId, Seat>,
    /// Handles that may lose nothing and were full when they were last looked at, the longest first.
    full: Vec<Seat>,
    routes: Vec<Route<P::Event>>,
    touched: Vec<Seat>,
    closings: Closings,
    /// Topics that the venue has released.
    pub(super) freed: Vec<TopicId>,
    /// Those who waited for topics, to be woken where no lock is held.
    to_wake: Vec<Waker>,
    /// Lanes of handles that are gone, with what they still hold.
    departed: Vec<Box<dyn Lane<P::Event>>>,
    pub(super) now: Now,
    /// Topics that the venue refused, to be taken out of the ledger.
    pub(super) refused: Vec<Refused>,
    pub(super) ended: Option<Error>,
    /// Why the connection was lost, until it is live again.
    pub(super) trouble: Option<Interruption>,
    /// The last refusal that may pass, while topics wait.
    pub(super) refusal: Option<Rejection>,
    pub(super) state: State,
}

struct Seated<P: Protocol> {
    id: HandleId,
    lane: Box<dyn Lane<P::Event>>,
    tracker: Tracker,
    touched: bool,
    /// Of those who wait for the answer to a topic.
    tickets: HashMap<TopicId, Ticket>,
    /// It stands in the list of the full ones.
    full: bool,
}

struct Route<E> {
    seats: Seats,
    /// Handles that wait for the topic to be subscribed afresh.
    waiting: Seats,
    /// Those who wait until the venue has released the topic.
    closing: Vec<Closing>,
    replays: bool,
    last: Option<E>,
}

impl<E> Default for Route<E> {
    fn default() -> Self {
        Self {
            seats: Seats::default(),
            waiting: Seats::default(),
            closing: Vec::new(),
            replays: false,
            last: None,
        }
    }
}

/// What a handle finds when it joins a topic.
pub(super) struct Joining {
    pub(super) id: TopicId,
    pub(super) symbol: Option<Symbol>,
    pub(super) join: Join,
    /// The venue has accepted the topic and brings it.
    pub(super) active: bool,
    /// The venue has begun to bring it, accepted or not, or is being asked to stop.
    pub(super) begun: bool,
    /// The venue is being asked to stop: what still comes of it leads nowhere.
    pub(super) ending: bool,
    /// Of whoever waits for the answer.
    pub(super) ticket: Option<Ticket>,
}

impl<P: Protocol> Router<P> {
    pub(super) fn new(shard: usize, now: Now) -> Self {
        Self {
            shard,
            seats: Vec::new(),
            free: Vec::new(),
            by_handle: HashMap::new(),
            full: Vec::new(),
            to_wake: Vec::new(),
            routes: Vec::new(),
            touched: Vec::new(),
            closings: Closings::default(),
            freed: Vec::new(),
            departed: Vec::new(),
            now,
            refused: Vec::new(),
            ended: None,
            trouble: None,
            refusal: None,
            state: State::Idle,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_handle.is_empty() && self.closings.is_empty()
    }

    /// Gives a handle the seat that it has, or a new one with the lane that its wish brings.
    pub(super) fn seat(
        &mut self,
        id: HandleId,
        lane: Option<Box<dyn Lane<P::Event>>>,
        whole: bool,
        eager: bool,
    ) -> Option<Seat> {
        if let Some(lane) = lane {
            let seated = Some(Seated {
                id,
                lane,
                tracker: Tracker::new(whole, eager),
                touched: false,
                tickets: HashMap::new(),
                full: false,
            });
            let seat = match self.free.pop() {
                Some(seat) => {
                    self.seats[seat] = seated;
                    seat
                }
                None => {
                    self.seats.push(seated);
                    self.seats.len() - 1
                }
            };
            self.by_handle.insert(id, seat);
        }
        let seat = self.by_handle.get(&id).copied()?;
        self.seats[seat].as_mut()?.tracker.set_whole(whole);
        Some(seat)
    }

    pub(super) fn seat_of(&self, id: HandleId) -> Option<Seat> {
        self.by_handle.get(&id).copied()
    }

    /// The topics that a handle holds here, in the order of their numbers.
    pub(super) fn topics_of(&self, seat: Seat) -> Vec<TopicId> {
        let held = self.seats[seat]
            .as_ref()
            .map(|seated| seated.tracker.ids().collect());
        let mut held: Vec<TopicId> = held.unwrap_or_default();
        held.sort_unstable();
        held
    }

    pub(super) fn holds(&self, seat: Seat, id: TopicId) -> bool {
        self.seats[seat]
            .as_ref()
            .is_some_and(|seated| seated.tracker.contains(id))
    }

    /// Topics of a handle need no answer any more.
    pub(super) fn settle(&mut self, seat: Seat, count: usize) {
        if let Some(seated) = &self.seats[seat] {
            self.to_wake.extend(seated.lane.handle().settle(count));
        }
    }

    /// Leads a topic to a handle too. Returns whether the topic must be subscribed afresh.
    pub(super) fn join(&mut self, seat: Seat, joining: Joining) -> bool {
        let Joining {
            id,
            symbol,
            join,
            active,
            begun,
            ending,
            ticket,
        } = joining;
        if self.routes.len() <= id.index() {
            self.routes.resize_with(id.index() + 1, Route::default);
        }
        let route = &mut self.routes[id.index()];
        route.replays = join == Join::ReplayLast;
        let afresh = begun && join == Join::Resubscribe;
        if afresh || ending {
            route.waiting.push(seat);
        } else {
            route.seats.push(seat);
        }
        let last = if active { route.last.clone() } else { None };
        let now = self.now;
        let mut wakers = Vec::new();
        self.tell(seat, |tracker, lane| {
            tracker.add(id, symbol);
            if begun && !afresh && !ending {
                // What it is led to has begun, and can be missing.
                tracker.began(id, &mut |marker| lane.mark(marker));
            }
            if active && !afresh {
                let first = tracker.accepted(&[id], now, &mut |marker| lane.mark(marker));
                wakers = lane.handle().settle(first);
                if let Some(last) = &last {
                    lane.lend(last);
                }
            }
        });
        if let Some(ticket) = ticket.filter(|_| !active || afresh)
            && let Some(seated) = &mut self.seats[seat]
        {
            seated.tickets.insert(id, ticket);
        }
        self.to_wake.extend(wakers);
        afresh
    }

    /// Leads a topic no longer to a handle. Returns whether it had been accepted for it, and
    /// whether no handle is left on it.
    pub(super) fn leave(&mut self, seat: Seat, id: TopicId) -> (bool, bool) {
        let (now, shard) = (self.now, self.shard);
        let mut answered = false;
        self.tell(seat, |tracker, lane| {
            if let Some(gap) = lane.handle().pay(shard, id) {
                lane.mark(gap.into());
            }
            answered = tracker.remove(id, now, &mut |marker| lane.mark(marker));
        });
        self.take_ticket(seat, id);
        (answered, self.unroute(seat, id))
    }

    /// Of whoever waits for the answer to a topic. Dropping it tells him that it has come.
    fn take_ticket(&mut self, seat: Seat, id: TopicId) -> Option<Ticket> {
        let seated = self.seats[seat].as_mut()?;
        seated.tickets.remove(&id)
    }

    fn unroute(&mut self, seat: Seat, id: TopicId) -> bool {
        let route = &mut self.routes[id.index()];
        route.seats.remove(seat);
        route.waiting.remove(seat);
        route.seats.is_empty() && route.waiting.is_empty()
    }

    /// Takes a handle's seat away; its topics have been left before.
    pub(super) fn stand_up(&mut self, id: HandleId) {
        if let Some(seat) = self.by_handle.remove(&id) {
            self.departed
                .extend(self.seats[seat].take().map(|seated| seated.lane));
            self.full.retain(|held| *held != seat);
            self.free.push(seat);
        }
    }

    /// Hands over what the lanes of departed handles hold.
    pub(super) fn flush_departed(&mut self) {
        for mut lane in self.departed.drain(..) {
            lane.flush();
        }
    }

    /// Tells `tell` once the venue has released `topics`.
    pub(super) fn when_released(&mut self, topics: Vec<TopicId>, tell: Vec<oneshot::Sender<()>>) {
        if topics.is_empty() {
            return tell.into_iter().for_each(tell_released);
        }
        let closing = self.closings.add(topics.len(), tell);
        for id in topics {
            self.routes[id.index()].closing.push(closing);
        }
    }

    /// The handle that has been full for longest, because of which nothing may be read.
    ///
    /// Only those that were full are looked at: none gets full but by what it is handed here, and a
    /// consumer that makes room wakes this task.
    pub(super) fn full(&mut self) -> Option<Seat> {
        let seats = &mut self.seats;
        self.full.retain(|seat| {
            let Some(seated) = &mut seats[*seat] else {
                return false;
            };
            seated.full = seated.lane.is_full();
            seated.full
        });
        self.full.first().copied()
    }

    pub(super) fn label(&self, seat: Seat) -> String {
        self.seats[seat]
            .as_ref()
            .map_or_else(String::new, |seated| seated.lane.handle().label())
    }

    /// Tells everyone but the handle itself that nothing is read because of it.
    pub(super) fn stalled(&mut self, full: Seat, by: &str) {
        for seat in self
            .seated()
            .filter(|seat| *seat != full)
            .collect::<Vec<_>>()
        {
            self.tell(seat, |tracker, lane| {
                tracker.stalled(by, &mut |marker| lane.mark(marker));
            });
        }
    }

    /// Tells those that were told of the stall that it is over.
    pub(super) fn flowing(&mut self, full: Seat) {
        for seat in self
            .seated()
            .filter(|seat| *seat != full)
            .collect::<Vec<_>>()
        {
            self.tell(seat, |tracker, lane| {
                tracker.flowing(&mut |marker| lane.mark(marker));
            });
        }
    }

    /// Hands over what the batch brought: one lock and at most one wake a handle.
    pub(super) fn flush(&mut self) {
        for seat in self.touched.drain(..) {
            if let Some(seated) = &mut self.seats[seat] {
                seated.touched = false;
                seated.lane.flush();
                if seated.lane.is_full() && !std::mem::replace(&mut seated.full, true) {
                    self.full.push(seat);
                }
            }
        }
        self.wake();
    }

    fn wake(&mut self) {
        self.to_wake.drain(..).for_each(Waker::wake);
    }

    fn seated(&self) -> impl Iterator<Item = Seat> + '_ {
        self.seats
            .iter()
            .enumerate()
            .filter_map(|(seat, seated)| seated.as_ref().map(|_| seat))
    }

    fn tell(&mut self, seat: Seat, call: impl FnOnce(&mut Tracker, &mut dyn Lane<P::Event>)) {
        if let Some(seated) = &mut self.seats[seat] {
            if !std::mem::replace(&mut seated.touched, true) {
                self.touched.push(seat);
            }
            call(&mut seated.tracker, &mut *seated.lane);
        }
    }

    fn tell_all(&mut self, mut call: impl FnMut(&mut Tracker, &mut dyn Lane<P::Event>)) {
        for seat in 0..self.seats.len() {
            self.tell(seat, &mut call);
        }
    }

    /// Nobody need wait for the topic's release any more.
    pub(super) fn acknowledge(&mut self, id: TopicId) {
        let Some(route) = self.routes.get_mut(id.index()) else {
            return;
        };
        for closing in std::mem::take(&mut route.closing) {
            let done = self.closings.released(closing);
            done.into_iter().for_each(tell_released);
        }
    }
}

impl<P: Protocol> Drop for Router<P> {
    /// Also when the task panics: nobody must be left asleep.
    fn drop(&mut self) {
        self.wake();
    }
}

fn tell_released(tell: oneshot::Sender<()>) {
    // Whoever asked may have stopped waiting.
    let _ = tell.send(());
}
