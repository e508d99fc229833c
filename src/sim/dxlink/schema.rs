//! What an event type of the `FEED` service is made of.

use std::fmt;

use super::types::TYPES;
use super::value::DxValue;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Type,
    Symbol,
    Flags,
    Index,
    Double,
    Long,
    /// One character.
    Char,
    Text,
    /// A name, with the one that means nothing.
    Enum(&'static str),
    Bool,
    /// Null unless the event says otherwise.
    Null,
    Json,
}

impl Kind {
    /// What stands for a value that nobody gave.
    pub(super) fn absent(self) -> DxValue {
        match self {
            Self::Double => DxValue::NAN,
            Self::Long | Self::Flags | Self::Index => DxValue::Long(0),
            Self::Char => DxValue::word("\u{0}"),
            Self::Type | Self::Symbol | Self::Text => DxValue::word(""),
            Self::Enum(nothing) => DxValue::word(nothing),
            Self::Bool => DxValue::Bool(false),
            Self::Null | Self::Json => DxValue::Null,
        }
    }
}

/// How events of a type belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// The last one counts.
    Lasting,
    /// A series in time.
    TimeSeries,
    /// Events by number.
    Indexed,
    /// Events by number, for each source.
    Sourced,
    /// Events that pass by.
    Passing,
}

/// One event type.
pub(super) struct EventType {
    pub(super) name: &'static str,
    pub(super) family: Family,
    pub(super) fields: &'static [(&'static str, Kind)],
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for EventType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for EventType {}

impl PartialOrd for EventType {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EventType {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name.cmp(other.name)
    }
}

impl EventType {
    /// The type of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        TYPES.iter().find(|known| known.name == name)
    }

    /// Where a field is; tastytrade's clients write `vwap` for what the venue calls `VWAP`.
    pub(super) fn field(&self, name: &str) -> Option<usize> {
        let name = if name == "vwap" { "VWAP" } else { name };
        self.fields.iter().position(|(known, _)| *known == name)
    }

    pub(super) fn is_indexed(&self) -> bool {
        !matches!(self.family, Family::Lasting | Family::Passing)
    }
}
