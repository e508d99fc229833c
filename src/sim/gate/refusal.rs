//! Refusals that a fault asks for.

use serde_json::Value;

use super::reply::GateError;
use super::request::strings;
use crate::sim::core::Core;
use crate::sim::{Fault, SessionId};

/// Whether a fault lets this request go unheard.
pub(super) fn is_silent(
    core: &mut Core,
    session: SessionId,
    channel: &str,
    payload: Option<&Value>,
) -> bool {
    let now = core.now().instant;
    let payload = payload.and_then(strings).unwrap_or_default();
    let silent = |fault: &Fault| match fault {
        Fault::Silent {
            symbol,
            channel: only,
            ..
        } => {
            let named = symbol
                .as_deref()
                .is_none_or(|symbol| names(&payload, symbol));
            named && only.as_deref().is_none_or(|only| only == channel)
        }
        _ => false,
    };
    core.rules.take(Some(session), now, silent).is_some()
}

fn names(payload: &[String], symbol: &str) -> bool {
    let stream = format!(".{symbol}.");
    let mut entries = payload.iter();
    entries.any(|entry| entry == symbol || entry.contains(&stream))
}

/// Faults that refuse this request.
pub(super) fn refusal(
    core: &mut Core,
    session: SessionId,
    channel: &str,
    payload: &[String],
) -> Option<GateError> {
    let now = core.now().instant;
    let names = |symbol: &str| names(payload, symbol);
    let fault = core.rules.take(Some(session), now, |fault| match fault {
        Fault::Refuse {
            symbol,
            channel: only,
            ..
        } => {
            symbol.as_deref().is_none_or(names)
                && only.as_deref().is_none_or(|only| only == channel)
        }
        _ => false,
    })?;
    match fault {
        Fault::Refuse {
            symbol, code, text, ..
        } => Some(match (text, symbol) {
            (Some(text), _) => GateError::new(code, text),
            (None, Some(symbol)) => GateError {
                code,
                ..GateError::unknown_pair(&symbol)
            },
            (None, None) => GateError::new(code, "internal error"),
        }),
        _ => None,
    }
}
