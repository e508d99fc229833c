//! An event as one flat JSON object.

use feedline::venue::gate::{BookUpdate, Candle, Decoded, Quote, Ticker, Trade};
use feedline::{Event, Gap, Status, market};
use serde::Serialize;
use serde_json::{Map, Value};

/// Data of any channel, which [`Decoded`] names by its kind.
pub(crate) trait Data: feedline::market::Record + Send + 'static {
    /// With its kind.
    fn tagged(self) -> Decoded;
}

macro_rules! data {
    ($($event:ty => $kind:ident),*) => {$(
        impl Data for $event {
            fn tagged(self) -> Decoded {
                Decoded::$kind(self)
            }
        }
    )*};
}

data!(Trade => Trade, Quote => Quote, Ticker => Ticker, Candle => Candle, BookUpdate => Book);

/// The JSON form of an event: data as [`Decoded`] has it, markers of kind `gap` and `status`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Line {
    /// Data, boxed because it is much larger than a marker.
    Data(Box<Decoded>),
    /// Data that were made here.
    Made(Box<Made>),
    /// A gap or a status.
    Marker(Marker),
}

/// What is made of a venue's data, in the form that [`Decoded`] gives to what a venue sends.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Made {
    /// A candle made of trades.
    Candle(market::Candle),
}

/// A gap or a status: its kind first, then its fields.
#[derive(Debug, Serialize)]
pub(crate) struct Marker {
    kind: &'static str,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl Line {
    /// What a venue sent.
    pub(crate) fn new<T: Data>(event: Event<T>) -> Self {
        Self::of(event, |data| Self::Data(Box::new(data.tagged())))
    }

    /// A candle made here.
    pub(crate) fn candle(event: Event<market::Candle>) -> Self {
        Self::of(event, |candle| Self::Made(Box::new(Made::Candle(candle))))
    }

    fn of<T>(event: Event<T>, line: impl FnOnce(T) -> Self) -> Self {
        match event {
            Event::Data(data) => line(data),
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
    use feedline::{Cause, GapId, Interruption, Scope, StatusKind, Timestamp};

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
