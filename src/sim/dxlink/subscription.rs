//! `FEED_SETUP` and `FEED_SUBSCRIPTION`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::DxLinkFault;
use super::client::{Channel, Client};
use super::contract::{Contract, Mode};
use super::event::Key;
use super::feed::{EVERYTHING, Feed, Item};
use super::request::Problem;
use super::schema::Family;
use super::snapshot::{self, Manner};
use super::venue::DxLinkVenue;
use super::wire::{self, Code};
use super::wish::{Wish, wishes};
use crate::sim::core::Core;
use crate::sim::core::journal::BreachKind;
use crate::sim::core::rules::Kind;
use crate::sim::{DataFormat, Fault, SessionId};

/// Types whose items are limited by themselves.
const HEAVY: [&str; 3] = ["Candle", "Order", "Series"];

impl DxLinkVenue {
    pub(super) fn set_up_feed(
        &mut self,
        core: &mut Core,
        session: SessionId,
        number: u64,
        message: &Value,
    ) -> Result<(), Problem> {
        let default = self.switches.period;
        let Some(feed) = feed_of(&mut self.clients, session, number) else {
            return Ok(());
        };
        match message.get("acceptAggregationPeriod") {
            None => {}
            // Java's way to go back to the server's own.
            Some(Value::String(text)) if text == "NaN" => feed.format.period = default,
            Some(period) => match period.as_f64() {
                Some(period) if period >= 0.0 => feed.format.period = period,
                _ => return Err(Problem::malformed(number, "The period is no number.")),
            },
        }
        match message.get("acceptDataFormat").map(Value::as_str) {
            None => {}
            Some(Some("FULL")) => feed.format.data = DataFormat::Full,
            Some(Some("COMPACT")) => feed.format.data = DataFormat::Compact,
            Some(_) => {
                let text = "The data format is FULL or COMPACT.";
                return Err(Problem::malformed(number, text));
            }
        }
        let fields = message.get("acceptEventFields").and_then(Value::as_object);
        for (name, fields) in fields.into_iter().flatten() {
            let names = fields.as_array().into_iter().flatten();
            let names = names.filter_map(|name| name.as_str().map(str::to_owned));
            if let Some(kind) = feed.format.want(name, names.collect()) {
                feed.announce_again(kind, core.now().instant);
            }
        }
        let text = feed.format.config(number, [], &self.switches);
        self.say(core, session, Kind::Reply, text);
        Ok(())
    }

    pub(super) fn subscribe(
        &mut self,
        core: &mut Core,
        session: SessionId,
        number: u64,
        message: &Value,
    ) -> Result<(), Problem> {
        let (add, remove) = (
            wishes(core, session, number, message.get("add"))?,
            wishes(core, session, number, message.get("remove"))?,
        );
        let reset = message.get("reset").and_then(Value::as_bool) == Some(true);
        if reset && let Some(feed) = feed_of(&mut self.clients, session, number) {
            feed.queue = super::queue::Queue::default();
            let items = std::mem::take(&mut feed.items);
            for key in items.keys() {
                self.release(key);
            }
        }
        self.check_limits(core, session, number, &add, remove.len())?;
        if self.withdraws(core, session, number, &add) {
            return Ok(());
        }
        for wish in remove {
            if let Some(feed) = feed_of(&mut self.clients, session, number) {
                feed.items.remove(&wish.key);
                feed.queue.forget(&wish.key);
            }
            self.release(&wish.key);
        }
        for wish in &add {
            self.add(core, session, number, wish);
        }
        Ok(())
    }

    fn check_limits(
        &mut self,
        core: &mut Core,
        session: SessionId,
        number: u64,
        add: &[Wish],
        removed: usize,
    ) -> Result<(), Problem> {
        let limits = self.switches.limits;
        let Some(client) = self.clients.get_mut(&session) else {
            return Ok(());
        };
        let refused =
            |breach, text: String| Err(Problem::new(number, Code::BadAction, breach, text));
        let changes = client.count_changes(add.len() + removed, core.now().instant);
        if limits.changes_per_minute.is_some_and(|most| changes > most) {
            let text = format!("{changes} changes of subscriptions within a minute.");
            return refused(BreachKind::TooManyChanges, text);
        }
        let items = client.feeds().flat_map(|(channel, feed)| {
            let keys = feed.items.keys();
            keys.map(move |key| (channel, key))
        });
        let added = add.iter().map(|wish| (number, &wish.key));
        let all: BTreeSet<(u64, &Key)> = items.chain(added).collect();
        let held = |kind: Option<&str>| {
            let of_kind = |key: &Key| kind.is_none_or(|kind| key.kind.name == kind);
            all.iter().filter(|(_, key)| of_kind(key)).count()
        };
        let count = held(None);
        if limits.subscriptions.is_some_and(|most| count > most) {
            let text = format!("{count} subscriptions in one session.");
            return refused(BreachKind::TooManySubscriptions, text);
        }
        for kind in HEAVY {
            let count = held(Some(kind));
            if limits.heavy_subscriptions.is_some_and(|most| count > most) {
                let text = format!("{count} subscriptions of {kind} in one session.");
                return refused(BreachKind::TooManySubscriptions, text);
            }
        }
        Ok(())
    }

    /// Whether a fault has the venue take the channel away instead.
    fn withdraws(
        &mut self,
        core: &mut Core,
        session: SessionId,
        number: u64,
        add: &[Wish],
    ) -> bool {
        let now = core.now().instant;
        let named = |symbol: &str| add.iter().any(|wish| wish.key.symbol == symbol);
        let withdrawing = |fault: &Fault| match fault {
            Fault::DxLink(DxLinkFault::Withdraw { symbol, .. }) => {
                !add.is_empty() && symbol.as_deref().is_none_or(named)
            }
            _ => false,
        };
        let Some(Fault::DxLink(DxLinkFault::Withdraw { text, .. })) =
            core.rules.take(Some(session), now, withdrawing)
        else {
            return false;
        };
        if let Some(text) = text {
            let words = core.words(session, &text);
            let text = wire::error(number, Code::BadAction, &words);
            self.say(core, session, Kind::Notice, text);
        }
        self.close_channel(core, session, number);
        true
    }

    fn add(&mut self, core: &mut Core, session: SessionId, number: u64, wish: &Wish) {
        let now = core.now().instant;
        let refusing = |fault: &Fault| match fault {
            Fault::Refuse {
                symbol: Some(symbol),
                ..
            }
            | Fault::Silent {
                symbol: Some(symbol),
                ..
            }
            | Fault::DxLink(DxLinkFault::RefuseItem { symbol, .. }) => {
                wish.key.symbol == symbol.as_str()
            }
            _ => false,
        };
        match core.rules.take(Some(session), now, refusing) {
            None => {}
            Some(Fault::DxLink(DxLinkFault::RefuseItem { symbol, text, .. })) => {
                let text = text.unwrap_or_else(|| format!("{symbol} cannot be subscribed."));
                let words = core.words(session, &text);
                let text = wire::error(number, Code::BadAction, &words);
                return self.say(core, session, Kind::Notice, text);
            }
            Some(_) => return,
        }
        core.rules
            .subscribed(session, wish.key.kind.name, &wish.key.symbol);
        let auto_candles = self.switches.auto_candles;
        let Some(feed) = feed_of(&mut self.clients, session, number) else {
            return;
        };
        let kind = wish.key.kind;
        let everything = wish.key.symbol == EVERYTHING;
        let contract = feed.contract;
        let Some(mode) = contract.mode(kind, everything, wish.from.is_some()) else {
            let detail = format!(
                "{} cannot deliver {} {}",
                contract.name(),
                kind.name,
                wish.key.symbol
            );
            return core.breach(Some(session), BreachKind::UnknownParameter, detail);
        };
        if mode == Mode::History && kind.family == Family::TimeSeries && wish.from.is_none() {
            let detail = format!("{} {} has no fromTime", kind.name, wish.key.symbol);
            core.breach(Some(session), BreachKind::UnknownParameter, detail);
        }
        let item = Item {
            mode,
            from: wish.from.unwrap_or(0),
            barren: contract == Contract::Auto && kind.name == "Candle" && !auto_candles,
        };
        feed.items.insert(wish.key.clone(), item);
        self.start(core, session, number, &wish.key, item);
    }

    /// Sends what an item begins with: a ticker's last state, or a snapshot.
    fn start(&mut self, core: &mut Core, session: SessionId, number: u64, key: &Key, item: Item) {
        let now = core.now();
        let everything = key.symbol == EVERYTHING;
        let known = self.board.knows(key);
        if known {
            self.board.open(key, now.wall);
        }
        let Some(feed) = feed_of(&mut self.clients, session, number) else {
            return;
        };
        // Of what is unknown nothing is said, now or ever, unless a test publishes it.
        feed.announce(core, session, key.kind, &self.switches);
        if everything || !known {
            return;
        }
        match item.mode {
            Mode::Stream => {}
            Mode::Ticker => {
                if let Some(event) = self.board.archive.last(key) {
                    feed.queue.push(key, Mode::Ticker, event, 0);
                }
            }
            Mode::History => {
                let endless = |fault: &Fault| match fault {
                    Fault::EndlessSnapshot { symbol, .. } => {
                        symbol.as_deref().is_none_or(|only| key.symbol == *only)
                    }
                    _ => false,
                };
                let endless = core
                    .rules
                    .take(Some(session), now.instant, endless)
                    .is_some();
                let unflagged = |fault: &Fault| match fault {
                    Fault::DxLink(DxLinkFault::Unflagged { symbol, .. }) => {
                        symbol.as_deref().is_none_or(|only| key.symbol == *only)
                    }
                    _ => false,
                };
                let unflagged = core
                    .rules
                    .take(Some(session), now.instant, unflagged)
                    .is_some();
                let manner = Manner {
                    from: item.from,
                    now: now.wall.as_millis(),
                    limit: self.switches.snapshot,
                    empty: item.barren,
                    endless,
                    unflagged,
                    untidy: self.switches.untidy,
                };
                feed.queue.forget(key);
                feed.restart(key);
                snapshot::enqueue(&mut feed.queue, &self.board.archive, key, manner);
            }
        }
    }

    /// Starts every item of a session again, after it has had no data for a while.
    pub(super) fn start_again(&mut self, core: &mut Core, session: SessionId) {
        let Some(client) = self.clients.get(&session) else {
            return;
        };
        let items: Vec<(u64, Key, Item)> = client
            .feeds()
            .flat_map(|(number, feed)| {
                let items = feed.items.iter();
                items.map(move |(key, item)| (number, key.clone(), *item))
            })
            .collect();
        for (number, key, item) in items {
            self.start(core, session, number, &key, item);
        }
    }
}

fn feed_of(
    clients: &mut std::collections::BTreeMap<SessionId, Client>,
    session: SessionId,
    number: u64,
) -> Option<&mut Feed> {
    match clients.get_mut(&session)?.channels.get_mut(&number)? {
        Channel::Feed(feed) => Some(feed),
        Channel::Dom(_) => None,
    }
}
