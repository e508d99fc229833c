//! When each topic's frames are due, and what they hold.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::old::Old;
use super::push;
use super::topic::Topic;
use crate::sim::SessionId;
use crate::sim::core::Core;
use crate::sim::core::journal::{Draft, Identity};
use crate::sim::core::rules::Role;
use crate::sim::market::{Bar, Market, Pair};
use crate::{Now, Timestamp};

/// A candle is sent as closed this long after its end: the venue takes one to two seconds.
const CLOSING: Duration = Duration::from_millis(1_500);

/// A subscriber's first candle follows its acknowledgement by this; the venue takes up to 2.2 s.
const FIRST: Duration = Duration::from_millis(200);

/// One topic that has subscribers.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) sessions: BTreeSet<SessionId>,
    /// Not before.
    next: Instant,
    /// The pair's version, or the candle's trades, at the last frame.
    seen: u64,
    /// The start of the candle that is being sent.
    window: Timestamp,
    /// Who still waits for a first candle or whole book.
    fresh: Vec<(Instant, SessionId)>,
    old: Old,
}

impl Feed {
    pub(super) fn new(topic: &Topic, pair: Option<&Pair>, now: Now) -> Self {
        let mut feed = Self {
            sessions: BTreeSet::new(),
            next: now.instant + topic.period(),
            seen: 0,
            window: Timestamp::EPOCH,
            fresh: Vec::new(),
            old: Old::default(),
        };
        match (topic, pair) {
            (Topic::Candles { interval, .. }, Some(pair)) => {
                let bar = pair.candles.current(*interval);
                feed.window = bar.start;
                feed.seen = bar.trades;
            }
            (Topic::Ticker(_) | Topic::BookTicker(_), Some(pair)) => feed.seen = pair.version(),
            _ => {}
        }
        feed
    }

    pub(super) fn join(&mut self, topic: &Topic, session: SessionId, now: Now) {
        if self.sessions.insert(session) && matches!(topic, Topic::Candles { .. }) {
            self.fresh.push((now.instant + FIRST, session));
        }
    }

    pub(super) fn leave(&mut self, session: SessionId) {
        self.sessions.remove(&session);
        self.fresh.retain(|(_, waiting)| *waiting != session);
    }

    /// When it next has something to send.
    pub(super) fn deadline(&self, topic: &Topic, market: &Market, now: Now) -> Option<Instant> {
        let pair = market.pair(topic.symbol())?;
        let dirty = match topic {
            Topic::Trades(_) | Topic::TradesV2(_) => false,
            Topic::Ticker(_) | Topic::BookTicker(_) | Topic::Book { .. } => {
                pair.version() != self.seen
            }
            Topic::BookUpdate { .. } | Topic::Obu { .. } => {
                let followed = topic.depth().and_then(|depth| pair.book.followed(depth));
                followed.is_some_and(|last| last != pair.book.id())
            }
            Topic::Candles { interval, .. } => {
                return self.candle_deadline(*interval, pair, now);
            }
        };
        dirty.then_some(self.next)
    }

    fn candle_deadline(&self, interval: usize, pair: &Pair, now: Now) -> Option<Instant> {
        let bar = pair.candles.current(interval);
        let due = |time: Timestamp| now.instant + time.duration_since(now.wall);
        let mut deadline = self.fresh.iter().map(|(at, _)| *at).min();
        let mut sooner = |at: Instant| deadline = Some(deadline.map_or(at, |due| due.min(at)));
        if bar.start == self.window {
            if bar.trades != self.seen {
                sooner(self.next);
            }
            if bar.trades > 0 {
                sooner(due(pair.candles.end(interval).saturating_add(CLOSING)));
            }
        } else {
            let end = pair.candles.after(interval, self.window);
            return Some(due(end.saturating_add(CLOSING)));
        }
        deadline
    }

    /// Sends what is due.
    pub(super) fn flush(&mut self, topic: &Topic, core: &mut Core, market: &mut Market, now: Now) {
        let due = self.deadline(topic, market, now);
        if due.is_none_or(|due| due > now.instant) {
            return;
        }
        self.send(topic, core, market, now);
    }

    /// Sends what there is, due or not.
    pub(super) fn send(&mut self, topic: &Topic, core: &mut Core, market: &mut Market, now: Now) {
        let Some(pair) = market.pair_mut(topic.symbol()) else {
            return;
        };
        let times = core.times();
        let (text, identity, role) = match topic {
            Topic::Trades(_) | Topic::TradesV2(_) => return,
            Topic::Candles { interval, .. } => {
                return self.send_candles(topic, *interval, core, pair, now);
            }
            Topic::Ticker(_) => (push::ticker(times, pair), None, Role::Plain),
            Topic::BookTicker(_) => {
                let text = push::book_ticker(times, pair);
                (text, Some(snapshot(pair)), Role::Plain)
            }
            Topic::Book { level, .. } => {
                let text = push::book(times, pair, *level);
                (text, Some(snapshot(pair)), Role::Plain)
            }
            Topic::BookUpdate { .. } | Topic::Obu { .. } => {
                let Some(delta) = topic.depth().and_then(|depth| pair.book.delta(depth)) else {
                    return;
                };
                let identity = Identity::Book {
                    first: delta.first,
                    last: delta.last,
                };
                (
                    push::delta(times, topic, pair, &delta),
                    Some(identity),
                    Role::Chained,
                )
            }
        };
        self.seen = pair.version();
        self.next = now.instant + topic.period();
        let time = identity.map(|_| times.of(pair.book.changed()));
        let draft = draft(topic, identity, time);
        core.publish(draft, self.sessions.iter().copied(), text.clone(), role);
        self.old.follow(core, draft, &self.sessions, text);
    }

    /// A session is sent this as what it begins with.
    pub(super) fn began(&mut self, text: &str) {
        self.old.begin(text);
    }

    fn send_candles(
        &mut self,
        topic: &Topic,
        interval: usize,
        core: &mut Core,
        pair: &mut Pair,
        now: Now,
    ) {
        pair.candles.roll(now.wall);
        let current = pair.candles.current(interval).clone();
        if self.window < current.start {
            for bar in pair.candles.between(interval, self.window, current.start) {
                let end = pair.candles.after(interval, bar.start);
                if bar.trades > 0 && end.saturating_add(CLOSING) > now.wall {
                    self.window = bar.start;
                    return;
                }
                if bar.trades > 0 {
                    let everyone = self.sessions.iter().copied();
                    send_candle(topic, interval, core, &bar, true, everyone);
                }
            }
            self.window = current.start;
            self.seen = 0;
        }
        let (due, waiting): (Vec<_>, Vec<_>) =
            self.fresh.drain(..).partition(|(at, _)| *at <= now.instant);
        self.fresh = waiting;
        if !due.is_empty() {
            let sessions = due.into_iter().map(|(_, session)| session);
            send_candle(topic, interval, core, &current, false, sessions);
        }
        if current.trades != self.seen && self.next <= now.instant {
            let everyone = self.sessions.iter().copied();
            send_candle(topic, interval, core, &current, false, everyone);
            self.seen = current.trades;
            self.next = now.instant + topic.period();
        }
    }
}

fn send_candle(
    topic: &Topic,
    interval: usize,
    core: &mut Core,
    bar: &Bar,
    closed: bool,
    sessions: impl IntoIterator<Item = SessionId>,
) {
    let role = if closed { Role::Final } else { Role::Plain };
    let text = push::candle(core.times(), interval, topic.symbol(), bar, closed);
    let identity = Identity::Candle {
        start: bar.start,
        closed,
    };
    core.publish(draft(topic, Some(identity), None), sessions, text, role);
}

pub(super) fn snapshot(pair: &Pair) -> Identity {
    let id = pair.book.id();
    Identity::Book {
        first: id,
        last: id,
    }
}

pub(super) fn draft(
    topic: &Topic,
    identity: Option<Identity>,
    time: Option<Timestamp>,
) -> Draft<'_> {
    Draft {
        channel: topic.channel(),
        topic,
        symbol: topic.symbol(),
        identity,
        time,
        spoilt: false,
    }
}
