//! Actions that wait for their answer.

use super::action::Action;
use super::message::Answer;
use super::topic::AccountTopic;
use crate::feed::{RequestId, TopicId};

/// The actions of one connection that have not been answered.
#[derive(Debug, Default)]
pub(super) struct AskedActions {
    count: u32,
    pending: Vec<Asked>,
}

/// An action on its way.
#[derive(Debug)]
pub(super) struct Asked {
    number: u32,
    pub(super) action: Action,
    /// The request that it carries out, if one.
    pub(super) request: Option<RequestId>,
    /// What the venue brings once it has agreed.
    pub(super) topics: Vec<(TopicId, AccountTopic)>,
}

impl AskedActions {
    /// Notes an action that is about to be sent; its number.
    pub(super) fn put(
        &mut self,
        action: Action,
        request: Option<RequestId>,
        topics: Vec<(TopicId, AccountTopic)>,
    ) -> u32 {
        self.count += 1;
        // Of what nobody waits for, the latest answer is enough.
        self.pending
            .retain(|asked| asked.request.is_some() || asked.action != action);
        self.pending.push(Asked {
            number: self.count,
            action,
            request,
            topics,
        });
        self.count
    }

    /// The action that is answered.
    pub(super) fn take(&mut self, answer: &Answer) -> Option<Asked> {
        // An answer without a number is to the oldest action of its kind.
        let at = self.pending.iter().position(|asked| match answer.request {
            Some(number) => asked.number == number,
            None => asked.action.name() == answer.action,
        });
        at.map(|at| self.pending.remove(at))
    }

    /// Whether a `connect` is among them.
    pub(super) fn connects(&self) -> bool {
        let mut pending = self.pending.iter();
        pending.any(|asked| asked.action == Action::Connect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(action: &str, request: Option<u32>) -> Answer {
        Answer {
            ok: true,
            action: action.into(),
            request,
            text: None,
        }
    }

    #[test]
    fn answers_find_their_actions_by_number_or_else_by_kind() {
        let mut asked = AskedActions::default();
        let first = asked.put(Action::Connect, Some(RequestId(1)), Vec::new());
        let second = asked.put(Action::Connect, Some(RequestId(2)), Vec::new());
        assert!(asked.connects());
        assert!(asked.take(&answer("connect", Some(9))).is_none());
        let taken = asked.take(&answer("connect", Some(second))).unwrap();
        assert_eq!(taken.request, Some(RequestId(2)));
        let taken = asked.take(&answer("connect", None)).unwrap();
        assert_eq!((taken.number, taken.request), (first, Some(RequestId(1))));
        assert!(!asked.connects());
    }

    #[test]
    fn heartbeats_that_nobody_answers_do_not_pile_up() {
        let mut asked = AskedActions::default();
        for _ in 0..1_000 {
            asked.put(Action::Heartbeat, None, Vec::new());
        }
        assert_eq!(asked.pending.len(), 1);
    }
}
