//! `result` of the channels that are not books.

use super::{Cursor, Scanned, symbol, time_of};
use crate::Symbol;
use crate::market::{CandleState, Id, Side};
use crate::venue::gate::channel::Channel;
use crate::venue::gate::family::candle_name;
use crate::venue::gate::message::{PushKey, SpotEvent};
use crate::venue::gate::moment::Unit;
use crate::venue::gate::{
    Candle, CandleDetail, Interval, Quote, QuoteDetail, Ticker, TickerDetail, Trade, TradeDetail,
};
use crate::venue::gate::{moment, value};

#[inline(always)]
pub(super) fn trade(at: &mut Cursor<'_>) -> Scanned {
    at.literal(b"\"id\":")?;
    let id = at.count()?;
    let mut id_market = None;
    if at.skip(b",\"id_market\":") {
        id_market = Some(at.count()?);
    }
    at.literal(b",\"create_time\":")?;
    let create_time = time_of(at.count()?, Unit::Seconds)?;
    at.literal(b",\"create_time_ms\":\"")?;
    let time = at.millis()??;
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
    let size = at.size()?;
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

pub(super) fn quote(at: &mut Cursor<'_>) -> Scanned {
    at.literal(b"\"t\":")?;
    let time = time_of(at.count()?, Unit::Millis)?;
    at.literal(b",\"u\":")?;
    let sequence = Some(at.count()?);
    at.literal(b",\"s\":\"")?;
    let symbol = symbol(at.text()?)?;
    at.literal(b",\"b\":\"")?;
    let bid = at.decimal_or_empty()?;
    at.literal(b",\"B\":\"")?;
    let bid_size = at.size_or_empty()?;
    at.literal(b",\"a\":\"")?;
    let ask = at.decimal_or_empty()?;
    at.literal(b",\"A\":\"")?;
    let ask_size = at.size_or_empty()?;
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

pub(super) fn ticker(at: &mut Cursor<'_>) -> Scanned {
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
    let volume = at.size_or_empty()?;
    at.literal(b",\"quote_volume\":\"")?;
    let turnover = at.size_or_empty()?;
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
    Some((key, SpotEvent::Ticker(Box::new(ticker))))
}

pub(super) fn candle(at: &mut Cursor<'_>) -> Scanned {
    at.literal(b"\"t\":\"")?;
    let start = moment::of_text(at.digits()?, Unit::Seconds).ok()??;
    at.literal(b",\"v\":\"")?;
    let turnover = at.size_or_empty()?;
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
        volume = at.size_or_empty()?;
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
    Some((key, SpotEvent::Candle(Box::new(candle))))
}
