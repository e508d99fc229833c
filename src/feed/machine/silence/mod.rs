//! Whether data stays away: of the whole connection first, then of single topics.

mod upkeep;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::listening::{Listening, Moment};
use super::question::{Question, Reconnects, Step};
use super::quiet::{Quiet, QuietConfig};
use super::rhythm::Rhythm;
use crate::feed::{ChannelSpec, TopicId};
use crate::rate::Bucket;
use crate::{Now, Rate};

/// How many single topics may be asked for again: these at once, and then one after another. Where more
/// fall silent together, the first of them speak for the rest.
const ASKS: Rate = Rate::new(1, Duration::from_secs(30)).with_burst(10);

/// The silence of a connection and of its topics, in memory that grows with the number of topics alone.
#[derive(Debug)]
pub(super) struct Silence {
    config: QuietConfig,
    clock: Listening,
    /// When what is being read came.
    at: Moment,
    read_at: Option<Instant>,
    rhythm: Rhythm,
    question: Question,
    pulses: Vec<Pulse>,
    /// When topics are to be looked at. Events change nothing here: what falls due is asked then when it
    /// last heard something.
    agenda: BTreeSet<(Moment, TopicId)>,
    /// Silence before this is held against no topic: the connection was silent as a whole, or its market
    /// was closed.
    since: Moment,
    closed_until: Option<Instant>,
    reconnects: Reconnects,
    asks: Bucket,
    /// The topic that was asked for to see whether the connection brings anything.
    canary: Option<TopicId>,
    /// Topics that were reported stale because the whole connection was silent.
    reported: Vec<TopicId>,
    /// How many topics of each channel are overdue.
    overdue: Vec<usize>,
}

/// The silence of one topic.
#[derive(Debug, Default)]
struct Pulse {
    rhythm: Rhythm,
    question: Question,
    /// How the venue treats its channel, and the channel's number; `None` for a number without a topic.
    channel: Option<(&'static ChannelSpec, usize)>,
    /// It stands in the agenda for this moment.
    scheduled: Option<Moment>,
    /// Its next event changes nothing but the rhythm.
    plain: bool,
    overdue: bool,
}

/// How a topic stands, apart from its silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The venue is not bringing it, or need not.
    Inactive,
    /// It should bring something.
    Active,
    /// So it should, and it was reported stale for another reason.
    Stale,
}

/// What silence leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// These topics have been silent for too long, alone or with all of the connection.
    Stale {
        topics: Vec<TopicId>,
        silence: Duration,
        alone: bool,
    },
    /// Ask the venue for this topic again.
    Resubscribe(TopicId),
    /// Connect anew, after so long a silence.
    Reconnect(Duration),
}

impl Silence {
    pub(super) fn new(config: QuietConfig, now: Instant) -> Self {
        Self {
            config,
            clock: Listening::new(now),
            at: Moment::default(),
            read_at: None,
            rhythm: Rhythm::default(),
            question: Question::default(),
            pulses: Vec::new(),
            agenda: BTreeSet::new(),
            since: Moment::default(),
            closed_until: None,
            reconnects: Reconnects::default(),
            asks: Bucket::new(ASKS),
            canary: None,
            reported: Vec::new(),
            overdue: Vec::new(),
        }
    }

    /// A number names a topic.
    pub(super) fn occupy(&mut self, id: TopicId, spec: &'static ChannelSpec, channel: usize) {
        if self.config.mode == Quiet::Off {
            return;
        }
        if self.pulses.len() <= id.index() {
            self.pulses.resize_with(id.index() + 1, Pulse::default);
        }
        let pulse = &mut self.pulses[id.index()];
        if pulse.channel.is_none() {
            pulse.rhythm = Rhythm::new(spec.cadence);
            pulse.channel = Some((spec, channel));
        }
    }

    /// A number names no topic any more.
    pub(super) fn vacate(&mut self, id: TopicId) {
        self.set_overdue(id, false);
        let Some(pulse) = self.pulses.get_mut(id.index()) else {
            return;
        };
        if let Some(at) = std::mem::take(pulse).scheduled {
            self.agenda.remove(&(at, id));
        }
        self.reported.retain(|reported| *reported != id);
        self.canary = self.canary.filter(|canary| *canary != id);
    }

    /// Nothing is read from now on, or it is read again.
    pub(super) fn set_reading(&mut self, reading: bool, now: Instant) {
        if reading {
            self.clock.resume(now);
        } else {
            self.clock.pause(now);
        }
    }

    /// What comes next was read now.
    #[inline]
    pub(super) fn read_at(&mut self, now: Instant) {
        if self.read_at != Some(now) {
            self.read_at = Some(now);
            self.at = self.clock.at(now);
        }
    }

    /// The connection is live: its silence counts from here.
    pub(super) fn live(&mut self) {
        self.rhythm.restart(self.at);
    }

    /// The connection is gone, and with it the answers to all questions.
    pub(super) fn disconnected(&mut self) {
        self.agenda.clear();
        self.question.reconnected();
        for pulse in &mut self.pulses {
            pulse.scheduled = None;
            pulse.question.reconnected();
        }
    }

    /// A topic is in the venue's set: its silence counts from here.
    pub(super) fn accepted(&mut self, id: TopicId) {
        let Some(pulse) = self.pulses.get_mut(id.index()) else {
            return;
        };
        let at = self.at;
        pulse.rhythm.restart(at);
        if let Some(patience) = pulse.rhythm.patience() {
            pulse.question.accepted(at, patience);
        }
        let cadence = pulse.rhythm.cadence();
        self.rhythm
            .set_cadence(cadence.into_iter().chain(self.rhythm.cadence()).min());
        if self.canary == Some(id) {
            // An answer at once is no sign of the rhythm.
            self.rhythm.restart(at);
            if let Some(patience) = self.rhythm.patience() {
                self.question.accepted(at, patience);
            }
        }
        self.schedule_next(id);
    }

    /// The first event that the venue promises of a topic did not come.
    pub(super) fn failed(&mut self, id: TopicId) {
        if self.canary == Some(id) {
            self.question.failed();
        }
        if let Some(pulse) = self.pulses.get_mut(id.index()) {
            pulse.question.failed();
            self.schedule(id, self.at);
        }
    }

    /// An event of a topic came. Returns whether that ends something: see [`answered`](Self::answered).
    #[inline]
    pub(super) fn heard(&mut self, id: TopicId) -> bool {
        let Some(pulse) = self.pulses.get_mut(id.index()) else {
            return false;
        };
        pulse.rhythm.heard(self.at);
        self.rhythm.heard(self.at);
        !pulse.plain || !self.question.is_calm()
    }

    /// The slow way of an event. `moved` tells that it happened during the silence that it ends. Returns
    /// the topics that are no longer stale because the connection is not silent any more.
    #[cold]
    pub(super) fn answered(&mut self, id: TopicId, moved: bool) -> Vec<TopicId> {
        let mut fresh = Vec::new();
        if self.question.heard(self.at, moved, &mut self.reconnects) {
            self.since = self.at;
            self.canary = None;
            fresh = std::mem::take(&mut self.reported);
            for at in 0..self.pulses.len() {
                let open = self.pulses[at].question.is_open();
                self.set_overdue(TopicId::at(at), open);
            }
        }
        let pulse = &mut self.pulses[id.index()];
        if pulse.question.heard(self.at, moved, &mut self.reconnects) {
            self.set_overdue(id, false);
        }
        self.schedule_next(id);
        let pulse = &mut self.pulses[id.index()];
        let learned = pulse.scheduled.is_some() || pulse.is_sporadic();
        pulse.plain = pulse.question.is_calm() && learned;
        fresh
    }

    /// What silence leads to next. The connection is live, and all that has come has been read.
    pub(super) fn next(
        &mut self,
        now: Now,
        standing: &impl Fn(TopicId) -> Standing,
    ) -> Option<Verdict> {
        self.read_at(now.instant);
        if let Some(until) = self.closed_until {
            if now.instant < until {
                return None;
            }
            (self.closed_until, self.since) = (None, self.at);
        }
        while self.connection_due().is_some_and(|due| due <= self.at) {
            if let Some(verdict) = self.judge_connection(now, standing) {
                return Some(verdict);
            }
            if self.closed_until.is_some() {
                return None;
            }
        }
        while let Some((due, id)) = self.agenda.first().copied()
            && due <= self.at
            && self.question.is_calm()
            && self.closed_until.is_none()
        {
            self.agenda.pop_first();
            self.pulses[id.index()].scheduled = None;
            if let Some(verdict) = self.judge_topic(id, now, standing) {
                return Some(verdict);
            }
        }
        None
    }

    /// When to look again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.closed_until.is_some() {
            return self.closed_until;
        }
        let agenda = self.agenda.first().map(|(due, _)| *due);
        // A topic is judged alone only where the others go on.
        let agenda = agenda.filter(|_| self.question.is_calm());
        let due = self.connection_due().into_iter().chain(agenda).min()?;
        self.clock.instant(due)
    }

    /// The numbers of the channels with topics whose data is overdue.
    pub(super) fn overdue_channels(&self) -> impl Iterator<Item = usize> + '_ {
        let overdue = self.overdue.iter().enumerate();
        overdue.filter(|(_, count)| **count > 0).map(|(at, _)| at)
    }

    fn connection_due(&self) -> Option<Moment> {
        if self.pulses.is_empty() || self.only_told(self.question) {
            return None;
        }
        let overdue = self.rhythm.overdue_at(self.since)?;
        Some(self.question.due(overdue).round_up())
    }

    /// Whether there is nothing more to do about something overdue.
    fn only_told(&self, question: Question) -> bool {
        self.config.mode == Quiet::Tell && question.is_open()
    }

    fn judge_connection(
        &mut self,
        now: Now,
        standing: &impl Fn(TopicId) -> Standing,
    ) -> Option<Verdict> {
        let active = self.active(standing);
        let cadences = active
            .iter()
            .filter_map(|id| self.pulse(*id).rhythm.cadence());
        self.rhythm.set_cadence(cadences.min());
        let heard = active.iter().map(|id| self.pulse(*id).rhythm.last()).min();
        let (Some(heard), Some(patience)) = (heard, self.rhythm.patience()) else {
            // Nothing is subscribed to whose silence would tell anything, or nothing yet.
            self.rhythm.restart(self.at);
            if self.reported.is_empty() {
                self.question = Question::default();
            } else {
                self.question
                    .accepted(self.at, self.rhythm.patience().unwrap_or(1_000));
            }
            return None;
        };
        // Nor could anything come before the first of them was.
        self.rhythm.restart(heard.max(self.rhythm.last()));
        if self.connection_due()? > self.at || self.market_is_closed(now) {
            return None;
        }
        if self.question.open(self.at, self.rhythm.last()) {
            for id in &active {
                self.set_overdue(*id, true);
            }
            let fresh = |id: &TopicId| standing(*id) == Standing::Active;
            self.reported = active.into_iter().filter(fresh).collect();
            return Some(Verdict::Stale {
                topics: self.reported.clone(),
                silence: self.question.silence(self.at),
                alone: false,
            });
        }
        let silence = self.question.silence(self.at);
        let step = self
            .question
            .step(self.at, patience, true, &mut self.reconnects);
        match step? {
            Step::Reconnect => Some(Verdict::Reconnect(silence)),
            Step::Resubscribe => {
                self.canary = active.into_iter().max_by_key(|id| self.eloquence(*id));
                self.canary.map(Verdict::Resubscribe)
            }
        }
    }

    fn judge_topic(
        &mut self,
        id: TopicId,
        now: Now,
        standing: &impl Fn(TopicId) -> Standing,
    ) -> Option<Verdict> {
        let pulse = self.pulse(id);
        let patience = pulse.rhythm.patience()?;
        if pulse.is_sporadic()
            || standing(id) == Standing::Inactive
            || self.only_told(pulse.question)
        {
            return None;
        }
        if pulse.due(self.since)? > self.at || self.market_is_closed(now) {
            self.schedule_next(id);
            return None;
        }
        let may_ask = self.asks.ready_at(now.instant) <= now.instant;
        let (at, reconnects) = (self.at, &mut self.reconnects);
        let Pulse {
            rhythm,
            question,
            plain,
            ..
        } = &mut self.pulses[id.index()];
        *plain = false;
        let opened = question.open(at, rhythm.last());
        let silence = question.silence(at);
        if opened {
            self.set_overdue(id, true);
            self.schedule(id, at);
            return (standing(id) == Standing::Active).then(|| Verdict::Stale {
                topics: vec![id],
                silence,
                alone: true,
            });
        }
        match question.step(at, patience, may_ask, reconnects) {
            Some(Step::Reconnect) => Some(Verdict::Reconnect(silence)),
            Some(Step::Resubscribe) => {
                self.asks.take(now.instant);
                self.schedule_next(id);
                Some(Verdict::Resubscribe(id))
            }
            None if may_ask => {
                self.schedule_next(id);
                None
            }
            None => {
                let turn = self.clock.at(self.asks.ready_at(now.instant));
                self.schedule(id, turn.max(at.after(1_000)).round_up());
                None
            }
        }
    }

    /// Topics that the venue should be bringing something of.
    fn active(&self, standing: &impl Fn(TopicId) -> Standing) -> Vec<TopicId> {
        let ids = (0..self.pulses.len()).map(TopicId::at);
        let active = |id: &TopicId| {
            let pulse = self.pulse(*id);
            pulse.channel.is_some() && !pulse.is_sporadic() && standing(*id) != Standing::Inactive
        };
        ids.filter(active).collect()
    }

    /// How much the answer to asking for a topic again would tell: a promised event most of all.
    fn eloquence(&self, id: TopicId) -> (bool, u32) {
        let pulse = self.pulse(id);
        let promised = pulse
            .channel
            .is_some_and(|(spec, _)| spec.first_data.is_some());
        (promised, pulse.rhythm.seen())
    }

    fn pulse(&self, id: TopicId) -> &Pulse {
        &self.pulses[id.index()]
    }

    /// Whether silence is normal now; then nothing is looked at before the market opens.
    fn market_is_closed(&mut self, now: Now) -> bool {
        let calendar = self.config.calendar.as_ref();
        let opens = calendar.and_then(|calendar| calendar.closed_until(now.wall));
        let wait = opens.map(|opens| opens.duration_since(now.wall));
        self.closed_until = wait.map(|wait| now.instant.checked_add(wait).unwrap_or(now.instant));
        self.closed_until.is_some()
    }

    fn set_overdue(&mut self, id: TopicId, overdue: bool) {
        let Some(pulse) = self.pulses.get_mut(id.index()) else {
            return;
        };
        let Some((_, channel)) = pulse.channel else {
            return;
        };
        if std::mem::replace(&mut pulse.overdue, overdue) == overdue {
            return;
        }
        if self.overdue.len() <= channel {
            self.overdue.resize(channel + 1, 0);
        }
        if overdue {
            self.overdue[channel] += 1;
        } else {
            self.overdue[channel] -= 1;
        }
    }

    /// Has a topic looked at when it may be overdue, if that is known and not planned yet.
    fn schedule_next(&mut self, id: TopicId) {
        let pulse = self.pulse(id);
        let due = pulse.due(self.since).filter(|_| !pulse.is_sporadic());
        if let Some(due) = due.filter(|_| pulse.scheduled.is_none()) {
            self.schedule(id, due);
        }
    }

    fn schedule(&mut self, id: TopicId, at: Moment) {
        if let Some(before) = self.pulses[id.index()].scheduled.replace(at) {
            self.agenda.remove(&(before, id));
        }
        self.agenda.insert((at, id));
    }
}

impl Pulse {
    fn is_sporadic(&self) -> bool {
        self.channel.is_none_or(|(spec, _)| spec.sporadic)
    }

    fn due(&self, since: Moment) -> Option<Moment> {
        let overdue = self.rhythm.overdue_at(since)?;
        Some(self.question.due(overdue).round_up())
    }
}

#[cfg(test)]
mod tests;
