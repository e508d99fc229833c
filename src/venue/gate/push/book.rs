//! Elements of the book channels.

use serde_json::value::RawValue;

use super::{Bad, Malformed, PushKey, Raw, Read, Reader, value, wire};
use crate::Symbol;
use crate::market::{BookAction, Level};
use crate::venue::gate::channel::Channel;
use crate::venue::gate::family::{book_key, obu_name, update_key};
use crate::venue::gate::moment::Unit;
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
        if let Some(known) = ObuLevel::from_text(level) {
            self.key = Some(PushKey::Exact(Channel::Obu(known)));
        }
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
        Ok(BookUpdate {
            symbol,
            action: if full {
                BookAction::Snapshot
            } else {
                BookAction::Delta
            },
            bids: self.side("b", wire.b)?,
            asks: self.side("a", wire.a)?,
            first: self.want(value::unsigned(wire.first)),
            last: self.want(value::unsigned(wire.u)),
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
    let pairs: Vec<[&RawValue; 2]> = serde_json::from_str(raw.get()).map_err(|_| Bad)?;
    pairs
        .into_iter()
        .map(level)
        .collect::<Result<_, _>>()
        .map(Some)
}

fn level([price, size]: [&RawValue; 2]) -> Result<Level, Bad> {
    Ok(Level {
        price: value::decimal(Some(price))?.ok_or(Bad)?,
        size: value::decimal(Some(size))?.ok_or(Bad)?,
    })
}
