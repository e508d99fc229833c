//! The short cut for frames laid out as the venue lays them out: keys in its order, no blanks, no
//! escapes.
//!
//! Each reader below goes through one channel's `result` key by key; keys that appeared over the
//! years are optional at the place where they appeared. Anything else is left to serde, which
//! decides what it means. The two must agree; `differential.rs` holds them to it.

use super::channel::Channel;
use super::cursor::Cursor;
use super::message::{Item, Message, Push, PushKey, SpotEvent};
use super::push::{book_key, candle_name, obu_name, update_key};
use super::value::{self, Unit};
use super::{
    BookDetail, BookUpdate, Candle, CandleDetail, Interval, ObuLevel, Quote, QuoteDetail, Ticker,
    TickerDetail, Trade, TradeDetail,
};
use crate::market::{BookAction, CandleState, Id, Side};
use crate::{Symbol, Timestamp};

/// Reads a push of one of the layouts known; `None` says nothing about the frame.
#[inline]
pub(super) fn scan(frame: &[u8], received: Option<Timestamp>) -> Option<Message<'_>> {
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
    let family = at.text()?;
    let with_event = at.skip(b",\"event\":\"update\"");
    at.literal(b",\"result\":{")?;
    let (key, mut event) = match family {
        "trades" => trade(at)?,
        "book_ticker" => quote(at)?,
        "order_book_update" => update(at)?,
        "obu" => obu(at)?,
        "candlesticks" => candle(at)?,
        "tickers" => ticker(at)?,
        "order_book" => book(at)?,
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
    Some(Message::Push(Push {
        item: Item {
            key,
            event,
            dropped_values: 0,
        },
        more: Vec::new(),
    }))
}

#[derive(Default)]
struct Sent {
    secs: u64,
    millis: u64,
}

impl Sent {
    fn time(&self) -> Option<Option<Timestamp>> {
        // Both must be fit to be a time, since one that is not would be counted as dropped.
        let secs = moment(self.secs, Unit::Seconds)?;
        Some(moment(self.millis, Unit::Millis)?.or(secs))
    }
}

fn moment(count: u64, unit: Unit) -> Option<Option<Timestamp>> {
    value::moment_count(count, unit).ok()
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

fn trade(at: &mut Cursor<'_>) -> Scanned {
    at.literal(b"\"id\":")?;
    let id = at.count()?;
    let mut id_market = None;
    if at.skip(b",\"id_market\":") {
        id_market = Some(at.count()?);
    }
    at.literal(b",\"create_time\":")?;
    let create_time = moment(at.count()?, Unit::Seconds)?;
    at.literal(b",\"create_time_ms\":\"")?;
    let time = value::moment_text(at.digits()?, Unit::Millis).ok()??;
    at.literal(b",\"side\":\"")?;
    let side = if at.skip(b"buy\"") {
        Side::Buy
    } else {
        at.literal(b"sell\"")?;
        Side::Sell
    };
    at.literal(b",\"currency_pair\":\"")?;
    let symbol = symbol(at.text()?)?;
    at.literal(b",\"amount\":\"")?;
    let size = at.decimal()?;
    at.literal(b",\"price\":\"")?;
    let price = at.decimal()?;
    let mut range = None;
    if at.skip(b",\"range\":\"") {
        range = Some(value::id_range(at.digits()?).ok()?);
    }
    if id_market.is_none() && at.skip(b",\"id_market\":") {
        id_market = Some(at.count()?);
    }
    let mut trade_mode = None;
    if at.skip(b",\"trade_mode\":") {
        trade_mode = Some(at.count()?.try_into().ok()?);
    }
    at.literal(b"}")?;
    let trade = Trade {
        symbol,
        price,
        size,
        side: Some(side),
        id: Some(Id::Number(id)),
        time,
        received: None,
        detail: TradeDetail {
            sent: None,
            create_time,
            id_market,
            range,
            trade_mode,
        },
    };
    let key = PushKey::Exact(Channel::Trades);
    Some((key, SpotEvent::Trade(trade)))
}

fn quote(at: &mut Cursor<'_>) -> Scanned {
    at.literal(b"\"t\":")?;
    let time = moment(at.count()?, Unit::Millis)?;
    at.literal(b",\"u\":")?;
    let sequence = Some(at.count()?);
    at.literal(b",\"s\":\"")?;
    let symbol = symbol(at.text()?)?;
    at.literal(b",\"b\":\"")?;
    let bid = at.decimal_or_empty()?;
    at.literal(b",\"B\":\"")?;
    let bid_size = at.decimal_or_empty()?;
    at.literal(b",\"a\":\"")?;
    let ask = at.decimal_or_empty()?;
    at.literal(b",\"A\":\"")?;
    let ask_size = at.decimal_or_empty()?;
    at.literal(b"}")?;
    let quote = Quote {
        symbol,
        bid,
        bid_size,
        ask,
        ask_size,
        time,
        sequence,
        received: None,
        detail: QuoteDetail { sent: None },
    };
    let key = PushKey::Exact(Channel::BookTicker);
    Some((key, SpotEvent::Quote(quote)))
}

fn ticker(at: &mut Cursor<'_>) -> Scanned {
    at.literal(b"\"currency_pair\":\"")?;
    let symbol = symbol(at.text()?)?;
    at.literal(b",\"last\":\"")?;
    let last = at.decimal_or_empty()?;
    at.literal(b",\"lowest_ask\":\"")?;
    let ask = at.decimal_or_empty()?;
    at.literal(b",\"highest_bid\":\"")?;
    let bid = at.decimal_or_empty()?;
    at.literal(b",\"change_percentage\":\"")?;
    let change = at.decimal_or_empty()?;
    at.literal(b",\"base_volume\":\"")?;
    let volume = at.decimal_or_empty()?;
    at.literal(b",\"quote_volume\":\"")?;
    let turnover = at.decimal_or_empty()?;
    at.literal(b",\"high_24h\":\"")?;
    let high = at.decimal_or_empty()?;
    at.literal(b",\"low_24h\":\"")?;
    let low = at.decimal_or_empty()?;
    at.literal(b"}")?;
    let ticker = Ticker {
        symbol,
        last,
        bid,
        ask,
        high,
        low,
        open: None,
        volume,
        turnover,
        change,
        time: None,
        received: None,
        detail: TickerDetail { sent: None },
    };
    let key = PushKey::Exact(Channel::Tickers);
    Some((key, SpotEvent::Ticker(ticker)))
}

fn candle(at: &mut Cursor<'_>) -> Scanned {
    at.literal(b"\"t\":\"")?;
    let start = value::moment_text(at.digits()?, Unit::Seconds).ok()??;
    at.literal(b",\"v\":\"")?;
    let turnover = at.decimal_or_empty()?;
    at.literal(b",\"c\":\"")?;
    let close = at.decimal()?;
    at.literal(b",\"h\":\"")?;
    let high = at.decimal()?;
    at.literal(b",\"l\":\"")?;
    let low = at.decimal()?;
    at.literal(b",\"o\":\"")?;
    let open = at.decimal()?;
    at.literal(b",\"n\":\"")?;
    let (interval, name) = candle_name(at.text()?)?;
    let interval = Interval::from_text(interval)?;
    let mut volume = None;
    if at.skip(b",\"a\":\"") {
        volume = at.decimal_or_empty()?;
    }
    let mut state = None;
    if at.skip(b",\"w\":") {
        state = Some(if at.boolean()? {
            CandleState::Final
        } else {
            CandleState::Partial
        });
    }
    at.literal(b"}")?;
    let candle = Candle {
        symbol: Symbol::new(name),
        interval: interval.into(),
        start,
        open,
        high,
        low,
        close,
        volume,
        turnover,
        trades: None,
        vwap: None,
        state,
        tainted: false,
        truncated: false,
        first_time: None,
        last_time: None,
        received: None,
        detail: CandleDetail { sent: None },
    };
    let key = PushKey::Exact(Channel::Candlesticks(interval));
    Some((key, SpotEvent::Candle(candle)))
}

fn update(at: &mut Cursor<'_>) -> Scanned {
    at.literal(b"\"t\":")?;
    let time = moment(at.count()?, Unit::Millis)?;
    let mut full = at.skip(b",\"full\":true");
    let mut level = level(at)?;
    at.skip(b",\"e\":\"depthUpdate\"");
    let mut event_time = None;
    if at.skip(b",\"E\":") {
        event_time = moment(at.count()?, Unit::Seconds)?;
    }
    at.literal(b",\"s\":\"")?;
    let symbol = symbol(at.text()?)?;
    at.literal(b",\"U\":")?;
    let first = Some(at.count()?);
    at.literal(b",\"u\":")?;
    let last = Some(at.count()?);
    at.literal(b",\"b\":[")?;
    let bids = at.levels()?;
    at.literal(b",\"a\":[")?;
    let asks = at.levels()?;
    if level.is_none() {
        level = self::level(at)?;
    }
    full = full || at.skip(b",\"full\":true");
    at.literal(b"}")?;
    let book = BookUpdate {
        symbol,
        action: action(full),
        bids,
        asks,
        first,
        last,
        time,
        received: None,
        detail: BookDetail {
            sent: None,
            event_time,
            level,
        },
    };
    Some((update_key(level), SpotEvent::Book(book)))
}

fn obu(at: &mut Cursor<'_>) -> Scanned {
    at.literal(b"\"t\":")?;
    let time = moment(at.count()?, Unit::Millis)?;
    let full = at.skip(b",\"full\":true");
    at.literal(b",\"s\":\"")?;
    let (name, level) = obu_name(at.text()?)?;
    let channel = Channel::Obu(ObuLevel::from_text(level)?);
    let mut first = None;
    if at.skip(b",\"U\":") {
        first = Some(at.count()?);
    }
    at.literal(b",\"u\":")?;
    let last = Some(at.count()?);
    let (mut bids, mut asks) = (Vec::new(), Vec::new());
    if at.skip(b",\"b\":[") {
        bids = at.levels()?;
    }
    if at.skip(b",\"a\":[") {
        asks = at.levels()?;
    }
    at.literal(b"}")?;
    let book = BookUpdate {
        symbol: Symbol::new(name),
        action: action(full),
        bids,
        asks,
        first,
        last,
        time,
        received: None,
        detail: BookDetail {
            sent: None,
            event_time: None,
            level: level.parse().ok(),
        },
    };
    Some((PushKey::Exact(channel), SpotEvent::Book(book)))
}

fn book(at: &mut Cursor<'_>) -> Scanned {
    at.literal(b"\"t\":")?;
    let time = moment(at.count()?, Unit::Millis)?;
    at.literal(b",\"lastUpdateId\":")?;
    let last = Some(at.count()?);
    at.literal(b",\"s\":\"")?;
    let symbol = symbol(at.text()?)?;
    let level = level(at)?;
    at.literal(b",\"bids\":[")?;
    let bids = at.levels()?;
    at.literal(b",\"asks\":[")?;
    let asks = at.levels()?;
    at.literal(b"}")?;
    let book = BookUpdate {
        symbol,
        action: BookAction::Snapshot,
        bids,
        asks,
        first: None,
        last,
        time,
        received: None,
        detail: BookDetail {
            sent: None,
            event_time: None,
            level,
        },
    };
    Some((book_key(level), SpotEvent::Book(book)))
}

/// `l`, if it comes next; the outer `None` is a surprise.
fn level(at: &mut Cursor<'_>) -> Option<Option<u16>> {
    if !at.skip(b",\"l\":\"") {
        return Some(None);
    }
    let level = at.count()?;
    at.literal(b"\"")?;
    level.try_into().ok().map(Some)
}

const fn action(full: bool) -> BookAction {
    if full {
        BookAction::Snapshot
    } else {
        BookAction::Delta
    }
}
