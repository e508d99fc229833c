//! Where a row's values are, and the few that are read before anybody wants the event.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::super::field::Field;
use super::super::schema::Layout;
use super::super::value::{Plain, Read, Value};
use crate::Decimal;

/// Where the row's values are.
#[derive(Clone, Copy, Debug)]
pub(in crate::venue::dxlink) enum Cells<'r> {
    /// In a frame that the tape has read; one more start than values.
    Tape {
        frame: &'r [u8],
        starts: &'r [u32],
        layout: &'r Layout,
    },
    /// COMPACT, found by serde.
    Raws {
        raws: &'r [&'r RawValue],
        layout: &'r Layout,
    },
    /// FULL.
    Object {
        known: &'r [Option<&'r RawValue>; Field::COUNT],
        all: &'r [(Cow<'r, str>, &'r RawValue)],
        /// The fields that the venue sends of this type, where it has said.
        listed: Option<&'r Layout>,
    },
    /// The values of a type whose fields nobody has named.
    Nameless { raws: &'r [&'r RawValue] },
}

/// A value of the tape from its start and the next one's.
#[inline]
pub(super) fn plain<'r>(frame: &'r [u8], span: &[u32]) -> Plain<'r> {
    Plain(&frame[span[0] as usize..span[1] as usize - 1])
}

/// Applies one reading to a field of whatever cells there are.
macro_rules! cell {
    ($cells:expr, $field:expr, $read:ident) => {
        match $cells {
            Cells::Tape {
                frame,
                starts,
                layout,
            } => match layout.position($field) {
                Some(at) => plain(frame, &starts[at..at + 2]).$read(),
                None => Ok(None),
            },
            Cells::Raws { raws, layout } => match layout.position($field) {
                Some(at) => raws[at].$read(),
                None => Ok(None),
            },
            Cells::Object { known, .. } => match known[$field as usize] {
                Some(raw) => raw.$read(),
                None => Ok(None),
            },
            Cells::Nameless { .. } => Ok(None),
        }
    };
}

#[inline]
pub(super) fn text(cells: Cells<'_>, field: Field) -> Read<Cow<'_, str>> {
    cell!(cells, field, text)
}

pub(super) fn integer(cells: Cells<'_>, field: Field) -> Read<i64> {
    cell!(cells, field, integer)
}

pub(super) fn decimal(cells: Cells<'_>, field: Field) -> Read<Decimal> {
    cell!(cells, field, decimal)
}

/// Whether the row has the field at all, if only by leaving it out as what it is by default.
pub(super) fn has(cells: Cells<'_>, field: Field) -> bool {
    match cells {
        Cells::Tape { layout, .. } | Cells::Raws { layout, .. } => layout.position(field).is_some(),
        // Objects leave out what is the default, which of a size is that there is none.
        Cells::Object { known, listed, .. } => {
            known[field as usize].is_some()
                || listed.is_none_or(|layout| layout.position(field).is_some())
        }
        Cells::Nameless { .. } => false,
    }
}
