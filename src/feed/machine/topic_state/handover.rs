//! How a topic goes on that another connection has brought until now.

use std::time::Instant;

use super::{Announced, Blind, Desired, Down, TopicEntry, TopicState};
use crate::feed::Position;
use crate::feed::machine::numbers::LearnedNumbers;
use crate::{GapId, Timestamp};

/// What the first items of a topic are measured by, on the connection that has taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handover {
    /// By their numbers: those up to `last` were delivered by the other connection.
    Continues {
        last: u64,
        /// The last number that this connection has brought; the next is higher, or the numbers are
        /// others.
        seen: Option<u64>,
        /// What comes later is no repeat of what the other has brought.
        until: Instant,
    },
    /// They are of no use before the topic has been subscribed to afresh.
    Anew,
}

/// What is to be made of an item that is measured so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::feed::machine) enum Place {
    /// The other connection has delivered it.
    Repeated,
    /// A new beginning is to come before it.
    Unusable,
    /// It is what comes next, or whether it is shows by the numbers that were learned.
    Next,
    /// This number should have come.
    Jumps { expected: u64, missed: u64 },
    /// The numbers show nothing.
    Unproven,
}

/// What a topic leaves to its successor.
#[derive(Debug)]
pub(in crate::feed::machine) struct Bequest {
    /// It was in the venue's set, and nothing was to be changed about that.
    pub(in crate::feed::machine) at_rest: bool,
    /// It was, or was being, brought.
    pub(in crate::feed::machine) brought: bool,
    pub(in crate::feed::machine) down: Option<Down>,
    last_time: Option<Timestamp>,
    /// The last number, where numbers had earned belief.
    pub(in crate::feed::machine) believed: Option<u64>,
    stale: bool,
    ever_accepted: bool,
    announced: Option<Announced>,
    blind: Option<Blind>,
    repairs: Vec<GapId>,
}

impl TopicEntry {
    /// Whether it is in the venue's set, and nothing is to be changed about that.
    pub(in crate::feed::machine) fn is_at_rest(&self) -> bool {
        self.desired == Desired::Yes && matches!(self.state, TopicState::Active { .. })
    }

    /// Whether the venue brings it, accepted or not, or may.
    pub(in crate::feed::machine) fn is_brought(&self) -> bool {
        self.is_held() || self.began
    }

    /// The last of its numbers, where they have earned belief.
    pub(in crate::feed::machine) fn believed(&self) -> Option<u64> {
        self.numbers
            .as_ref()
            .and_then(LearnedNumbers::believed_last)
    }

    /// Takes out what a successor goes on from.
    pub(in crate::feed::machine) fn bequeath(&mut self) -> Bequest {
        Bequest {
            at_rest: self.is_at_rest(),
            brought: self.is_brought(),
            down: self.down.take(),
            last_time: self.last_time,
            believed: self.believed(),
            stale: self.stale,
            ever_accepted: self.ever_accepted,
            announced: self.announced.take(),
            // Its alarm stays behind: what it was to say is said by the hand-over.
            blind: self.blind.map(|blind| Blind {
                noticed: None,
                ..blind
            }),
            repairs: std::mem::take(&mut self.repairs),
        }
    }

    /// Takes in what does not depend on how it goes on.
    pub(in crate::feed::machine) fn inherit(&mut self, bequest: &mut Bequest) {
        self.down = None;
        self.announced = bequest.announced;
        self.blind = bequest.blind;
        self.stray_since = None;
        self.last_time = bequest.last_time;
        self.stale = bequest.stale;
        self.ever_accepted |= bequest.ever_accepted;
        self.repairs = std::mem::take(&mut bequest.repairs);
        self.update();
    }

    /// It goes on after this number.
    pub(in crate::feed::machine) fn continue_after(
        &mut self,
        last: u64,
        seen: Option<u64>,
        until: Instant,
    ) {
        if let Some(numbers) = &mut self.numbers {
            *numbers = LearnedNumbers::believed_up_to(last);
        }
        self.handover = Some(Handover::Continues { last, seen, until });
        self.update();
    }

    /// It goes on from a new beginning, which is yet to be asked for. What comes until then is missing.
    pub(in crate::feed::machine) fn continue_anew(&mut self, down: Option<Down>) {
        self.down = self.down.or(down);
        self.handover = Some(Handover::Anew);
        self.update();
    }

    /// It goes on as if the venue had only now begun to bring it.
    pub(in crate::feed::machine) fn begin_again(&mut self, down: Option<Down>) {
        self.down = down;
        self.began = false;
        self.update();
    }

    pub(in crate::feed::machine) fn is_handed_over(&self) -> bool {
        self.handover.is_some()
    }

    /// What is to be made of an item with this number, or with none.
    pub(in crate::feed::machine) fn place(
        &mut self,
        position: Option<Position>,
        now: Instant,
    ) -> Place {
        let Some(handover) = &mut self.handover else {
            return Place::Next;
        };
        let Handover::Continues { last, seen, until } = handover else {
            return Place::Unusable;
        };
        let last = *last;
        let proven = position.filter(|position| seen.is_none_or(|seen| position.first > seen));
        let Some(position) = proven else {
            return self.cannot_be_placed();
        };
        if position.last <= last {
            if now > *until {
                return self.cannot_be_placed();
            }
            *seen = Some(position.last);
            return Place::Repeated;
        }
        self.handover = None;
        self.update();
        let next = last.saturating_add(1);
        if let Some(numbers) = &mut self.numbers {
            // One that stands for a range may begin with what has been delivered.
            *numbers = LearnedNumbers::believed_up_to(last.min(position.first.saturating_sub(1)));
            return Place::Next;
        }
        if position.first <= next {
            return Place::Next;
        }
        Place::Jumps {
            expected: next,
            missed: position.first - next,
        }
    }

    fn cannot_be_placed(&mut self) -> Place {
        self.handover = None;
        self.numbers = self.numbers.map(|_| LearnedNumbers::default());
        self.update();
        Place::Unproven
    }
}
