//! What can be subscribed to, and how the venue names it.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use hashbrown::Equivalent;
use smol_str::{SmolStr, format_smolstr};

use super::{BookSpeed, DeltaSpeed, Depth, Interval, ObuLevel};
use crate::Symbol;
use crate::feed::{self, ChannelSpec, Join, Numbering};

/// A public spot channel with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Channel {
    /// `spot.trades`.
    Trades,
    /// `spot.book_ticker`.
    BookTicker,
    /// `spot.tickers`.
    Tickers,
    /// `spot.candlesticks`.
    Candlesticks(Interval),
    /// `spot.order_book`.
    OrderBook(Depth, BookSpeed),
    /// `spot.order_book_update`.
    OrderBookUpdate(DeltaSpeed),
    /// `spot.obu`.
    Obu(ObuLevel),
}

/// So often something comes of a topic that is alive, by a wide margin: the venue documents 1 s for
/// tickers and whole books, but was seen to leave out tickers that have not changed.
const ALIVE: Duration = Duration::from_secs(15);

static TRADES: ChannelSpec = ChannelSpec::new("spot.trades").numbered(Numbering::Learned);
static BOOK_TICKER: ChannelSpec = ChannelSpec::new("spot.book_ticker")
    .join(Join::ReplayLast)
    .latest_replaces();
/// Documented to come every second, or when something changes: a quiet pair soon shows how rarely.
static TICKERS: ChannelSpec = ChannelSpec::new("spot.tickers")
    .join(Join::ReplayLast)
    .cadence(ALIVE)
    .latest_replaces();
/// No cadence: they come while there are trades.
static CANDLESTICKS: ChannelSpec = ChannelSpec::new("spot.candlesticks")
    .join(Join::ReplayLast)
    .latest_replaces();
/// Documented to come every second, or ten times as often.
static ORDER_BOOK: ChannelSpec = ChannelSpec::new("spot.order_book")
    .join(Join::ReplayLast)
    .cadence(ALIVE)
    .latest_replaces();
static ORDER_BOOK_UPDATE: ChannelSpec =
    ChannelSpec::new("spot.order_book_update").numbered(Numbering::Promised);
/// Unknown streams are acknowledged and stay silent, so that only the snapshot proves acceptance.
static OBU: ChannelSpec = ChannelSpec::new("spot.obu")
    .join(Join::Resubscribe)
    .numbered(Numbering::Promised)
    .first_data(Duration::from_secs(10));

impl Channel {
    /// The venue's name of the channel, which is the same for all parameters.
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    const fn spec(self) -> &'static ChannelSpec {
        match self {
            Self::Trades => &TRADES,
            Self::BookTicker => &BOOK_TICKER,
            Self::Tickers => &TICKERS,
            Self::Candlesticks(_) => &CANDLESTICKS,
            Self::OrderBook(..) => &ORDER_BOOK,
            Self::OrderBookUpdate(_) => &ORDER_BOOK_UPDATE,
            Self::Obu(_) => &OBU,
        }
    }

    /// Which topics one request may name together: its payload is then the topics' payloads, one
    /// after another. `spot.obu` takes both of its levels in one request.
    const fn batch(self) -> Option<u32> {
        match self {
            Self::Trades => Some(0),
            Self::BookTicker => Some(1),
            Self::Tickers => Some(2),
            Self::Obu(_) => Some(3),
            Self::Candlesticks(_) | Self::OrderBook(..) | Self::OrderBookUpdate(_) => None,
        }
    }
}

/// One channel of one symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The channel.
    pub channel: Channel,
    /// The currency pair.
    pub symbol: Symbol,
}

impl feed::Topic for Topic {
    fn channel(&self) -> &'static ChannelSpec {
        self.channel.spec()
    }

    fn symbol(&self) -> Option<&Symbol> {
        Some(&self.symbol)
    }

    fn batch(&self) -> Option<u32> {
        self.channel.batch()
    }

    fn label(&self) -> String {
        self.payload().join(" ")
    }
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key<'a> {
    pub(crate) channel: Channel,
    pub(crate) symbol: &'a str,
}

// Only the symbol is hashed: a symbol has few channels, and this is done for every message.
impl Hash for Topic {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.symbol.as_str().hash(state);
    }
}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.symbol.hash(state);
    }
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
