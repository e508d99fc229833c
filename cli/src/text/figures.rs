//! Any event as the names and values of its fields.

use std::fmt;

use feedline::market::Record;
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::{head, push};

/// Fields that begin the line, or say nothing to people.
const LEFT_OUT: [&str; 6] = [
    "symbol",
    "time",
    "received",
    "event_time",
    "index",
    "sequence",
];

/// A line for an event of which nothing more is known than what it can be written as: time, symbol,
/// and then each field that is there, in its own order.
pub(crate) fn figures<T: Record + Serialize>(event: &T) -> String {
    let mut line = head(event.time(), event.symbol());
    // Through text, because only text keeps the order of fields.
    let text = serde_json::to_string(event).unwrap_or_default();
    let fields = serde_json::from_str(&text).unwrap_or(Fields(Vec::new()));
    for (name, value) in fields.0 {
        if LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        let name = name.replace('_', " ");
        match value {
            Value::Null | Value::Bool(false) => {}
            Value::Bool(true) => push(&mut line, format_args!("  {name}")),
            Value::String(text) => push(&mut line, format_args!("  {name} {}", harmless(&text))),
            other => push(&mut line, format_args!("  {name} {other}")),
        }
    }
    line
}

/// Without what a terminal would obey.
fn harmless(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// An object's fields in their order.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        from.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use feedline::venue::dxlink::{Greeks, Profile};

    use super::*;

    fn plain<T: Record + Serialize>(event: &T) -> String {
        anstream::adapter::strip_str(&figures(event)).to_string()
    }

    #[test]
    fn fields_keep_their_order() {
        let greeks: Greeks = serde_json::from_value(serde_json::json!({
            "symbol": ".AAPL270115C230", "time": "2026-01-02T03:04:05Z", "index": 7,
            "price": "24.15", "volatility": 0.25, "delta": 0.5,
        }))
        .unwrap();
        assert_eq!(
            plain(&greeks),
            "03:04:05.000  .AAPL270115C230  price 24.15  volatility 0.25  delta 0.5"
        );
    }

    #[test]
    fn a_terminal_obeys_nothing_that_a_venue_sends() {
        let profile: Profile = serde_json::from_value(serde_json::json!({
            "symbol": "AAPL", "description": "Apple\u{1b}[2J",
        }))
        .unwrap();
        assert!(!figures(&profile).contains("\u{1b}[2J"));
    }
}
