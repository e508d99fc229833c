//! Which connection a new topic belongs on: the first that has room for it.

use std::collections::BTreeSet;

use super::limits::{Limits, Load};
use crate::ErrorKind;

/// What is placed on each connection, and which have room. Taking and freeing a place cost the same
/// however many connections there are.
#[derive(Debug)]
pub(super) struct Places {
    limits: Limits,
    loads: Vec<Load>,
    /// Connections with room for topics of channels that have no limits of their own.
    open: BTreeSet<usize>,
    /// Connections with room for topics of each channel that has, in the order of the limits.
    open_for: Vec<BTreeSet<usize>>,
}

impl Places {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            loads: Vec::new(),
            open: BTreeSet::new(),
            open_for: vec![BTreeSet::new(); limits.channels.len()],
        }
    }

    /// How many topics are placed on a connection.
    pub(super) fn topics(&self, at: usize) -> usize {
        self.loads.get(at).map_or(0, Load::topics)
    }

    /// Takes a place for a topic of this channel, on a new connection if need be.
    pub(super) fn take(&mut self, channel: &'static str) -> Result<usize, ErrorKind> {
        let limits = self.limits.channels.iter();
        let open = match limits.clone().position(|(name, _)| *name == channel) {
            Some(limited) => &self.open_for[limited],
            None => &self.open,
        };
        let at = match open.first() {
            Some(at) => *at,
            None => {
                let fits = Load::default().has_room(channel, &self.limits);
                if !fits || self.loads.len() >= self.limits.connections {
                    return Err(self.limits.full(channel));
                }
                self.loads.push(Load::default());
                self.loads.len() - 1
            }
        };
        self.loads[at].add(channel, &self.limits);
        self.review(at);
        Ok(at)
    }

    /// A topic of this channel is no longer wanted there.
    pub(super) fn free(&mut self, at: usize, channel: &'static str) {
        self.loads[at].take(channel);
        self.review(at);
    }

    /// Notes what a connection has room for.
    fn review(&mut self, at: usize) {
        let load = &self.loads[at];
        let note = |open: &mut BTreeSet<usize>, has_room| {
            if has_room {
                open.insert(at);
            } else {
                open.remove(&at);
            }
        };
        note(&mut self.open, load.topics() < self.limits.connection);
        for ((channel, _), open) in self.limits.channels.iter().zip(&mut self.open_for) {
            note(open, load.has_room(channel, &self.limits));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        connection: 3,
        connections: 2,
        channels: &[("Candle", 1)],
    };

    fn places(channels: &[&'static str]) -> Result<Vec<usize>, ErrorKind> {
        let mut places = Places::new(LIMITS);
        channels
            .iter()
            .map(|channel| places.take(channel))
            .collect()
    }

    #[test]
    fn connections_fill_up_one_after_the_other() {
        assert_eq!(places(&["Quote"; 6]), Ok(vec![0, 0, 0, 1, 1, 1]));
        let full = ErrorKind::TooManyTopics { limit: 6 };
        assert_eq!(places(&["Quote"; 7]), Err(full));
    }

    #[test]
    fn a_channel_with_a_limit_of_its_own_goes_on_where_there_is_room_for_it() {
        let mixed = ["Candle", "Quote", "Candle", "Quote"];
        assert_eq!(places(&mixed), Ok(vec![0, 0, 1, 0]));
        let full = ErrorKind::TooManyOfChannel {
            channel: "Candle",
            limit: 2,
        };
        assert_eq!(places(&["Candle"; 3]), Err(full));
    }

    #[test]
    fn the_first_connection_with_room_is_taken_whatever_happened_before() {
        for seed in 0..200 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut places = Places::new(LIMITS);
            let mut model = vec![Vec::<&str>::new(); LIMITS.connections];
            for _ in 0..100 {
                let channel = *random.choice(&["Quote", "Candle"]).expect("two");
                let at = random.usize(..LIMITS.connections);
                if random.bool() {
                    let candles =
                        |held: &Vec<&str>| held.iter().filter(|c| **c == "Candle").count();
                    let room = |held: &Vec<&str>| {
                        held.len() < 3 && (channel == "Quote" || candles(held) < 1)
                    };
                    let expected = model.iter().position(room);
                    assert_eq!(places.take(channel).ok(), expected, "seed {seed}");
                    if let Some(at) = expected {
                        model[at].push(channel);
                    }
                } else if let Some(held) = model[at].iter().position(|held| *held == channel) {
                    model[at].swap_remove(held);
                    places.free(at, channel);
                }
            }
        }
    }
}
