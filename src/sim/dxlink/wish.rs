//! The items of `FEED_SUBSCRIPTION`.

use serde_json::Value;

use super::candle_symbol;
use super::event::Key;
use super::feed::EVERYTHING;
use super::request::Problem;
use super::schema::{EventType, Family};
use crate::Symbol;
use crate::sim::SessionId;
use crate::sim::core::Core;
use crate::sim::core::journal::BreachKind;

/// An item of a request.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) key: Key,
    /// `fromTime`, in milliseconds.
    pub(super) from: Option<i64>,
}

/// The items of a request. Types that the venue does not have are left out in silence.
pub(super) fn wishes(
    core: &mut Core,
    session: SessionId,
    number: u64,
    items: Option<&Value>,
) -> Result<Vec<Wish>, Problem> {
    let items = match items {
        None => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(Problem::malformed(number, "Items are a list.")),
    };
    let mut wishes = Vec::new();
    for item in items {
        let text = |key: &str| item.get(key).and_then(Value::as_str);
        let (Some(name), Some(symbol)) = (text("type"), text("symbol")) else {
            return Err(Problem::malformed(
                number,
                "An item needs a type and a symbol.",
            ));
        };
        let Some(kind) = EventType::named(name) else {
            core.breach(
                Some(session),
                BreachKind::UnknownParameter,
                format!("type {name}"),
            );
            continue;
        };
        let mut symbol = Symbol::new(symbol);
        if kind.name == "Candle" {
            symbol = candle_symbol::normal(&symbol);
        }
        let source = match kind.family {
            Family::Sourced if symbol == EVERYTHING => "",
            Family::Sourced => text("source").unwrap_or("DEFAULT"),
            _ => "",
        };
        let from = item.get("fromTime");
        let from = from.and_then(|from| match from.as_i64() {
            Some(from) => Some(from),
            #[allow(clippy::cast_possible_truncation, reason = "a time of day and age")]
            None => from.as_f64().map(|from| from as i64),
        });
        wishes.push(Wish {
            key: Key {
                kind,
                symbol,
                source: source.into(),
            },
            from,
        });
    }
    Ok(wishes)
}
