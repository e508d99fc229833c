//! From a row's values to the fields of an event.

use std::borrow::Cow;

use serde_json::value::RawValue;
use smol_str::SmolStr;

use super::super::field::Field;
use super::super::schema::Layout;
use super::super::value::{Bad, Plain, Read, Value};
use super::super::{Day, index};
use super::plain;
use crate::{Decimal, Symbol, Timestamp};

/// The values of one row.
pub(in crate::venue::dxlink) trait Source<'a> {
    type Value: Value<'a>;

    fn cell(&self, field: Field) -> Option<Self::Value>;
}

pub(super) struct Tape<'a> {
    pub(super) frame: &'a [u8],
    pub(super) starts: &'a [u32],
    pub(super) layout: &'a Layout,
}

impl<'a> Source<'a> for Tape<'a> {
    type Value = Plain<'a>;

    #[inline]
    fn cell(&self, field: Field) -> Option<Plain<'a>> {
        let at = self.layout.position(field)?;
        Some(plain(self.frame, self.starts.get(at..at + 2)?))
    }
}

pub(super) struct Raws<'a> {
    pub(super) raws: &'a [&'a RawValue],
    pub(super) layout: &'a Layout,
}

impl<'a> Source<'a> for Raws<'a> {
    type Value = &'a RawValue;

    fn cell(&self, field: Field) -> Option<&'a RawValue> {
        self.raws.get(self.layout.position(field)?).copied()
    }
}

pub(super) struct Object<'a> {
    pub(super) known: &'a [Option<&'a RawValue>; Field::COUNT],
}

impl<'a> Source<'a> for Object<'a> {
    type Value = &'a RawValue;

    fn cell(&self, field: Field) -> Option<&'a RawValue> {
        self.known[field as usize]
    }
}

/// An event that is read from a row.
pub(in crate::venue::dxlink) trait Build: Sized {
    fn build<'a, S: Source<'a>>(row: &mut Reader<S>) -> Result<Self, Unfit>;
}

/// Why a row is no event of its type.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(in crate::venue::dxlink) enum Unfit {
    #[error("{} is missing", .0.name())]
    Missing(Field),
    #[error("{} cannot be read", .0.name())]
    Bad(Field),
    /// A candle whose length is no [`Interval`](crate::market::Interval).
    #[error("the candle's length is no interval")]
    Length,
}

/// Reads the fields of one row, and counts the optional ones that cannot be read.
pub(in crate::venue::dxlink) struct Reader<S> {
    source: S,
    symbol: Symbol,
    received: Option<Timestamp>,
    dropped: u32,
}

/// Methods that read an optional value of some type.
macro_rules! optional {
    ($($method:ident -> $type:ty;)*) => {$(
        #[inline]
        pub(in crate::venue::dxlink) fn $method(&mut self, field: Field) -> Option<$type> {
            let value = self.source.cell(field)?;
            self.want(value.$method())
        }
    )*};
}

impl<'a, S: Source<'a>> Reader<S> {
    pub(super) fn new(source: S, symbol: Symbol, received: Option<Timestamp>) -> Self {
        Self {
            source,
            symbol,
            received,
            dropped: 0,
        }
    }

    pub(super) fn dropped(&self) -> u32 {
        self.dropped
    }

    pub(in crate::venue::dxlink) fn received(&self) -> Option<Timestamp> {
        self.received
    }

    /// The row's symbol, to be moved into the event.
    pub(in crate::venue::dxlink) fn take_symbol(&mut self) -> Symbol {
        std::mem::replace(&mut self.symbol, Symbol::new(""))
    }

    pub(in crate::venue::dxlink) fn symbol(&self) -> &str {
        &self.symbol
    }

    #[inline]
    fn want<T>(&mut self, value: Read<T>) -> Option<T> {
        value.unwrap_or_else(|Bad| {
            self.dropped += 1;
            None
        })
    }

    optional! {
        decimal -> Decimal;
        amount -> Decimal;
        float -> f64;
        integer -> i64;
        boolean -> bool;
        character -> char;
        name -> SmolStr;
        millis -> Timestamp;
        day -> Day;
        json -> serde_json::Value;
    }

    /// A count that fits its type.
    #[inline]
    pub(in crate::venue::dxlink) fn count<T: TryFrom<i64>>(&mut self, field: Field) -> Option<T> {
        let value = self.source.cell(field)?;
        self.want(value.count())
    }

    /// One of the venue's names, by the function that knows them.
    #[inline]
    pub(in crate::venue::dxlink) fn one_of<T>(
        &mut self,
        field: Field,
        known: fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.source.cell(field)?;
        let text: Cow<'a, str> = self.want(value.text())?;
        known(&text)
    }

    /// A decimal without which the event is none.
    #[inline]
    pub(in crate::venue::dxlink) fn need(&mut self, field: Field) -> Result<Decimal, Unfit> {
        let value = self.source.cell(field).ok_or(Unfit::Missing(field))?;
        match value.decimal() {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(Unfit::Missing(field)),
            Err(Bad) => Err(Unfit::Bad(field)),
        }
    }

    /// A size, which cannot be negative: a row with one that is says nothing that can be believed.
    #[inline]
    pub(in crate::venue::dxlink) fn size(
        &mut self,
        field: Field,
    ) -> Result<Option<Decimal>, Unfit> {
        match self.decimal(field) {
            Some(size) if size.is_sign_negative() && !size.is_zero() => Err(Unfit::Bad(field)),
            size => Ok(size),
        }
    }

    /// A size that the event is wrong without; none where the venue sends none.
    #[inline]
    pub(in crate::venue::dxlink) fn known_size(
        &mut self,
        field: Field,
    ) -> Result<Option<Decimal>, Unfit> {
        match self.source.cell(field) {
            Some(value) => value.amount().map_err(|Bad| Unfit::Bad(field)),
            None => Ok(None),
        }
    }

    /// `time` and, where it is there, `timeNanoPart`: exact to the nanosecond.
    #[inline]
    pub(in crate::venue::dxlink) fn moment(&mut self) -> Option<Timestamp> {
        let time = self.millis(Field::Time)?;
        match self.count::<u32>(Field::TimeNanoPart) {
            // Parts of a millisecond: more would be another time.
            Some(part @ 1..1_000_000) => {
                let part = std::time::Duration::from_nanos(part.into());
                Some(time.saturating_add(part))
            }
            _ => Some(time),
        }
    }

    /// `time` of a time series, or the one that `index` counts.
    #[inline]
    pub(in crate::venue::dxlink) fn time_or_index(&mut self) -> Option<Timestamp> {
        if let Some(time) = self.moment() {
            return Some(time);
        }
        let index = self.integer(Field::Index)?;
        Timestamp::from_millis(index::millis(index))
    }

    /// `index` of a time series, or the one that `time` and `sequence` make.
    #[inline]
    pub(in crate::venue::dxlink) fn index_or_time(&mut self) -> Option<i64> {
        if self.has(Field::Index) {
            return self.integer(Field::Index);
        }
        let millis = self.millis(Field::Time)?.as_millis();
        let sequence = self.integer(Field::Sequence).unwrap_or(0);
        index::of_time(millis, sequence)
    }

    /// Whether the row has the field at all.
    #[inline]
    pub(in crate::venue::dxlink) fn has(&self, field: Field) -> bool {
        self.source.cell(field).is_some()
    }
}
