use std::time::Duration;

use smol_str::SmolStr;

use super::builder::DxLinkBuilder;
use super::indexed::{DxItem, Indexed};
use super::protocol::DxLinkProtocol;
use super::request::Contract;
use super::topic::{EventName, Service, Topic};
use super::{
    AnalyticOrder, BookUpdate, Candle, CandleSymbol, EventKind, Greeks, LastSale, Order, Profile,
    Quote, RawRow, Series, SpreadOrder, Summary, TheoPrice, TimeAndSale, Underlying,
};
use super::{Configuration, Message, OptionSale};
use crate::feed::{Carries, Health, Hub, Metrics, StateChanges, Subscribe};
use crate::market::Record;
use crate::{Error, Overflow, Symbol, Timestamp};

/// A client of a DXLink endpoint: a method for each event type, each an owned stream.
///
/// Cheap to clone, and holds no socket by itself: the first subscription opens a connection, which
/// closes two seconds after the last one is dropped. On it there is a channel for each contract that
/// is needed: latest values, every event, or history.
///
/// ```no_run
/// use feedline::venue::dxlink::DxLink;
/// use feedline::Event;
/// use futures_util::StreamExt;
///
/// # async fn run() -> Result<(), feedline::Error> {
/// let dxlink = DxLink::new(); // dxFeed's demonstration, of delayed data
/// let mut quotes = dxlink.quotes(["AAPL", "SPY"]).await?;
/// while let Some(event) = quotes.next().await {
///     if let Event::Data(quote) = event? {
///         println!("{} {:?} {:?}", quote.symbol, quote.bid, quote.ask);
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// The venue acknowledges nothing: a subscription is accepted when it has been sent on an open
/// channel. A symbol that is unknown, not entitled or not traded is silent; use
/// [`stale_after`](crate::FeedExt::stale_after) to be told.
#[derive(Clone, Debug)]
pub struct DxLink {
    hub: Hub<DxLinkProtocol>,
}

impl DxLink {
    /// A client of dxFeed's public endpoint for demonstrations.
    ///
    /// # Panics
    ///
    /// Never: the defaults are valid.
    pub fn new() -> Self {
        Self::builder()
            .build()
            .expect("the default address and certificates are valid")
    }

    pub(in crate::venue) fn over(hub: Hub<DxLinkProtocol>) -> Self {
        Self { hub }
    }

    /// A client of another endpoint, or with other settings.
    pub fn builder() -> DxLinkBuilder {
        DxLinkBuilder::default()
    }

    fn subscribe<T>(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
        topic: impl Fn(&Symbol) -> Topic + Send + Sync + 'static,
    ) -> Subscribe<DxLinkProtocol, T>
    where
        DxItem: Carries<T>,
        T: Record + Send + 'static,
    {
        Subscribe::new(self.hub.clone(), symbols, Overflow::DropOldest, topic)
    }

    fn feed<T>(
        &self,
        kind: EventKind,
        contract: Contract,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, T>
    where
        DxItem: Carries<T>,
        T: Record + Send + 'static,
    {
        self.subscribe(symbols, move |symbol| {
            Topic::feed(EventName::Known(kind), contract, symbol)
        })
    }

    fn book<T>(
        &self,
        kind: EventKind,
        source: &str,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, T>
    where
        DxItem: Carries<T>,
        T: Record + Send + 'static,
    {
        let source = SmolStr::new(source);
        self.subscribe(symbols, move |symbol| {
            Topic::feed(EventName::Known(kind), Contract::History, symbol).source(source.clone())
        })
    }

    /// Best bid and ask (`Quote`), the latest; the first at once.
    pub fn quotes(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, Quote> {
        self.feed(EventKind::Quote, Contract::Ticker, symbols)
    }

    /// Every execution, and its corrections and cancels (`TimeAndSale`), from now on.
    #[doc(alias = "trades")]
    pub fn time_and_sales(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, TimeAndSale> {
        self.feed(EventKind::TimeAndSale, Contract::Stream, symbols)
    }

    /// The last sale of regular trading hours (`Trade`), the latest; the first at once.
    pub fn last_sales(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, LastSale> {
        self.feed(EventKind::Trade, Contract::Ticker, symbols)
    }

    /// The last sale of extended trading hours (`TradeETH`), the latest; the first at once.
    pub fn last_sales_eth(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, LastSale> {
        self.feed(EventKind::TradeEth, Contract::Ticker, symbols)
    }

    /// The day's prices and open interest (`Summary`), the latest; the first at once.
    pub fn summaries(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, Summary> {
        self.feed(EventKind::Summary, Contract::Ticker, symbols)
    }

    /// Description, trading status and key figures (`Profile`), the latest; the first at once.
    pub fn profiles(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, Profile> {
        self.feed(EventKind::Profile, Contract::Ticker, symbols)
    }

    /// The sensitivities of options (`Greeks`), the latest; the first at once.
    pub fn greeks(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, Greeks> {
        self.feed(EventKind::Greeks, Contract::Ticker, symbols)
    }

    /// Volatility and volumes of all options on a symbol (`Underlying`), the latest.
    pub fn underlyings(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, Underlying> {
        self.feed(EventKind::Underlying, Contract::Ticker, symbols)
    }

    /// Theoretical prices of options (`TheoPrice`), the latest; the first at once.
    pub fn theo_prices(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, TheoPrice> {
        self.feed(EventKind::TheoPrice, Contract::Ticker, symbols)
    }

    /// Candles from a point in time on: the history as a snapshot, then the newest as it changes.
    ///
    /// A candle may change until a later one comes: its `state` is then told as final. After a
    /// reconnect only what was missed is asked for, the gap of the outage is told as being repaired,
    /// and [`Repaired`](crate::StatusKind::Repaired) follows its snapshot.
    ///
    /// Two subscriptions to one symbol that begin at different times do not touch each other. One
    /// that begins where another does brings that other a gap and the snapshot anew.
    pub fn candles(
        &self,
        from: Timestamp,
        symbols: impl IntoIterator<Item = CandleSymbol>,
    ) -> Subscribe<DxLinkProtocol, Indexed<Candle>> {
        let symbols = symbols.into_iter().map(|symbol| symbol.to_string());
        self.subscribe(symbols, move |symbol| Topic::candles(symbol, from))
    }

    /// Executions of the options on a symbol (`OptionSale`).
    pub fn option_sales(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, Indexed<OptionSale>> {
        self.feed(EventKind::OptionSale, Contract::History, symbols)
    }

    /// The expirations of the options on a symbol (`Series`).
    pub fn series(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, Indexed<Series>> {
        self.feed(EventKind::Series, Contract::History, symbols)
    }

    /// The orders or levels of a book (`Order`) of this source, such as `NTV` or `ntv`.
    pub fn orders(
        &self,
        source: &str,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, Indexed<Order>> {
        self.book(EventKind::Order, source, symbols)
    }

    /// The orders of spreads (`SpreadOrder`) of this source.
    pub fn spread_orders(
        &self,
        source: &str,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, Indexed<SpreadOrder>> {
        self.book(EventKind::SpreadOrder, source, symbols)
    }

    /// The orders of a book with what is known of their hidden part (`AnalyticOrder`).
    pub fn analytic_orders(
        &self,
        source: &str,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, Indexed<AnalyticOrder>> {
        self.book(EventKind::AnalyticOrder, source, symbols)
    }

    /// What a service publishes of its settings (`Configuration`).
    pub fn configurations(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, Configuration> {
        self.feed(EventKind::Configuration, Contract::Ticker, symbols)
    }

    /// What a service publishes (`Message`).
    pub fn messages(
        &self,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, Message> {
        self.feed(EventKind::Message, Contract::Stream, symbols)
    }

    /// Events of a type that feedline does not know, as they come.
    ///
    /// Their order and meaning are those of the venue's `AUTO` contract; there are no snapshots.
    pub fn raw(
        &self,
        event_type: &str,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, RawRow> {
        let name = EventName::Other(event_type.into());
        self.subscribe(symbols, move |symbol| {
            Topic::feed(name.clone(), Contract::Auto, symbol)
        })
    }

    /// The aggregated book of a source (DOM service), whole at each update: `depth` levels a side, or
    /// as many as there are for zero. Without a source the venue takes its own.
    pub fn dom(
        &self,
        source: Option<&str>,
        depth: u32,
        symbols: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<DxLinkProtocol, BookUpdate> {
        let source: Option<SmolStr> = source.map(SmolStr::new);
        self.subscribe(symbols, move |symbol| Topic {
            service: Service::Dom {
                source: source.clone(),
                depth,
            },
            symbol: symbol.clone(),
        })
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

impl Default for DxLink {
    fn default() -> Self {
        Self::new()
    }
}
