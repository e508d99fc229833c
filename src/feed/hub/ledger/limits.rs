//! How much a client and its connections may hold.

use hashbrown::HashMap;

/// How many topics a client and one of its connections may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Of the client, on all its connections.
    pub(crate) client: usize,
    /// Of one connection.
    pub(crate) connection: usize,
    /// How many connections.
    pub(crate) connections: usize,
    /// Of some channels, on one connection.
    pub(crate) channels: &'static [(&'static str, usize)],
}

/// How much a connection holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Load {
    /// All topics.
    topics: usize,
    /// Those of channels that have limits of their own.
    channels: HashMap<&'static str, usize>,
}

impl Limits {
    fn of(&self, channel: &str) -> Option<usize> {
        let found = self.channels.iter().find(|(name, _)| *name == channel);
        found.map(|(_, limit)| *limit)
    }

    /// Whether connections with these loads, and more if there may be more, have room for topics of
    /// these channels; if not, the first channel there is none for, and how many of it, or of all,
    /// the client may hold.
    pub(super) fn room_for(
        &self,
        mut loads: Vec<Load>,
        channels: impl Iterator<Item = &'static str>,
    ) -> Result<(), Full> {
        if self.connections == usize::MAX {
            return Ok(());
        }
        for channel in channels {
            let open = loads.iter().position(|load| load.has_room(channel, self));
            let at = match open {
                Some(at) => at,
                None if loads.len() < self.connections => {
                    loads.push(Load::default());
                    loads.len() - 1
                }
                None => {
                    let limit = self.of(channel);
                    return Err(Full {
                        channel: limit.is_some().then_some(channel),
                        limit: limit
                            .unwrap_or(self.connection)
                            .saturating_mul(self.connections),
                    });
                }
            };
            loads[at].add(channel, self);
        }
        Ok(())
    }
}

/// There is no room on any connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full {
    /// For topics of this channel alone; `None` for any.
    pub(super) channel: Option<&'static str>,
    pub(super) limit: usize,
}

impl Load {
    pub(super) fn topics(&self) -> usize {
        self.topics
    }

    pub(super) fn has_room(&self, channel: &'static str, limits: &Limits) -> bool {
        let held = self.channels.get(channel).copied().unwrap_or(0);
        self.topics < limits.connection && limits.of(channel).is_none_or(|limit| held < limit)
    }

    pub(super) fn add(&mut self, channel: &'static str, limits: &Limits) {
        self.topics += 1;
        if limits.of(channel).is_some() {
            *self.channels.entry(channel).or_default() += 1;
        }
    }

    pub(super) fn take(&mut self, channel: &'static str) {
        self.topics -= 1;
        if let Some(held) = self.channels.get_mut(channel) {
            *held -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        client: 100,
        connection: 3,
        connections: 2,
        channels: &[("Candle", 1)],
    };

    fn room(channels: &[&'static str]) -> Result<(), Full> {
        LIMITS.room_for(Vec::new(), channels.iter().copied())
    }

    #[test]
    fn connections_fill_up_one_after_the_other() {
        assert_eq!(room(&["Quote"; 6]), Ok(()));
        let full = Full {
            channel: None,
            limit: 6,
        };
        assert_eq!(room(&["Quote"; 7]), Err(full));
    }

    #[test]
    fn a_channel_with_a_limit_of_its_own_goes_on_where_there_is_room_for_it() {
        assert_eq!(room(&["Candle", "Quote", "Candle", "Quote"]), Ok(()));
        let full = Full {
            channel: Some("Candle"),
            limit: 2,
        };
        assert_eq!(room(&["Candle"; 3]), Err(full));
    }

    #[test]
    fn what_is_taken_away_makes_room() {
        let mut load = Load::default();
        load.add("Candle", &LIMITS);
        assert!(!load.has_room("Candle", &LIMITS));
        assert!(load.has_room("Quote", &LIMITS));
        load.take("Candle");
        assert!(load.has_room("Candle", &LIMITS));
    }
}
