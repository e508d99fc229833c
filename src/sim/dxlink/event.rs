//! Events as the simulator holds them and as tests make them.

use super::index;
use super::schema::{EventType, Family, Kind};
use super::value::DxValue;
use crate::{Symbol, Timestamp};

/// What tells one series of events from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) kind: &'static EventType,
    pub(super) symbol: Symbol,
    /// Empty where the type has none.
    pub(super) source: Symbol,
}

/// An event of the `FEED` service, made by hand.
///
/// What is not said is absent: numbers are `NaN` or 0, texts empty.
///
/// ```
/// use feedline::Timestamp;
/// use feedline::sim::dxlink::DxEvent;
///
/// let quote = DxEvent::new("Quote", "AAPL").with("bidPrice", 226.5).with("askPrice", 226.52);
/// let bar = DxEvent::new("Candle", "AAPL{=m}")
///     .at(Timestamp::from_secs(1_727_888_400).unwrap(), 0)
///     .with("close", 226.58)
///     .with("count", 41);
/// # let _ = (quote, bar);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DxEvent {
    pub(super) kind: &'static EventType,
    pub(super) symbol: Symbol,
    pub(super) source: Symbol,
    pub(super) index: i64,
    pub(super) removed: bool,
    /// One for each field of the type.
    pub(super) values: Vec<DxValue>,
}

impl DxEvent {
    /// An event of this type with nothing in it.
    ///
    /// # Panics
    ///
    /// When dxLink has no type of this name.
    pub fn new(kind: &str, symbol: &str) -> Self {
        let Some(kind) = EventType::named(kind) else {
            panic!("dxLink has no event type {kind:?}");
        };
        Self::of(kind, symbol.into())
    }

    pub(super) fn of(kind: &'static EventType, symbol: Symbol) -> Self {
        let source = if kind.family == Family::Sourced {
            Symbol::new("DEFAULT")
        } else {
            Symbol::new("")
        };
        let values = kind.fields.iter().map(|(_, kind)| kind.absent());
        Self {
            kind,
            symbol,
            index: 0,
            removed: false,
            values: values.collect(),
            source: source.clone(),
        }
    }

    /// Sets a field by dxLink's name for it.
    ///
    /// # Panics
    ///
    /// When the type has no such field, or when it is not set this way: the symbol, the flags and
    /// the index are no fields here.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<DxValue>) -> Self {
        let place = self.kind.field(field).filter(|place| {
            let kind = self.kind.fields[*place].1;
            !matches!(kind, Kind::Type | Kind::Symbol | Kind::Flags | Kind::Index)
        });
        let Some(place) = place else {
            panic!("{} has no field {field:?} to set", self.kind.name);
        };
        self.values[place] = value.into();
        self
    }

    pub(super) fn set(&mut self, field: &'static str, value: impl Into<DxValue>) {
        if let Some(place) = self.kind.field(field) {
            self.values[place] = value.into();
        }
    }

    /// Sets time and sequence, and with them the index of a time series.
    #[must_use]
    pub fn at(mut self, time: Timestamp, sequence: i64) -> Self {
        self.place(time.as_millis(), sequence);
        self
    }

    pub(super) fn place(&mut self, millis: i64, sequence: i64) {
        if self.kind.family == Family::TimeSeries {
            self.index = index::of(millis, sequence);
        }
        self.set("time", millis);
        self.set("sequence", sequence);
    }

    /// Sets the index, of an event that is not indexed by its time.
    #[must_use]
    pub fn index(mut self, index: i64) -> Self {
        self.index = index;
        self
    }

    /// Sets the source of an order, such as `NTV`; `DEFAULT` unless told.
    #[must_use]
    pub fn source(mut self, name: &str) -> Self {
        if self.kind.family == Family::Sourced {
            self.source = name.into();
        }
        self
    }

    /// Makes it the removal of the event of its index.
    #[must_use]
    pub fn removed(mut self) -> Self {
        self.removed = true;
        self
    }

    /// The time that it bears.
    pub(super) fn time(&self) -> Option<Timestamp> {
        match self.values.get(self.kind.field("time")?) {
            Some(DxValue::Long(millis)) if *millis > 0 => Timestamp::from_millis(*millis),
            _ => None,
        }
    }

    pub(super) fn key(&self) -> Key {
        Key {
            kind: self.kind,
            symbol: self.symbol.clone(),
            source: self.source.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "no field \"bid\"")]
    fn a_wrong_field_is_told() {
        let _event = DxEvent::new("Quote", "AAPL").with("bid", 1.0);
    }

    #[test]
    fn the_index_of_a_series_is_its_time() {
        let time = Timestamp::from_secs(1_727_888_400).unwrap();
        let event = DxEvent::new("Candle", "AAPL{=m}").at(time, 0);
        assert_eq!(event.index, 7_421_224_169_137_766_400);
    }
}
