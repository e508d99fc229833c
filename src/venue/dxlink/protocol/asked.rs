use super::DxLinkProtocol;
use crate::feed::{Output, Refusal, RequestId, TopicId};

/// A subscribe request on its way: what has become of its topics.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) id: RequestId,
    /// How many of them wait for their channel.
    waiting: usize,
    sent: Vec<TopicId>,
    refused: Vec<TopicId>,
    refusals: Vec<Refusal>,
}

impl Asked {
    pub(super) fn new(id: RequestId, topics: usize) -> Self {
        Self {
            id,
            waiting: topics,
            sent: Vec::with_capacity(topics),
            refused: Vec::new(),
            refusals: Vec::new(),
        }
    }

    /// A topic has been sent, which is all that the venue asks for.
    pub(super) fn sent(&mut self, id: TopicId) {
        self.waiting = self.waiting.saturating_sub(1);
        self.sent.push(id);
    }

    /// The venue will not have a topic, whether it was sent or not.
    pub(super) fn refused(&mut self, id: TopicId, refusal: Refusal) {
        self.take(id);
        self.refused.push(id);
        self.refusals.push(refusal);
    }

    /// A topic is no longer of this request; tells whether it was the last.
    pub(super) fn withdraw(&mut self, id: TopicId) -> bool {
        self.take(id);
        self.waiting == 0 && self.sent.is_empty() && self.refused.is_empty()
    }

    fn take(&mut self, id: TopicId) {
        let sent = self.sent.len();
        self.sent.retain(|known| *known != id);
        if self.sent.len() == sent {
            self.waiting = self.waiting.saturating_sub(1);
        }
    }

    /// Whether nothing of it waits any more.
    pub(super) fn is_through(&self) -> bool {
        self.waiting == 0
    }

    /// Whether a topic has been sent with it.
    pub(super) fn has_sent(&self, id: TopicId) -> bool {
        self.sent.contains(&id)
    }

    /// Tells what has become of it. Topics that wait for their channel are not in it.
    pub(super) fn answer<O: Output<DxLinkProtocol>>(self, out: &mut O) {
        if self.waiting == 0 && self.refused.is_empty() {
            return out.settled(self.id);
        }
        let sent = self.sent.into_iter().map(|id| (id, Ok(())));
        let refusals = self.refusals.into_iter().map(Err);
        let refused = self.refused.into_iter().zip(refusals);
        out.answered(self.id, sent.chain(refused).collect());
    }
}
