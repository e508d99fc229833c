use std::sync::Arc;
use std::time::Duration;

use super::client::DxLink;
use super::protocol::{DxLinkProtocol, FetchToken};
use crate::Error;
use crate::feed::{
    Backoff, Changes, CredentialError, Hub, HubConfig, Network, Sockets, Token, TokenProvider,
    at_most_a_day, fetched, network_settings, quiet_settings,
};
use crate::transport::Address;

/// dxFeed's public endpoint for demonstrations, of delayed data, which takes no token.
pub const DEMO_URL: &str = "wss://demo.dxfeed.com/market-data/dxlink-ws";

/// Settings of a [`DxLink`] client. Each has a default.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct DxLinkBuilder {
    url: Option<String>,
    tokens: Option<Arc<dyn TokenProvider>>,
    aggregation: Option<Duration>,
    changes: Option<Changes>,
    network: Network,
    hub: HubConfig,
}

impl DxLinkBuilder {
    /// The endpoint; dxFeed's demonstration unless set.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// The token to log in with. Without it the endpoint must not ask for one. It is for the endpoint
    /// that [`url`](Self::url) names, which must be set, too.
    pub fn token(self, token: Token) -> Self {
        self.tokens(Arc::new(token))
    }

    /// Where tokens come from: asked at every connect, before a token expires, and when the venue
    /// has refused one. They are for the endpoint that [`url`](Self::url) names, which must be set, too.
    /// One that does not come within 30 s is asked for again.
    pub fn tokens(mut self, provider: Arc<dyn TokenProvider>) -> Self {
        self.tokens = Some(provider);
        self
    }

    /// Asks the server to gather updates for this long, and to tell only the latest of them where
    /// that is all that counts; zero for every update. The server's own default unless set, and
    /// the server's decision in any case.
    pub fn aggregation(mut self, period: Duration) -> Self {
        self.aggregation = Some(period);
        self
    }

    /// How many subscriptions the endpoint lets a connection change in a span of time; unlimited
    /// unless set.
    pub fn changes(mut self, limit: Changes) -> Self {
        self.changes = Some(limit);
        self
    }

    network_settings!();

    /// How long to wait between connects: at first at least a millisecond, at most a day.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.hub.backoff = backoff;
        self
    }

    /// How long a connection is kept when its last subscription is gone; 2 s unless set, and for ever
    /// with [`Duration::MAX`].
    pub fn linger(mut self, linger: Duration) -> Self {
        self.hub.linger = linger;
        self
    }

    /// Most topics of the client and its clones together; 50,000 unless set.
    pub fn max_topics(mut self, limit: usize) -> Self {
        self.hub.max_topics = limit;
        self
    }

    /// Most topics on one connection; 25,000 unless set.
    pub fn topics_per_connection(mut self, limit: usize) -> Self {
        self.hub.topics_per_connection = Some(limit);
        self
    }

    quiet_settings!();

    /// Makes the backoff's jitter repeatable.
    pub fn seed(mut self, seed: u64) -> Self {
        self.hub.seed = seed;
        self
    }

    /// The client. Nothing is opened yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when the address is not a WebSocket URL, a
    /// token has no address to go to, or another setting cannot be used; the text says which, and what
    /// can.
    pub fn build(self) -> Result<DxLink, Error> {
        self.connect().map_err(|error| error.with_venue("dxlink"))
    }

    fn connect(self) -> Result<DxLink, Error> {
        self.network.check()?;
        self.hub.check()?;
        at_most_a_day("aggregation", self.aggregation.unwrap_or_default())?;
        self.changes.as_ref().map_or(Ok(()), Changes::check)?;
        let url = match (&self.url, &self.tokens) {
            (Some(url), _) => url,
            (None, None) => DEMO_URL,
            // The demonstration wants none, and whose it is has not been said.
            (None, Some(_)) => {
                return Err(Error::invalid(
                    "a token is for one endpoint: set its url, too",
                ));
            }
        };
        let address = Address::parse(url)?;
        let (login, aggregation, changes) = (self.tokens.is_some(), self.aggregation, self.changes);
        let protocol = move || {
            DxLinkProtocol::new(address.clone(), login)
                .aggregation(aggregation)
                .with_spec(|spec| spec.changes = changes)
        };
        let tokens = self.tokens;
        let user = tokens.as_ref().and_then(|tokens| tokens.identity());
        let effects = move |FetchToken { refused }| -> futures_core::future::BoxFuture<'static, _> {
            match &tokens {
                Some(provider) => Box::pin(fetched(provider.token(refused))),
                None => Box::pin(async { Err(CredentialError::fatal("none was given")) }),
            }
        };
        let (network, backoff) = (&self.network, &self.hub.backoff);
        let environment = Sockets::new(network, &protocol(), user.as_ref(), backoff, effects)?;
        Ok(DxLink::over(Hub::new(protocol, environment, self.hub)))
    }
}
