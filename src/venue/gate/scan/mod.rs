//! The short cut for frames laid out as the venue lays them out: keys in its order, no blanks, no
//! escapes.
//!
//! Each reader in `market` and `book` goes through one channel's `result` key by key; keys that
//! appeared over the years are optional at the place where they appeared. Anything else is left to
//! serde, which decides what it means. The two must agree; `differential.rs` holds them to it.

mod book;
mod market;

use super::cursor::Cursor;
use super::message::{Item, PushKey, SpotEvent};
use super::moment::{self, Unit};
use crate::{Symbol, Timestamp};

/// Reads a push of one of the layouts known; `None` says nothing about the frame.
#[inline]
pub(super) fn scan(frame: &[u8], received: Option<Timestamp>) -> Option<Item> {
    let mut cursor = Cursor::new(frame);
    let at = &mut cursor;
    at.literal(b"{\"")?;
    let mut sent = Sent::default();
    if at.skip(b"time\":") {
        sent.secs = at.count()?;
        at.literal(b",\"")?;
    }
    let with_millis = at.skip(b"time_ms\":");
    if with_millis {
        sent.millis = at.count()?;
        at.literal(b",\"")?;
    }
    at.literal(b"channel\":\"spot.")?;
    // What comes most is told apart first.
    let family = match at.skip(b"trades\"") {
        true => "trades",
        false => at.text()?,
    };
    let with_event = at.skip(b",\"event\":\"update\"");
    at.literal(b",\"result\":{")?;
    let (key, mut event) = match family {
        "trades" => market::trade(at)?,
        "book_ticker" => market::quote(at)?,
        "order_book_update" => book::update(at)?,
        "obu" => book::obu(at)?,
        "candlesticks" => market::candle(at)?,
        "tickers" => market::ticker(at)?,
        "order_book" => book::whole(at)?,
        _ => return None,
    };
    // Since 2025 the rest of the envelope has been seen after the result.
    if !with_millis && at.skip(b",\"time_ms\":") {
        sent.millis = at.count()?;
    }
    if !with_event {
        at.skip(b",\"event\":\"update\"");
    }
    at.literal(b"}")?;
    if !at.is_at_end() {
        return None;
    }
    stamp(&mut event, sent.time()?, received);
    Some(Item {
        key,
        event,
        dropped_values: 0,
    })
}

#[derive(Default)]
struct Sent {
    secs: u64,
    millis: u64,
}

impl Sent {
    fn time(&self) -> Option<Option<Timestamp>> {
        // Both must be fit to be a time, since one that is not would be counted as dropped.
        let secs = time_of(self.secs, Unit::Seconds)?;
        Some(time_of(self.millis, Unit::Millis)?.or(secs))
    }
}

fn time_of(count: u64, unit: Unit) -> Option<Option<Timestamp>> {
    moment::of_count(count, unit).ok()
}

/// Adds what the envelope knows, of which a part may stand behind the result.
fn stamp(event: &mut SpotEvent, sent: Option<Timestamp>, received: Option<Timestamp>) {
    match event {
        SpotEvent::Trade(trade) => {
            (trade.detail.sent, trade.received) = (sent, received);
        }
        SpotEvent::Quote(quote) => {
            (quote.detail.sent, quote.received) = (sent, received);
        }
        SpotEvent::Ticker(ticker) => {
            ticker.time = sent;
            (ticker.detail.sent, ticker.received) = (sent, received);
        }
        SpotEvent::Candle(candle) => {
            (candle.detail.sent, candle.received) = (sent, received);
        }
        SpotEvent::Book(book) => {
            (book.detail.sent, book.received) = (sent, received);
        }
    }
}

type Scanned = Option<(PushKey, SpotEvent)>;

fn symbol(text: &str) -> Option<Symbol> {
    (!text.is_empty()).then(|| Symbol::new(text))
}
