//! Elements of the book channels.

use std::fmt;

use serde::de::{self, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Bad, Malformed, PushKey, Raw, Read, Reader, value, wire};
use crate::Symbol;
use crate::market::{BookAction, Level};
use crate::venue::gate::channel::Channel;
use crate::venue::gate::family::{book_key, obu_name, update_key};
use crate::venue::gate::moment::Unit;
use crate::venue::gate::value::is_span;
use crate::venue::gate::{BookDetail, BookUpdate, ObuLevel};

impl Reader {
    pub(super) fn book(&mut self, wire: &wire::Book<'_>) -> Result<BookUpdate, Malformed> {
        let symbol = self.named("s", wire.s)?;
        let level: Option<u16> = self.want(value::unsigned(wire.l));
        self.key = Some(book_key(level));
        // A whole book without one of its sides' keys would empty the side in silence.
        let bids = self.need("bids", levels(wire.bids))?;
        let asks = self.need("asks", levels(wire.asks))?;
        Ok(BookUpdate {
            symbol,
            action: BookAction::Snapshot,
            bids,
            asks,
            first: None,
            last: self.want(value::unsigned(wire.last_update_id)),
            time: self.want(value::moment(wire.t, Unit::Millis)),
            received: self.context.received,
            detail: BookDetail {
                sent: self.context.sent,
                event_time: None,
                level,
            },
        })
    }

    pub(super) fn update(&mut self, wire: &wire::Update<'_>) -> Result<BookUpdate, Malformed> {
        let symbol = self.named("s", wire.s)?;
        let level: Option<u16> = self.want(value::unsigned(wire.l));
        self.key = Some(update_key(level));
        self.change(symbol, level, wire)
    }

    pub(super) fn obu(&mut self, wire: &wire::Update<'_>) -> Result<BookUpdate, Malformed> {
        let name = self.need("s", value::text(wire.s))?;
        let Some((symbol, level)) = obu_name(&name) else {
            return Err(self.malformed("s is not ob.<symbol>.<level>"));
        };
        let symbol = Symbol::new(symbol);
        self.symbol = Some(symbol.clone());
        let known = ObuLevel::from_text(level);
        self.key = Some(known.map_or(PushKey::Unlisted, |l| PushKey::Exact(Channel::Obu(l))));
        self.change(symbol, level.parse().ok(), wire)
    }

    fn change(
        &mut self,
        symbol: Symbol,
        level: Option<u16>,
        wire: &wire::Update<'_>,
    ) -> Result<BookUpdate, Malformed> {
        // Taking a whole book for a change, or the reverse, would corrupt every book built on it.
        let full = match value::boolean(wire.full) {
            Ok(full) => full.unwrap_or(false),
            Err(Bad) => return Err(self.malformed("full cannot be read")),
        };
        let bids = self.side("b", wire.b)?;
        let asks = self.side("a", wire.a)?;
        let last = self.need("u", value::unsigned(wire.u))?;
        let (action, first) = if full {
            // Where a whole book has one, it says nothing.
            (BookAction::Snapshot, self.want(value::unsigned(wire.first)))
        } else {
            let first = self.need("U", value::unsigned(wire.first))?;
            if !is_span(first, last) {
                return Err(self.malformed("U is beyond u"));
            }
            (BookAction::Delta, Some(first))
        };
        Ok(BookUpdate {
            symbol,
            action,
            bids,
            asks,
            first,
            last: Some(last),
            time: self.want(value::moment(wire.t, Unit::Millis)),
            received: self.context.received,
            detail: BookDetail {
                sent: self.context.sent,
                event_time: self.want(value::moment(wire.event_time, Unit::Seconds)),
                level,
            },
        })
    }

    /// A side that may be absent where nothing of it changed.
    fn side(&self, name: &'static str, raw: Raw<'_>) -> Result<Vec<Level>, Malformed> {
        match levels(raw) {
            Ok(levels) => Ok(levels.unwrap_or_default()),
            Err(Bad) => self.need(name, Err(Bad)),
        }
    }
}

fn levels(raw: Raw<'_>) -> Read<Vec<Level>> {
    let Some(raw) = raw else { return Ok(None) };
    // A side without levels may be `null`.
    let levels: Option<Vec<LevelRow<'_>>> = serde_json::from_str(raw.get()).map_err(|_| Bad)?;
    let levels = levels.unwrap_or_default().into_iter().map(level);
    levels.collect::<Result<_, _>>().map(Some)
}

fn level(LevelRow(price, size): LevelRow<'_>) -> Result<Level, Bad> {
    let size = value::decimal(Some(size))?.ok_or(Bad)?;
    if !value::is_size(size) {
        return Err(Bad);
    }
    Ok(Level {
        price: value::decimal(Some(price))?.ok_or(Bad)?,
        size,
    })
}

/// Price and size, and whatever the venue may add behind them.
struct LevelRow<'a>(&'a RawValue, &'a RawValue);

impl<'de> Deserialize<'de> for LevelRow<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(LevelVisitor)
    }
}

struct LevelVisitor;

impl<'de> Visitor<'de> for LevelVisitor {
    type Value = LevelRow<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("price and size")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut row: A) -> Result<LevelRow<'de>, A::Error> {
        let (Some(price), Some(size)) = (row.next_element()?, row.next_element()?) else {
            return Err(de::Error::custom("price or size is missing"));
        };
        while row.next_element::<IgnoredAny>()?.is_some() {}
        Ok(LevelRow(price, size))
    }
}
