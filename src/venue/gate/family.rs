//! Which channel a frame is of, as far as it tells.

use super::channel::Channel;
use super::message::PushKey;
use super::{DeltaSpeed, Depth};

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

    pub(super) const fn name(self) -> &'static str {
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
    pub(super) const fn key(self) -> Option<PushKey> {
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
