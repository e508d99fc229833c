//! Which request an answer is of.

use std::collections::VecDeque;

use smol_str::SmolStr;

use super::event_name;
use crate::feed::{Op, RequestId, TopicId};
use crate::venue::gate::message::{self, Ack, AckId};

/// More than the machine has on their way at once: what is older it has given up.
const MOST: usize = 64;

/// A request on its way.
#[derive(Debug)]
pub(super) struct Asked {
    /// `None` where nobody waits for the answer.
    pub(super) id: Option<RequestId>,
    pub(super) op: Op,
    pub(super) channel: &'static str,
    pub(super) topics: Vec<TopicId>,
    pub(super) payload: Vec<SmolStr>,
}

/// The requests of a connection that have not been answered.
#[derive(Debug, Default)]
pub(super) struct Requests {
    asked: VecDeque<Asked>,
}

impl Requests {
    pub(super) fn clear(&mut self) {
        self.asked.clear();
    }

    pub(super) fn enter(&mut self, request: Asked) {
        // A topic waits for one answer at a time: an earlier request for it is not waited for any more.
        for earlier in &mut self.asked {
            earlier.topics.retain(|id| !request.topics.contains(id));
        }
        self.asked
            .retain(|earlier| earlier.id.is_none() || !earlier.topics.is_empty());
        if self.asked.len() == MOST {
            self.asked.pop_front();
        }
        self.asked.push_back(request);
    }

    /// Takes the request that was answered.
    ///
    /// The venue repeats its id; before 2022 it told nothing, but it has always answered in order. An
    /// answer that could as well be another's is taken for none.
    pub(super) fn answered(&mut self, ack: &Ack<'_>) -> Option<Asked> {
        let at = match ack.id {
            AckId::Number(id) => self
                .asked
                .iter()
                .position(|asked| asked.id.is_some_and(|own| i64::from(own.0) == id)),
            AckId::Absent => self.by_words(ack),
            AckId::Foreign => None,
        };
        self.asked.remove(at?)
    }

    fn by_words(&self, ack: &Ack<'_>) -> Option<usize> {
        let op = match &ack.op {
            message::Op::Other(event) if event.is_empty() => None,
            op => Some(op.as_str()),
        };
        let channel = Some(&*ack.channel).filter(|channel| !channel.is_empty());
        let agrees = |asked: &Asked| {
            op.is_none_or(|op| op == event_name(asked.op))
                && channel.is_none_or(|channel| channel == asked.channel)
        };
        let mut agreeing = self.asked.iter().enumerate().filter(|(_, a)| agrees(a));
        if let Some(payload) = &ack.payload {
            let same = |asked: &Asked| {
                let mut words = asked.payload.iter();
                asked.payload.len() == payload.len()
                    && words.all(|word| payload.iter().any(|told| told == word.as_str()))
            };
            return agreeing.find(|(_, asked)| same(asked)).map(|(at, _)| at);
        }
        let (at, _) = agreeing.next()?;
        let is_clear = (op.is_some() && channel.is_some()) || agreeing.next().is_none();
        is_clear.then_some(at)
    }
}
