//! What a session of Gate's spot market can subscribe to.

use std::fmt;
use std::time::Duration;

use crate::Symbol;
use crate::sim::market::{INTERVALS, interval_index};

/// One entry of a subscription, with its parameters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic {
    Trades(Symbol),
    TradesV2(Symbol),
    Ticker(Symbol),
    BookTicker(Symbol),
    /// The interval is a place in [`INTERVALS`].
    Candles {
        interval: usize,
        symbol: Symbol,
    },
    BookUpdate {
        symbol: Symbol,
        speed: Speed,
    },
    Book {
        symbol: Symbol,
        level: usize,
        slow: bool,
    },
    Obu {
        symbol: Symbol,
        level: String,
    },
}

/// The speed of `spot.order_book_update`, which decides its depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Speed {
    Ms20,
    Ms100,
}

impl Speed {
    pub(super) fn depth(self) -> usize {
        match self {
            Self::Ms20 => 20,
            Self::Ms100 => 100,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ms20 => "20ms",
            Self::Ms100 => "100ms",
        }
    }
}

/// The levels of `spot.order_book`.
pub(super) const BOOK_LEVELS: [usize; 6] = [5, 10, 20, 30, 50, 100];

/// Why a payload makes no topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not what the channel takes.
    Schema,
    UnknownChannel,
    /// A level, interval or speed does not exist; the venue's text.
    Parameter(String),
    UnknownPair(String),
}

impl Topic {
    /// The topics that this payload names. Only `spot.obu` takes unknown symbols and levels.
    pub(super) fn parse(
        channel: &str,
        payload: &[String],
        known: impl Fn(&str) -> bool,
    ) -> Result<Vec<Self>, Refusal> {
        let pair = |name: &String| {
            if known(name) {
                Ok(Symbol::new(name))
            } else {
                Err(Refusal::UnknownPair(name.clone()))
            }
        };
        let list = |make: fn(Symbol) -> Self| {
            if payload.is_empty() {
                return Err(Refusal::Schema);
            }
            payload.iter().map(|name| pair(name).map(make)).collect()
        };
        match (channel, payload) {
            ("spot.trades", _) => list(Self::Trades),
            ("spot.trades_v2", _) => list(Self::TradesV2),
            ("spot.tickers", _) => list(Self::Ticker),
            ("spot.book_ticker", _) => list(Self::BookTicker),
            ("spot.candlesticks", [interval, symbol]) => {
                let interval = interval_index(interval).ok_or_else(|| {
                    Refusal::Parameter(format!("provided interval not supported: {interval}"))
                })?;
                let symbol = pair(symbol)?;
                Ok(vec![Self::Candles { interval, symbol }])
            }
            ("spot.order_book_update", [symbol, speed]) => {
                let symbol = pair(symbol)?;
                let speed = match speed.as_str() {
                    "20ms" => Speed::Ms20,
                    "100ms" => Speed::Ms100,
                    other => return Err(unsupported("frequency", other)),
                };
                Ok(vec![Self::BookUpdate { symbol, speed }])
            }
            ("spot.order_book", [symbol, level, speed]) => {
                let symbol = pair(symbol)?;
                let level = level
                    .parse()
                    .ok()
                    .filter(|level| BOOK_LEVELS.contains(level))
                    .ok_or_else(|| unsupported("level", level))?;
                let slow = match speed.as_str() {
                    "100ms" => false,
                    "1000ms" => true,
                    other => return Err(unsupported("frequency", other)),
                };
                Ok(vec![Self::Book {
                    symbol,
                    level,
                    slow,
                }])
            }
            ("spot.obu", [_, ..]) => payload
                .iter()
                .map(|stream| Self::obu(stream).ok_or(Refusal::Schema))
                .collect(),
            (
                "spot.candlesticks" | "spot.order_book_update" | "spot.order_book" | "spot.obu",
                _,
            ) => Err(Refusal::Schema),
            _ => Err(Refusal::UnknownChannel),
        }
    }

    /// The topic of a stream name `ob.<symbol>.<level>`.
    pub(super) fn obu(stream: &str) -> Option<Self> {
        let (symbol, level) = stream.strip_prefix("ob.")?.rsplit_once('.')?;
        if symbol.is_empty() || level.is_empty() {
            return None;
        }
        Some(Self::Obu {
            symbol: Symbol::new(symbol),
            level: level.to_owned(),
        })
    }

    pub(super) fn channel(&self) -> &'static str {
        match self {
            Self::Trades(_) => "spot.trades",
            Self::TradesV2(_) => "spot.trades_v2",
            Self::Ticker(_) => "spot.tickers",
            Self::BookTicker(_) => "spot.book_ticker",
            Self::Candles { .. } => "spot.candlesticks",
            Self::BookUpdate { .. } => "spot.order_book_update",
            Self::Book { .. } => "spot.order_book",
            Self::Obu { .. } => "spot.obu",
        }
    }

    pub(super) fn symbol(&self) -> &Symbol {
        match self {
            Self::Trades(symbol)
            | Self::TradesV2(symbol)
            | Self::Ticker(symbol)
            | Self::BookTicker(symbol)
            | Self::Candles { symbol, .. }
            | Self::BookUpdate { symbol, .. }
            | Self::Book { symbol, .. }
            | Self::Obu { symbol, .. } => symbol,
        }
    }

    /// The least time between two frames; trades are sent as they happen.
    pub(super) fn period(&self) -> Duration {
        Duration::from_millis(match self {
            Self::Trades(_) | Self::TradesV2(_) => 0,
            Self::Ticker(_) => 1_000,
            Self::BookTicker(_) => 10,
            Self::Candles { .. } => 2_000,
            Self::BookUpdate { speed, .. } => match speed {
                Speed::Ms20 => 20,
                Speed::Ms100 => 100,
            },
            Self::Book { slow, .. } => {
                if *slow {
                    1_000
                } else {
                    100
                }
            }
            Self::Obu { level, .. } => {
                if level == "400" {
                    100
                } else {
                    20
                }
            }
        })
    }

    /// The depth of the book window whose deltas it carries, if it carries any. Obu levels that do
    /// not exist are accepted and never served.
    pub(super) fn depth(&self) -> Option<usize> {
        match self {
            Self::BookUpdate { speed, .. } => Some(speed.depth()),
            Self::Obu { level, .. } => match level.as_str() {
                "50" => Some(50),
                "400" => Some(400),
                _ => None,
            },
            _ => None,
        }
    }
}

fn unsupported(what: &str, given: &str) -> Refusal {
    Refusal::Parameter(format!("provided {what} not supported: {given}"))
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (channel, symbol) = (self.channel(), self.symbol());
        match self {
            Self::Trades(_) | Self::TradesV2(_) | Self::Ticker(_) | Self::BookTicker(_) => {
                write!(f, "{channel} {symbol}")
            }
            Self::Candles { interval, .. } => {
                write!(f, "{channel} {} {symbol}", INTERVALS[*interval].0)
            }
            Self::BookUpdate { speed, .. } => write!(f, "{channel} {symbol} {}", speed.name()),
            Self::Book { level, slow, .. } => {
                let speed = if *slow { "1000ms" } else { "100ms" };
                write!(f, "{channel} {symbol} {level} {speed}")
            }
            Self::Obu { level, .. } => write!(f, "{channel} ob.{symbol}.{level}"),
        }
    }
}
