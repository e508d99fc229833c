//! Refusals that a fault asks for.

use super::reply::GateError;
use crate::sim::core::Core;
use crate::sim::{Fault, SessionId};

/// Faults that refuse this request.
pub(super) fn refusal(
    core: &mut Core,
    session: SessionId,
    channel: &str,
    payload: &[String],
) -> Option<GateError> {
    let now = core.now().instant;
    let names = |symbol: &str| {
        let stream = format!(".{symbol}.");
        payload
            .iter()
            .any(|entry| entry == symbol || entry.contains(&stream))
    };
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
