//! What can be subscribed to, and how the venue names it.

use hashbrown::Equivalent;
use smol_str::{SmolStr, format_smolstr};

use super::{BookSpeed, DeltaSpeed, Depth, Interval, ObuLevel};
use crate::Symbol;

/// A public spot channel with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Channel {
    Trades,
    BookTicker,
    Tickers,
    Candlesticks(Interval),
    OrderBook(Depth, BookSpeed),
    OrderBookUpdate(DeltaSpeed),
    Obu(ObuLevel),
}

impl Channel {
    /// The venue's name of the channel, which is the same for all parameters.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Trades => "spot.trades",
            Self::BookTicker => "spot.book_ticker",
            Self::Tickers => "spot.tickers",
            Self::Candlesticks(_) => "spot.candlesticks",
            Self::OrderBook(..) => "spot.order_book",
            Self::OrderBookUpdate(_) => "spot.order_book_update",
            Self::Obu(_) => "spot.obu",
        }
    }

    /// Whether one request may name many symbols: its payload is then the topics' payloads, one
    /// after another. `spot.obu` takes both of its levels in one request.
    pub(crate) const fn is_list(self) -> bool {
        matches!(
            self,
            Self::Trades | Self::BookTicker | Self::Tickers | Self::Obu(_)
        )
    }
}

/// One channel of one symbol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Topic {
    pub(crate) channel: Channel,
    pub(crate) symbol: Symbol,
}

impl Topic {
    /// The payload of a request for this topic alone.
    pub(crate) fn payload(&self) -> Vec<SmolStr> {
        let symbol = SmolStr::new(self.symbol.as_str());
        match self.channel {
            Channel::Trades | Channel::BookTicker | Channel::Tickers => vec![symbol],
            Channel::Obu(level) => vec![format_smolstr!("ob.{symbol}.{level}")],
            Channel::Candlesticks(interval) => {
                vec![SmolStr::new_static(interval.as_str()), symbol]
            }
            Channel::OrderBook(depth, speed) => vec![
                symbol,
                SmolStr::new_static(depth.as_str()),
                SmolStr::new_static(speed.as_str()),
            ],
            Channel::OrderBookUpdate(speed) => {
                vec![symbol, SmolStr::new_static(speed.as_str())]
            }
        }
    }
}

/// A [`Topic`] with its symbol borrowed, to look one up without making a [`Symbol`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key<'a> {
    pub(crate) channel: Channel,
    pub(crate) symbol: &'a str,
}

impl Equivalent<Topic> for Key<'_> {
    fn equivalent(&self, topic: &Topic) -> bool {
        self.channel == topic.channel && self.symbol == topic.symbol.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hashbrown::HashMap;

    fn topic(channel: Channel, symbol: &str) -> Topic {
        Topic {
            channel,
            symbol: symbol.into(),
        }
    }

    #[test]
    fn a_borrowed_key_finds_its_topic() {
        let channels = [
            Channel::Trades,
            Channel::Candlesticks(Interval::Minutes1),
            Channel::Candlesticks(Interval::Minutes5),
            Channel::OrderBook(Depth::Levels20, BookSpeed::Millis100),
            Channel::Obu(ObuLevel::Levels50),
        ];
        let long = "A_SYMBOL_TOO_LONG_TO_BE_HELD_INLINE";
        let mut map = HashMap::new();
        for channel in channels {
            for symbol in ["BTC_USDT", long] {
                map.insert(topic(channel, symbol), (channel, symbol));
            }
        }
        for channel in channels {
            for symbol in ["BTC_USDT", long] {
                assert_eq!(map.get(&Key { channel, symbol }), Some(&(channel, symbol)));
            }
        }
        let channel = Channel::Tickers;
        assert_eq!(
            map.get(&Key {
                channel,
                symbol: long
            }),
            None
        );
    }

    #[test]
    fn payloads_follow_the_venues_order() {
        let payload = |channel| topic(channel, "BTC_USDT").payload().join(" ");
        assert_eq!(payload(Channel::Trades), "BTC_USDT");
        assert_eq!(
            payload(Channel::Obu(ObuLevel::Levels400)),
            "ob.BTC_USDT.400"
        );
        assert_eq!(
            payload(Channel::Candlesticks(Interval::Days7)),
            "7d BTC_USDT"
        );
        assert_eq!(
            payload(Channel::OrderBook(Depth::Levels5, BookSpeed::Millis1000)),
            "BTC_USDT 5 1000ms"
        );
        assert_eq!(
            payload(Channel::OrderBookUpdate(DeltaSpeed::Millis20)),
            "BTC_USDT 20ms"
        );
    }
}
