//! From `result` to events, by serde: the path that understands every spelling.

mod book;
mod market;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::family::Family;
use super::message::{Item, Malformed, Message, PushKey, SpotEvent};
use super::value::{self, Bad, Raw, Read};
use super::wire;
use crate::decimal::Decimal;
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

/// Reads `result`.
pub(super) fn push<'a>(context: Context, result: Raw<'_>) -> Result<Message<'a>, Malformed> {
    let Some(raw) = result else {
        return Err(Reader::new(context).malformed("result is missing"));
    };
    if !raw.get().starts_with('[') {
        return Reader::new(context).item(raw).map(Message::Push);
    }
    let raws: Vec<&RawValue> = serde_json::from_str(raw.get())
        .map_err(|error| Reader::new(context).malformed(error.to_string()))?;
    if let [alone] = raws[..] {
        return Reader::new(context).item(alone).map(Message::Push);
    }
    let items = raws.into_iter().map(|raw| Reader::new(context).item(raw));
    Ok(Message::Several(items.collect()))
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

    /// A required amount of something.
    fn need_size(&self, name: &'static str, raw: Raw<'_>) -> Result<Decimal, Malformed> {
        let size = self.need(name, value::decimal(raw))?;
        self.check_size(name, Some(size))?;
        Ok(size)
    }

    /// An optional amount, counted if it cannot be read. One that cannot be makes the event worthless.
    fn want_size(
        &mut self,
        name: &'static str,
        raw: Raw<'_>,
    ) -> Result<Option<Decimal>, Malformed> {
        let size = self.want(value::decimal(raw));
        self.check_size(name, size)?;
        Ok(size)
    }

    fn check_size(&self, name: &'static str, size: Option<Decimal>) -> Result<(), Malformed> {
        match size {
            Some(size) if !value::is_size(size) => {
                Err(self.malformed(format!("{name} is negative")))
            }
            _ => Ok(()),
        }
    }

    fn named(&mut self, name: &'static str, raw: Raw<'_>) -> Result<Symbol, Malformed> {
        let symbol = Symbol::new(self.need(name, value::text(raw))?);
        self.symbol = Some(symbol.clone());
        Ok(symbol)
    }
}
