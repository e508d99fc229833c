//! What handles want otherwise than before, carried over to the router and the machine.

use tokio::sync::oneshot;

use super::Driver;
use crate::feed::client::answers::Ticket;
use crate::feed::client::ledger::{Change, Changed, What};
use crate::feed::client::router::{Joining, Seat};
use crate::feed::subscription::handle::HandleId;
use crate::feed::{Join, Protocol, Topic, TopicId};

impl<P: Protocol> Driver<P> {
    pub(super) fn apply(&mut self, changed: Changed<P>) {
        let Changed { handle, what } = changed;
        match what {
            What::Gone(closers) => self.leave_all(handle, closers),
            What::Wants {
                lane,
                whole,
                eager,
                changes,
            } => {
                if let Some(seat) = self.router.seat(handle, lane, whole, eager) {
                    for (topic, change) in changes {
                        self.change(seat, &topic, change);
                    }
                }
            }
        }
    }

    fn change(&mut self, seat: Seat, topic: &P::Topic, change: Change) {
        let Change {
            leave,
            join,
            renew,
            ticket,
        } = change;
        if leave {
            self.leave_one(seat, topic);
        }
        if join {
            self.join(seat, topic, ticket);
        }
        // What still waits for its place begins anew anyway.
        if renew && let Some(id) = self.connection.machine.find(topic) {
            self.connection.machine.renew(id, self.router.now);
        }
    }

    fn leave_all(&mut self, id: HandleId, closers: Vec<oneshot::Sender<()>>) {
        let mut freed = Vec::new();
        if let Some(seat) = self.router.seat_of(id) {
            self.admission.cancel_all(seat);
            for topic in self.router.topics_of(seat) {
                if self.leave(seat, topic).1 {
                    freed.push(topic);
                }
            }
            self.router.stand_up(id);
        }
        self.router.when_released(freed, closers);
    }

    /// A topic was removed from a handle that may still be waiting for its acceptance.
    fn leave_one(&mut self, seat: Seat, topic: &P::Topic) {
        let known = self.connection.machine.find(topic);
        let answered = match known.filter(|id| self.router.holds(seat, *id)) {
            Some(id) => self.leave(seat, id).0,
            None => {
                self.admission.cancel(seat, topic);
                false
            }
        };
        if !answered {
            self.router.settle(seat, 1);
        }
    }

    /// Returns whether the topic had been accepted for the handle, and whether no handle is left
    /// on it.
    fn leave(&mut self, seat: Seat, topic: TopicId) -> (bool, bool) {
        let (answered, last) = self.router.leave(seat, topic);
        if last {
            self.release(topic);
        }
        (answered, last)
    }

    /// Takes a topic out of what is wanted, of both connections where there are two.
    pub(super) fn release(&mut self, topic: TopicId) {
        let now = self.router.now;
        self.connection.machine.release(topic, now);
        let second = self.succession.as_mut();
        if let Some(second) = second.and_then(|second| second.machine())
            && second.topics().contains(topic)
        {
            second.release(topic, now);
        }
    }

    /// Adds a topic to what is wanted, of both connections where there are two.
    fn want(&mut self, topic: &P::Topic) -> TopicId {
        let machine = &mut self.connection.machine;
        let second = self.succession.as_mut();
        match second.and_then(|second| second.machine()) {
            Some(second) => machine.want_with(second, topic),
            None => machine.want(topic),
        }
    }

    /// Leads a topic to a handle too, or has it wait for a place.
    pub(super) fn join(&mut self, seat: Seat, topic: &P::Topic, ticket: Option<Ticket>) {
        let channel = topic.channel();
        let known = self.connection.machine.find(topic);
        if known.is_none() && !self.admission.has_room(channel.name) {
            return self.admission.wait(seat, topic, ticket);
        }
        let id = self.want(topic);
        let machine = &mut self.connection.machine;
        self.admission.admit(id, channel.name);
        if self.router.holds(seat, id) {
            return;
        }
        // Whoever waited for this topic's release waits no longer: it is wanted again.
        self.router.acknowledge(id);
        let joining = Joining {
            id,
            symbol: topic.symbol().cloned(),
            join: channel.join,
            active: machine.is_active(id),
            begun: machine.has_begun(id),
            ending: machine.is_ending(id),
            ticket,
        };
        // Also where it is yet to be asked for again: what was missed is not all that whoever joins lacks.
        if self.router.join(seat, joining) || channel.join == Join::Resubscribe {
            machine.renew(id, self.router.now);
        }
    }
}
