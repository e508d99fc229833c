//! Which topics may be why the venue closes channels, and in what company they are asked for.

use std::time::Duration;

use crate::feed::TopicId;

/// A topic that has brought nothing for as long after it was subscribed to may have been what the venue
/// did not like: DXLink acknowledges no subscription, and its errors name no item.
pub(in crate::venue::dxlink) const SUSPICION: Duration = Duration::from_secs(10);
/// Suspects are divided into so many parts: a thousand take four rounds until the culprit is alone.
const PARTS: usize = 8;

/// The most topics on the channel of each suspect, by its number; zero for those above suspicion.
///
/// It survives the connection: the venue will like them no better on the next.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    rooms: Vec<usize>,
}

impl Suspects {
    /// How many topics may be on the channel of this one.
    pub(super) fn room(&self, id: TopicId) -> usize {
        match self.rooms.get(id.index()) {
            None | Some(0) => usize::MAX,
            Some(room) => *room,
        }
    }

    /// One of these is the culprit.
    pub(super) fn put(&mut self, ids: &[TopicId]) {
        let room = ids.len().div_ceil(PARTS);
        for id in ids {
            if self.rooms.len() <= id.index() {
                self.rooms.resize(id.index() + 1, 0);
            }
            self.rooms[id.index()] = room;
        }
    }

    /// This one is not.
    pub(super) fn clear(&mut self, id: TopicId) {
        if let Some(room) = self.rooms.get_mut(id.index()) {
            *room = 0;
        }
    }
}
