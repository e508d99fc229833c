//! What the venue knows of one session.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::dom::Dom;
use super::feed::Feed;

/// Silence that is allowed to a client that announces none.
pub(super) const SILENCE: Duration = Duration::from_secs(60);

/// Something that a strict handshake does a little later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The first `AUTH_STATE`.
    Ask,
    /// The answer to this token.
    Judge(String),
}

/// One channel.
#[derive(Debug)]
pub(super) enum Channel {
    Feed(Box<Feed>),
    Dom(Dom),
}

/// One session.
#[derive(Debug)]
pub(super) struct Client {
    /// Whether `SETUP` came.
    pub(super) greeted: bool,
    /// Whether the first `AUTH_STATE` has gone.
    pub(super) asked: bool,
    pub(super) authorized: bool,
    pub(super) token: Option<String>,
    pub(super) heard: Instant,
    pub(super) said: Instant,
    /// How long the client may be silent.
    pub(super) silence: Duration,
    /// Whether the venue has said goodbye.
    pub(super) closing: bool,
    pub(super) steps: VecDeque<(Instant, Step)>,
    pub(super) channels: BTreeMap<u64, Channel>,
    /// Channels that the venue closed: what is on its way to them is no fault of the client's.
    pub(super) gone: BTreeSet<u64>,
    /// Changes of subscriptions within the last minute.
    changes: VecDeque<(Instant, usize)>,
}

impl Client {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            greeted: false,
            asked: false,
            authorized: false,
            token: None,
            heard: now,
            said: now,
            silence: SILENCE,
            closing: false,
            steps: VecDeque::new(),
            channels: BTreeMap::new(),
            gone: BTreeSet::new(),
            changes: VecDeque::new(),
        }
    }

    pub(super) fn feeds(&self) -> impl Iterator<Item = (u64, &Feed)> {
        self.channels
            .iter()
            .filter_map(|(number, channel)| match channel {
                Channel::Feed(feed) => Some((*number, &**feed)),
                Channel::Dom(_) => None,
            })
    }

    pub(super) fn feeds_mut(&mut self) -> impl Iterator<Item = (u64, &mut Feed)> {
        self.channels
            .iter_mut()
            .filter_map(|(number, channel)| match channel {
                Channel::Feed(feed) => Some((*number, &mut **feed)),
                Channel::Dom(_) => None,
            })
    }

    /// How many changes there were within a minute, these included.
    pub(super) fn count_changes(&mut self, count: usize, now: Instant) -> usize {
        const MINUTE: Duration = Duration::from_secs(60);
        while self
            .changes
            .front()
            .is_some_and(|(at, _)| *at + MINUTE <= now)
        {
            self.changes.pop_front();
        }
        self.changes.push_back((now, count));
        self.changes.iter().map(|(_, count)| count).sum()
    }

    /// When something of this session is due, with the venue's own timeout.
    pub(super) fn deadline(&self, keepalive: Duration) -> Option<Instant> {
        if self.closing {
            return None;
        }
        let step = self.steps.front().map(|(at, _)| *at);
        let silent = self.heard + self.silence;
        let keepalive = self.greeted.then(|| self.said + keepalive / 2);
        let feeds = self.feeds().filter_map(|(_, feed)| feed.deadline());
        let feeds = feeds.min().filter(|_| self.authorized);
        [step, Some(silent), keepalive, feeds]
            .into_iter()
            .flatten()
            .min()
    }
}
