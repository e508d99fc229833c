//! What Gate does with a message from a client.

use serde_json::Value;

use super::refusal::{is_silent, refusal};
use super::reply::{self, GateError, Request};
use super::topic::{Refusal, Topic};
use super::venue::GateVenue;
use crate::Timestamp;
use crate::sim::core::Core;
use crate::sim::core::journal::{self, BreachKind};
use crate::sim::core::rules::Kind;
use crate::sim::{Fault, SessionId};

/// Channels that need a signature, which this simulator does not accept.
const PRIVATE: [&str; 10] = [
    "spot.orders",
    "spot.orders_v2",
    "spot.usertrades",
    "spot.usertrades_v2",
    "spot.balances",
    "spot.margin_balances",
    "spot.funding_balances",
    "spot.cross_balances",
    "spot.cross_loan",
    "spot.priceorders",
];

/// How far a client's clock may be from the venue's, in seconds.
const SKEW: i64 = 60;

impl GateVenue {
    pub(super) fn request(&mut self, core: &mut Core, session: SessionId, text: &str) {
        let Ok(value) = serde_json::from_str::<Value>(text) else {
            core.breach(Some(session), BreachKind::Malformed, "not JSON");
            let error = GateError::not_json();
            return self.answer_request(core, session, &Request::default(), Some(&error));
        };
        let text_of = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
        let request = Request {
            id: value.get("id").filter(|id| !id.is_null()).cloned(),
            channel: text_of("channel").to_owned(),
            event: text_of("event").to_owned(),
            payload: value.get("payload").cloned(),
        };
        let Some(time) = value.get("time").and_then(Value::as_i64) else {
            core.breach(Some(session), BreachKind::Malformed, "no time");
            let error = GateError::schema();
            return self.answer_request(core, session, &request, Some(&error));
        };
        check_time(core, session, time);
        if request.channel == "spot.ping" {
            let text = reply::pong(core.times().now, &self.conn_id(session));
            return core.reply(session, Kind::Notice, text);
        }
        match request.event.as_str() {
            "subscribe" => self.change(core, session, &request, true),
            "unsubscribe" => self.change(core, session, &request, false),
            "api" => {
                let trace_id = core.hex(32);
                let conn_id = self.conn_id(session);
                let text = reply::api_refusal(core.times().now, &conn_id, &trace_id, &request);
                core.reply(session, Kind::Reply, text);
            }
            other => {
                let detail = format!("event {other:?}");
                core.breach(Some(session), BreachKind::Malformed, detail);
                let error = GateError::schema();
                self.answer_request(core, session, &request, Some(&error));
            }
        }
    }

    fn change(&mut self, core: &mut Core, session: SessionId, request: &Request, add: bool) {
        if add {
            core.count_subscribe();
            if is_silent(core, session, &request.channel, request.payload.as_ref()) {
                self.log(core, session, request, false);
                return;
            }
        }
        let outcome = self.judge(core, session, request, add);
        self.log(core, session, request, outcome.is_ok());
        let topics = match outcome {
            Ok(topics) => topics,
            Err(error) => return self.answer_request(core, session, request, Some(&error)),
        };
        if !add {
            for topic in &topics {
                self.unsubscribe(session, topic);
            }
            return self.answer_request(core, session, request, None);
        }
        let now = core.now().instant;
        let late = |fault: &Fault| matches!(fault, Fault::LateAck { .. });
        if core.rules.take(Some(session), now, late).is_some() {
            self.subscribe(core, session, &topics);
            self.answer_request(core, session, request, None);
        } else {
            self.answer_request(core, session, request, None);
            self.subscribe(core, session, &topics);
        }
        let client = self.clients.get_mut(&session);
        if client.is_some_and(|client| !std::mem::replace(&mut client.begun, true)) {
            core.logged_in(session);
        }
    }

    fn log(&self, core: &mut Core, session: SessionId, request: &Request, accepted: bool) {
        core.log.requests.push(journal::Request {
            at: core.now().wall,
            session,
            channel: request.channel.clone(),
            event: request.event.clone(),
            payload: request.payload.clone().unwrap_or(Value::Null),
            accepted,
        });
    }

    /// The topics of a request, or why it is refused as a whole.
    fn judge(
        &self,
        core: &mut Core,
        session: SessionId,
        request: &Request,
        add: bool,
    ) -> Result<Vec<Topic>, GateError> {
        let channel = request.channel.as_str();
        if PRIVATE.contains(&channel) {
            return Err(GateError::invalid_key());
        }
        let mut breach = |kind, detail: &str| core.breach(Some(session), kind, detail);
        let payload = match request.payload.as_ref().map(strings) {
            Some(Some(payload)) => payload,
            _ => Vec::new(),
        };
        let topics = Topic::parse(channel, &payload, |symbol| self.knows(symbol));
        let topics = topics.map_err(|refusal| match refusal {
            Refusal::Schema => {
                breach(BreachKind::Malformed, &format!("payload of {channel}"));
                GateError::schema()
            }
            Refusal::UnknownChannel => {
                breach(BreachKind::UnknownChannel, channel);
                GateError::unknown_channel(channel)
            }
            Refusal::Parameter(text) => {
                breach(BreachKind::UnknownParameter, &text);
                GateError::new(2, text)
            }
            Refusal::UnknownPair(pair) => {
                breach(BreachKind::UnknownSymbol, &pair);
                GateError::unknown_pair(&pair)
            }
        })?;
        if !add {
            return Ok(topics);
        }
        if let Some(error) = refusal(core, session, channel, &payload) {
            return Err(error);
        }
        let held = self.clients.get(&session).map(|client| &client.topics);
        let repeated = topics.iter().enumerate().find(|(index, topic)| {
            matches!(topic, Topic::Obu { .. })
                && (held.is_some_and(|held| held.contains(*topic))
                    || topics[..*index].contains(*topic))
        });
        if let Some((index, _)) = repeated {
            let stream = &payload[index];
            core.breach(Some(session), BreachKind::DuplicateStream, stream.as_str());
            return Err(GateError::duplicate_stream(stream));
        }
        Ok(topics)
    }

    fn conn_id(&self, session: SessionId) -> String {
        let client = self.clients.get(&session);
        client
            .map(|client| client.conn_id.clone())
            .unwrap_or_default()
    }

    fn answer_request(
        &self,
        core: &mut Core,
        session: SessionId,
        request: &Request,
        error: Option<&GateError>,
    ) {
        let trace_id = core.hex(32);
        let error = error.map(|error| GateError {
            message: core.words(session, &error.message),
            ..error.clone()
        });
        let now = core.times().now;
        let conn_id = self.conn_id(session);
        let text = reply::reply(now, &conn_id, &trace_id, request, error.as_ref());
        core.reply(session, Kind::Reply, text);
    }
}

/// The venue checks the time only where requests are signed; a client should get it right anyway.
/// Recorders send milliseconds, which it takes as well.
fn check_time(core: &mut Core, session: SessionId, time: i64) {
    let near = |time: Option<Timestamp>| {
        let now = core.now().wall.as_secs();
        time.is_some_and(|time| (time.as_secs() - now).abs() <= SKEW)
    };
    if !near(Timestamp::from_secs(time)) && !near(Timestamp::from_millis(time)) {
        let detail = format!("{time} is more than {SKEW} s from the venue's time");
        core.breach(Some(session), BreachKind::Time, detail);
    }
}

pub(super) fn strings(payload: &Value) -> Option<Vec<String>> {
    let entries = payload.as_array()?;
    let entries = entries
        .iter()
        .map(|entry| entry.as_str().map(str::to_owned));
    entries.collect()
}
