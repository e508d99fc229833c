//! The FULL format: an object an event.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::super::field::Field;
use super::super::row::{Cells, Row};
use super::super::schema::Schema;
use super::super::server::word;
use super::super::{EventKind, Malformed};

/// An event of the FULL format.
pub(super) fn object(
    raw: &RawValue,
    schema: &Schema,
    each: &mut impl FnMut(Result<Row<'_>, Malformed>),
) {
    let entries: Entries<'_> = match serde_json::from_str(raw.get()) {
        Ok(entries) => entries,
        Err(error) => return each(Err(Malformed::new(error.to_string()))),
    };
    let mut known = [None; Field::COUNT];
    for (name, value) in &entries.0 {
        if let Some(field) = Field::from_name(name) {
            known[field as usize] = Some(*value);
        }
    }
    let Ok(Some(name)) = word(known[Field::EventType as usize]) else {
        return each(Err(Malformed::new("eventType is missing")));
    };
    let kind = EventKind::from_name(&name);
    let cells = Cells::Object {
        known: &known,
        all: &entries.0,
        listed: schema.layout(kind, &name),
    };
    each(Row::new(kind, &name, cells));
}

/// The keys and values of an object, in its order.
struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((Key(name), value)) = map.next_entry()? {
                    entries.push((name, value));
                }
                Ok(Entries(entries))
            }
        }

        from.deserialize_map(Object)
    }
}
