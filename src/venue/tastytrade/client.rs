use std::sync::Arc;
use std::time::Duration;

use super::account::{AccountEvent, AccountProtocol, AccountTopic};
use super::account_info::{self, AccountInfo};
use super::builder::TastytradeBuilder;
use super::rest_error::RestError;
use super::session::Session;
use super::words::QuoteLevel;
use crate::feed::{Health, Hub, Metrics, Secret, StateChanges, Subscribe};
use crate::venue::dxlink::DxLink;
use crate::{Error, Overflow, Symbol};

/// A client of tastytrade: market data, and what happens in the user's accounts.
///
/// Cheap to clone, and holds no socket by itself. [`market`](Self::market) is a
/// [`DxLink`] client with every type of event; where it connects, and with what token, is asked of the
/// venue at every connect. [`account`](Self::account) streams orders, fills, balances and positions.
///
/// ```no_run
/// use feedline::Event;
/// use feedline::venue::tastytrade::{AccountUpdate, Tastytrade};
/// use futures_util::StreamExt;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let secret = std::env::var("TASTYTRADE_CLIENT_SECRET")?;
/// let tastytrade = Tastytrade::new(secret, std::env::var("TASTYTRADE_REFRESH_TOKEN")?)?;
/// let _quotes = tastytrade.market().quotes(["AAPL", "SPY"]).await?;
///
/// let accounts = tastytrade.accounts().await?;
/// let numbers = accounts.iter().map(|account| &account.number);
/// let mut events = tastytrade.account(numbers).await?;
/// while let Some(event) = events.next().await {
///     match event? {
///         Event::Data(event) => {
///             if let AccountUpdate::Fill(fill) = event.update {
///                 println!("{} {} @ {}", fill.symbol, fill.size, fill.price);
///             }
///         }
///         // Nothing is sent again: read by REST what has become of orders and positions.
///         Event::Gap(gap) => println!("{gap}"),
///         Event::Status(status) => println!("{status}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// Credentials that the venue refuses end every subscription with
/// [`ErrorKind::Auth`](crate::ErrorKind::Auth), which tells the venue's code and words. Everything else,
/// such as too many requests or a failing gateway, is tried again, with backoff.
#[derive(Clone, Debug)]
pub struct Tastytrade {
    session: Arc<Session>,
    market: DxLink,
    accounts: Hub<AccountProtocol>,
}

impl Tastytrade {
    /// A client by an OAuth application's client secret and a refresh token that the user granted it.
    /// Both come from the venue's page for API users and have no end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when TLS cannot be set up.
    pub fn new(
        client_secret: impl Into<Secret>,
        refresh_token: impl Into<Secret>,
    ) -> Result<Self, Error> {
        Self::builder(client_secret, refresh_token).build()
    }

    /// A client with other settings, such as of the [sandbox](TastytradeBuilder::sandbox).
    pub fn builder(
        client_secret: impl Into<Secret>,
        refresh_token: impl Into<Secret>,
    ) -> TastytradeBuilder {
        TastytradeBuilder::new(client_secret.into(), refresh_token.into())
    }

    pub(super) fn over(
        session: Arc<Session>,
        market: DxLink,
        accounts: Hub<AccountProtocol>,
    ) -> Self {
        Self {
            session,
            market,
            accounts,
        }
    }

    /// The market data, with a method for each type of event. Symbols are those of DXLink, which the
    /// venue calls streamer symbols: `AAPL`, `.SPXW231113C3550`, `/6AM23:XCME`, `BTC/USD:CXTALP`.
    ///
    /// A connection takes at most 100 subscriptions each of candles, orders and series, and 25,000 in
    /// all; more go to further connections, of which there may be five. What does not fit there is
    /// refused with [`ErrorKind::TooManyOfChannel`](crate::ErrorKind::TooManyOfChannel) or
    /// [`ErrorKind::TooManyTopics`](crate::ErrorKind::TooManyTopics). Past 10,000 changes in a minute
    /// the rest waits.
    pub fn market(&self) -> &DxLink {
        &self.market
    }

    /// Whether the user's market data are live or delayed.
    ///
    /// # Errors
    ///
    /// As of [`accounts`](Self::accounts); [`ErrorKind::Auth`](crate::ErrorKind::Auth) also for a user
    /// who has no opened account and so may not have market data.
    pub async fn quote_level(&self) -> Result<QuoteLevel, Error> {
        let level = self.session.quotes.level(&self.session).await;
        level.map_err(RestError::into_error)
    }

    /// The user's accounts. What may pass is tried three times.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth) when the venue refuses the credentials,
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) when it does not answer,
    /// [`ErrorKind::Connect`](crate::ErrorKind::Connect) when it answers otherwise.
    pub async fn accounts(&self) -> Result<Vec<AccountInfo>, Error> {
        let body = self.session.get_patiently(account_info::PATH).await;
        let accounts = body.and_then(|body| account_info::parse(&body));
        accounts.map_err(RestError::into_error)
    }

    /// What happens in these accounts, by their numbers: orders, fills, balances, positions and more.
    ///
    /// There is no initial state, and nothing is sent again after an outage, which is told as a
    /// [`Gap`](crate::Gap): read the state by REST, then apply what comes. Each event is the whole
    /// object. Nothing is dropped when the consumer is slow: the connection is not read meanwhile.
    pub fn account(
        &self,
        numbers: impl IntoIterator<Item = impl Into<Symbol>>,
    ) -> Subscribe<AccountProtocol, AccountEvent> {
        self.subscribe(numbers, AccountTopic::account)
    }

    /// The user's quote alerts. The venue wants the number of one of the user's accounts first.
    pub fn quote_alerts(
        &self,
        number: impl Into<Symbol>,
    ) -> Subscribe<AccountProtocol, AccountEvent> {
        self.subscribe([number], AccountTopic::quote_alerts)
    }

    /// Changes of the venue's public watchlists. The venue wants the number of one of the user's
    /// accounts first.
    pub fn public_watchlists(
        &self,
        number: impl Into<Symbol>,
    ) -> Subscribe<AccountProtocol, AccountEvent> {
        self.subscribe([number], AccountTopic::public_watchlists)
    }

    fn subscribe(
        &self,
        numbers: impl IntoIterator<Item = impl Into<Symbol>>,
        topic: fn(&Symbol) -> AccountTopic,
    ) -> Subscribe<AccountProtocol, AccountEvent> {
        Subscribe::new(self.accounts.clone(), numbers, Overflow::Wait, topic)
    }

    /// What the account streamer's connection is doing, now and as a stream of changes. Market data
    /// have [a state of their own](DxLink::state).
    pub fn account_state(&self) -> StateChanges {
        self.accounts.state()
    }

    /// What the account streamer's connection has counted.
    pub fn account_metrics(&self) -> Metrics {
        self.accounts.metrics()
    }

    /// Whether the account streamer does what it is there for.
    pub fn account_health(&self) -> Health {
        self.accounts.health()
    }

    /// Ends every subscription of this client and its clones with `None`. New ones may be made.
    pub fn unsubscribe_all(&self) {
        self.market.unsubscribe_all();
        self.accounts.unsubscribe_all();
    }

    /// Ends every subscription with `None` and refuses new ones.
    pub fn close(&self) {
        self.market.close();
        self.accounts.close();
    }

    /// Closes, and waits until every connection and task has ended. What has not ended by the
    /// deadline is stopped hard.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) when something had to be stopped; nothing
    /// is left of it either way.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        let both = futures_util::future::join(
            self.market.shutdown(deadline),
            self.accounts.shutdown(deadline),
        );
        let (market, accounts) = both.await;
        market.and(accounts)
    }
}
