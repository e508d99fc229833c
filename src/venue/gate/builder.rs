use std::time::Duration;

use super::protocol::SpotProtocol;
use super::spot::{SPOT_URL, Spot};
use crate::Error;
use crate::feed::{
    Backoff, Hub, HubConfig, Network, Sockets, network_settings, no_effects, quiet_settings,
};
use crate::transport::Address;

/// As many as fit on the connections that Gate allows.
const MAX_TOPICS: usize = 300 * 150;

/// Settings of a [`Spot`] client. Each has a default that fits the live market.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct SpotBuilder {
    url: String,
    network: Network,
    hub: HubConfig,
}

impl Default for SpotBuilder {
    fn default() -> Self {
        Self {
            url: SPOT_URL.to_owned(),
            network: Network::default(),
            hub: HubConfig {
                max_topics: MAX_TOPICS,
                ..HubConfig::default()
            },
        }
    }
}

impl SpotBuilder {
    /// Another address: the testnet, a proxy, a simulator.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = url.into();
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

    /// Most topics of the client and its clones together; 45,000 unless set: 150 on each of the 300
    /// connections that Gate allows an address. More need more on each connection, too.
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
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when the address is not a WebSocket URL, or
    /// another setting cannot be used; the text says which, and what can.
    pub fn build(self) -> Result<Spot, Error> {
        self.connect().map_err(|error| error.with_venue("gate"))
    }

    fn connect(self) -> Result<Spot, Error> {
        let Self { url, network, hub } = self;
        network.check()?;
        hub.check()?;
        let address = Address::parse(&url)?;
        let protocol = move || SpotProtocol::new(address.clone());
        let environment = Sockets::new(&network, &protocol(), None, &hub.backoff, no_effects)?;
        Ok(Spot::over(Hub::new(protocol, environment, hub)))
    }
}
