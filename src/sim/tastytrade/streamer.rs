//! The account streamer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::notification::Notification;
use super::venue::TastytradeVenue;
use crate::Symbol;
use crate::sim::core::journal::{BreachKind, Draft, Request};
use crate::sim::core::rules::Kind;
use crate::sim::core::{Core, close};
use crate::sim::{Fault, SessionId};

/// Silence after which the venue says goodbye.
pub(super) const SILENCE: Duration = Duration::from_secs(60);

/// Notifications that belong to no account, and who gets them.
const OTHERS: [(&str, &str); 3] = [
    ("QuoteAlert", "quote-alerts-subscribe"),
    ("PublicWatchlists", "public-watchlists-subscribe"),
    ("UserMessage", "user-message-subscribe"),
];

/// One session.
#[derive(Debug)]
pub(super) struct Listener {
    id: String,
    pub(super) heard: Instant,
    pub(super) closing: bool,
    /// Whether `connect` has succeeded.
    connected: bool,
    accounts: BTreeSet<String>,
    /// The other actions that have succeeded.
    actions: BTreeSet<String>,
    pub(super) token: Option<String>,
}

impl Listener {
    pub(super) fn new(id: String, now: Instant) -> Self {
        Self {
            id,
            heard: now,
            closing: false,
            connected: false,
            accounts: BTreeSet::new(),
            actions: BTreeSet::new(),
            token: None,
        }
    }

    /// Everything it is to hear of, as `ACCOUNT 5WT00001` or `quote-alerts-subscribe`.
    pub(super) fn topics(&self) -> impl Iterator<Item = String> + '_ {
        let accounts = self
            .accounts
            .iter()
            .map(|number| format!("ACCOUNT {number}"));
        accounts.chain(self.actions.iter().cloned())
    }

    fn wants(&self, told: &Notification) -> bool {
        match OTHERS.iter().find(|(kind, _)| *kind == told.kind) {
            Some((_, action)) => self.actions.contains(*action),
            None => told
                .text("account-number")
                .is_some_and(|number| self.accounts.contains(number)),
        }
    }
}

impl TastytradeVenue {
    pub(super) fn action(&mut self, core: &mut Core, session: SessionId, text: &str) {
        let message: Value = serde_json::from_str(text).unwrap_or(Value::Null);
        let word = |key: &str| message.get(key).and_then(Value::as_str);
        let action = word("action").unwrap_or_default().to_owned();
        if matches!(action.as_str(), "connect" | "account-subscribe") {
            core.count_subscribe();
            if is_silent(core, session, &message) {
                return;
            }
        }
        let outcome = self.obey(core, session, &action, &message);
        core.log.requests.push(Request {
            at: core.now().wall,
            session,
            channel: "account".into(),
            event: action.clone(),
            payload: message.clone(),
            accepted: outcome.is_ok(),
        });
        let Some(listener) = self.listeners.get(&session) else {
            return;
        };
        let status = if outcome.is_ok() { "ok" } else { "error" };
        let mut reply = format!(
            "{{\"status\":\"{status}\",\"action\":{},\"web-socket-session-id\":\"{}\"",
            Value::from(action.as_str()),
            listener.id
        );
        match &outcome {
            Ok(()) => {
                if let Some(value) = message.get("value") {
                    reply += &format!(",\"value\":{value}");
                }
            }
            Err((kind, problem)) => {
                core.breach(Some(session), *kind, *problem);
                let words = core.words(session, problem);
                reply += &format!(",\"message\":\"{words}\"");
            }
        }
        if let Some(id) = message.get("request-id") {
            reply += &format!(",\"request-id\":{id}");
        }
        core.reply(session, Kind::Reply, reply + "}");
        if action == "connect" && outcome.is_ok() {
            core.logged_in(session);
        }
    }

    /// Does what a message asks for; a failure ends nothing.
    fn obey(
        &mut self,
        core: &Core,
        session: SessionId,
        action: &str,
        message: &Value,
    ) -> Result<(), (BreachKind, &'static str)> {
        let now = core.now().instant;
        let Some(listener) = self.listeners.get_mut(&session) else {
            return Ok(());
        };
        if !message.is_object() || action.is_empty() {
            return Err((BreachKind::Malformed, "failed"));
        }
        let token = message.get("auth-token").and_then(Value::as_str);
        let Some(token) = token.unwrap_or_default().strip_prefix("Bearer ") else {
            return Err((BreachKind::Unauthorized, "Unknown domain"));
        };
        if !self.tokens.is_good(token, now) {
            return Err((BreachKind::Unauthorized, "failed"));
        }
        listener.token = Some(token.to_owned());
        if matches!(action, "connect" | "account-subscribe") {
            let invalid = (BreachKind::UnknownParameter, "value missing or not valid");
            let numbers: Vec<&str> = match message.get("value") {
                Some(Value::String(number)) => vec![number],
                Some(Value::Array(numbers)) => numbers.iter().filter_map(Value::as_str).collect(),
                _ => Vec::new(),
            };
            let known = |number: &&str| self.accounts.contains_key(*number);
            if numbers.is_empty() || !numbers.iter().all(known) {
                return Err(invalid);
            }
            listener.connected = true;
            listener
                .accounts
                .extend(numbers.into_iter().map(str::to_owned));
            return Ok(());
        }
        if !listener.connected {
            return Err((BreachKind::HandshakeOrder, "connect-not-completed"));
        }
        if action == "heartbeat" {
            return Ok(());
        }
        if OTHERS.iter().any(|(_, known)| *known == action) {
            listener.actions.insert(action.to_owned());
            return Ok(());
        }
        Err((BreachKind::UnknownChannel, "not-implemented"))
    }

    /// Tells of these to everybody whom they concern, and keeps them for REST. How many sessions
    /// heard of any.
    pub(super) fn notify(&mut self, core: &mut Core, told: Vec<Notification>) -> usize {
        let now = core.times().now;
        let date = super::times::iso(now);
        let told: Vec<Notification> = told.into_iter().map(|one| one.dated(&date)).collect();
        for one in &told {
            let account = one.text("account-number");
            if let Some(account) = account.and_then(|number| self.accounts.get_mut(number)) {
                account.apply(one);
            }
        }
        let mut frames: BTreeMap<usize, String> = BTreeMap::new();
        for (number, one) in told.iter().enumerate() {
            self.sequence += 1;
            let sequence = if self.sequences {
                format!(",\"ws-sequence\":{}", self.sequence)
            } else {
                String::new()
            };
            let data = Value::from(one.data.clone());
            let text = format!(
                "{{\"type\":{},\"data\":{data},\"timestamp\":{}{sequence}}}",
                Value::from(one.kind.as_str()),
                now.as_millis()
            );
            frames.insert(number, text);
        }
        let mut heard = 0;
        let listeners = self.listeners.iter();
        for (session, listener) in listeners.filter(|(_, listener)| !listener.closing) {
            let wanted = (0..told.len()).filter(|number| listener.wants(&told[*number]));
            let wanted: Vec<usize> = wanted.collect();
            heard += usize::from(!wanted.is_empty());
            let size = if self.bundled { wanted.len().max(1) } else { 1 };
            for bundle in wanted.chunks(size) {
                let texts: Vec<&str> = bundle.iter().map(|number| &*frames[number]).collect();
                let text = if self.bundled {
                    format!("{{\"results\":[{}]}}", texts.join(","))
                } else {
                    texts.concat()
                };
                let topics: Vec<(String, Symbol)> =
                    bundle.iter().map(|n| name(&told[*n])).collect();
                let drafts: Vec<Draft<'_>> = topics
                    .iter()
                    .map(|(topic, symbol)| Draft {
                        channel: "account",
                        topic,
                        symbol,
                        identity: None,
                        time: Some(now),
                        spoilt: false,
                    })
                    .collect();
                core.publish_frame(*session, &drafts, Some(text));
            }
        }
        heard
    }

    /// Says goodbye to those who have been silent.
    pub(super) fn drop_silent(&mut self, core: &mut Core) {
        let now = core.now().instant;
        for (session, listener) in &mut self.listeners {
            if !listener.closing && listener.heard + SILENCE <= now {
                listener.closing = true;
                core.breach(Some(*session), BreachKind::Silence, "no heartbeat for 60 s");
                core.send_raw(*session, close(1000, "Bye"));
            }
        }
    }
}

/// Whether a fault lets this subscription go unheard. Its symbols are accounts.
fn is_silent(core: &mut Core, session: SessionId, message: &Value) -> bool {
    let now = core.now().instant;
    let names = |account: &str| match message.get("value") {
        Some(Value::Array(numbers)) => numbers.iter().any(|number| number == account),
        Some(number) => number == account,
        None => false,
    };
    let silent = |fault: &Fault| match fault {
        Fault::Silent {
            symbol, channel, ..
        } => {
            symbol.as_deref().is_none_or(names)
                && channel.as_deref().is_none_or(|only| only == "account")
        }
        _ => false,
    };
    core.rules.take(Some(session), now, silent).is_some()
}

/// The topic and symbol of a notification in the journal.
fn name(told: &Notification) -> (String, Symbol) {
    let about = told.text("account-number").or_else(|| told.text("name"));
    let symbol = told
        .text("underlying-symbol")
        .or_else(|| told.text("symbol"));
    let symbol = symbol.or(about).unwrap_or_default();
    let topic = format!("{} {}", told.kind, about.unwrap_or(symbol));
    (topic, symbol.into())
}
