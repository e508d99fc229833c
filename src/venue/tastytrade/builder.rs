use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;

use super::client::Tastytrade;
use super::rest::Rest;
use super::session::Session;
use super::{account, market};
use crate::feed::{Backoff, Hub, HubConfig, Limiter, Protocol, Secret, Sockets, quiet_settings};
use crate::transport::{Address, Dial, Http, Roots, Tcp};
use crate::venue::dxlink::DxLink;
use crate::{Clock, Error};

/// The REST interface.
pub const PRODUCTION_URL: &str = "https://api.tastyworks.com";
/// The account streamer.
pub const PRODUCTION_ACCOUNT_URL: &str = "wss://streamer.tastyworks.com";
/// The sandbox's REST interface. The sandbox is reset every day, and its quotes are 15 minutes late.
pub const SANDBOX_URL: &str = "https://api.cert.tastyworks.com";
/// The sandbox's account streamer.
pub const SANDBOX_ACCOUNT_URL: &str = "wss://streamer.cert.tastyworks.com";

/// The version of the REST interface that is asked for, but in the sandbox, which has one alone.
const VERSION: &str = "20251101";
/// Most bytes of a REST answer.
const ANSWER: usize = 8 << 20;

/// Settings of a [`Tastytrade`] client. Each but the credentials has a default.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct TastytradeBuilder {
    client_secret: Secret,
    refresh_token: Secret,
    url: String,
    account_url: String,
    version: Option<String>,
    aggregation: Option<Duration>,
    connections: Option<usize>,
    dial: Arc<dyn Dial>,
    roots: Roots,
    clock: Clock,
    connect_timeout: Duration,
    request_timeout: Duration,
    hub: HubConfig,
}

impl TastytradeBuilder {
    pub(super) fn new(client_secret: Secret, refresh_token: Secret) -> Self {
        Self {
            client_secret,
            refresh_token,
            url: PRODUCTION_URL.to_owned(),
            account_url: PRODUCTION_ACCOUNT_URL.to_owned(),
            version: Some(VERSION.to_owned()),
            aggregation: None,
            connections: None,
            dial: Arc::new(Tcp),
            roots: Roots::mozilla(),
            clock: Clock::system(),
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(10),
            hub: HubConfig::default(),
        }
    }

    /// The sandbox, which has users and credentials of its own.
    pub fn sandbox(self) -> Self {
        let sandbox = self.url(SANDBOX_URL).account_url(SANDBOX_ACCOUNT_URL);
        sandbox.version(None)
    }

    /// The REST interface; [`PRODUCTION_URL`] unless set.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = url.into();
        self
    }

    /// The account streamer; [`PRODUCTION_ACCOUNT_URL`] unless set. Where market data are, the REST
    /// interface tells.
    pub fn account_url(mut self, url: impl Into<String>) -> Self {
        self.account_url = url.into();
        self
    }

    /// Which version of the REST interface to ask for (`Accept-Version`), such as `20251101`; the
    /// newest with `None`.
    pub fn version(mut self, version: Option<&str>) -> Self {
        self.version = version.map(str::to_owned);
        self
    }

    /// Asks the server of market data to gather updates for this long, and to tell only the latest of
    /// them where that is all that counts; zero for every update. The server's own default unless set,
    /// and the server's decision in any case.
    pub fn aggregation(mut self, period: Duration) -> Self {
        self.aggregation = Some(period);
        self
    }

    /// Most connections for market data; 5 unless set, which is what the venue allows all programs of a
    /// user together.
    pub fn max_connections(mut self, limit: usize) -> Self {
        self.connections = Some(limit);
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

    /// How long a REST request may take, with its connection; 10 s unless set.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
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

    /// Most topics of the client and its clones together; 50,000 unless set. Accounts are counted
    /// apart from market data.
    pub fn max_topics(mut self, limit: usize) -> Self {
        self.hub.max_topics = limit;
        self
    }

    /// Most topics on one connection; 25,000 unless set, which is what the venue allows.
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
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when an address is not one, or the version
    /// cannot stand in a header.
    pub fn build(self) -> Result<Tastytrade, Error> {
        self.make().map_err(|error| error.with_venue(super::VENUE))
    }

    fn make(self) -> Result<Tastytrade, Error> {
        let tls = self.roots.connector()?;
        let http = Http::new(
            &self.url,
            Arc::clone(&self.dial),
            tls.clone(),
            self.request_timeout,
            ANSWER,
        )?;
        let version = self.version.as_deref().map(HeaderValue::from_str);
        let version = version
            .transpose()
            .map_err(|_| Error::invalid("the version cannot stand in a header"))?;
        let secrets = vec![self.client_secret.clone(), self.refresh_token.clone()];
        let rest = Rest::new(http, version, secrets);
        let stand_in = Address::parse(&rest.stand_in())?;
        let (client_secret, refresh_token) = (self.client_secret, self.refresh_token);
        let session = Session::new(rest, self.clock.clone(), client_secret, refresh_token);
        let session = Arc::new(session);

        let (aggregation, connections) = (self.aggregation, self.connections);
        let markets = move || market::protocol(stand_in.clone(), aggregation, connections);
        let first = markets();
        let environment = Sockets {
            clock: self.clock.clone(),
            dial: Arc::clone(&self.dial),
            tls: tls.clone(),
            connect_timeout: self.connect_timeout,
            limiter: Limiter::of(&first.address().endpoint(), first.spec().connects),
            resolve: Some(market::resolve(Arc::clone(&session))),
            effects: Arc::new(market::effects(Arc::clone(&session))),
        };
        let market = DxLink::over(Hub::new(markets, environment, self.hub.clone()));

        let address = Address::parse(&self.account_url)?;
        let accounts = move || account::AccountProtocol::new(address.clone());
        let first = accounts();
        let environment = Sockets {
            clock: self.clock,
            dial: self.dial,
            tls,
            connect_timeout: self.connect_timeout,
            limiter: Limiter::of(&first.address().endpoint(), first.spec().connects),
            resolve: None,
            effects: Arc::new(account::effects(Arc::clone(&session))),
        };
        // How many subscriptions a connection may hold is a limit of the market data.
        let config = HubConfig {
            topics_per_connection: None,
            ..self.hub
        };
        let accounts = Hub::new(accounts, environment, config);
        Ok(Tastytrade::over(session, market, accounts))
    }
}
