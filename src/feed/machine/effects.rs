//! What needs I/O besides the socket, on its way out and back.

use std::collections::VecDeque;

use super::registry::Registry;
use crate::feed::TopicId;

/// Whom an effect is for: the connection, or a topic for as long as its number names the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EffectTag {
    Connection,
    Topic { id: TopicId, generation: u32 },
}

impl EffectTag {
    /// Whether somebody still waits for the reply.
    pub(super) fn is_current(self, registry: &Registry) -> bool {
        match self {
            Self::Connection => true,
            Self::Topic { id, generation } => registry.entry(id).generation() == generation,
        }
    }
}

/// Effects that wait to be run.
#[derive(Debug)]
pub(super) struct Effects<E>(VecDeque<(EffectTag, E)>);

impl<E> Default for Effects<E> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<E> Effects<E> {
    pub(super) fn push(&mut self, tag: EffectTag, effect: E) {
        self.0.push_back((tag, effect));
    }

    pub(super) fn pop(&mut self) -> Option<(EffectTag, E)> {
        self.0.pop_front()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
