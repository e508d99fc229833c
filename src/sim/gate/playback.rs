//! Recorded frames, sent to whoever subscribed to what they carry.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::feed::{Feed, draft};
use super::topic::{BOOK_LEVELS, Speed, Topic};
use crate::sim::SessionId;
use crate::sim::core::Core;
use crate::sim::core::journal::Identity;
use crate::sim::core::recording::{Line, Recording};
use crate::sim::core::rules::Role;
use crate::sim::market::interval_index;
use crate::{Symbol, Timestamp};

/// One recorded push.
#[derive(Clone, Debug)]
struct Frame {
    text: String,
    /// The topics it belongs to: more than one where the frame does not tell the speed.
    topics: Vec<Topic>,
    identity: Option<Identity>,
    role: Role,
}

/// A recording being played.
#[derive(Debug)]
pub(super) struct Playback {
    frames: Vec<Frame>,
    books: BTreeMap<Symbol, String>,
    next: usize,
    period: Duration,
    looped: bool,
    due: Option<Instant>,
}

impl Playback {
    pub(super) fn new(recording: &Recording, looped: bool, rate: f64) -> Self {
        let ours = |line: &&Line| line.market.as_deref().is_none_or(|market| market == "spot");
        let lines = || recording.lines.iter().filter(ours);
        let frames = lines().filter(|line| line.dir == "in").filter_map(frame);
        let books = lines().filter(|line| line.dir == "rest").filter_map(book);
        let period = if rate.is_finite() && rate > 0.0 {
            Duration::from_secs_f64((1.0 / rate).min(1e9))
        } else {
            Duration::MAX
        };
        Self {
            frames: frames.collect(),
            books: books.collect(),
            next: 0,
            period,
            looped,
            due: None,
        }
    }

    /// The symbols that occur in it.
    pub(super) fn symbols(&self) -> BTreeSet<Symbol> {
        let topics = self.frames.iter().flat_map(|frame| &frame.topics);
        let played = topics.map(|topic| topic.symbol().clone());
        played.chain(self.books.keys().cloned()).collect()
    }

    /// The recorded REST book of this pair.
    pub(super) fn book(&self, pair: &str) -> Option<&str> {
        self.books.get(pair).map(String::as_str)
    }

    /// Starts at the first subscription, so that no subscriber comes too late for the first frame.
    pub(super) fn start(&mut self, now: Instant) {
        if self.due.is_none() && self.next == 0 {
            self.due = now.checked_add(self.period);
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due.filter(|_| self.next < self.frames.len())
    }

    pub(super) fn advance(&mut self, core: &mut Core, feeds: &BTreeMap<Topic, Feed>) {
        let now = core.now().instant;
        while let Some(due) = self.deadline().filter(|due| *due <= now) {
            self.play_next(core, feeds);
            self.due = due.checked_add(self.period);
        }
    }

    pub(super) fn play_next(&mut self, core: &mut Core, feeds: &BTreeMap<Topic, Feed>) {
        let Some(frame) = self.frames.get(self.next) else {
            return;
        };
        self.next += 1;
        if self.looped && self.next == self.frames.len() {
            self.next = 0;
        }
        let subscribed = frame.topics.iter().filter_map(|topic| feeds.get(topic));
        let sessions: BTreeSet<SessionId> = subscribed
            .flat_map(|feed| feed.sessions.iter().copied())
            .collect();
        // A frame that belongs to several topics is journalled under one that is subscribed.
        let topic = frame.topics.iter().find(|topic| feeds.contains_key(*topic));
        let Some(topic) = topic.or(frame.topics.first()) else {
            return;
        };
        core.publish(
            draft(topic, frame.identity, None),
            sessions,
            frame.text.clone(),
            frame.role,
        );
    }
}

/// The push in a line, if it holds one that has a topic.
fn frame(line: &Line) -> Option<Frame> {
    let text = line.frame.as_ref()?;
    let value: Value = serde_json::from_str(text).ok()?;
    let result = value.get("result")?;
    let event = value
        .get("event")
        .and_then(Value::as_str)
        .unwrap_or("update");
    if event != "update" || value.get("error").is_some_and(|error| !error.is_null()) {
        return None;
    }
    let channel = value.get("channel")?.as_str()?;
    let word = |key: &str| result.get(key).and_then(Value::as_str);
    let number = |key: &str| result.get(key).and_then(Value::as_u64);
    let role = match channel {
        "spot.order_book_update" | "spot.obu" if result.get("full").is_none() => Role::Chained,
        "spot.candlesticks" if result.get("w") == Some(&Value::Bool(true)) => Role::Final,
        _ => Role::Plain,
    };
    let topics = match channel {
        "spot.trades" => vec![Topic::Trades(word("currency_pair")?.into())],
        "spot.trades_v2" => vec![Topic::TradesV2(word("currency_pair")?.into())],
        "spot.tickers" => vec![Topic::Ticker(word("currency_pair")?.into())],
        "spot.book_ticker" => vec![Topic::BookTicker(word("s")?.into())],
        "spot.candlesticks" => {
            let (interval, symbol) = word("n")?.split_once('_')?;
            let interval = interval_index(interval)?;
            let symbol = symbol.into();
            vec![Topic::Candles { interval, symbol }]
        }
        "spot.order_book_update" => {
            let symbol = Symbol::new(word("s")?);
            let speeds = match word("l") {
                Some("20") => vec![Speed::Ms20],
                Some("100") => vec![Speed::Ms100],
                _ => vec![Speed::Ms100, Speed::Ms20],
            };
            let topic = |speed| Topic::BookUpdate {
                symbol: symbol.clone(),
                speed,
            };
            speeds.into_iter().map(topic).collect()
        }
        "spot.order_book" => books_of(word("s")?, word("l")),
        "spot.obu" => vec![Topic::obu(word("s")?)?],
        _ => return None,
    };
    let identity = number("id")
        .map(Identity::Trade)
        .or_else(|| book_identity(number("U"), number("u").or(number("lastUpdateId"))?))
        .or_else(|| {
            let start = word("t")?.parse().ok().and_then(Timestamp::from_secs)?;
            let closed = result.get("w").and_then(Value::as_bool).unwrap_or(false);
            Some(Identity::Candle { start, closed })
        });
    Some(Frame {
        text: text.clone(),
        topics,
        identity,
        role,
    })
}

fn book_identity(first: Option<u64>, last: u64) -> Option<Identity> {
    Some(Identity::Book {
        first: first.unwrap_or(last),
        last,
    })
}

fn books_of(symbol: &str, level: Option<&str>) -> Vec<Topic> {
    let level: Option<usize> = level.and_then(|level| level.parse().ok());
    let levels = BOOK_LEVELS.into_iter();
    let fitting = levels.filter(|known| level.is_none_or(|level| level == *known));
    let topics = fitting.flat_map(|level| {
        [false, true].map(|slow| Topic::Book {
            symbol: symbol.into(),
            level,
            slow,
        })
    });
    topics.collect()
}

/// The pair and body of a recorded REST book.
fn book(line: &Line) -> Option<(Symbol, String)> {
    if line.channel.as_deref() != Some("rest:order_book") {
        return None;
    }
    let (_, query) = line.request.as_ref()?.split_once('?')?;
    let pair = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("currency_pair="))?;
    Some((pair.into(), line.frame.clone()?))
}
