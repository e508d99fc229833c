use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;

use super::client::Tastytrade;
use super::places::Places;
use super::rest::Rest;
use super::session::Session;
use super::{VENUE, account, market};
use crate::Error;
use crate::feed::{
    Backoff, Hub, HubConfig, Network, Secret, Sockets, at_least_one, at_most_a_day,
    network_settings, quiet_settings, within,
};
use crate::transport::{Address, Http};
use crate::venue::dxlink::DxLink;

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
    url: Option<String>,
    account_url: Option<String>,
    version: Option<String>,
    aggregation: Option<Duration>,
    connections: Option<usize>,
    network: Network,
    request_timeout: Duration,
    hub: HubConfig,
}

impl TastytradeBuilder {
    pub(super) fn new(client_secret: Secret, refresh_token: Secret) -> Self {
        Self {
            client_secret,
            refresh_token,
            url: None,
            account_url: None,
            version: Some(VERSION.to_owned()),
            aggregation: None,
            connections: None,
            network: Network::default(),
            request_timeout: Duration::from_secs(10),
            hub: HubConfig::default(),
        }
    }

    /// The sandbox, which has users and credentials of its own.
    pub fn sandbox(self) -> Self {
        let sandbox = self.url(SANDBOX_URL).account_url(SANDBOX_ACCOUNT_URL);
        sandbox.version(None)
    }

    /// The REST interface; [`PRODUCTION_URL`] unless set. The account streamer is then of the same
    /// environment: the venue's own for the venue's own addresses, otherwise at the same host and port.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// The account streamer, if it is not where [`url`](Self::url) implies. Production, the sandbox and
    /// servers of one's own cannot be mixed. Where market data are, the REST interface tells.
    pub fn account_url(mut self, url: impl Into<String>) -> Self {
        self.account_url = Some(url.into());
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

    network_settings!();

    /// How long a REST request may take, with its connection; 10 s unless set, and at most a day.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

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
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when an address is not one, addresses are of
    /// different environments, the version cannot stand in a header, or another setting cannot be used;
    /// the text says which, and what can.
    pub fn build(self) -> Result<Tastytrade, Error> {
        self.connect().map_err(|error| error.with_venue(VENUE))
    }

    fn check(&self) -> Result<(), Error> {
        self.network.check()?;
        self.hub.check()?;
        for (name, secret) in [
            ("client secret", &self.client_secret),
            ("refresh token", &self.refresh_token),
        ] {
            if secret.expose().trim().is_empty() {
                let text =
                    format!("the {name} must not be empty: the venue gives one to each user");
                return Err(Error::invalid(text));
            }
        }
        within("request_timeout", self.request_timeout)?;
        at_most_a_day("aggregation", self.aggregation.unwrap_or_default())?;
        at_least_one("max_connections", self.connections.unwrap_or(usize::MAX))
    }

    fn connect(self) -> Result<Tastytrade, Error> {
        self.check()?;
        let network = &self.network;
        let places = Places::new(self.url, self.account_url)?;
        let http = Http::new(
            &places.rest,
            network.headers.clone(),
            Arc::clone(&network.dial),
            network.roots.connector()?,
            self.request_timeout,
            ANSWER,
        )?;
        let beside = http.socket_url();
        let version = self.version.as_deref().map(HeaderValue::from_str);
        let version = version.transpose().map_err(|_| {
            Error::invalid("the version must be one that can stand in a header, such as 20251101")
        })?;
        let secrets = vec![self.client_secret.clone(), self.refresh_token.clone()];
        let rest = Rest::new(http, version, secrets);
        let (user, backoff) = (self.refresh_token.clone(), self.hub.backoff);
        let session = Session::new(
            rest,
            network.clock.clone(),
            self.client_secret,
            self.refresh_token,
        );
        let session = Arc::new(session);

        // It stands for where market data are, which is not known yet.
        let stand_in = Address::parse(&beside)?;
        let (aggregation, connections) = (self.aggregation, self.connections);
        let markets = move || market::protocol(stand_in.clone(), aggregation, connections);
        let effects = market::effects(Arc::clone(&session));
        let sockets = Sockets::new(network, &markets(), Some(&user), &backoff, effects)?;
        let sockets = sockets.resolving(market::resolve(Arc::clone(&session)));
        let market = DxLink::over(Hub::new(markets, sockets, self.hub.clone()));

        let address = Address::parse(places.accounts.as_deref().unwrap_or(&beside))?;
        let accounts = move || account::AccountProtocol::new(address.clone());
        let effects = account::effects(Arc::clone(&session));
        let sockets = Sockets::new(network, &accounts(), Some(&user), &backoff, effects)?;
        // How many subscriptions a connection may hold is a limit of the market data.
        let config = HubConfig {
            topics_per_connection: None,
            ..self.hub
        };
        let accounts = Hub::new(accounts, sockets, config);
        Ok(Tastytrade::over(session, market, accounts))
    }
}
