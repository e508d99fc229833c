//! What one frame of the venue says.

use std::borrow::Cow;

use super::channel::{Channel, Key};
use super::{BookSpeed, BookUpdate, Candle, DeltaSpeed, Depth, Quote, Ticker, Trade};
use crate::feed::Carries;
use crate::{Symbol, Timestamp};

/// A frame, read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Message<'a> {
    /// An event, as all frames seen on spot so far bring one.
    Push(Item),
    /// The elements of an array, those that cannot be read in their places.
    Several(Vec<Result<Item, Malformed>>),
    /// The answer to a request.
    Ack(Ack<'a>),
    /// The answer to an application-level ping.
    Pong { sent: Option<Timestamp> },
    /// The venue will close the connection soon and asks clients to reconnect.
    Upgrade { text: String },
    /// Nothing that public spot market data needs.
    Ignored { channel: Cow<'a, str> },
}

/// One event and where it belongs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) key: PushKey,
    pub(crate) event: SpotEvent,
    /// How many optional values could not be read and are absent from the event.
    pub(crate) dropped_values: u32,
}

impl Item {
    /// The topics that the event may belong to, likeliest first.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = Key<'_>> {
        self.key.candidates(self.event.symbol().as_str())
    }
}

/// An event of any public spot channel.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SpotEvent {
    /// Of `spot.trades`.
    Trade(Trade),
    /// Of `spot.book_ticker`.
    Quote(Quote),
    /// Of `spot.tickers`. Boxed, as are candles: they are rare, and every event would be as large.
    Ticker(Box<Ticker>),
    /// Of `spot.candlesticks`.
    Candle(Box<Candle>),
    /// Of any book channel.
    Book(BookUpdate),
}

/// The ways from the enum to one type of event, out of its box if it has one.
macro_rules! carries {
    ($($variant:ident($pattern:ident) => $event:ty, $own:expr, $lent:expr;)*) => {$(
        impl Carries<$event> for SpotEvent {
            #[inline]
            fn into_event(self) -> Option<$event> {
                match self {
                    Self::$variant($pattern) => Some($own),
                    _ => None,
                }
            }

            fn to_event(&self) -> Option<$event> {
                match self {
                    Self::$variant($pattern) => Some($lent),
                    _ => None,
                }
            }
        }
    )*};
}

carries! {
    Trade(trade) => Trade, trade, trade.clone();
    Quote(quote) => Quote, quote, quote.clone();
    Ticker(ticker) => Ticker, *ticker, Ticker::clone(ticker);
    Candle(candle) => Candle, *candle, Candle::clone(candle);
    Book(update) => BookUpdate, update, update.clone();
}

impl SpotEvent {
    pub(crate) fn symbol(&self) -> &Symbol {
        match self {
            Self::Trade(trade) => &trade.symbol,
            Self::Quote(quote) => &quote.symbol,
            Self::Ticker(ticker) => &ticker.symbol,
            Self::Candle(candle) => &candle.symbol,
            Self::Book(book) => &book.symbol,
        }
    }
}

/// As much of the channel as a frame tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PushKey {
    Exact(Channel),
    /// Frames of `spot.order_book` never tell the speed, and old ones not even the depth.
    OrderBook {
        depth: Option<Depth>,
    },
    /// Frames of `spot.order_book_update` before 2025 do not tell the level.
    OrderBookUpdate {
        speed: Option<DeltaSpeed>,
    },
    /// Parameters that no [`Channel`] has: no topic can be meant.
    Unlisted,
}

impl PushKey {
    /// The keys of `symbol` that may be meant, likeliest first.
    pub(crate) fn candidates<'s>(self, symbol: &'s str) -> impl Iterator<Item = Key<'s>> {
        let exact = match self {
            Self::Exact(channel) => Some(channel),
            _ => None,
        };
        let depths = match self {
            Self::OrderBook { depth: None } => Depth::ALL,
            Self::OrderBook { depth: Some(depth) } => {
                let at = Depth::ALL.iter().position(|d| *d == depth);
                at.map_or(&[][..], |at| &Depth::ALL[at..=at])
            }
            _ => &[],
        };
        let speeds = match self {
            Self::OrderBookUpdate { speed: None } => DeltaSpeed::ALL,
            Self::OrderBookUpdate { speed: Some(speed) } => {
                let at = DeltaSpeed::ALL.iter().position(|s| *s == speed);
                at.map_or(&[][..], |at| &DeltaSpeed::ALL[at..=at])
            }
            _ => &[],
        };
        let books = depths.iter().flat_map(|depth| {
            let speeds = BookSpeed::ALL.iter();
            speeds.map(|speed| Channel::OrderBook(*depth, *speed))
        });
        exact
            .into_iter()
            .chain(speeds.iter().map(|s| Channel::OrderBookUpdate(*s)))
            .chain(books)
            .map(move |channel| Key { channel, symbol })
    }
}

/// The venue's answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ack<'a> {
    pub(crate) op: Op<'a>,
    /// The channel's name; empty where the answer has none.
    pub(crate) channel: Cow<'a, str>,
    pub(crate) id: AckId,
    /// The request's payload, where the answer repeats it.
    pub(crate) payload: Option<Vec<Cow<'a, str>>>,
    pub(crate) sent: Option<Timestamp>,
    pub(crate) outcome: Outcome,
}

/// The `id` of a request, as its answer repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AckId {
    /// The request had none, or the answer does not repeat it.
    Absent,
    Number(i64),
    /// None of ours: those are numbers.
    Foreign,
}

impl AckId {
    pub(crate) fn number(self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Absent | Self::Foreign => None,
        }
    }
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op<'a> {
    Subscribe,
    Unsubscribe,
    /// An answer with an error whose event is another, or none.
    Other(Cow<'a, str>),
}

impl Op<'_> {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::Other(event) => event,
        }
    }
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Accepted,
    /// The venue's code (0 where it sent none) and text.
    Refused {
        code: i64,
        text: String,
    },
}

/// A frame that should have been data, or anything at all, and is not.
///
/// As much as could be read of what it concerns is told, so that a gap can be as narrow as possible.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Malformed {
    pub(crate) reason: Cow<'static, str>,
    /// The public spot channel's name.
    pub(crate) channel: Option<&'static str>,
    pub(crate) symbol: Option<Symbol>,
    /// The channel with its parameters, as far as known.
    pub(crate) key: Option<PushKey>,
}

impl Malformed {
    pub(crate) fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason: reason.into(),
            channel: None,
            symbol: None,
            key: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(key: PushKey) -> usize {
        let keys: Vec<_> = key.candidates("BTC_USDT").collect();
        assert!(keys.iter().all(|key| key.symbol == "BTC_USDT"));
        keys.len()
    }

    #[test]
    fn candidates_are_all_that_the_frame_leaves_open() {
        assert_eq!(count(PushKey::Exact(Channel::Trades)), 1);
        assert_eq!(count(PushKey::OrderBook { depth: None }), 12);
        let depth = Some(Depth::Levels20);
        let keys: Vec<_> = PushKey::OrderBook { depth }.candidates("X").collect();
        let expected = |speed| Key {
            channel: Channel::OrderBook(Depth::Levels20, speed),
            symbol: "X",
        };
        let both = [BookSpeed::Millis100, BookSpeed::Millis1000].map(expected);
        assert_eq!(keys, both);
        assert_eq!(count(PushKey::OrderBookUpdate { speed: None }), 2);
        let speed = Some(DeltaSpeed::Millis20);
        assert_eq!(count(PushKey::OrderBookUpdate { speed }), 1);
        assert_eq!(count(PushKey::Unlisted), 0);
    }
}
