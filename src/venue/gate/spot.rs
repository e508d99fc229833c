use std::time::Duration;

use super::builder::SpotBuilder;
use super::channel::{Channel, Topic};
use super::protocol::SpotProtocol;
use super::{
    BookSpeed, BookUpdate, Candle, DeltaSpeed, Depth, Interval, ObuLevel, Quote, Ticker, Trade,
};
use crate::feed::{Health, Hub, Metrics, Protocol, StateChanges, Subscribe};
use crate::{Error, Overflow, Symbol};

/// Gate's live spot market, from its "Spot WebSocket v4" documentation.
pub const SPOT_URL: &str = "wss://api.gateio.ws/ws/v4/";
/// Gate's spot testnet.
pub const SPOT_TESTNET_URL: &str = "wss://ws-testnet.gate.com/v4/ws/spot";

/// A client of Gate's spot market: a method for each channel, each an owned stream.
///
/// Cheap to clone, and holds no socket by itself: the first subscription opens a connection, which
/// closes two seconds after the last one is dropped. More than 150 topics are spread over several
/// connections. Market data is public, so no key is needed.
///
/// ```no_run
/// use feedline::venue::gate::Spot;
/// use feedline::Event;
/// use futures_util::StreamExt;
///
/// # async fn run() -> Result<(), feedline::Error> {
/// let gate = Spot::new();
/// let mut trades = gate.trades(["BTC_USDT", "ETH_USDT"]).await?;
/// while let Some(event) = trades.next().await {
///     if let Event::Data(trade) = event? {
///         println!("{} {} @ {}", trade.symbol, trade.size, trade.price);
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// Symbols are Gate's currency pairs, `BASE_QUOTE` in upper case. Prices are in the quote asset,
/// sizes in the base asset.
#[derive(Clone, Debug)]
pub struct Spot {
    hub: Hub<SpotProtocol>,
}

impl Spot {
    /// A client of the live market.
    ///
    /// # Panics
    ///
    /// Never: the defaults are valid.
    pub fn new() -> Self {
        Self::builder()
            .build()
            .expect("the default address and certificates are valid")
    }

    pub(super) fn over(hub: Hub<SpotProtocol>) -> Self {
        Self { hub }
    }

    /// A client with other settings.
    pub fn builder() -> SpotBuilder {
        SpotBuilder::default()
    }

    fn subscribe<T>(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
        channel: Channel,
    ) -> Subscribe<SpotProtocol, T>
    where
        <SpotProtocol as Protocol>::Event: crate::feed::Carries<T>,
        T: crate::market::Record + Send + 'static,
    {
        Subscribe::new(
            self.hub.clone(),
            symbols,
            Overflow::DropOldest,
            move |symbol| Topic {
                channel,
                symbol: symbol.clone(),
            },
        )
    }

    /// Every trade, as it happens (`spot.trades`). The side is the taker's.
    pub fn trades(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<SpotProtocol, Trade> {
        self.subscribe(symbols, Channel::Trades)
    }

    /// Best bid and ask, every 10 ms while they change (`spot.book_ticker`).
    #[doc(alias = "quotes")]
    pub fn book_ticker(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<SpotProtocol, Quote> {
        self.subscribe(symbols, Channel::BookTicker)
    }

    /// The last 24 hours in figures, every second while they change (`spot.tickers`).
    pub fn tickers(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<SpotProtocol, Ticker> {
        self.subscribe(symbols, Channel::Tickers)
    }

    /// The venue's own candles, every two seconds while they change (`spot.candlesticks`). The
    /// final update of an interval comes a second or two after its end, and may be missing.
    pub fn candlesticks(
        &self,
        interval: Interval,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<SpotProtocol, Candle> {
        self.subscribe(symbols, Channel::Candlesticks(interval))
    }

    /// The whole top of the book at a fixed pace (`spot.order_book`): every update is a snapshot.
    ///
    /// The venue's frames do not tell the speed, so subscribing to one symbol and depth at both
    /// speeds brings every snapshot to both.
    pub fn order_book(
        &self,
        depth: Depth,
        speed: BookSpeed,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<SpotProtocol, BookUpdate> {
        self.subscribe(symbols, Channel::OrderBook(depth, speed))
    }

    /// Raw changes of the book with their sequence numbers (`spot.order_book_update`), to be
    /// applied to a REST snapshot. Where a number is missing there is a gap in the stream, and the book
    /// must be begun again from another snapshot; old changes are left out.
    pub fn order_book_update(
        &self,
        speed: DeltaSpeed,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<SpotProtocol, BookUpdate> {
        self.subscribe(symbols, Channel::OrderBookUpdate(speed))
    }

    /// A snapshot of the book and then a strict chain of changes (`spot.obu`). When the chain
    /// breaks, there is a gap, the topic is subscribed afresh, and nothing comes until a new snapshot.
    ///
    /// The venue accepts unknown symbols here and stays silent: a topic counts as accepted when
    /// its snapshot comes, and as refused when it has not come in ten seconds.
    pub fn obu(
        &self,
        level: ObuLevel,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<SpotProtocol, BookUpdate> {
        self.subscribe(symbols, Channel::Obu(level))
    }

    /// What the client is doing, now and as a stream of changes; with several connections, the
    /// worst of them.
    pub fn state(&self) -> StateChanges {
        self.hub.state()
    }

    /// What it has counted.
    pub fn metrics(&self) -> Metrics {
        self.hub.metrics()
    }

    /// Whether it does what it is there for.
    pub fn health(&self) -> Health {
        self.hub.health()
    }

    /// Ends every subscription of this client and its clones with `None`. New ones may be made.
    pub fn unsubscribe_all(&self) {
        self.hub.unsubscribe_all();
    }

    /// Ends every subscription with `None` and refuses new ones.
    pub fn close(&self) {
        self.hub.close();
    }

    /// Closes, and waits until every connection and task has ended. What has not ended by the
    /// deadline is stopped hard.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) when something had to be stopped; nothing
    /// is left of it either way.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        self.hub.shutdown(deadline).await
    }
}

impl Default for Spot {
    fn default() -> Self {
        Self::new()
    }
}
