//! Where one topic stands, at the venue and for its consumers.

mod handover;

use std::time::{Duration, Instant};

use self::handover::Handover;
pub(super) use self::handover::{Bequest, Place};
use super::liveness::Sign;
use super::numbers::{LearnedNumbers, Step};
use super::retry::Retry;
use crate::feed::{Position, RequestId};
use crate::{GapId, Timestamp};

/// A topic keeps no more gaps that wait for a repair than this.
const REPAIRS: usize = 8;

/// Where a topic stands at the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TopicState {
    /// The number names no topic.
    Vacant,
    /// Not in the venue's set, and not to be asked for before `retry_at`.
    Absent { retry_at: Option<Instant> },
    /// Asked for, not yet answered.
    Requested(RequestId),
    /// Answered; the first event decides until `due`. Where the venue does not promise one, the topic is
    /// accepted then all the same.
    AwaitingFirst { due: Instant, promised: bool },
    /// In the venue's set, and not to be asked about before `retry_at`.
    Active { retry_at: Option<Instant> },
    /// Being taken out of it.
    Releasing(RequestId),
}

/// What the handles want of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Desired {
    No,
    Yes,
    /// Wanted, from a new beginning.
    Resubscribe,
}

/// From when on events of a topic may be missing, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Down {
    /// In the venue's time, where its events carry any.
    pub(super) from: Timestamp,
    pub(super) seen_from: Timestamp,
    /// Because it was subscribed to again, not because the connection or the venue lost it.
    pub(super) renewed: bool,
}

/// The extent of a gap that was announced before the first event after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Announced {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) seen_from: Timestamp,
    pub(super) seen_to: Timestamp,
    /// What the venue's clock read at its end, as far as that is known.
    pub(super) clock: Timestamp,
}

/// A time in which nothing of a topic is delivered: it was found silent, or what comes of it is of no use,
/// or is kept back.
#[derive(Clone, Copy, Debug)]
struct Blind {
    since: Timestamp,
    /// When it is to be said, if it has not been.
    noticed: Option<Instant>,
}

impl Announced {
    /// The extent of both.
    pub(super) fn union(self, other: Self) -> Self {
        Self {
            from: self.from.min(other.from),
            to: self.to.max(other.to),
            seen_from: self.seen_from.min(other.seen_from),
            seen_to: self.seen_to.max(other.seen_to),
            clock: self.clock.max(other.clock),
        }
    }
}

/// One topic. Every change is a method, which sees to what depends on it.
#[derive(Debug)]
pub(super) struct TopicEntry {
    state: TopicState,
    desired: Desired,
    /// Its new beginning is wanted because what it brings is of no use.
    of_no_use: bool,
    /// The venue has answered, and the first event that decides has not come.
    owes_acceptance: bool,
    channel: usize,
    /// Counts the topics that have had this number.
    generation: u32,
    /// The next event must be looked at: see [`update`](Self::update).
    slow_path: bool,
    /// It has brought an event on this subscription.
    began: bool,
    /// It has been accepted on some connection.
    ever_accepted: bool,
    /// It was reported stale, and has brought nothing since.
    stale: bool,
    down: Option<Down>,
    announced: Option<Announced>,
    blind: Option<Blind>,
    /// The gaps that the next beginning repairs.
    repairs: Vec<GapId>,
    /// Time of the last event that was delivered.
    last_time: Option<Timestamp>,
    /// Since when its events cannot be used, because what they build on has not come.
    stray_since: Option<Instant>,
    /// Something came of it that could not be used: the venue does bring it.
    stirred: bool,
    numbers: Option<LearnedNumbers>,
    /// Another connection has brought it until now.
    handover: Option<Handover>,
    retry: Retry,
    /// The venue left a request with it unanswered: it is asked for last, and in small company.
    suspect: bool,
    /// A request was not answered, so that the venue may have what counts as absent.
    maybe_held: bool,
    /// How often in a row a request with this topic alone was not answered.
    unanswered_alone: u32,
    /// When the first request was made of those that were not answered, or the first since the venue was
    /// heard.
    unanswered_since: Option<Instant>,
    /// What was heard of the venue after a request that it did not answer.
    heard: Sign,
    max_batch: usize,
}

impl TopicEntry {
    pub(super) fn vacant() -> Self {
        Self {
            state: TopicState::Vacant,
            desired: Desired::No,
            of_no_use: false,
            owes_acceptance: false,
            channel: 0,
            generation: 0,
            slow_path: true,
            began: false,
            ever_accepted: false,
            stale: false,
            down: None,
            announced: None,
            blind: None,
            repairs: Vec::new(),
            last_time: None,
            stray_since: None,
            stirred: false,
            numbers: None,
            handover: None,
            retry: Retry::default(),
            suspect: false,
            maybe_held: false,
            unanswered_alone: 0,
            unanswered_since: None,
            heard: Sign::None,
            max_batch: usize::MAX,
        }
    }

    /// The number gets a topic, of which all since then is wanted.
    pub(super) fn occupy(&mut self, channel: usize, learns: bool, since: Option<Timestamp>) {
        if self.state == TopicState::Vacant {
            *self = Self {
                state: TopicState::Absent { retry_at: None },
                channel,
                generation: self.generation.wrapping_add(1),
                numbers: learns.then(LearnedNumbers::default),
                last_time: since,
                ..Self::vacant()
            };
        }
    }

    /// The number loses its topic.
    pub(super) fn vacate(&mut self) {
        *self = Self {
            generation: self.generation,
            ..Self::vacant()
        };
    }

    pub(super) fn state(&self) -> TopicState {
        self.state
    }

    pub(super) fn desired(&self) -> Desired {
        self.desired
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.desired != Desired::No
    }

    pub(super) fn channel(&self) -> usize {
        self.channel
    }

    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    #[inline]
    pub(super) fn takes_slow_path(&self) -> bool {
        self.slow_path
    }

    pub(super) fn began(&self) -> bool {
        self.began
    }

    pub(super) fn ever_accepted(&self) -> bool {
        self.ever_accepted
    }

    /// Whether it was reported stale and has brought nothing since.
    pub(super) fn is_stale(&self) -> bool {
        self.stale
    }

    pub(super) fn is_suspect(&self) -> bool {
        self.suspect
    }

    /// Whether the venue may have it although it counts as absent.
    pub(super) fn may_be_held(&self) -> bool {
        self.maybe_held
    }

    pub(super) fn max_batch(&self) -> usize {
        self.max_batch
    }

    /// Whether it is missing something, or has brought something that was of no use: the venue knows it.
    pub(super) fn is_known_to_the_venue(&self) -> bool {
        self.down.is_some() || self.stirred
    }

    pub(super) fn last_time(&self) -> Option<Timestamp> {
        self.last_time
    }

    /// From when on it may be asked for, or about.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        match self.state {
            TopicState::Absent { retry_at } | TopicState::Active { retry_at } => retry_at,
            _ => None,
        }
    }

    /// Whether the venue has it in its set, as far as we know.
    pub(super) fn is_held(&self) -> bool {
        matches!(
            self.state,
            TopicState::AwaitingFirst { .. } | TopicState::Active { .. } | TopicState::Releasing(_)
        )
    }

    /// Sets whether it is wanted; tells whether that is a change.
    pub(super) fn set_wanted(&mut self, wanted: bool) -> bool {
        let changes = self.is_wanted() != wanted;
        if changes {
            self.desired = if wanted { Desired::Yes } else { Desired::No };
            // What is to be released now does not wait for what was to be asked for later.
            match &mut self.state {
                TopicState::Active { retry_at } => *retry_at = None,
                TopicState::Absent { retry_at } if self.maybe_held => *retry_at = None,
                _ => {}
            }
        }
        changes
    }

    /// A new beginning is wanted, of a topic that is. Without `at_once` its own backoff decides when.
    pub(super) fn resubscribe(&mut self, now: Instant, at_once: bool) {
        if !self.is_wanted() {
            return;
        }
        // Whatever is asked for or absent will begin anew in any case, unless its beginning has come ahead of
        // the answer.
        if !self.is_held() || matches!(self.state, TopicState::Releasing(_)) {
            if matches!(self.state, TopicState::Releasing(_)) || self.began {
                self.desired = Desired::Resubscribe;
                self.of_no_use = !at_once;
            }
            return;
        }
        if self.desired == Desired::Resubscribe {
            return;
        }
        self.desired = Desired::Resubscribe;
        self.of_no_use = !at_once;
        let wait = self.retry.again(now);
        let retry_at = (!at_once && !wait.is_zero()).then(|| now + wait);
        self.state = TopicState::Active { retry_at };
        self.update();
    }

    /// A new beginning of it has come. If one was to be asked for because what came before was of no use, it
    /// need not be any more.
    pub(super) fn begun_anew(&mut self) {
        if let TopicState::Active { retry_at } = &mut self.state
            && self.desired == Desired::Resubscribe
            && self.of_no_use
        {
            *retry_at = None;
            self.desired = Desired::Yes;
            self.update();
        }
    }

    /// Whether the venue's answer is still to be reported, when its first event has come.
    pub(super) fn owes_acceptance(&self) -> bool {
        self.owes_acceptance
    }

    /// A request that adds it is on its way.
    pub(super) fn requested(&mut self, request: RequestId) {
        self.state = TopicState::Requested(request);
        self.owes_acceptance = false;
        (self.began, self.stirred) = (false, false);
        self.stray_since = None;
        self.handover = None;
        self.update();
    }

    /// A request that takes it out is on its way.
    pub(super) fn releasing(&mut self, request: RequestId) {
        self.state = TopicState::Releasing(request);
        self.stirred = false;
        self.update();
    }

    /// The venue has answered, and an event decides.
    pub(super) fn await_first(&mut self, due: Instant, promised: bool) {
        self.state = TopicState::AwaitingFirst { due, promised };
        self.owes_acceptance = true;
        self.update();
    }

    /// It is in the venue's set.
    pub(super) fn accepted(&mut self) {
        if !matches!(self.state, TopicState::Active { .. }) {
            self.state = TopicState::Active { retry_at: None };
        }
        self.owes_acceptance = false;
        self.ever_accepted = true;
        self.maybe_held = false;
        self.absolve();
        self.update();
    }

    /// It is no longer in the venue's set, as we asked.
    pub(super) fn released(&mut self, lost: impl FnOnce() -> Down) {
        self.state = TopicState::Absent { retry_at: None };
        self.maybe_held = false;
        if self.desired == Desired::Resubscribe {
            self.desired = Desired::Yes;
            self.down.get_or_insert_with(lost);
        }
        self.forget_subscription();
    }

    /// It is in the venue's set, and to be added again.
    pub(super) fn renewed_in_place(&mut self, lost: impl FnOnce() -> Down) {
        self.released(lost);
        self.maybe_held = true;
    }

    /// It is no longer in the venue's set, though it is wanted: asked for again after its own backoff.
    pub(super) fn withdrawn(&mut self, retry_at: Instant, lost: impl FnOnce() -> Down) {
        self.down.get_or_insert_with(lost);
        self.maybe_held = false;
        self.stays_absent(Some(retry_at));
    }

    /// It did not get into the venue's set.
    pub(super) fn stays_absent(&mut self, retry_at: Option<Instant>) {
        self.state = TopicState::Absent { retry_at };
        if self.desired == Desired::Resubscribe {
            self.desired = Desired::Yes;
        }
        self.forget_subscription();
    }

    /// The venue has taken it away while it is being asked for: what it brought was no answer.
    pub(super) fn withdrawn_early(&mut self, lost: impl FnOnce() -> Down) {
        if self.began {
            self.down.get_or_insert_with(lost);
        }
        self.forget_subscription();
    }

    /// A request was never answered: the venue may have it or not.
    pub(super) fn becomes_uncertain(
        &mut self,
        retry_at: Option<Instant>,
        lost: impl FnOnce() -> Down,
    ) {
        if self.is_held() || self.began {
            self.down.get_or_insert_with(lost);
        }
        self.stays_absent(retry_at);
        self.maybe_held = true;
    }

    /// It is still in the venue's set, and not to be asked about for a while.
    pub(super) fn stays_active(&mut self, retry_at: Option<Instant>) {
        self.state = TopicState::Active { retry_at };
        self.update();
    }

    /// The connection is gone. Tells whether the venue had, or may have had, the topic.
    pub(super) fn disconnected(&mut self, lost: impl FnOnce() -> Down) -> bool {
        // Data may have come ahead of the acceptance.
        if self.is_held() || self.began {
            let new = lost();
            self.down = Some(match self.down {
                Some(down) => Down {
                    from: down.from.min(new.from),
                    seen_from: down.seen_from.min(new.seen_from),
                    renewed: false,
                },
                None => new,
            });
        } else if let Some(down) = &mut self.down {
            down.renewed = false;
        }
        self.maybe_held = false;
        let known = !matches!(self.state, TopicState::Absent { .. } | TopicState::Vacant);
        match self.state {
            TopicState::Vacant => {}
            // A refusal that may pass is none of the connection's.
            TopicState::Absent { retry_at } => self.stays_absent(retry_at),
            _ => self.stays_absent(None),
        }
        known
    }

    fn forget_subscription(&mut self) {
        (self.began, self.stirred) = (false, false);
        self.owes_acceptance = false;
        self.stray_since = None;
        self.update();
    }

    /// Takes what may be missing, to be announced.
    pub(super) fn take_down(&mut self) -> Option<Down> {
        let down = self.down.take();
        self.update();
        down
    }

    pub(super) fn down(&self) -> Option<Down> {
        self.down
    }

    /// A gap was announced before the first event after it. Another may have been before, and no event
    /// since: what that one said of the time is still to be seen.
    pub(super) fn announce(&mut self, announced: Announced) {
        let before = self.announced.take();
        self.announced = Some(before.map_or(announced, |before| before.union(announced)));
        self.update();
    }

    /// The first event after an announced gap has come.
    pub(super) fn take_announced(&mut self) -> Option<Announced> {
        self.announced.take()
    }

    /// An event of it is being delivered; what it ends has been seen to.
    pub(super) fn begin(&mut self) {
        self.began = true;
        self.stale = false;
        self.blind = None;
        self.stray_since = None;
        self.update();
    }

    #[inline]
    pub(super) fn set_last_time(&mut self, time: Timestamp) {
        self.last_time = Some(time);
    }

    /// Nothing of it has been delivered since then, by our clock, though something may have been sent. Where
    /// there is a moment when that is to be said, tells whether it is the first.
    pub(super) fn set_blind(&mut self, since: Timestamp, noticed: Option<Instant>) -> bool {
        let first = self.blind.is_none();
        self.blind.get_or_insert(Blind { since, noticed });
        self.update();
        first
    }

    pub(super) fn is_blind(&self) -> bool {
        self.blind.is_some()
    }

    /// When it is to be said that nothing of it is delivered.
    pub(super) fn blind_noticed(&self) -> Option<Instant> {
        self.blind.and_then(|blind| blind.noticed)
    }

    pub(super) fn put_off_blind(&mut self, by: Duration) {
        if let Some(Blind { noticed, .. }) = &mut self.blind {
            *noticed = noticed.map(|at| at + by);
        }
    }

    /// What it lacks up to here is said: whatever it lacks from here on begins anew.
    pub(super) fn sees_again(&mut self) {
        self.blind = None;
        self.update();
    }

    /// From when on events of it are missing if its connection, or its subscription, is lost here, where
    /// `complete` is the last moment up to which nothing of the connection is, and `last` the time of its
    /// last event. One of which nothing is delivered may have missed events since then.
    pub(super) fn lost(&self, last: Timestamp, complete: Timestamp) -> Down {
        let (last, seen_from) = match self.blind {
            Some(Blind { since, .. }) if since < complete => (last.min(since), since),
            _ => (last, complete),
        };
        Down {
            from: self.last_time.unwrap_or(last),
            seen_from,
            renewed: false,
        }
    }

    /// It was reported stale: the next event says that it is not any more.
    pub(super) fn set_stale(&mut self) {
        self.stale = true;
        self.update();
    }

    /// An event came that cannot be used; tells whether it is the first of them.
    pub(super) fn stray(&mut self, now: Instant) -> bool {
        self.stirred = true;
        let first = self.stray_since.is_none();
        self.stray_since.get_or_insert(now);
        self.update();
        first
    }

    pub(super) fn stirred(&mut self) {
        self.stirred = true;
    }

    pub(super) fn stray_since(&self) -> Option<Instant> {
        self.stray_since
    }

    /// A gap will be repaired by the next beginning. Returns one that there is no room to remember.
    pub(super) fn repair_later(&mut self, gap: GapId) -> Option<GapId> {
        self.repairs.push(gap);
        (self.repairs.len() > REPAIRS).then(|| self.repairs.remove(0))
    }

    pub(super) fn take_repairs(&mut self) -> Vec<GapId> {
        std::mem::take(&mut self.repairs)
    }

    /// The first event is waited for until `due`, which is this much later than before.
    pub(super) fn put_off_first(&mut self, at: Instant, by: Duration) {
        if let TopicState::AwaitingFirst { due, .. } = &mut self.state
            && *due + by == at
        {
            *due = at;
        }
    }

    /// Nothing was read for this long: events that cannot be used came later by as much.
    pub(super) fn put_off_stray(&mut self, by: Duration) {
        self.stray_since = self.stray_since.map(|since| since + by);
    }

    /// How far a position is ahead of what should have come, where the numbers are believed.
    #[inline]
    pub(super) fn step(&mut self, position: Position) -> Step {
        let after_outage = self.down.is_some() || self.announced.is_some();
        match &mut self.numbers {
            Some(numbers) => numbers.step(position, after_outage),
            None => Step::Unknown,
        }
    }

    pub(super) fn learns_numbers(&self) -> bool {
        self.numbers.is_some()
    }

    pub(super) fn believes_numbers(&self) -> bool {
        self.numbers.as_ref().is_some_and(LearnedNumbers::believed)
    }

    /// When to ask again after a refusal or an unanswered request.
    pub(super) fn next_retry(&mut self, now: Instant) -> Instant {
        now + self.retry.after_failure(now)
    }

    /// A request with it was refused without a name or not answered: it is asked for last, by half as
    /// many at a time. Tells how often in a row that happened to it alone.
    pub(super) fn suspect(&mut self, company: usize, asked: Instant) -> u32 {
        self.suspect = true;
        self.unanswered_since.get_or_insert(asked);
        self.max_batch = company.div_ceil(2).max(1);
        if company == 1 {
            self.unanswered_alone += 1;
        }
        self.unanswered_alone
    }

    /// Since when the venue owes an answer for it.
    pub(super) fn unanswered_since(&self) -> Option<Instant> {
        self.unanswered_since
    }

    /// The venue was heard since a request that it did not answer. Tells whether it left another
    /// unanswered after it had been heard: until then the silence may have been that of all of it.
    pub(super) fn heard_meanwhile(&mut self, sign: Sign) -> bool {
        let again = self.heard >= sign;
        if !again {
            (self.heard, self.unanswered_since) = (sign, None);
        }
        again
    }

    /// In smaller company from now on, though it is not suspected of being silent.
    pub(super) fn halve(&mut self, company: usize) {
        self.max_batch = company.div_ceil(2).max(1);
    }

    /// The venue has answered for it.
    fn absolve(&mut self) {
        self.suspect = false;
        self.unanswered_alone = 0;
        self.unanswered_since = None;
        self.heard = Sign::None;
        self.max_batch = usize::MAX;
    }

    /// The next event must be looked at if it ends something: an outage, a wait, a staleness.
    fn update(&mut self) {
        self.slow_path = self.down.is_some()
            || !self.began
            || self.stale
            || self.announced.is_some()
            || self.blind.is_some()
            || self.stray_since.is_some()
            || self.handover.is_some()
            || !matches!(
                self.state,
                TopicState::Active { .. } | TopicState::Releasing(_) | TopicState::Requested(_)
            );
    }
}
