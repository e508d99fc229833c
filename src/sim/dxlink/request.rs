//! What dxLink does with a message from a client.

use serde_json::Value;

use super::client::Channel;
use super::venue::DxLinkVenue;
use super::wire::{self, Code};
use crate::sim::SessionId;
use crate::sim::core::Core;
use crate::sim::core::journal::{BreachKind, Request};
use crate::sim::core::rules::Kind;

/// Why a message is refused.
#[derive(Debug)]
pub(super) struct Problem {
    /// The channel that is told.
    pub(super) channel: u64,
    pub(super) code: Code,
    pub(super) text: String,
    /// What the client did wrong, if it did.
    pub(super) breach: Option<BreachKind>,
    /// Whether the connection ends.
    pub(super) fatal: bool,
}

impl Problem {
    pub(super) fn new(
        channel: u64,
        code: Code,
        breach: BreachKind,
        text: impl Into<String>,
    ) -> Self {
        Self {
            channel,
            code,
            text: text.into(),
            breach: Some(breach),
            fatal: false,
        }
    }

    pub(super) fn malformed(channel: u64, text: impl Into<String>) -> Self {
        Self::new(channel, Code::InvalidMessage, BreachKind::Malformed, text)
    }

    /// The same for a mistake after which the venue does not listen any more.
    pub(super) fn fatal(self) -> Self {
        Self {
            fatal: true,
            ..self
        }
    }

    /// The same where the venue is to blame.
    pub(super) fn innocent(self) -> Self {
        Self {
            breach: None,
            ..self
        }
    }
}

impl DxLinkVenue {
    pub(super) fn message(&mut self, core: &mut Core, session: SessionId, text: &str) {
        let now = core.now().instant;
        let Some(client) = self
            .clients
            .get_mut(&session)
            .filter(|client| !client.closing)
        else {
            return;
        };
        client.heard = now;
        let longest = self.switches.limits.message_bytes;
        if longest.is_some_and(|longest| text.len() > longest) {
            let detail = format!("a message of {} bytes", text.len());
            core.breach(Some(session), BreachKind::TooLarge, detail);
            return self.hang_up(core, session, 1009, "Max frame length has been exceeded.");
        }
        let Ok(message) = serde_json::from_str::<Value>(text) else {
            let problem = Problem::malformed(0, "The message is no JSON.");
            return self.refuse(core, session, &problem);
        };
        let kind = message.get("type").and_then(Value::as_str);
        let number = message.get("channel").and_then(Value::as_u64);
        let (Some(kind), Some(number)) = (kind, number) else {
            let problem = Problem::malformed(0, "A message needs a type and a channel.");
            return self.refuse(core, session, &problem);
        };
        if kind == "FEED_SUBSCRIPTION" && message.get("add").is_some() {
            core.count_subscribe();
        }
        let outcome = self.dispatch(core, session, kind, number, &message);
        if kind != "KEEPALIVE" {
            core.log.requests.push(Request {
                at: core.now().wall,
                session,
                channel: number.to_string(),
                event: kind.to_owned(),
                accepted: outcome.is_ok(),
                payload: message,
            });
        }
        if let Err(problem) = outcome {
            self.refuse(core, session, &problem);
        }
    }

    /// Tells of a problem; `ERROR` by itself ends nothing (dxLink AsyncAPI, ERROR).
    fn refuse(&mut self, core: &mut Core, session: SessionId, problem: &Problem) {
        if let Some(breach) = problem.breach {
            core.breach(Some(session), breach, problem.text.as_str());
        }
        let words = core.words(session, &problem.text);
        let text = wire::error(problem.channel, problem.code, &words);
        self.say(core, session, Kind::Notice, text);
        if problem.fatal {
            self.hang_up(core, session, 1000, "");
        }
    }

    fn dispatch(
        &mut self,
        core: &mut Core,
        session: SessionId,
        kind: &str,
        number: u64,
        message: &Value,
    ) -> Result<(), Problem> {
        match kind {
            "SETUP" => return self.set_up(core, session, message),
            "AUTH" => return self.authorize(core, session, message),
            // What a client complains of, it will act on itself.
            "KEEPALIVE" | "ERROR" => return Ok(()),
            "CHANNEL_REQUEST" => return self.open_channel(core, session, number, message),
            "CHANNEL_CANCEL" | "FEED_SETUP" | "FEED_SUBSCRIPTION" | "DOM_SETUP" => {}
            other => {
                let text = format!("There is no message type {other:?}.");
                return Err(Problem::malformed(number, text));
            }
        }
        let Some(client) = self.clients.get(&session) else {
            return Ok(());
        };
        let service = match client.channels.get(&number) {
            Some(Channel::Feed(_)) => "FEED",
            Some(Channel::Dom(_)) => "DOM",
            None if client.gone.contains(&number) => return Ok(()),
            None => {
                let text = format!("Channel {number} is not open.");
                let breach = BreachKind::BadChannel;
                return Err(Problem::new(number, Code::BadAction, breach, text));
            }
        };
        match (kind, service) {
            ("CHANNEL_CANCEL", _) => self.cancel_channel(core, session, number),
            ("FEED_SETUP", "FEED") => return self.set_up_feed(core, session, number, message),
            ("FEED_SUBSCRIPTION", "FEED") => {
                return self.subscribe(core, session, number, message);
            }
            ("DOM_SETUP", "DOM") => self.set_up_dom(core, session, number, message),
            _ => {
                let text = format!("Channel {number} belongs to {service}, not to {kind}.");
                let breach = BreachKind::BadChannel;
                return Err(Problem::new(number, Code::BadAction, breach, text));
            }
        }
        Ok(())
    }
}
