//! How much a client and its connections may hold.

use hashbrown::HashMap;

use crate::ErrorKind;

/// How many topics a connection may hold, and how many connections there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Of one connection.
    pub(crate) connection: usize,
    /// How many connections.
    pub(crate) connections: usize,
    /// Of some channels, on one connection.
    pub(crate) channels: &'static [(&'static str, usize)],
}

/// How much a connection holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load {
    /// All topics.
    topics: usize,
    /// Those of channels that have limits of their own.
    channels: HashMap<&'static str, usize>,
}

impl Limits {
    pub(super) fn of(&self, channel: &str) -> Option<usize> {
        let found = self.channels.iter().find(|(name, _)| *name == channel);
        found.map(|(_, limit)| *limit)
    }

    /// Why a topic of this channel fits nowhere.
    pub(super) fn full(&self, channel: &'static str) -> ErrorKind {
        match self.of(channel) {
            Some(limit) => ErrorKind::TooManyOfChannel {
                channel,
                limit: limit.saturating_mul(self.connections),
            },
            None => ErrorKind::TooManyTopics {
                limit: self.connection.saturating_mul(self.connections),
            },
        }
    }
}

impl Load {
    pub(crate) fn topics(&self) -> usize {
        self.topics
    }

    pub(crate) fn has_room(&self, channel: &'static str, limits: &Limits) -> bool {
        let held = self.channels.get(channel).copied().unwrap_or(0);
        self.topics < limits.connection && limits.of(channel).is_none_or(|limit| held < limit)
    }

    pub(crate) fn add(&mut self, channel: &'static str, limits: &Limits) {
        self.topics += 1;
        if limits.of(channel).is_some() {
            *self.channels.entry(channel).or_default() += 1;
        }
    }

    pub(crate) fn take(&mut self, channel: &'static str) {
        self.topics -= 1;
        if let Some(held) = self.channels.get_mut(channel) {
            *held -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_away_makes_room() {
        let limits = Limits {
            connection: 3,
            connections: 2,
            channels: &[("Candle", 1)],
        };
        let mut load = Load::default();
        load.add("Candle", &limits);
        assert!(!load.has_room("Candle", &limits));
        assert!(load.has_room("Quote", &limits));
        load.take("Candle");
        assert!(load.has_room("Candle", &limits));
    }
}
