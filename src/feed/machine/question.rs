//! What is done about silence that is overdue, step by step and ever more rarely.
//!
//! The venue is asked again for what is silent. If that brings nothing, the connection is made anew,
//! once, and then at most once an hour: what is silent may be a market that is closed. Questions wait
//! a minute for each other, then two, up to an hour, until data goes on.

use std::time::Duration;

use super::listening::Moment;

/// Between the first question and the second; doubles up to the last.
const FIRST_WAIT: u64 = 60_000;
const LAST_WAIT: u64 = 60 * 60_000;
/// Least time between reconnects; doubles up to the last while they do not help.
const FIRST_RECONNECT: u64 = 60 * 60_000;
const LAST_RECONNECT: u64 = 8 * 60 * 60_000;
/// Data that still comes this long after an answer is no part of it: it goes on.
const GOES_ON: u64 = 5_000;

/// What to do about something silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Ask the venue for it again.
    Resubscribe,
    /// Connect anew: asking again did not help.
    Reconnect,
}

/// The questions about one topic, or about a connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Question {
    stage: Stage,
    /// Questions since data last went on.
    asked: u8,
    /// When the last was asked.
    last: Option<Moment>,
    /// Since when it has been silent, while it is open.
    since: Moment,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Nothing is overdue.
    #[default]
    Calm,
    /// It is overdue and was not asked for, or asking did not help.
    Open,
    /// It was asked for again; by then the answer should have come.
    Asked { until: Moment },
    /// Data came; whether it goes on is not known. It may be what a venue sends to whoever subscribes.
    Answered { at: Moment, moved: bool },
}

impl Question {
    /// Whether data is overdue and has been said to be.
    pub(super) fn is_open(self) -> bool {
        matches!(self.stage, Stage::Open | Stage::Asked { .. })
    }

    /// Whether the next event matters to it: see [`heard`](Self::heard).
    pub(super) fn is_calm(self) -> bool {
        self.stage == Stage::Calm
    }

    /// When the next may be asked.
    fn next(self) -> Moment {
        let doubled = FIRST_WAIT << self.asked.saturating_sub(1).min(6);
        let wait = |last: Moment| last.after(doubled.min(LAST_WAIT));
        self.last.map_or(Moment::default(), wait)
    }

    /// When to look at it next, if what is silent is overdue at `overdue` and nothing comes.
    pub(super) fn due(self, overdue: Moment) -> Moment {
        match self.stage {
            Stage::Calm => overdue,
            Stage::Open | Stage::Answered { .. } => overdue.max(self.next()),
            Stage::Asked { until } => until,
        }
    }

    /// How long it has been silent, while that is in question.
    pub(super) fn silence(self, at: Moment) -> Duration {
        Duration::from_millis(at.since(self.since))
    }

    /// It is overdue, after a silence since `since`. Returns whether that is news.
    pub(super) fn open(&mut self, at: Moment, since: Moment) -> bool {
        self.stage = match self.stage {
            Stage::Open | Stage::Asked { .. } => return false,
            // The venue has just shown all that there is.
            Stage::Answered { .. } if at < self.next() => return false,
            // An answer that showed that events had been missed, and then silence again, is no cure.
            Stage::Answered { moved: true, .. } => Stage::Asked {
                until: Moment::default(),
            },
            Stage::Calm | Stage::Answered { .. } => Stage::Open,
        };
        self.since = since;
        true
    }

    /// The next step about something overdue, if there is one to take now. `patience` is how long an
    /// answer may take; `may_ask` whether the connection has asked for little enough lately.
    pub(super) fn step(
        &mut self,
        at: Moment,
        patience: u64,
        may_ask: bool,
        reconnects: &mut Reconnects,
    ) -> Option<Step> {
        if let Stage::Asked { until } = self.stage
            && at >= until
        {
            self.stage = Stage::Open;
            if reconnects.take(at) {
                return Some(Step::Reconnect);
            }
        }
        if self.stage != Stage::Open || at < self.next() || !may_ask {
            return None;
        }
        (self.last, self.asked) = (Some(at), self.asked.saturating_add(1));
        self.stage = Stage::Asked {
            until: at.after(patience),
        };
        Some(Step::Resubscribe)
    }

    /// The venue has accepted what was asked for again: the answer may take until then.
    pub(super) fn accepted(&mut self, at: Moment, patience: u64) {
        if let Stage::Asked { until } = &mut self.stage {
            *until = at.after(patience);
        }
    }

    /// What the venue promised to answer did not come.
    pub(super) fn failed(&mut self) {
        if let Stage::Asked { until } = &mut self.stage {
            *until = Moment::default();
        }
    }

    /// The connection was lost and made anew: it has been asked for again by that.
    pub(super) fn reconnected(&mut self) {
        if let Stage::Asked { .. } = self.stage {
            self.stage = Stage::Open;
        }
    }

    /// Data came; `moved` tells that it is newer than the data before the silence, so that the silence
    /// was not the market's. Returns whether it had been said to be overdue.
    pub(super) fn heard(&mut self, at: Moment, moved: bool, reconnects: &mut Reconnects) -> bool {
        match self.stage {
            Stage::Calm => false,
            Stage::Open | Stage::Asked { .. } => {
                self.stage = Stage::Answered { at, moved };
                true
            }
            Stage::Answered { at: answered, .. } => {
                if at.since(answered) >= GOES_ON {
                    (self.stage, self.asked) = (Stage::Calm, 0);
                    reconnects.helped();
                }
                false
            }
        }
    }
}

/// How often a connection may be made anew because of silence.
#[derive(Debug, Default)]
pub(super) struct Reconnects {
    next: Moment,
    /// How many did not bring anything back.
    in_vain: u8,
}

impl Reconnects {
    fn take(&mut self, at: Moment) -> bool {
        if at < self.next {
            return false;
        }
        let wait = FIRST_RECONNECT << self.in_vain.min(3);
        self.next = at.after(wait.min(LAST_RECONNECT));
        self.in_vain = self.in_vain.saturating_add(1);
        true
    }

    fn helped(&mut self) {
        self.in_vain = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATIENCE: u64 = 5_000;
    const HOUR: u64 = 60 * 60_000;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    /// A second a step: what is asked in a silence of this length, and when.
    fn silence(
        question: &mut Question,
        reconnects: &mut Reconnects,
        from: u64,
        to: u64,
    ) -> Vec<(u64, Step)> {
        let mut steps = Vec::new();
        for second in from / 1_000..to / 1_000 {
            let now = at(second * 1_000);
            if question.due(at(from + PATIENCE)) <= now {
                question.open(now, at(from));
                let step = question.step(now, PATIENCE, true, reconnects);
                steps.extend(step.map(|step| (second, step)));
            }
        }
        steps
    }

    #[test]
    fn a_closed_market_is_asked_ever_more_rarely() {
        let (mut question, mut reconnects) = (Question::default(), Reconnects::default());
        let steps = silence(&mut question, &mut reconnects, 0, 16 * HOUR);
        let of = |step| {
            let chosen = steps.iter().filter(move |(_, taken)| *taken == step);
            chosen.map(|(second, _)| *second).collect::<Vec<_>>()
        };
        let asked = of(Step::Resubscribe);
        let minutes: Vec<_> = asked
            .windows(2)
            .map(|pair| (pair[1] - pair[0]) / 60)
            .collect();
        assert_eq!(minutes[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(asked.len(), 21);
        let hours: Vec<_> = of(Step::Reconnect)
            .iter()
            .map(|second| second / 3_600)
            .collect();
        assert_eq!(hours, [0, 1, 3, 7, 15]);
        assert_eq!(steps[..2], [(5, Step::Resubscribe), (10, Step::Reconnect)]);
    }

    #[test]
    fn an_answer_is_not_yet_data_that_goes_on() {
        let (mut question, mut reconnects) = (Question::default(), Reconnects::default());
        let mut asked = Vec::new();
        // A venue that shows the last value to whoever subscribes, of a market that is closed.
        for second in 5..8 * 3_600 {
            let now = at(second * 1_000);
            if question.due(now) <= now {
                question.open(now, now);
                let step = question.step(now, PATIENCE, true, &mut reconnects);
                if let Some(step) = step {
                    assert_eq!(step, Step::Resubscribe);
                    asked.push(second);
                    assert!(question.heard(at(second * 1_000 + 100), false, &mut reconnects));
                }
            }
        }
        assert_eq!(asked.len(), 13);
        // It opens.
        let open = 8 * HOUR;
        assert!(!question.heard(at(open), false, &mut reconnects));
        assert!(question.is_calm());
        let steps = silence(&mut question, &mut reconnects, open, open + 30_000);
        assert_eq!(steps.first(), Some(&(8 * 3_600 + 5, Step::Resubscribe)));
    }

    #[test]
    fn an_answer_that_shows_a_loss_and_no_more_ends_in_a_reconnect() {
        let (mut question, mut reconnects) = (Question::default(), Reconnects::default());
        assert_eq!(
            silence(&mut question, &mut reconnects, 0, 6_000),
            [(5, Step::Resubscribe)]
        );
        assert!(question.heard(at(6_000), true, &mut reconnects));
        assert_eq!(
            silence(&mut question, &mut reconnects, 6_000, 66_000),
            [(65, Step::Reconnect)]
        );
    }

    #[test]
    fn a_promise_that_is_not_kept_leads_to_the_next_step_at_once() {
        let (mut question, mut reconnects) = (Question::default(), Reconnects::default());
        question.open(at(0), at(0));
        assert_eq!(
            question.step(at(0), HOUR, true, &mut reconnects),
            Some(Step::Resubscribe)
        );
        assert_eq!(question.step(at(10_000), HOUR, true, &mut reconnects), None);
        question.failed();
        assert_eq!(
            question.step(at(10_000), HOUR, true, &mut reconnects),
            Some(Step::Reconnect)
        );
        assert!(question.is_open());
    }

    #[test]
    fn it_is_told_before_it_may_be_asked() {
        let (mut question, mut reconnects) = (Question::default(), Reconnects::default());
        assert!(question.open(at(0), at(0)));
        assert_eq!(question.step(at(0), PATIENCE, false, &mut reconnects), None);
        assert!(question.is_open() && !question.open(at(1_000), at(0)));
        assert_eq!(
            question.step(at(1_000), PATIENCE, true, &mut reconnects),
            Some(Step::Resubscribe)
        );
    }

    #[test]
    fn a_connection_made_anew_is_an_answer_to_wait_for() {
        let (mut question, mut reconnects) = (Question::default(), Reconnects::default());
        silence(&mut question, &mut reconnects, 0, 6_000);
        question.reconnected();
        assert_eq!(
            question.step(at(11_000), PATIENCE, true, &mut reconnects),
            None
        );
        assert_eq!(question.due(at(11_000)), at(65_000));
    }

    proptest! {
        #[test]
        fn questions_and_reconnects_keep_their_distance(
            silences in prop::collection::vec((0_u64..20_000_000, any::<bool>()), 1..12),
        ) {
            let (mut question, mut reconnects) = (Question::default(), Reconnects::default());
            let (mut now, mut steps) = (0, Vec::new());
            for (length, moved) in silences {
                steps.extend(silence(&mut question, &mut reconnects, now, now + length));
                now += length;
                question.heard(at(now), moved, &mut reconnects);
                prop_assert!(!question.is_open());
                now += GOES_ON;
                question.heard(at(now), false, &mut reconnects);
                prop_assert!(question.is_calm());
            }
            for (step, least) in [(Step::Resubscribe, 60), (Step::Reconnect, 3_600)] {
                let taken: Vec<_> = steps.iter().filter(|(_, taken)| *taken == step).collect();
                for pair in taken.windows(2) {
                    prop_assert!(pair[1].0 - pair[0].0 >= least, "{pair:?}");
                }
            }
        }
    }
}
