//! Who follows what.

use super::feed::{self, Feed};
use super::topic::Topic;
use super::venue::GateVenue;
use super::{BookStart, push};
use crate::sim::SessionId;
use crate::sim::core::Core;
use crate::sim::core::rules::Role;

impl GateVenue {
    pub(super) fn subscribe(&mut self, core: &mut Core, session: SessionId, topics: &[Topic]) {
        let now = core.now();
        self.market.roll(now.wall);
        for topic in topics {
            let Some(client) = self.clients.get_mut(&session) else {
                return;
            };
            let joined = client.topics.insert(topic.clone());
            core.rules
                .subscribed(session, topic.channel(), topic.symbol());
            let market = &self.market;
            let feed = self
                .feeds
                .entry(topic.clone())
                .or_insert_with(|| Feed::new(topic, market.pair(topic.symbol()), now));
            if self.playback.is_some() {
                feed.sessions.insert(session);
                continue;
            }
            if let Some(depth) = topic.depth().filter(|_| joined) {
                // Those who are there already get what they are owed before the joiner's start.
                feed.send(topic, core, &mut self.market, now);
                if let Some(pair) = self.market.pair_mut(topic.symbol()) {
                    pair.book.follow(depth);
                }
                feed.join(topic, session, now);
                self.send_start(core, session, topic, depth);
            } else {
                feed.join(topic, session, now);
            }
        }
        if let Some(playback) = &mut self.playback {
            playback.start(now.instant);
        }
    }

    /// What a book stream begins with.
    fn send_start(&mut self, core: &mut Core, session: SessionId, topic: &Topic, depth: usize) {
        let times = core.times();
        let Some(pair) = self.market.pair(topic.symbol()) else {
            return;
        };
        let text = match (topic, self.book_start) {
            (Topic::Obu { .. }, _) => push::obu_full(times, pair, depth),
            (_, BookStart::Delta) => return,
            (_, start) => push::book_window(times, pair, depth, start == BookStart::Full),
        };
        if let Some(feed) = self.feeds.get_mut(topic) {
            feed.began(&text);
        }
        let time = times.of(pair.book.changed());
        let draft = feed::draft(topic, Some(feed::snapshot(pair)), Some(time));
        core.publish(draft, [session], text, Role::Plain);
    }

    pub(super) fn unsubscribe(&mut self, session: SessionId, topic: &Topic) {
        if let Some(client) = self.clients.get_mut(&session) {
            client.topics.remove(topic);
        }
        let Some(feed) = self.feeds.get_mut(topic) else {
            return;
        };
        feed.leave(session);
        if feed.sessions.is_empty() {
            self.feeds.remove(topic);
            if let Some(depth) = topic.depth()
                && let Some(pair) = self.market.pair_mut(topic.symbol())
            {
                pair.book.unfollow(depth);
            }
        }
    }
}
