//! What Gate answers to a request.

use serde_json::Value;

use crate::Timestamp;

/// An error as Gate words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GateError {
    pub(super) code: i64,
    pub(super) message: String,
}

impl GateError {
    pub(super) fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(super) fn not_json() -> Self {
        Self::new(1, "request message need json scheme")
    }

    pub(super) fn schema() -> Self {
        Self::new(1, "request payload does not follow json schema")
    }

    pub(super) fn unknown_channel(channel: &str) -> Self {
        Self::new(2, format!("Unknown channel {channel}"))
    }

    pub(super) fn unknown_pair(pair: &str) -> Self {
        Self::new(2, format!("unknown currency pair {pair}"))
    }

    pub(super) fn duplicate_stream(stream: &str) -> Self {
        Self::new(2, format!("Alert sub {stream}"))
    }

    /// The message is itself a JSON text and a newline, as on the wire.
    pub(super) fn invalid_key() -> Self {
        let message = "{\"label\":\"INVALID_KEY\",\"message\":\"Invalid key provided\"}\n";
        Self::new(4, message)
    }
}

/// A request's own words, which its reply repeats.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    pub(super) id: Option<Value>,
    pub(super) channel: String,
    pub(super) event: String,
    pub(super) payload: Option<Value>,
}

/// The reply to a request: success, or this error.
pub(super) fn reply(
    now: Timestamp,
    conn_id: &str,
    trace_id: &str,
    request: &Request,
    error: Option<&GateError>,
) -> String {
    let mut text = format!(
        "{{\"time\":{},\"time_ms\":{}",
        now.as_secs(),
        now.as_millis()
    );
    if let Some(id) = &request.id {
        text += &format!(",\"id\":{id}");
    }
    text += &format!(
        ",\"conn_id\":\"{conn_id}\",\"trace_id\":\"{trace_id}\",\"channel\":{},\"event\":{}",
        quoted(&request.channel),
        quoted(&request.event)
    );
    if let Some(payload) = &request.payload {
        text += &format!(",\"payload\":{payload}");
    }
    match error {
        None => text += ",\"result\":{\"status\":\"success\"}",
        Some(GateError { code, message }) => {
            text += &format!(
                ",\"error\":{{\"code\":{code},\"message\":{}}},\"result\":{{\"status\":\"fail\"}}",
                quoted(message)
            );
        }
    }
    text + &format!(",\"requestId\":\"{trace_id}\"}}")
}

/// The answer to `spot.ping`.
pub(super) fn pong(now: Timestamp, conn_id: &str) -> String {
    format!(
        "{{\"time\":{},\"time_ms\":{},\"conn_id\":\"{conn_id}\",\"channel\":\"spot.pong\",\
         \"event\":\"\",\"result\":null}}",
        now.as_secs(),
        now.as_millis()
    )
}

/// The announcement of a planned shutdown.
pub(super) fn upgrade(now: Timestamp) -> String {
    format!(
        "{{\"time\":{},\"time_ms\":{},\"channel\":\"spot.system\",\"event\":\"update\",\
         \"result\":{{\"type\":\"upgrade\",\"msg\":\"The connection will soon be closed for a \
         service upgrade. Please reconnect.\"}}}}",
        now.as_secs(),
        now.as_millis()
    )
}

/// The refusal of a request to the order entry, in that interface's own shape.
pub(super) fn api_refusal(
    now: Timestamp,
    conn_id: &str,
    trace_id: &str,
    request: &Request,
) -> String {
    let payload = request.payload.as_ref();
    let request_id = payload
        .and_then(|payload| payload.get("req_id"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    format!(
        "{{\"request_id\":{},\"header\":{{\"response_time\":\"{}\",\"status\":\"401\",\
         \"channel\":{},\"event\":\"api\",\"client_id\":\"\",\"conn_id\":\"{conn_id}\",\
         \"trace_id\":\"{trace_id}\"}},\"data\":{{\"errs\":{{\"label\":\"INVALID_KEY\",\
         \"message\":\"Invalid key provided\"}}}}}}",
        quoted(request_id),
        now.as_millis(),
        quoted(&request.channel)
    )
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
