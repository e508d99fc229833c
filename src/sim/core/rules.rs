//! Faults that last, and what they do to each outgoing frame.

use std::time::{Duration, Instant};

use crate::sim::core::verdict::Verdict;
use crate::sim::{Fault, SessionId};

/// What an outgoing frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) enum Kind<'a> {
    /// An answer to a request.
    Reply,
    /// An answer to a ping, or an announcement.
    Notice,
    /// Data of a symbol.
    Data {
        /// The venue's channel, or the type of its events.
        channel: &'a str,
        symbol: &'a str,
        role: Role,
    },
}

/// A venue's own change of a data frame, where a fault demands one.
pub(in crate::sim) type Alter = fn(&Fault, Kind<'_>, &str) -> Option<Altered>;

/// A frame that a fault has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sim) struct Altered {
    pub(in crate::sim) text: String,
    /// Whether what it holds can still be read.
    pub(in crate::sim) readable: bool,
}

/// What leaving a data frame out would mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) enum Role {
    /// Nothing that a reader can see.
    Plain,
    /// A jump in the venue's numbering.
    Chained,
    /// A candle that is never closed.
    Final,
}

#[derive(Clone, Debug)]
struct Rule {
    fault: Fault,
    session: Option<SessionId>,
    left: Option<u32>,
    until: Option<Instant>,
}

/// The faults that last, oldest first.
#[derive(Debug)]
pub(in crate::sim) struct Rules {
    rules: Vec<Rule>,
    alter: Alter,
}

impl Rules {
    pub(in crate::sim) fn new(alter: Alter) -> Self {
        Self {
            rules: Vec::new(),
            alter,
        }
    }

    pub(in crate::sim) fn add(&mut self, fault: Fault, session: Option<SessionId>, now: Instant) {
        self.rules.push(Rule {
            left: fault.times(),
            until: fault.lasting().map(|lasting| now + lasting),
            fault,
            session,
        });
    }

    pub(in crate::sim) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(in crate::sim) fn forget(&mut self, session: SessionId) {
        self.rules.retain(|rule| rule.session != Some(session));
    }

    /// The first rule that `wanted` accepts, counted as used once.
    pub(in crate::sim) fn take(
        &mut self,
        session: Option<SessionId>,
        now: Instant,
        wanted: impl Fn(&Fault) -> bool,
    ) -> Option<Fault> {
        self.expire(now);
        let at = self
            .rules
            .iter()
            .position(|rule| applies(rule, session) && wanted(&rule.fault))?;
        let fault = self.rules[at].fault.clone();
        if let Some(left) = &mut self.rules[at].left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.rules.remove(at);
            }
        }
        Some(fault)
    }

    /// Whether this session is mute, and until when at most.
    pub(in crate::sim) fn is_mute(&mut self, session: SessionId, now: Instant) -> bool {
        self.expire(now);
        self.rules
            .iter()
            .any(|rule| applies(rule, Some(session)) && matches!(rule.fault, Fault::Mute { .. }))
    }

    /// Whether this session is to hear nothing of this symbol on this channel.
    pub(in crate::sim) fn is_silent(
        &mut self,
        session: SessionId,
        channel: &str,
        symbol: &str,
        now: Instant,
    ) -> bool {
        self.expire(now);
        let mut rules = self.rules.iter();
        rules.any(|rule| applies(rule, Some(session)) && silences(&rule.fault, channel, symbol))
    }

    /// A topic is subscribed again, which ends a mute that is its alone.
    pub(in crate::sim) fn subscribed(&mut self, session: SessionId, channel: &str, symbol: &str) {
        self.rules.retain(|rule| {
            rule.session != Some(session)
                || !matches!(rule.fault, Fault::MuteTopic { .. })
                || !silences(&rule.fault, channel, symbol)
        });
    }

    /// How old events are when they are sent.
    pub(in crate::sim) fn age(&self, now: Instant) -> Duration {
        let ages = self.rules.iter().filter_map(|rule| match &rule.fault {
            Fault::Age { by, .. } if rule.until.is_none_or(|until| now < until) => Some(*by),
            _ => None,
        });
        ages.sum()
    }

    /// When the next rule ends by time.
    pub(in crate::sim) fn deadline(&self) -> Option<Instant> {
        self.rules.iter().filter_map(|rule| rule.until).min()
    }

    /// Forgets the rules that are over: they must not stay due for ever.
    pub(in crate::sim) fn expire(&mut self, now: Instant) {
        self.rules
            .retain(|rule| rule.left != Some(0) && rule.until.is_none_or(|until| now < until));
    }

    /// What becomes of this frame for this session.
    pub(in crate::sim) fn judge(
        &mut self,
        session: SessionId,
        kind: Kind<'_>,
        text: &str,
        now: Instant,
        rng: &mut fastrand::Rng,
    ) -> Verdict {
        let mut verdict = Verdict::plain();
        if self.rules.is_empty() {
            return verdict;
        }
        self.expire(now);
        // A frame that is withheld uses up only the rule that withheld it.
        let withholds = |rule: &&mut Rule| applies(rule, Some(session)) && rule.withholds(kind);
        if let Some(rule) = self.rules.iter_mut().find(withholds) {
            rule.count();
            return Verdict::withheld();
        }
        for rule in &mut self.rules {
            if applies(rule, Some(session))
                && verdict.apply(&rule.fault, kind, text, self.alter, rng)
            {
                rule.count();
            }
        }
        verdict
    }
}

fn applies(rule: &Rule, session: Option<SessionId>) -> bool {
    rule.session.is_none() || rule.session == session
}

/// Whether a fault keeps back the data of this symbol on this channel, and lets others' pass.
fn silences(fault: &Fault, of: &str, about: &str) -> bool {
    match fault {
        Fault::AckWithoutData { symbol, .. } => symbol == about,
        Fault::MuteTopic {
            symbol, channel, ..
        } => symbol == about && channel.as_deref().is_none_or(|only| only == of),
        _ => false,
    }
}

impl Rule {
    fn count(&mut self) {
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(1);
        }
    }

    fn withholds(&self, kind: Kind<'_>) -> bool {
        match (&self.fault, kind) {
            (Fault::Mute { .. }, _)
            | (Fault::MuteData { .. }, Kind::Data { .. })
            | (Fault::NoAck { .. }, Kind::Reply) => true,
            (
                Fault::AckWithoutData { .. } | Fault::MuteTopic { .. },
                Kind::Data {
                    channel, symbol, ..
                },
            ) => silences(&self.fault, channel, symbol),
            (
                Fault::SequenceGap { symbol: only, .. },
                Kind::Data {
                    symbol,
                    role: Role::Chained,
                    ..
                },
            ) => only.as_deref().is_none_or(|only| only == symbol),
            (
                Fault::Unclosed { .. },
                Kind::Data {
                    role: Role::Final, ..
                },
            ) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Fate;

    const DATA: Kind<'_> = Kind::Data {
        channel: "trades",
        symbol: "A",
        role: Role::Chained,
    };

    fn judge(rules: &mut Rules, kind: Kind<'_>) -> Verdict {
        let mut rng = fastrand::Rng::with_seed(1);
        rules.judge(
            SessionId(1),
            kind,
            r#"{"time_ms":5,"t":7}"#,
            Instant::now(),
            &mut rng,
        )
    }

    #[test]
    fn a_counted_rule_ends_after_its_count() {
        let mut rules = Rules::new(|_, _, _| None);
        rules.add(Fault::Truncate { times: Some(2) }, None, Instant::now());
        assert_eq!(judge(&mut rules, Kind::Reply).fate, Fate::Sent);
        assert_eq!(judge(&mut rules, DATA).fate, Fate::Spoiled);
        assert_eq!(judge(&mut rules, DATA).fate, Fate::Spoiled);
        assert_eq!(judge(&mut rules, DATA).fate, Fate::Sent);
    }

    #[test]
    fn a_rule_for_one_session_leaves_the_others_alone() {
        let mut rules = Rules::new(|_, _, _| None);
        let mute = Fault::Mute { lasting: None };
        rules.add(mute, Some(SessionId(2)), Instant::now());
        assert_eq!(judge(&mut rules, DATA).fate, Fate::Sent);
    }

    #[test]
    fn a_mute_topic_is_heard_again_when_it_is_subscribed_again() {
        let mut rules = Rules::new(|_, _, _| None);
        let mute = Fault::MuteTopic {
            symbol: "A".into(),
            channel: Some("trades".into()),
            lasting: None,
        };
        rules.add(mute, Some(SessionId(1)), Instant::now());
        let other = Kind::Data {
            channel: "quotes",
            symbol: "A",
            role: Role::Plain,
        };
        assert_eq!(judge(&mut rules, other).fate, Fate::Sent);
        assert_eq!(judge(&mut rules, DATA).fate, Fate::Withheld);
        rules.subscribed(SessionId(2), "trades", "A");
        rules.subscribed(SessionId(1), "trades", "B");
        assert_eq!(judge(&mut rules, DATA).fate, Fate::Withheld);
        rules.subscribed(SessionId(1), "trades", "A");
        assert_eq!(judge(&mut rules, DATA).fate, Fate::Sent);
    }

    #[test]
    fn times_are_rewritten_in_place() {
        let mut rules = Rules::new(|_, _, _| None);
        rules.add(Fault::TimeZero { times: None }, None, Instant::now());
        let verdict = judge(&mut rules, DATA);
        assert_eq!(verdict.text.as_deref(), Some(r#"{"time_ms":0,"t":7}"#));
    }
}
