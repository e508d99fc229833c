//! A channel of the `DOM` service: the depth of one symbol.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::value::{double, seconds, write_double};
use crate::Symbol;
use crate::market::Side;
use crate::sim::SessionId;
use crate::sim::core::Core;
use crate::sim::core::journal::Draft;
use crate::sim::core::rules::Kind;
use crate::sim::market::Pair;

/// What the venue gives unless asked for something else.
const DEPTH: usize = 10;

/// Settings a client asked for.
#[derive(Clone, Debug)]
struct Settings {
    period: f64,
    depth: usize,
    fields: Vec<String>,
}

/// A level made by hand or taken from the market.
pub(super) type Level = (f64, f64);

/// A channel.
#[derive(Debug)]
pub(super) struct Dom {
    pub(super) symbol: Symbol,
    pub(super) sources: Vec<String>,
    settings: Option<Settings>,
    told: bool,
    next: Instant,
    seen: Option<u64>,
}

impl Dom {
    pub(super) fn new(symbol: Symbol, sources: Vec<String>, now: Instant) -> Self {
        Self {
            symbol,
            sources,
            settings: None,
            told: false,
            next: now,
            seen: None,
        }
    }

    /// As [`active_topics`](super::DxLinkSim::active_topics) writes it.
    pub(super) fn topic(&self) -> String {
        format!("DOM {} {}", self.symbol, self.sources.join(","))
    }

    /// Takes `DOM_SETUP`, which starts the data. A depth of 0 means as much as there is.
    pub(super) fn set_up(&mut self, message: &Value, period: f64, now: Instant) {
        let number = |key: &str| message.get(key).and_then(Value::as_f64);
        let fields = message.get("acceptOrderFields").and_then(Value::as_array);
        let fields: Vec<String> = fields
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        let depth = message.get("acceptDepthLimit").and_then(Value::as_u64);
        self.settings = Some(Settings {
            period: number("acceptAggregationPeriod").unwrap_or(period).max(0.0),
            depth: depth.map_or(DEPTH, |depth| usize::try_from(depth).unwrap_or(DEPTH)),
            fields: if fields.is_empty() {
                vec!["price".into(), "size".into()]
            } else {
                fields
            },
        });
        self.told = false;
        self.next = now;
        self.seen = None;
    }

    pub(super) fn deadline(&self, pair: Option<&Pair>) -> Option<Instant> {
        let changed = self.seen != Some(pair?.book.id());
        (self.settings.is_some() && changed).then_some(self.next)
    }

    /// Sends the book if it has changed and the period is over. Whether it did.
    pub(super) fn advance(
        &mut self,
        core: &mut Core,
        session: SessionId,
        number: u64,
        pair: Option<&Pair>,
    ) -> bool {
        let now = core.now();
        let Some(pair) = pair.filter(|_| self.next <= now.instant) else {
            return false;
        };
        let (Some(settings), true) = (&self.settings, self.seen != Some(pair.book.id())) else {
            return false;
        };
        let period = Duration::try_from_secs_f64(settings.period).unwrap_or_default();
        self.next = now.instant + period;
        self.seen = Some(pair.book.id());
        let side = |side| {
            let rungs = pair.book.side(side).iter();
            let levels =
                rungs.map(|rung| (double(pair.price(rung.price)), double(pair.size(rung.size))));
            levels.collect::<Vec<_>>()
        };
        self.send(core, session, number, &side(Side::Buy), &side(Side::Sell));
        true
    }

    /// Sends a book, and before the first one what was settled.
    pub(super) fn send(
        &mut self,
        core: &mut Core,
        session: SessionId,
        number: u64,
        bids: &[Level],
        asks: &[Level],
    ) {
        let Some(settings) = &self.settings else {
            return;
        };
        if !std::mem::replace(&mut self.told, true) {
            let config = format!(
                "{{\"type\":\"DOM_CONFIG\",\"channel\":{number},\"aggregationPeriod\":{},\
                 \"depthLimit\":{},\"dataFormat\":\"FULL\",\"orderFields\":{}}}",
                seconds(settings.period),
                settings.depth,
                Value::from(settings.fields.clone()),
            );
            core.reply(session, Kind::Reply, config);
        }
        let now = core.now().instant;
        let time = core.times().of(core.now().wall);
        let text = format!(
            "{{\"type\":\"DOM_SNAPSHOT\",\"channel\":{number},\"time\":{},\"bids\":{},\
             \"asks\":{}}}",
            time.as_millis(),
            settings.levels(bids),
            settings.levels(asks),
        );
        let draft = Draft {
            channel: "DOM",
            topic: &self.topic(),
            symbol: &self.symbol,
            identity: None,
            time: Some(time),
            spoilt: false,
        };
        let silent = core.rules.is_silent(session, "DOM", &self.symbol, now);
        core.publish_frame(session, &[draft], (!silent).then_some(text));
    }
}

impl Settings {
    fn levels(&self, levels: &[Level]) -> String {
        let depth = if self.depth == 0 {
            levels.len()
        } else {
            self.depth
        };
        let level = |(price, size): &Level| {
            let values = self.fields.iter().filter_map(|name| {
                let number = match name.as_str() {
                    "price" => price,
                    "size" => size,
                    _ => return None,
                };
                let mut text = format!("\"{name}\":");
                write_double(*number, &mut text);
                Some(text)
            });
            format!("{{{}}}", values.collect::<Vec<_>>().join(","))
        };
        let levels = levels.iter().take(depth).map(level);
        format!("[{}]", levels.collect::<Vec<_>>().join(","))
    }
}
