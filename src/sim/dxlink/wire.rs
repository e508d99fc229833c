//! The venue's messages on channel 0 and about channels.

use serde_json::Value;

use super::value::seconds;

/// What an early `AUTH` is refused with.
pub(super) const SESSION_NOT_FOUND: &str =
    "com.dxfeed.mdd.dxlink.auth.AuthException: Session not found: api";

pub(super) const KEEPALIVE: &str = "{\"type\":\"KEEPALIVE\",\"channel\":0}";

/// Codes of `ERROR` (dxLink AsyncAPI, ERROR).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    UnsupportedProtocol,
    Timeout,
    Unauthorized,
    InvalidMessage,
    BadAction,
}

impl Code {
    fn name(self) -> &'static str {
        match self {
            Self::UnsupportedProtocol => "UNSUPPORTED_PROTOCOL",
            Self::Timeout => "TIMEOUT",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::InvalidMessage => "INVALID_MESSAGE",
            Self::BadAction => "BAD_ACTION",
        }
    }
}

/// Without timeouts where the server leaves them out.
pub(super) fn setup(timeouts: Option<f64>) -> String {
    let timeouts = timeouts.map_or_else(String::new, |timeout| {
        let timeout = seconds(timeout);
        format!("\"keepaliveTimeout\":{timeout},\"acceptKeepaliveTimeout\":{timeout},")
    });
    format!(
        "{{\"type\":\"SETUP\",\"channel\":0,{timeouts}\"version\":\"1.0-feedline-sim-{}\"}}",
        env!("CARGO_PKG_VERSION")
    )
}

/// With the user whose token it was.
pub(super) fn auth_state(authorized: bool, user: Option<&str>) -> String {
    let state = if authorized {
        "AUTHORIZED"
    } else {
        "UNAUTHORIZED"
    };
    let user = user.map_or_else(String::new, |user| {
        format!(",\"userId\":{}", Value::from(user))
    });
    format!("{{\"type\":\"AUTH_STATE\",\"channel\":0,\"state\":\"{state}\"{user}}}")
}

pub(super) fn error(channel: u64, code: Code, message: &str) -> String {
    format!(
        "{{\"type\":\"ERROR\",\"channel\":{channel},\"error\":\"{}\",\"message\":{}}}",
        code.name(),
        Value::from(message)
    )
}

/// The parameters come back as they were asked for; a feed's with the form its lists have.
pub(super) fn channel_opened(channel: u64, service: &str, parameters: &Value) -> String {
    let mut parameters = parameters.clone();
    if service == "FEED"
        && let Some(parameters) = parameters.as_object_mut()
    {
        parameters.insert("subFormat".into(), "LIST".into());
    }
    format!(
        "{{\"type\":\"CHANNEL_OPENED\",\"channel\":{channel},\"service\":\"{service}\",\
         \"parameters\":{parameters}}}"
    )
}

pub(super) fn channel_closed(channel: u64) -> String {
    format!("{{\"type\":\"CHANNEL_CLOSED\",\"channel\":{channel}}}")
}
