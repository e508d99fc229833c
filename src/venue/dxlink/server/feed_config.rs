use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;

use super::super::Malformed;
use super::super::schema::Schema;
use super::{Envelope, seconds, text};

/// FEED_CONFIG: what the server applies from now on.
#[derive(Debug, PartialEq)]
pub(crate) struct FeedConfig<'a> {
    pub(crate) channel: u64,
    /// The format of what follows, which may be the other one all the same: it shows in the data.
    pub(crate) data_format: Option<DataFormat>,
    /// How long updates are gathered; zero for none.
    pub(crate) aggregation_period: Option<Duration>,
    /// The fields of the types that it names, in the order of their rows.
    pub(crate) event_fields: Vec<(Cow<'a, str>, Vec<Cow<'a, str>>)>,
}

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataFormat {
    /// An object an event.
    Full,
    /// An array of all values of a type.
    Compact,
}

impl DataFormat {
    /// The venue's name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Compact => "COMPACT",
        }
    }
}

impl<'a> FeedConfig<'a> {
    pub(super) fn read(channel: u64, from: &Envelope<'a>) -> Result<Self, Malformed> {
        let data_format = match text(from.data_format).unwrap_or_default().as_deref() {
            Some("FULL") => Some(DataFormat::Full),
            Some("COMPACT") => Some(DataFormat::Compact),
            _ => None,
        };
        let event_fields = match from.event_fields.filter(|raw| raw.get() != "null") {
            None => Vec::new(),
            Some(raw) => {
                let lists: Lists<'a> = serde_json::from_str(raw.get())
                    .map_err(|error| Malformed::new(format!("eventFields: {error}")))?;
                lists.0
            }
        };
        Ok(Self {
            channel,
            data_format,
            aggregation_period: seconds(from.aggregation_period),
            event_fields,
        })
    }

    /// Changes the lists of the types that the message names.
    pub(crate) fn apply(&self, schema: &mut Schema) {
        for (name, fields) in &self.event_fields {
            schema.announce(name, fields);
        }
    }
}

/// An object of lists of texts, in its order.
struct Lists<'a>(Vec<(Cow<'a, str>, Vec<Cow<'a, str>>)>);

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Lists<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> serde::de::Visitor<'de> for Object {
            type Value = Lists<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of lists of names")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Self::Value, A::Error> {
                let mut lists = Vec::new();
                while let Some((Text(name), fields)) = map.next_entry::<_, Vec<Text<'de>>>()? {
                    lists.push((name, fields.into_iter().map(|Text(field)| field).collect()));
                }
                Ok(Lists(lists))
            }
        }

        from.deserialize_map(Object)
    }
}
