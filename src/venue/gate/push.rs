//! From `result` to events, by serde: the path that understands every spelling.

mod book;
mod market;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::family::Family;
use super::message::{Item, Malformed, Push, PushKey, SpotEvent};
use super::value::{self, Bad, Raw, Read};
use super::wire;
use crate::{Symbol, Timestamp};

/// What the envelope adds to each event.
#[derive(Clone, Copy)]
pub(super) struct Context {
    pub(super) family: Family,
    pub(super) sent: Option<Timestamp>,
    pub(super) received: Option<Timestamp>,
    /// Values of the envelope that could not be read.
    pub(super) dropped_values: u32,
}

/// Reads `result`; `None` if it is an array without elements.
pub(super) fn push(context: Context, result: Raw<'_>) -> Result<Option<Push>, Malformed> {
    let Some(raw) = result else {
        return Err(Reader::new(context).malformed("result is missing"));
    };
    if !raw.get().starts_with('[') {
        let item = Reader::new(context).item(raw)?;
        let more = Vec::new();
        return Ok(Some(Push { item, more }));
    }
    let raws: Vec<&RawValue> = serde_json::from_str(raw.get())
        .map_err(|error| Reader::new(context).malformed(error.to_string()))?;
    let several = raws.len() > 1;
    let mut items = Vec::with_capacity(raws.len());
    for raw in raws {
        let item = Reader::new(context).item(raw).map_err(|error| Malformed {
            // The other elements are lost as well.
            symbol: error.symbol.filter(|_| !several),
            key: error.key.filter(|_| !several).or(context.family.key()),
            ..error
        })?;
        items.push(item);
    }
    let mut items = items.into_iter();
    Ok(items.next().map(|item| Push {
        item,
        more: items.collect(),
    }))
}

/// Reads one element and remembers what it concerns, for an error.
struct Reader {
    context: Context,
    symbol: Option<Symbol>,
    key: Option<PushKey>,
    dropped: u32,
}

impl Reader {
    fn new(context: Context) -> Self {
        Self {
            context,
            symbol: None,
            key: context.family.key(),
            dropped: context.dropped_values,
        }
    }

    fn item(mut self, raw: &RawValue) -> Result<Item, Malformed> {
        let event = match self.context.family {
            Family::Trades => SpotEvent::Trade(self.trade(&self.object(raw)?)?),
            Family::BookTicker => SpotEvent::Quote(self.quote(&self.object(raw)?)?),
            Family::Tickers => SpotEvent::Ticker(Box::new(self.ticker(&self.object(raw)?)?)),
            Family::Candlesticks => SpotEvent::Candle(Box::new(self.candle(&self.object(raw)?)?)),
            Family::OrderBook => SpotEvent::Book(self.book(&self.object(raw)?)?),
            Family::OrderBookUpdate => SpotEvent::Book(self.update(&self.object(raw)?)?),
            Family::Obu => SpotEvent::Book(self.obu(&self.object(raw)?)?),
        };
        Ok(Item {
            key: self.key.unwrap_or(PushKey::Unlisted),
            event,
            dropped_values: self.dropped,
        })
    }

    #[cold]
    fn malformed(&self, reason: impl Into<Cow<'static, str>>) -> Malformed {
        Malformed {
            reason: reason.into(),
            channel: Some(self.context.family.name()),
            symbol: self.symbol.clone(),
            key: self.key,
        }
    }

    fn object<'a, T: Deserialize<'a>>(&self, raw: &'a RawValue) -> Result<T, Malformed> {
        wire::object(raw.get().as_bytes()).map_err(|error| match error {
            Some(error) => self.malformed(format!("result: {error}")),
            None => self.malformed("result is not an object"),
        })
    }

    /// A required value.
    fn need<T>(&self, name: &'static str, value: Read<T>) -> Result<T, Malformed> {
        match value {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(self.malformed(format!("{name} is missing"))),
            Err(Bad) => Err(self.malformed(format!("{name} cannot be read"))),
        }
    }

    /// An optional value, counted if it cannot be read.
    fn want<T>(&mut self, value: Read<T>) -> Option<T> {
        value.unwrap_or_else(|Bad| {
            self.dropped += 1;
            None
        })
    }

    fn named(&mut self, name: &'static str, raw: Raw<'_>) -> Result<Symbol, Malformed> {
        let symbol = Symbol::new(self.need(name, value::text(raw))?);
        self.symbol = Some(symbol.clone());
        Ok(symbol)
    }
}
