//! One row of FEED_DATA: first whose it is, then, if somebody wants it, what it says.

mod cells;
mod reader;

use std::borrow::Cow;

pub(super) use cells::Cells;
use cells::{decimal, has, integer, plain, text};
pub(super) use reader::{Build, Reader, Source, Unfit};
use serde_json::value::RawValue;

use super::event::{self, DxEvent};
use super::field::Field;
use super::value::Value;
use super::{Change, EventFlags, EventKind, Malformed, Mark, index};
use crate::{Symbol, Timestamp};

/// One event that has been found and not yet read.
///
/// The event type, the symbol and the source are what a subscription is known by; asking for them
/// costs nothing that the row's event would own.
#[derive(Debug)]
pub(crate) struct Row<'r> {
    kind: Option<EventKind>,
    name: &'r str,
    symbol: Cow<'r, str>,
    cells: Cells<'r>,
}

/// A row, read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    /// The event.
    pub(crate) event: DxEvent,
    /// How many optional values could not be read or held and are absent from the event.
    pub(crate) dropped_values: u32,
}

impl Item {
    /// A candle's symbol as it was asked for: the venue may spell it in another way.
    #[inline]
    pub(crate) fn spell(&mut self, symbol: &Symbol) {
        if let DxEvent::Candle(candle) = &mut self.event
            && candle.symbol != *symbol
        {
            candle.symbol = symbol.clone();
        }
    }
}

impl<'r> Row<'r> {
    /// Finds the symbol of a row.
    #[inline]
    pub(super) fn new(
        kind: Option<EventKind>,
        name: &'r str,
        cells: Cells<'r>,
    ) -> Result<Self, Malformed> {
        let symbol = match text(cells, Field::EventSymbol) {
            Ok(Some(symbol)) => symbol,
            // What feedline has no type for need not have a symbol.
            _ if kind.is_none() => Cow::Borrowed(""),
            Ok(None) => return Err(Malformed::new("eventSymbol is missing").of_kind(name)),
            Err(_) => return Err(Malformed::new("eventSymbol cannot be read").of_kind(name)),
        };
        Ok(Self {
            kind,
            name,
            symbol,
            cells,
        })
    }

    /// The event type; `None` for one that feedline has no type for.
    #[inline]
    pub(crate) fn kind(&self) -> Option<EventKind> {
        self.kind
    }

    /// The venue's name of the event type.
    pub(crate) fn name(&self) -> &str {
        self.name
    }

    /// The instrument; empty only for an unknown type without one.
    #[inline]
    pub(crate) fn symbol(&self) -> &str {
        &self.symbol
    }

    /// The source of the order family, if the row tells it.
    pub(crate) fn source(&self) -> Option<Cow<'r, str>> {
        text(self.cells, Field::Source).ok().flatten()
    }

    /// Flags and index; `None` for a type or a list of fields that has none.
    ///
    /// Where `index` was not asked for, time series are known by time and sequence.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when flags or index are there and cannot be read.
    pub(crate) fn mark(&self) -> Result<Option<Mark>, Malformed> {
        let Some(kind) = self.kind.filter(|kind| kind.is_indexed()) else {
            return Ok(None);
        };
        let integer = |field| integer(self.cells, field).map_err(|_| self.bad(field));
        let flags = integer(Field::EventFlags)?.unwrap_or(0);
        let flags = u32::try_from(flags).map_err(|_| self.bad(Field::EventFlags))?;
        let flags = EventFlags::from_bits(flags);
        let index = match integer(Field::Index)? {
            Some(index) => index,
            None if kind.is_time_series() => {
                let Some(time) = integer(Field::Time)? else {
                    return Ok(None);
                };
                let sequence = match integer(Field::Sequence)? {
                    Some(sequence) => sequence,
                    // Executions of one millisecond are told apart by their sequence alone.
                    None if kind == EventKind::TimeAndSale => return Ok(None),
                    None => 0,
                };
                index::of_time(time, sequence).ok_or_else(|| self.bad(Field::Time))?
            }
            None => return Ok(None),
        };
        Ok(Some(Mark { flags, index }))
    }

    /// Whether the row takes its index out: by its flags, or because it is an order without size.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when flags or size are there and cannot be read.
    pub(crate) fn removes(&self) -> Result<bool, Malformed> {
        let flags = self.mark()?.map(|mark| mark.flags).unwrap_or_default();
        if flags.contains(EventFlags::REMOVE_EVENT) {
            return Ok(true);
        }
        if !self.kind.is_some_and(EventKind::is_order) || !has(self.cells, Field::Size) {
            return Ok(false);
        }
        let size = decimal(self.cells, Field::Size).map_err(|_| self.bad(Field::Size))?;
        Ok(size.is_none_or(|size| size.is_zero()))
    }

    /// What the row does with its index: the event that it puts there, or its removal.
    ///
    /// # Errors
    ///
    /// As [`read`](Row::read); the flags of such a row still count, with [`Change::Nothing`].
    pub(crate) fn change(&self, received: Option<Timestamp>) -> Result<Change<Item>, Malformed> {
        if self.removes()? {
            return Ok(Change::Remove);
        }
        self.read(received).map(Change::Set)
    }

    fn bad(&self, field: Field) -> Malformed {
        Malformed::new(format!("{} cannot be read", field.name()))
            .of_kind(self.name)
            .of_symbol(&self.symbol)
    }

    /// Reads the event.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when a value is missing without which the event would be none, as at the end
    /// of a snapshot that carries no row.
    #[inline]
    pub(crate) fn read(&self, received: Option<Timestamp>) -> Result<Item, Malformed> {
        let Some(kind) = self.kind else {
            return Ok(self.raw(received));
        };
        // A symbol that shares its text with nothing else is made here and moved into the event.
        let symbol = Symbol::new(&*self.symbol);
        match self.cells {
            Cells::Tape {
                frame,
                starts,
                layout,
            } => {
                let cells = reader::Tape {
                    frame,
                    starts,
                    layout,
                };
                self.finish(Reader::new(cells, symbol, received), kind)
            }
            Cells::Raws { raws, layout } => {
                let cells = reader::Raws { raws, layout };
                self.finish(Reader::new(cells, symbol, received), kind)
            }
            Cells::Object { known, .. } => {
                let cells = reader::Object { known };
                self.finish(Reader::new(cells, symbol, received), kind)
            }
            Cells::Nameless { .. } => Err(Malformed::new("no list of fields").of_kind(self.name)),
        }
    }

    #[inline]
    fn finish<'a, S: Source<'a>>(
        &self,
        mut reader: Reader<S>,
        kind: EventKind,
    ) -> Result<Item, Malformed> {
        match event::build(kind, &mut reader) {
            Ok(event) => Ok(Item {
                event,
                dropped_values: reader.dropped(),
            }),
            // A candle of a length that no interval has is still a row.
            Err(Unfit::Length) => Ok(self.raw(reader.received())),
            Err(unfit) => Err(Malformed::new(unfit.to_string())
                .of_kind(self.name)
                .of_symbol(&self.symbol)),
        }
    }

    /// The row as it came.
    #[cold]
    pub(crate) fn raw(&self, received: Option<Timestamp>) -> Item {
        let named = |names: &[smol_str::SmolStr], values: Vec<serde_json::Value>| {
            let names = names.iter().map(ToString::to_string);
            names.zip(values).collect()
        };
        let read = |raw: &&RawValue| raw.json().ok().flatten().unwrap_or_default();
        let (fields, values) = match self.cells {
            Cells::Tape {
                frame,
                starts,
                layout,
            } => {
                let values = starts.windows(2).map(|span| {
                    let json = plain(frame, span).json();
                    json.ok().flatten().unwrap_or_default()
                });
                (named(layout.names(), values.collect()), Vec::new())
            }
            Cells::Raws { raws, layout } => {
                let values = raws.iter().map(read).collect();
                (named(layout.names(), values), Vec::new())
            }
            Cells::Object { all, .. } => {
                let fields = all.iter().map(|(name, raw)| (name.to_string(), read(raw)));
                (fields.collect(), Vec::new())
            }
            Cells::Nameless { raws } => (serde_json::Map::new(), raws.iter().map(read).collect()),
        };
        Item {
            event: DxEvent::Raw(Box::new(event::RawRow {
                symbol: Symbol::new(&*self.symbol),
                event_type: self.name.into(),
                fields,
                values,
                received,
            })),
            dropped_values: 0,
        }
    }
}
