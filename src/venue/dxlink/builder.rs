use std::sync::Arc;
use std::time::Duration;

use super::client::DxLink;
use super::protocol::{DxLinkProtocol, FetchToken};
use crate::feed::{
    Backoff, Changes, CredentialError, Hub, HubConfig, Limiter, Protocol, Sockets, Token,
    TokenProvider, quiet_settings,
};
use crate::transport::{Address, Dial, Roots, Tcp};
use crate::{Clock, Error};

/// dxFeed's public endpoint for demonstrations, of delayed data, which takes no token.
pub const DEMO_URL: &str = "wss://demo.dxfeed.com/market-data/dxlink-ws";

/// Settings of a [`DxLink`] client. Each has a default.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct DxLinkBuilder {
    url: String,
    tokens: Option<Arc<dyn TokenProvider>>,
    aggregation: Option<Duration>,
    changes: Option<Changes>,
    dial: Arc<dyn Dial>,
    roots: Roots,
    clock: Clock,
    connect_timeout: Duration,
    hub: HubConfig,
}

impl Default for DxLinkBuilder {
    fn default() -> Self {
        Self {
            url: DEMO_URL.to_owned(),
            tokens: None,
            aggregation: None,
            changes: None,
            dial: Arc::new(Tcp),
            roots: Roots::mozilla(),
            clock: Clock::system(),
            connect_timeout: Duration::from_secs(10),
            hub: HubConfig::default(),
        }
    }
}

impl DxLinkBuilder {
    /// The endpoint; dxFeed's demonstration unless set.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = url.into();
        self
    }

    /// The token to log in with. Without it the endpoint must not ask for one.
    pub fn token(self, token: Token) -> Self {
        self.tokens(Arc::new(token))
    }

    /// Where tokens come from: asked at every connect, before a token expires, and when the venue
    /// has refused one.
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

    /// Another way to open byte streams: through a proxy, or into a simulator.
    pub fn dial(mut self, dial: Arc<dyn Dial>) -> Self {
        self.dial = dial;
        self
    }

    /// Which certificates to trust; Mozilla's unless set.
    pub fn roots(mut self, roots: Roots) -> Self {
        self.roots = roots;
        self
    }

    /// Another clock, for simulations.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How long TCP, TLS and the upgrade may take together; 10 s unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long to wait between connects.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.hub.backoff = backoff;
        self
    }

    /// How long a connection is kept when its last subscription is gone; 2 s unless set.
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
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when the address is not a WebSocket URL.
    pub fn build(self) -> Result<DxLink, Error> {
        let address = Address::parse(&self.url).map_err(|error| error.with_venue("dxlink"))?;
        let (login, aggregation, changes) = (self.tokens.is_some(), self.aggregation, self.changes);
        let protocol = move || {
            DxLinkProtocol::new(address.clone(), login)
                .aggregation(aggregation)
                .with_spec(|spec| spec.changes = changes)
        };
        let first = protocol();
        let tokens = self.tokens;
        let effects = move |FetchToken { refused }| -> futures_core::future::BoxFuture<'static, _> {
            match &tokens {
                Some(provider) => provider.token(refused),
                None => Box::pin(async { Err(CredentialError::fatal("none was given")) }),
            }
        };
        let environment = Sockets {
            clock: self.clock,
            dial: self.dial,
            tls: self.roots.connector()?,
            connect_timeout: self.connect_timeout,
            limiter: Limiter::of(&first.address().endpoint(), first.spec().connects),
            resolve: None,
            effects: Arc::new(effects),
        };
        Ok(DxLink::over(Hub::new(protocol, environment, self.hub)))
    }
}
