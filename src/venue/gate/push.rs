//! From `result` to events, by serde: the path that understands every spelling.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::channel::Channel;
use super::message::{Item, Malformed, Push, PushKey, SpotEvent};
use super::value::{self, Bad, Raw, Read, Unit};
use super::{
    BookDetail, BookUpdate, Candle, CandleDetail, DeltaSpeed, Depth, Interval, ObuLevel, Quote,
    QuoteDetail, Ticker, TickerDetail, Trade, TradeDetail, wire,
};
use crate::market::{self, BookAction, CandleState, Level};
use crate::{Symbol, Timestamp};

/// What a public channel's `result` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Trades,
    BookTicker,
    Tickers,
    Candlesticks,
    OrderBook,
    OrderBookUpdate,
    Obu,
}

impl Family {
    pub(super) fn of(channel: &str) -> Option<Self> {
        Some(match channel {
            // No longer maintained by the venue, with the same fields.
            "spot.trades" | "spot.trades_v2" => Self::Trades,
            "spot.book_ticker" => Self::BookTicker,
            "spot.tickers" => Self::Tickers,
            "spot.candlesticks" => Self::Candlesticks,
            "spot.order_book" => Self::OrderBook,
            "spot.order_book_update" => Self::OrderBookUpdate,
            "spot.obu" => Self::Obu,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Trades => "spot.trades",
            Self::BookTicker => "spot.book_ticker",
            Self::Tickers => "spot.tickers",
            Self::Candlesticks => "spot.candlesticks",
            Self::OrderBook => "spot.order_book",
            Self::OrderBookUpdate => "spot.order_book_update",
            Self::Obu => "spot.obu",
        }
    }

    /// The key of a frame of which nothing else is known.
    const fn key(self) -> Option<PushKey> {
        match self {
            Self::Trades => Some(PushKey::Exact(Channel::Trades)),
            Self::BookTicker => Some(PushKey::Exact(Channel::BookTicker)),
            Self::Tickers => Some(PushKey::Exact(Channel::Tickers)),
            Self::OrderBook => Some(PushKey::OrderBook { depth: None }),
            Self::OrderBookUpdate => Some(PushKey::OrderBookUpdate { speed: None }),
            Self::Candlesticks | Self::Obu => None,
        }
    }
}

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

/// Splits `ob.<symbol>.<level>`; a symbol may have dots itself.
pub(super) fn obu_name(name: &str) -> Option<(&str, &str)> {
    let (symbol, level) = name.strip_prefix("ob.")?.rsplit_once('.')?;
    (!symbol.is_empty()).then_some((symbol, level))
}

/// Splits `<interval>_<symbol>`; a symbol has underscores itself.
pub(super) fn candle_name(name: &str) -> Option<(&str, &str)> {
    name.split_once('_')
        .filter(|(_, symbol)| !symbol.is_empty())
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
            Family::Tickers => SpotEvent::Ticker(self.ticker(&self.object(raw)?)?),
            Family::Candlesticks => SpotEvent::Candle(self.candle(&self.object(raw)?)?),
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

    fn trade(&mut self, wire: &wire::Trade<'_>) -> Result<Trade, Malformed> {
        let symbol = self.named("currency_pair", wire.currency_pair)?;
        let create_time = value::moment(wire.create_time, Unit::Seconds);
        let time = match value::moment(wire.create_time_ms, Unit::Millis) {
            Ok(None) => self.need("create_time", create_time)?,
            time => self.need("create_time_ms", time)?,
        };
        Ok(Trade {
            symbol,
            price: self.need("price", value::decimal(wire.price))?,
            size: self.need("amount", value::decimal(wire.amount))?,
            side: self.want(value::side(wire.side)),
            id: self.want(value::id(wire.id)),
            time,
            received: self.context.received,
            detail: TradeDetail {
                sent: self.context.sent,
                create_time: self.want(create_time),
                id_market: self.want(value::unsigned(wire.id_market)),
                range: self.want(value::range(wire.range)),
                trade_mode: self.want(value::unsigned(wire.trade_mode)),
            },
        })
    }

    fn quote(&mut self, wire: &wire::Quote<'_>) -> Result<Quote, Malformed> {
        Ok(Quote {
            symbol: self.named("s", wire.s)?,
            bid: self.want(value::decimal(wire.b)),
            bid_size: self.want(value::decimal(wire.b_size)),
            ask: self.want(value::decimal(wire.a)),
            ask_size: self.want(value::decimal(wire.a_size)),
            time: self.want(value::moment(wire.t, Unit::Millis)),
            sequence: self.want(value::unsigned(wire.u)),
            received: self.context.received,
            detail: QuoteDetail {
                sent: self.context.sent,
            },
        })
    }

    fn ticker(&mut self, wire: &wire::Ticker<'_>) -> Result<Ticker, Malformed> {
        Ok(Ticker {
            symbol: self.named("currency_pair", wire.currency_pair)?,
            last: self.want(value::decimal(wire.last)),
            bid: self.want(value::decimal(wire.highest_bid)),
            ask: self.want(value::decimal(wire.lowest_ask)),
            high: self.want(value::decimal(wire.high_24h)),
            low: self.want(value::decimal(wire.low_24h)),
            open: None,
            volume: self.want(value::decimal(wire.base_volume)),
            turnover: self.want(value::decimal(wire.quote_volume)),
            change: self.want(value::decimal(wire.change_percentage)),
            time: self.context.sent,
            received: self.context.received,
            detail: TickerDetail {
                sent: self.context.sent,
            },
        })
    }

    fn candle(&mut self, wire: &wire::Candle<'_>) -> Result<Candle, Malformed> {
        let name = self.need("n", value::text(wire.n))?;
        let Some((interval, symbol)) = candle_name(&name) else {
            return Err(self.malformed("n is not <interval>_<symbol>"));
        };
        let symbol = Symbol::new(symbol);
        self.symbol = Some(symbol.clone());
        let interval = if let Some(known) = Interval::from_text(interval) {
            self.key = Some(PushKey::Exact(Channel::Candlesticks(known)));
            known.into()
        } else {
            let Ok(other) = interval.parse::<market::Interval>() else {
                return Err(self.malformed("n has no interval"));
            };
            other
        };
        let state = |closed| {
            if closed {
                CandleState::Final
            } else {
                CandleState::Partial
            }
        };
        Ok(Candle {
            symbol,
            interval,
            start: self.need("t", value::moment(wire.t, Unit::Seconds))?,
            open: self.need("o", value::decimal(wire.o))?,
            high: self.need("h", value::decimal(wire.h))?,
            low: self.need("l", value::decimal(wire.l))?,
            close: self.need("c", value::decimal(wire.c))?,
            volume: self.want(value::decimal(wire.a)),
            turnover: self.want(value::decimal(wire.v)),
            trades: None,
            vwap: None,
            state: self.want(value::boolean(wire.w)).map(state),
            tainted: false,
            truncated: false,
            first_time: None,
            last_time: None,
            received: self.context.received,
            detail: CandleDetail {
                sent: self.context.sent,
            },
        })
    }

    fn book(&mut self, wire: &wire::Book<'_>) -> Result<BookUpdate, Malformed> {
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

    fn update(&mut self, wire: &wire::Update<'_>) -> Result<BookUpdate, Malformed> {
        let symbol = self.named("s", wire.s)?;
        let level: Option<u16> = self.want(value::unsigned(wire.l));
        self.key = Some(update_key(level));
        self.change(symbol, level, wire)
    }

    fn obu(&mut self, wire: &wire::Update<'_>) -> Result<BookUpdate, Malformed> {
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

/// Which `spot.order_book` a frame with this `l` may be of.
pub(super) fn book_key(level: Option<u16>) -> PushKey {
    match level.map(Depth::from_levels) {
        None => PushKey::OrderBook { depth: None },
        Some(None) => PushKey::Unlisted,
        Some(depth) => PushKey::OrderBook { depth },
    }
}

/// Which `spot.order_book_update` a frame with this `l` may be of.
pub(super) fn update_key(level: Option<u16>) -> PushKey {
    match level.map(DeltaSpeed::from_levels) {
        None => PushKey::OrderBookUpdate { speed: None },
        Some(None) => PushKey::Unlisted,
        Some(speed) => PushKey::OrderBookUpdate { speed },
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
