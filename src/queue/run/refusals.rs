//! Topics that the venue refused.

use hashbrown::HashMap;

use crate::event::ScopeSet;
use crate::{Rejection, Status, StatusKind, Text};

/// So many topics are told in the venue's own words; further ones in those of the last of them.
const WORDS: usize = 64;

/// Folds refusals by topic.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    topics: HashMap<Text, Refused>,
    more: Option<Refused>,
}

#[derive(Debug)]
struct Refused {
    /// The last one.
    rejection: Rejection,
    scope: ScopeSet,
    count: u64,
    at: u64,
}

impl Refusals {
    pub(super) fn add(&mut self, at: u64, rejection: Rejection, status: &Status) {
        let known = self.topics.contains_key(&rejection.topic);
        let new = || Refused::new(&rejection);
        let slot = if known || self.topics.len() < WORDS {
            let topic = rejection.topic.clone();
            self.topics.entry(topic).or_insert_with(new)
        } else {
            self.more.get_or_insert_with(new)
        };
        slot.rejection = rejection;
        slot.scope.add(&status.scope);
        slot.count += status.folded + 1;
        slot.at = at;
    }

    /// How many statuses it is.
    pub(super) fn len(&self) -> usize {
        self.topics.len() + usize::from(self.more.is_some())
    }

    /// The statuses, each with its place among the markers.
    pub(super) fn into_statuses(self) -> impl Iterator<Item = (u64, Status)> {
        let all = self.topics.into_values().chain(self.more);
        all.map(|refused| {
            let kind = StatusKind::Rejected(refused.rejection);
            let mut status = Status::new(kind, refused.scope.into_scope());
            status.folded = refused.count - 1;
            (refused.at, status)
        })
    }
}

impl Refused {
    fn new(rejection: &Rejection) -> Self {
        Self {
            rejection: rejection.clone(),
            scope: ScopeSet::default(),
            count: 0,
            at: 0,
        }
    }
}
