use crate::feed::TopicId;

/// A set of topics, by their small numbers.
#[derive(Debug, Default)]
pub(super) struct TopicSet {
    members: Vec<bool>,
}

impl TopicSet {
    pub(super) fn clear(&mut self) {
        self.members.clear();
    }

    #[inline]
    pub(super) fn insert(&mut self, id: TopicId) {
        match self.members.get_mut(id.index()) {
            Some(member) => *member = true,
            None => self.grow(id),
        }
    }

    #[cold]
    fn grow(&mut self, id: TopicId) {
        self.members.resize(id.index() + 1, false);
        self.members[id.index()] = true;
    }

    pub(super) fn remove(&mut self, id: TopicId) {
        if let Some(member) = self.members.get_mut(id.index()) {
            *member = false;
        }
    }

    pub(super) fn contains(&self, id: TopicId) -> bool {
        self.members.get(id.index()).is_some_and(|member| *member)
    }
}
