//! How a client meets the network, whatever its venue.

use std::sync::Arc;
use std::time::Duration;

use crate::feed::client::settings::within;
use crate::transport::{Dial, Headers, Roots, Tcp};
use crate::{Clock, Error};

/// What a user may set about a client's connections.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) dial: Arc<dyn Dial>,
    pub(crate) roots: Roots,
    pub(crate) clock: Clock,
    /// For TCP, TLS and the upgrade together.
    pub(crate) connect_timeout: Duration,
    pub(crate) headers: Headers,
}

impl Network {
    /// Whether it can be used.
    pub(crate) fn check(&self) -> Result<(), Error> {
        within("connect_timeout", self.connect_timeout)?;
        self.headers.check()
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            dial: Arc::new(Tcp),
            roots: Roots::mozilla(),
            clock: Clock::system(),
            connect_timeout: Duration::from_secs(10),
            headers: Headers::default(),
        }
    }
}

/// The methods of a venue's builder that set its [`Network`], a field of that name.
#[cfg_attr(
    not(any(feature = "gate", feature = "dxlink")),
    allow(unused_macros, reason = "it is for the builders of venues")
)]
macro_rules! network_settings {
    () => {
        /// Another way to open byte streams: through a proxy, or into a simulator.
        pub fn dial(mut self, dial: std::sync::Arc<dyn $crate::transport::Dial>) -> Self {
            self.network.dial = dial;
            self
        }

        /// Which certificates to trust; Mozilla's unless set.
        pub fn roots(mut self, roots: $crate::transport::Roots) -> Self {
            self.network.roots = roots;
            self
        }

        /// Another clock, for simulations.
        pub fn clock(mut self, clock: $crate::Clock) -> Self {
            self.network.clock = clock;
            self
        }

        /// How long TCP, TLS and the upgrade may take together; 10 s unless set, and at most a day.
        pub fn connect_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.network.connect_timeout = timeout;
            self
        }

        /// Sends this header with every upgrade and request, instead of any of the same name that was
        /// set before. `User-Agent` is `feedline/` and its version unless set. A value is visible ASCII
        /// and is never shown; a server that redirects elsewhere takes no other header along than
        /// `User-Agent`.
        pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
            self.network.headers.set(name.as_ref(), value.as_ref());
            self
        }
    };
}

pub(crate) use network_settings;
