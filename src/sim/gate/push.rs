//! Gate's push frames, in the key order of the venue's own.

use std::fmt::Write;

use super::topic::Topic;
use crate::market::Side;
use crate::sim::core::Times;
use crate::sim::market::{Bar, Candles, Delta, INTERVALS, MarketTrade, Pair, Rung, interval_index};
use crate::{Decimal, Timestamp};

fn envelope(times: Times, channel: &str, result: &str) -> String {
    let now = times.now;
    format!(
        "{{\"time\":{},\"time_ms\":{},\"channel\":\"{channel}\",\"event\":\"update\",\
         \"result\":{{{result}}}}}",
        now.as_secs(),
        now.as_millis()
    )
}

/// Milliseconds with six decimals, as the venue writes the times of trades.
pub(super) fn millis(time: Timestamp) -> String {
    let nanos = time.as_nanos();
    format!("{}.{:06}", nanos / 1_000_000, nanos % 1_000_000)
}

pub(super) fn trade(times: Times, channel: &str, trade: &MarketTrade) -> String {
    let MarketTrade {
        symbol,
        id,
        price,
        size,
        side,
        time,
    } = trade;
    let time = times.of(*time);
    let result = format!(
        "\"id\":{id},\"id_market\":{id},\"create_time\":{},\"create_time_ms\":\"{}\",\
         \"side\":\"{side}\",\"currency_pair\":\"{symbol}\",\"amount\":\"{size}\",\
         \"price\":\"{price}\",\"range\":\"{id}-{id}\",\"trade_mode\":0",
        time.as_secs(),
        millis(time),
    );
    envelope(times, channel, &result)
}

/// What a pair did in the last 24 hours.
pub(super) struct Day {
    last: Decimal,
    high: Decimal,
    low: Decimal,
    change: Decimal,
    base: Decimal,
    quote: Decimal,
}

impl Day {
    pub(super) fn of(candles: &Candles) -> Self {
        let hour = interval_index("1h").unwrap_or_default();
        let last = candles.current(hour).close;
        let mut day = Self {
            last,
            high: last,
            low: last,
            change: Decimal::ZERO,
            base: Decimal::ZERO,
            quote: Decimal::ZERO,
        };
        let mut open = last;
        for bar in candles.all(hour).rev().take(24) {
            day.high = day.high.max(bar.high);
            day.low = day.low.min(bar.low);
            day.base += bar.base;
            day.quote += bar.quote;
            open = bar.open;
        }
        if !open.is_zero() {
            day.change = ((last - open) / open * Decimal::ONE_HUNDRED).round_dp(4);
        }
        day
    }
}

/// The fields of a ticker, which are the same by WebSocket and by REST.
pub(super) fn ticker_fields(pair: &Pair) -> String {
    let day = Day::of(&pair.candles);
    let best = |side| pair.book.best(side).map(|rung| pair.price(rung.price));
    let text = |price: Option<Decimal>| price.map(|price| price.to_string()).unwrap_or_default();
    format!(
        "\"currency_pair\":\"{}\",\"last\":\"{}\",\"lowest_ask\":\"{}\",\"highest_bid\":\"{}\",\
         \"change_percentage\":\"{}\",\"base_volume\":\"{}\",\"quote_volume\":\"{}\",\
         \"high_24h\":\"{}\",\"low_24h\":\"{}\"",
        pair.symbol,
        day.last.normalize(),
        text(best(Side::Sell)),
        text(best(Side::Buy)),
        day.change.normalize(),
        day.base.normalize(),
        day.quote.normalize(),
        day.high.normalize(),
        day.low.normalize(),
    )
}

pub(super) fn ticker(times: Times, pair: &Pair) -> String {
    envelope(times, "spot.tickers", &ticker_fields(pair))
}

pub(super) fn candle(
    times: Times,
    interval: usize,
    symbol: &str,
    bar: &Bar,
    closed: bool,
) -> String {
    let result = format!(
        "\"t\":\"{}\",\"v\":\"{}\",\"c\":\"{}\",\"h\":\"{}\",\"l\":\"{}\",\"o\":\"{}\",\
         \"n\":\"{}_{symbol}\",\"a\":\"{}\",\"w\":{closed}",
        times.start(bar.start, INTERVALS[interval].1).as_secs(),
        bar.quote.normalize(),
        bar.close.normalize(),
        bar.high.normalize(),
        bar.low.normalize(),
        bar.open.normalize(),
        INTERVALS[interval].0,
        bar.base.normalize(),
    );
    envelope(times, "spot.candlesticks", &result)
}

pub(super) fn book_ticker(times: Times, pair: &Pair) -> String {
    let side = |side| match pair.book.best(side) {
        Some(rung) => (
            pair.price(rung.price).to_string(),
            pair.size(rung.size).to_string(),
        ),
        None => (String::new(), "0".to_owned()),
    };
    let ((bid, bid_size), (ask, ask_size)) = (side(Side::Buy), side(Side::Sell));
    let result = format!(
        "\"t\":{},\"u\":{},\"s\":\"{}\",\"b\":\"{bid}\",\"B\":\"{bid_size}\",\"a\":\"{ask}\",\
         \"A\":\"{ask_size}\"",
        times.of(pair.book.changed()).as_millis(),
        pair.book.id(),
        pair.symbol,
    );
    envelope(times, "spot.book_ticker", &result)
}

/// Levels as `[["price","size"],…]`.
pub(super) fn rungs(pair: &Pair, rungs: &[Rung]) -> String {
    let mut text = String::with_capacity(2 + rungs.len() * 24);
    text.push('[');
    for (index, rung) in rungs.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let (price, size) = (pair.price(rung.price), pair.size(rung.size));
        // Writing to a string cannot fail.
        let _infallible = write!(text, "{comma}[\"{price}\",\"{size}\"]");
    }
    text.push(']');
    text
}

/// The best levels of one side.
pub(super) fn best(pair: &Pair, side: Side, depth: usize) -> String {
    let all = pair.book.side(side);
    rungs(pair, &all[..depth.min(all.len())])
}

pub(super) fn book_update(times: Times, pair: &Pair, depth: usize, delta: &Delta) -> String {
    let changed = times.of(pair.book.changed());
    let result = format!(
        "\"t\":{},\"e\":\"depthUpdate\",\"E\":{},\"s\":\"{}\",\"U\":{},\"u\":{},\"b\":{},\"a\":{},\
         \"l\":\"{depth}\"",
        changed.as_millis(),
        changed.as_secs(),
        pair.symbol,
        delta.first,
        delta.last,
        rungs(pair, &delta.bids),
        rungs(pair, &delta.asks),
    );
    envelope(times, "spot.order_book_update", &result)
}

/// The whole window as `spot.order_book_update` sends it, with or without saying that it is whole.
pub(super) fn book_window(times: Times, pair: &Pair, depth: usize, flagged: bool) -> String {
    let changed = times.of(pair.book.changed());
    let full = if flagged { "\"full\":true," } else { "" };
    let result = format!(
        "\"t\":{},{full}\"e\":\"depthUpdate\",\"E\":{},\"s\":\"{}\",\"U\":{id},\"u\":{id},\
         \"b\":{},\"a\":{},\"l\":\"{depth}\"",
        changed.as_millis(),
        changed.as_secs(),
        pair.symbol,
        best(pair, Side::Buy, depth),
        best(pair, Side::Sell, depth),
        id = pair.book.id(),
    );
    envelope(times, "spot.order_book_update", &result)
}

pub(super) fn book(times: Times, pair: &Pair, level: usize) -> String {
    let result = format!(
        "\"t\":{},\"lastUpdateId\":{},\"s\":\"{}\",\"l\":\"{level}\",\"bids\":{},\"asks\":{}",
        times.of(pair.book.changed()).as_millis(),
        pair.book.id(),
        pair.symbol,
        best(pair, Side::Buy, level),
        best(pair, Side::Sell, level),
    );
    envelope(times, "spot.order_book", &result)
}

pub(super) fn obu_full(times: Times, pair: &Pair, depth: usize) -> String {
    let result = format!(
        "\"t\":{},\"full\":true,\"s\":\"ob.{}.{depth}\",\"u\":{},\"b\":{},\"a\":{}",
        times.of(pair.book.changed()).as_millis(),
        pair.symbol,
        pair.book.id(),
        best(pair, Side::Buy, depth),
        best(pair, Side::Sell, depth),
    );
    envelope(times, "spot.obu", &result)
}

/// A side without a change has no key at all.
pub(super) fn obu_delta(times: Times, pair: &Pair, depth: usize, delta: &Delta) -> String {
    let mut result = format!(
        "\"t\":{},\"s\":\"ob.{}.{depth}\",\"U\":{},\"u\":{}",
        times.of(pair.book.changed()).as_millis(),
        pair.symbol,
        delta.first,
        delta.last,
    );
    for (key, side) in [("b", &delta.bids), ("a", &delta.asks)] {
        if !side.is_empty() {
            result += &format!(",\"{key}\":{}", rungs(pair, side));
        }
    }
    envelope(times, "spot.obu", &result)
}

/// The frame of a window's change, whichever channel carries it.
pub(super) fn delta(times: Times, topic: &Topic, pair: &Pair, delta: &Delta) -> String {
    let depth = topic.depth().unwrap_or_default();
    match topic {
        Topic::Obu { .. } => obu_delta(times, pair, depth, delta),
        _ => book_update(times, pair, depth, delta),
    }
}
