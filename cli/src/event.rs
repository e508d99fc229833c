//! An event as one flat JSON object.

use feedline::market::{Candle, Record};
use feedline::{Event, Gap, Status};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::text;

/// Data that the tool can show.
pub(crate) trait Data: Record + Send + 'static {
    /// The JSON form: one flat object that begins with its `kind`.
    type Json: Serialize;

    /// As JSON.
    fn json(self) -> Self::Json;

    /// As a line for people.
    fn text(&self) -> String;
}

/// A value in its own JSON form, with what it is before it.
#[derive(Debug, Serialize)]
pub(crate) struct Kinded<T> {
    kind: &'static str,
    #[serde(flatten)]
    value: T,
}

impl<T> Kinded<T> {
    pub(crate) fn new(kind: &'static str, value: T) -> Self {
        Self { kind, value }
    }

    pub(crate) fn kind(&self) -> &'static str {
        self.kind
    }
}

/// Candles that are made here, of any venue's trades.
impl Data for Candle {
    type Json = Kinded<Self>;

    fn json(self) -> Kinded<Self> {
        Kinded::new("candle", self)
    }

    fn text(&self) -> String {
        text::candle(self)
    }
}

/// The JSON form of an event: data as [`Data`] has it, markers of kind `gap` and `status`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Line<J> {
    /// Data, boxed because it is much larger than a marker.
    Data(Box<J>),
    /// A gap or a status.
    Marker(Marker),
}

/// A gap or a status: its kind first, then its fields.
#[derive(Debug, Serialize)]
pub(crate) struct Marker {
    kind: &'static str,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl<J> Line<J> {
    pub(crate) fn new<T: Data<Json = J>>(event: Event<T>) -> Self {
        match event {
            Event::Data(data) => Self::Data(Box::new(data.json())),
            Event::Gap(gap) => Self::Marker(flat_gap(&gap)),
            Event::Status(status) => Self::Marker(flat_status(&status)),
        }
    }
}

/// A gap with its cause's name in `cause` and the cause's own fields beside it.
fn flat_gap(gap: &Gap) -> Marker {
    let mut fields = fields(gap);
    if let Some(cause) = fields.remove("cause") {
        flatten(&mut fields, "cause", cause);
    }
    Marker {
        kind: "gap",
        fields,
    }
}

/// A status with its name in `status`, since `kind` says that it is one, and its fields beside it.
fn flat_status(status: &Status) -> Marker {
    let mut fields = fields(status);
    if let Some(what) = fields.remove("kind") {
        flatten(&mut fields, "status", what);
    }
    Marker {
        kind: "status",
        fields,
    }
}

fn fields(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// Writes an enum, serialised as `{"name": {…}}` or `"name"`, as the name under `key` and the
/// fields beside it.
fn flatten(line: &mut Map<String, Value>, key: &str, value: Value) {
    match value {
        Value::Object(variant) => {
            for (name, inner) in variant {
                line.insert(key.to_owned(), name.into());
                match inner {
                    Value::Object(inner) => line.extend(inner),
                    Value::Null => {}
                    other => {
                        line.insert("value".to_owned(), other);
                    }
                }
            }
        }
        name => {
            line.insert(key.to_owned(), name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use feedline::venue::gate::Trade;
    use feedline::{Cause, GapId, Interruption, Scope, Staleness, StatusKind, Timestamp};

    use super::*;

    fn json(event: Event<Trade>) -> Value {
        serde_json::to_value(Line::new(event)).unwrap()
    }

    #[test]
    fn a_gap_is_flat() {
        let cause = Cause::Outage {
            from: Timestamp::EPOCH,
            to: Timestamp::from_secs(2).unwrap(),
        };
        let gap = Gap::new(GapId::new(7), cause, Scope::of(["A_B".into()])).missed(3);
        let expected = serde_json::json!({
            "kind": "gap", "id": 7, "cause": "outage", "missed": 3,
            "from": "1970-01-01T00:00:00Z", "to": "1970-01-01T00:00:02Z",
            "scope": {"symbols": ["A_B"]},
        });
        assert_eq!(json(gap.into()), expected);
    }

    #[test]
    fn new_markers_are_flat_too() {
        let (from, to) = (Timestamp::EPOCH, Timestamp::from_secs(2).unwrap());
        let late = |secs: i64| Timestamp::from_secs(900 + secs).unwrap();
        let gap = Gap::new(GapId::new(7), Cause::Outage { from, to }, Scope::All);
        let expected = serde_json::json!({
            "kind": "gap", "id": 7, "cause": "outage", "scope": "all",
            "from": "1970-01-01T00:00:00Z", "to": "1970-01-01T00:00:02Z",
            "seen_from": "1970-01-01T00:15:00Z", "seen_to": "1970-01-01T00:15:02Z",
        });
        assert_eq!(json(gap.seen(late(0), late(2)).into()), expected);
        let silence = Duration::from_secs(7);
        let why = Staleness::Quiet { silence };
        let status = Status::new(StatusKind::Stale { why }, Scope::All);
        let expected = serde_json::json!({
            "kind": "status", "status": "stale", "why": {"quiet": {"silence": 7.0}}, "scope": "all",
        });
        assert_eq!(json(status.into()), expected);
        let cause = Interruption::CircuitOpen {
            failures: 9,
            error: "503".into(),
        };
        let status = Status::new(StatusKind::Interrupted { cause }, Scope::All);
        let expected = serde_json::json!({
            "kind": "status", "status": "interrupted", "scope": "all",
            "cause": {"circuit_open": {"failures": 9, "error": "503"}},
        });
        assert_eq!(json(status.into()), expected);
    }

    #[test]
    fn a_status_is_flat() {
        let cause = Interruption::NotUtf8;
        let status = Status::new(StatusKind::Interrupted { cause }, Scope::All);
        let expected = serde_json::json!({
            "kind": "status", "status": "interrupted", "cause": "not_utf8", "scope": "all",
        });
        assert_eq!(json(status.into()), expected);
        let status = Status::new(StatusKind::Fresh, Scope::All);
        let expected = serde_json::json!({"kind": "status", "status": "fresh", "scope": "all"});
        assert_eq!(json(status.into()), expected);
    }
}
