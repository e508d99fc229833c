//! What a channel and its client agreed on: format, period and fields.

use std::collections::BTreeMap;
use std::time::Duration;

use super::event::DxEvent;
use super::schema::{EventType, Kind};
use super::style::{RowFault, Style};
use super::switches::{FieldOrder, Switches};
use super::value::{DxValue, seconds};
use crate::sim::DataFormat;

/// Where a column's values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Type,
    Symbol,
    Flags,
    Index,
    Field(usize),
    /// The client asked for a field that the type does not have.
    Unknown,
}

/// The fields of one type, in the order they are sent.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    names: Vec<String>,
    columns: Vec<Column>,
}

impl Plan {
    fn new(kind: &EventType, wanted: Option<&Vec<String>>, switches: &Switches) -> Self {
        let mut names: Vec<String> = match wanted {
            Some(wanted) => wanted.clone(),
            None => kind
                .fields
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect(),
        };
        names.retain(|name| !switches.lacks(kind.name, name));
        if switches.field_order == FieldOrder::Reversed {
            names.reverse();
        }
        let columns = names.iter().map(|name| match kind.field(name) {
            None => Column::Unknown,
            Some(place) => match kind.fields[place].1 {
                Kind::Type => Column::Type,
                Kind::Symbol => Column::Symbol,
                Kind::Flags => Column::Flags,
                Kind::Index => Column::Index,
                _ => Column::Field(place),
            },
        });
        Self {
            columns: columns.collect(),
            names,
        }
    }

    fn value(column: Column, event: &DxEvent, flags: i64, style: Style, text: &mut String) {
        let value = match column {
            Column::Type => return DxValue::word(event.kind.name).write(text),
            Column::Symbol => return style.symbol(&event.symbol).write(text),
            Column::Flags => &DxValue::Long(flags),
            Column::Index => &DxValue::Long(event.index),
            Column::Field(place) if style.untimed && event.kind.fields[place].0 == "time" => {
                &DxValue::Long(0)
            }
            Column::Field(place) => &event.values[place],
            Column::Unknown => &DxValue::NAN,
        };
        style.value(value, text);
    }

    /// The columns that are written, and which of them cannot be read.
    fn written(&self, fault: Option<RowFault>) -> (&[Column], Option<usize>) {
        match fault {
            None => (&self.columns, None),
            Some(RowFault::Short) => (&self.columns[..self.columns.len().saturating_sub(1)], None),
            Some(RowFault::Value) => {
                let first = |wanted: fn(&Column) -> bool| self.columns.iter().position(wanted);
                let place = first(|column| *column == Column::Flags)
                    .or_else(|| first(|column| *column == Column::Index))
                    .or_else(|| first(|column| matches!(column, Column::Field(_))));
                (&self.columns, place)
            }
        }
    }

    /// Appends an event's values.
    pub(super) fn row(&self, event: &DxEvent, flags: i64, style: Style, text: &mut String) {
        let (columns, broken) = self.written(style.fault);
        for (place, column) in columns.iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            if broken == Some(place) {
                *text += "\"?\"";
            } else {
                Self::value(*column, event, flags, style, text);
            }
        }
    }

    /// Appends an event as an object. Its type comes first: readers that stream depend on it.
    pub(super) fn object(&self, event: &DxEvent, flags: i64, style: Style, text: &mut String) {
        *text += "{\"eventType\":";
        DxValue::word(event.kind.name).write(text);
        let (columns, broken) = self.written(style.fault);
        for (place, (name, column)) in self.names.iter().zip(columns).enumerate() {
            if *column != Column::Type {
                *text += &format!(",{}:", serde_json::Value::from(name.as_str()));
                if broken == Some(place) {
                    *text += "\"?\"";
                } else {
                    Self::value(*column, event, flags, style, text);
                }
            }
        }
        text.push('}');
    }
}

/// The settings of a `FEED` channel.
#[derive(Clone, Debug)]
pub(super) struct Format {
    pub(super) data: DataFormat,
    /// The aggregation period, in seconds.
    pub(super) period: f64,
    wanted: BTreeMap<String, Vec<String>>,
    plans: BTreeMap<&'static EventType, Plan>,
}

impl Format {
    /// What applies until the client asks for something else.
    pub(super) fn new(period: f64) -> Self {
        Self {
            data: DataFormat::Full,
            period,
            wanted: BTreeMap::new(),
            plans: BTreeMap::new(),
        }
    }

    pub(super) fn interval(&self) -> Duration {
        Duration::try_from_secs_f64(self.period).unwrap_or_default()
    }

    /// Takes a wish for a type's fields; an empty list is the server's own. Gives the type if its
    /// fields were already told, so that they must be told again.
    pub(super) fn want(&mut self, name: &str, fields: Vec<String>) -> Option<&'static EventType> {
        if fields.is_empty() {
            self.wanted.remove(name);
        } else {
            self.wanted.insert(name.to_owned(), fields);
        }
        let kind = EventType::named(name)?;
        self.plans.remove(kind).map(|_| kind)
    }

    pub(super) fn has(&self, kind: &'static EventType) -> bool {
        self.plans.contains_key(kind)
    }

    /// The types whose fields are settled.
    pub(super) fn told(&self) -> impl Iterator<Item = &'static EventType> {
        self.plans.keys().copied()
    }

    /// The fields of a type, settled when first asked for.
    pub(super) fn plan(&mut self, kind: &'static EventType, switches: &Switches) -> &Plan {
        let wanted = self.wanted.get(kind.name);
        self.plans
            .entry(kind)
            .or_insert_with(|| Plan::new(kind, wanted, switches))
    }

    /// `FEED_CONFIG`, with the fields of these types.
    pub(super) fn config(
        &mut self,
        channel: u64,
        kinds: impl IntoIterator<Item = &'static EventType>,
        switches: &Switches,
    ) -> String {
        let mut fields = String::new();
        for kind in kinds {
            let names = &self.plan(kind, switches).names;
            let separator = if fields.is_empty() { "" } else { "," };
            let names = serde_json::Value::from(names.clone());
            fields += &format!("{separator}\"{}\":{names}", kind.name);
        }
        let format = match self.data {
            DataFormat::Full => "FULL",
            DataFormat::Compact => "COMPACT",
        };
        let fields = if fields.is_empty() {
            fields
        } else {
            format!(",\"eventFields\":{{{fields}}}")
        };
        format!(
            "{{\"type\":\"FEED_CONFIG\",\"channel\":{channel},\"dataFormat\":\"{format}\",\
             \"aggregationPeriod\":{}{fields}}}",
            seconds(self.period)
        )
    }
}
