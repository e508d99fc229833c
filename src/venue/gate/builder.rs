use std::sync::Arc;
use std::time::Duration;

use super::protocol::SpotProtocol;
use super::spot::{SPOT_URL, Spot};
use crate::feed::{
    Backoff, Hub, HubConfig, Limiter, Protocol, Sockets, no_effects, quiet_settings,
};
use crate::transport::{Address, Dial, Roots, Tcp};
use crate::{Clock, Error};

/// Settings of a [`Spot`] client. Each has a default that fits the live market.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct SpotBuilder {
    url: String,
    dial: Arc<dyn Dial>,
    roots: Roots,
    clock: Clock,
    connect_timeout: Duration,
    hub: HubConfig,
}

impl Default for SpotBuilder {
    fn default() -> Self {
        Self {
            url: SPOT_URL.to_owned(),
            dial: Arc::new(Tcp),
            roots: Roots::mozilla(),
            clock: Clock::system(),
            connect_timeout: Duration::from_secs(10),
            hub: HubConfig::default(),
        }
    }
}

impl SpotBuilder {
    /// Another address: the testnet, a proxy, a simulator.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = url.into();
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

    /// Most topics on one connection; 150 unless set. Gate publishes no limit but has been seen to
    /// stall with many.
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
    pub fn build(self) -> Result<Spot, Error> {
        let address = Address::parse(&self.url).map_err(|error| error.with_venue("gate"))?;
        let protocol = move || SpotProtocol::new(address.clone());
        let first = protocol();
        let environment = Sockets {
            clock: self.clock,
            dial: self.dial,
            tls: self.roots.connector()?,
            connect_timeout: self.connect_timeout,
            limiter: Limiter::of(&first.address().endpoint(), first.spec().connects),
            resolve: None,
            effects: Arc::new(no_effects),
        };
        Ok(Spot::over(Hub::new(protocol, environment, self.hub)))
    }
}
