//! `SETUP`, `AUTH` and what may go wrong with them.

use std::time::Duration;

use serde_json::Value;

use super::client::{Client, SILENCE, Step};
use super::queue::Queue;
use super::request::Problem;
use super::switches::Refusal;
use super::venue::DxLinkVenue;
use super::wire::{self, Code};
use crate::sim::core::Core;
use crate::sim::core::journal::BreachKind;
use crate::sim::core::rules::Kind;
use crate::sim::{Fault, SessionId};

impl DxLinkVenue {
    /// Takes `SETUP`. A later one changes the timeouts.
    pub(super) fn set_up(
        &mut self,
        core: &mut Core,
        session: SessionId,
        message: &Value,
    ) -> Result<(), Problem> {
        let Some(version) = message.get("version").and_then(Value::as_str) else {
            return Err(Problem::malformed(0, "SETUP needs a version."));
        };
        let protocol = version.split('-').next().unwrap_or_default();
        if !matches!(protocol.split('.').next(), Some("0" | "1")) {
            let text = format!("Version {version} is not supported.");
            let code = Code::UnsupportedProtocol;
            return Err(Problem::new(0, code, BreachKind::UnknownParameter, text).fatal());
        }
        let timeout = message.get("keepaliveTimeout").and_then(Value::as_f64);
        let timeout = timeout.filter(|timeout| *timeout > 0.0);
        let silence = timeout.and_then(|timeout| Duration::try_from_secs_f64(timeout).ok());
        let now = core.now().instant;
        let Some(client) = self.clients.get_mut(&session) else {
            return Ok(());
        };
        client.silence = silence.unwrap_or(SILENCE);
        let again = std::mem::replace(&mut client.greeted, true);
        let bare = |fault: &Fault| matches!(fault, Fault::BareSetup { .. });
        let bare = core.rules.take(Some(session), now, bare).is_some();
        let timeouts = (!bare).then_some(self.switches.keepalive.as_secs_f64());
        self.say(core, session, Kind::Reply, wire::setup(timeouts));
        if !again {
            self.later(core, session, Step::Ask);
        }
        Ok(())
    }

    /// Does a step of the handshake now or, in strict order, when the client may have run ahead.
    fn later(&mut self, core: &mut Core, session: SessionId, step: Step) {
        match (self.switches.strict, self.clients.get_mut(&session)) {
            (Some(delay), Some(client)) => {
                client.steps.push_back((core.now().instant + delay, step));
            }
            _ => self.take_step(core, session, step),
        }
    }

    /// Does the steps that are due.
    pub(super) fn take_steps(&mut self, core: &mut Core) {
        let now = core.now().instant;
        let sessions: Vec<SessionId> = self.clients.keys().copied().collect();
        for session in sessions {
            while let Some(client) = self.clients.get_mut(&session)
                && !client.closing
                && client.steps.front().is_some_and(|(at, _)| *at <= now)
            {
                let Some((_, step)) = client.steps.pop_front() else {
                    break;
                };
                self.take_step(core, session, step);
            }
        }
    }

    fn take_step(&mut self, core: &mut Core, session: SessionId, step: Step) {
        match step {
            Step::Ask => {
                let authorized = self.switches.tokens.is_none();
                if let Some(client) = self.clients.get_mut(&session) {
                    client.asked = true;
                    client.authorized = authorized;
                }
                let text = wire::auth_state(authorized, None);
                self.say(core, session, Kind::Reply, text);
                if authorized {
                    core.logged_in(session);
                }
            }
            Step::Judge(token) => self.judge(core, session, token),
        }
    }

    /// Takes `AUTH`, also again on an open connection.
    pub(super) fn authorize(
        &mut self,
        core: &mut Core,
        session: SessionId,
        message: &Value,
    ) -> Result<(), Problem> {
        let Some(token) = message.get("token").and_then(Value::as_str) else {
            return Err(Problem::malformed(0, "AUTH needs a token."));
        };
        let Some(client) = self.clients.get(&session) else {
            return Ok(());
        };
        let lost = Problem::new(
            0,
            Code::Unauthorized,
            BreachKind::HandshakeOrder,
            wire::SESSION_NOT_FOUND,
        );
        if !client.asked && self.switches.strict.is_some() {
            return Err(lost.fatal());
        }
        if !client.greeted {
            let text = "AUTH came before SETUP.";
            let breach = BreachKind::HandshakeOrder;
            return Err(Problem::new(0, Code::BadAction, breach, text));
        }
        let now = core.now().instant;
        let unlucky = |fault: &Fault| matches!(fault, Fault::SessionNotFound { .. });
        if core.rules.take(Some(session), now, unlucky).is_some() {
            return Err(lost.innocent().fatal());
        }
        self.later(core, session, Step::Judge(token.to_owned()));
        Ok(())
    }

    fn judge(&mut self, core: &mut Core, session: SessionId, token: String) {
        let now = core.now().instant;
        let refused = |fault: &Fault| matches!(fault, Fault::RefuseAuth { .. });
        let refused = core.rules.take(Some(session), now, refused).is_some();
        let tokens = self.switches.tokens.as_ref();
        let known = tokens.is_none_or(|tokens| tokens.contains(&token));
        let good = known && !refused;
        if !known {
            let detail = "the token is not accepted";
            core.breach(Some(session), BreachKind::Unauthorized, detail);
        }
        let Some(client) = self.clients.get_mut(&session) else {
            return;
        };
        let resumed = good && !client.authorized;
        client.authorized = good;
        client.token = good.then_some(token);
        if good {
            let text = wire::auth_state(true, Some(&self.switches.user));
            self.say(core, session, Kind::Reply, text);
            core.logged_in(session);
            if resumed {
                self.start_again(core, session);
            }
        } else if self.switches.refusal == Refusal::Error {
            let words = core.words(session, "The token is not accepted.");
            let text = wire::error(0, Code::Unauthorized, &words);
            self.say(core, session, Kind::Notice, text);
            self.hang_up(core, session, 1000, "");
        } else {
            self.stop(session);
            self.say(core, session, Kind::Reply, wire::auth_state(false, None));
        }
    }

    /// Takes a session's authorization away, and its data with it.
    pub(super) fn expire(&mut self, core: &mut Core, session: SessionId, revoke: bool) {
        let Some(client) = self.clients.get_mut(&session).filter(|client| client.asked) else {
            return;
        };
        client.authorized = false;
        let token = client.token.take();
        if let (true, Some(tokens), Some(token)) = (revoke, &mut self.switches.tokens, token) {
            tokens.remove(&token);
        }
        self.stop(session);
        self.say(core, session, Kind::Notice, wire::auth_state(false, None));
    }

    /// What waits for a session that is not authorized is not sent later either.
    fn stop(&mut self, session: SessionId) {
        let feeds = self.clients.get_mut(&session).into_iter();
        for (_, feed) in feeds.flat_map(Client::feeds_mut) {
            feed.queue = Queue::default();
        }
    }
}
