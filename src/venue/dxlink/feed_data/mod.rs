//! FEED_DATA: from the frame to its rows.
//!
//! COMPACT as servers write it is read off a tape; everything else, FULL objects and the old head
//! that carries its own list of fields among it, by serde. Which format it is shows in the data: the
//! negotiated one may change at any moment.

mod full;

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::row::{Cells, Row};
use super::schema::{Layout, Schema};
use super::server::ServerMessage;
use super::tape::Tape;
use super::value::Value;
use super::{EventKind, Malformed};

/// A FEED_DATA message whose rows have not been looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FeedData<'a> {
    pub(super) channel: u64,
    pub(super) body: Body<'a>,
}

/// Where the data is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body<'a> {
    /// In a frame that begins as servers begin it: just after the data's opening bracket.
    Frame { frame: &'a [u8], at: usize },
    /// Found by serde.
    Raw(&'a RawValue),
}

impl FeedData<'_> {
    /// The channel that it came on.
    pub(crate) fn channel(&self) -> u64 {
        self.channel
    }
}

/// Reads the rows of FEED_DATA messages, with memory that is reused from one to the next.
#[derive(Debug, Default)]
pub(crate) struct FeedReader {
    tape: Tape,
}

impl FeedReader {
    /// Gives each row to `each`, in the message's order, and in its place what cannot be used: a pair
    /// whose values do not make whole rows, a type without a list of fields, a row without symbol.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when the message is not JSON of the venue's shape; then no row was given.
    #[inline]
    pub(crate) fn read(
        &mut self,
        data: &FeedData<'_>,
        schema: &Schema,
        each: &mut impl FnMut(Result<Row<'_>, Malformed>),
    ) -> Result<(), Malformed> {
        match data.body {
            Body::Frame { frame, at } => match self.tape.read(frame, at) {
                Some(()) => {
                    self.pairs(frame, schema, each);
                    Ok(())
                }
                None => read_any(body(frame)?, schema, each),
            },
            Body::Raw(raw) => read_any(raw, schema, each),
        }
    }

    #[inline]
    fn pairs(
        &self,
        frame: &[u8],
        schema: &Schema,
        each: &mut impl FnMut(Result<Row<'_>, Malformed>),
    ) {
        for (name, starts) in self.tape.pairs(frame) {
            let kind = EventKind::from_name(name);
            let Some(layout) = schema.layout(kind, name) else {
                unlisted_on_tape(kind, name, frame, starts, each);
                continue;
            };
            let (width, length) = (layout.width(), starts.len() - 1);
            if length == 0 {
                continue;
            }
            if width == 0 || length % width != 0 {
                each(Err(Malformed::ragged(name, width, length)));
                continue;
            }
            for at in (0..length).step_by(width) {
                let starts = &starts[at..=at + width];
                let cells = Cells::Tape {
                    frame,
                    starts,
                    layout,
                };
                each(Row::new(kind, name, cells));
            }
        }
    }
}

#[cold]
fn unlisted_on_tape(
    kind: Option<EventKind>,
    name: &str,
    frame: &[u8],
    starts: &[u32],
    each: &mut impl FnMut(Result<Row<'_>, Malformed>),
) {
    let raws = starts.windows(2).filter_map(|span| {
        let json = &frame[span[0] as usize..span[1] as usize - 1];
        serde_json::from_slice(json).ok()
    });
    let raws: Vec<&RawValue> = raws.collect();
    unlisted(kind, name, &raws, each);
}

/// Values of a type whose fields neither side has named: told apart from none, and for a type that
/// feedline does not know, given as they are.
fn unlisted(
    kind: Option<EventKind>,
    name: &str,
    raws: &[&RawValue],
    each: &mut impl FnMut(Result<Row<'_>, Malformed>),
) {
    if raws.is_empty() {
        return;
    }
    each(match kind {
        Some(_) => Err(Malformed::new("no list of fields is known").of_kind(name)),
        None => Row::new(None, name, Cells::Nameless { raws }),
    });
}

/// The data of a frame, wherever it stands in it.
#[cold]
fn body(frame: &[u8]) -> Result<&RawValue, Malformed> {
    match ServerMessage::parse_any(frame)? {
        ServerMessage::FeedData(FeedData {
            body: Body::Raw(raw),
            ..
        }) => Ok(raw),
        _ => Err(Malformed::new("not FEED_DATA")),
    }
}

/// [`FeedReader::read`] by serde: the whole of the venue's language.
#[inline(never)]
pub(super) fn read_any(
    data: &RawValue,
    schema: &Schema,
    each: &mut impl FnMut(Result<Row<'_>, Malformed>),
) -> Result<(), Malformed> {
    let items: Vec<&RawValue> = serde_json::from_str(data.get())
        .map_err(|_| Malformed::new("data is not an array").of_kind("FEED_DATA"))?;
    let mut items = items.into_iter().peekable();
    while let Some(head) = items.next() {
        match head.get().as_bytes().first() {
            Some(b'{') => full::object(head, schema, each),
            Some(b'"' | b'[') => {
                let values = items.next_if(|next| next.get().starts_with('['));
                pair(head, values, schema, each);
            }
            _ => each(Err(Malformed::new("neither a type nor an event"))),
        }
    }
    Ok(())
}

/// A type and its values; instead of the name alone there may be `[name, [fields]]`, which servers
/// sent until 2023.
fn pair(
    head: &RawValue,
    values: Option<&RawValue>,
    schema: &Schema,
    each: &mut impl FnMut(Result<Row<'_>, Malformed>),
) {
    let (name, own) = match head.get().starts_with('[') {
        false => (head.text(), None),
        true => match serde_json::from_str::<(Cow<'_, str>, Vec<Cow<'_, str>>)>(head.get()) {
            Ok((name, fields)) => (Ok(Some(name)), Some(Layout::new(&fields))),
            Err(_) => {
                return each(Err(Malformed::new(
                    "the type and its fields are unreadable",
                )));
            }
        },
    };
    let Ok(name) = name else {
        return each(Err(Malformed::new("the type is unreadable")));
    };
    let name = &*name.unwrap_or_default();
    let Some(values) = values else {
        return each(Err(Malformed::new("the values are missing").of_kind(name)));
    };
    let raws: Vec<&RawValue> = match serde_json::from_str(values.get()) {
        Ok(raws) => raws,
        Err(error) => return each(Err(Malformed::new(error.to_string()).of_kind(name))),
    };
    let kind = EventKind::from_name(name);
    let Some(layout) = own.as_ref().or_else(|| schema.layout(kind, name)) else {
        return unlisted(kind, name, &raws, each);
    };
    let (width, length) = (layout.width(), raws.len());
    if length == 0 {
        return;
    }
    if width == 0 || length % width != 0 {
        return each(Err(Malformed::ragged(name, width, length)));
    }
    for raws in raws.chunks_exact(width) {
        each(Row::new(kind, name, Cells::Raws { raws, layout }));
    }
}
