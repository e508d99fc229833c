use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio_rustls::TlsConnector;

use crate::feed::connection::attempt::Attempts;
use crate::feed::connection::circuit::Circuit;
use crate::feed::connection::endpoint::Endpoint;
use crate::feed::connection::network::Network;
use crate::feed::{Backoff, Protocol, Secret};
use crate::transport::{Address, ConnectError, Dial, Headers, Transport, WebSocket};
use crate::{Clock, Error, Interruption, Now};

/// The only place where a connection meets the world: the clock, the network and effects.
pub trait Environment<P: Protocol>: Send + Unpin + 'static {
    /// What connections are made of.
    type Transport: Transport + 'static;

    /// The time.
    fn now(&self) -> Now;

    /// A connection has been opened: a good moment to follow corrections of the system's clock.
    fn opened(&self) {}

    /// The connection opened last is live.
    fn live(&self) {}

    /// The connection opened last is gone: lost for this reason, or no longer wanted.
    fn closed(&self, _lost: Option<&Interruption>) {}

    /// Opens a connection to the protocol's address. Dropping the future gives the attempt up.
    fn connect(&self, protocol: &P) -> BoxFuture<'static, Result<Self::Transport, ConnectError>>;

    /// Why the attempt under way has not begun yet, if consumers should know of it, and how long that
    /// may last. Asked while the future of [`connect`](Self::connect) is pending.
    fn held(&self) -> Option<(Interruption, Duration)> {
        None
    }

    /// Runs an effect. Dropping the future gives it up.
    fn run(&self, effect: P::Effect) -> BoxFuture<'static, P::Reply>;
}

type Effects<P> =
    dyn Fn(<P as Protocol>::Effect) -> BoxFuture<'static, <P as Protocol>::Reply> + Send + Sync;

/// Finds out where to connect, each time anew. It is told how many attempts of the client have come to
/// nothing since one was live. The error may be one that
/// [ends the feed](ConnectError::fatal_error).
pub(crate) type Resolve<P> =
    dyn Fn(&P, u32) -> BoxFuture<'static, Result<Address, ConnectError>> + Send + Sync;

/// The environment of real connections: WebSockets by a [`Dial`], within the limits that the process
/// keeps for the endpoint.
///
/// Each connection has one of its own, which a clone is.
pub(crate) struct Sockets<P: Protocol> {
    pub(crate) clock: Clock,
    dial: Arc<dyn Dial>,
    tls: TlsConnector,
    connect_timeout: Duration,
    headers: Headers,
    /// Where the venue names its address at every connect; the protocol's own without it.
    resolve: Option<Arc<Resolve<P>>>,
    effects: Arc<Effects<P>>,
    attempts: Arc<Attempts>,
}

impl<P: Protocol> Sockets<P> {
    /// For connections of this protocol, in the name of whoever the credential belongs to.
    pub(crate) fn new(
        network: &Network,
        protocol: &P,
        credential: Option<&Secret>,
        backoff: &Backoff,
        effects: impl Fn(P::Effect) -> BoxFuture<'static, P::Reply> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let connects = protocol.spec().connects;
        let endpoint = Endpoint::of(&protocol.address().endpoint(), credential, connects);
        let (patience, timeout) = (backoff.cap, network.connect_timeout);
        let strikes = Arc::new(AtomicU32::new(0));
        Ok(Self {
            clock: network.clock.clone(),
            dial: Arc::clone(&network.dial),
            tls: network.roots.connector()?,
            connect_timeout: timeout,
            headers: network.headers.clone(),
            resolve: None,
            effects: Arc::new(effects),
            attempts: Arc::new(Attempts::new(endpoint, patience, timeout, strikes)),
        })
    }

    /// With addresses that the venue names.
    #[cfg(feature = "tastytrade")]
    pub(crate) fn resolving(mut self, resolve: Arc<Resolve<P>>) -> Self {
        self.resolve = Some(resolve);
        self
    }

    /// What the process knows of the endpoint.
    pub(crate) fn circuit(&self) -> Circuit {
        self.attempts.endpoint().breaker.circuit(self.clock.now())
    }

    /// How long it may take until this many more connections could have been begun.
    pub(crate) fn connect_delay(&self, count: usize) -> Duration {
        let now = self.clock.now().instant;
        self.attempts.endpoint().limiter.delay(count, now)
    }
}

impl<P: Protocol> Clone for Sockets<P> {
    /// That of another connection.
    fn clone(&self) -> Self {
        Self {
            clock: self.clock.clone(),
            dial: Arc::clone(&self.dial),
            tls: self.tls.clone(),
            connect_timeout: self.connect_timeout,
            headers: self.headers.clone(),
            resolve: self.resolve.clone(),
            effects: Arc::clone(&self.effects),
            attempts: Arc::new(self.attempts.another()),
        }
    }
}

impl<P: Protocol> Environment<P> for Sockets<P> {
    type Transport = WebSocket;

    fn now(&self) -> Now {
        self.clock.now()
    }

    fn opened(&self) {
        self.clock.re_anchor();
    }

    fn live(&self) {
        self.attempts.live(self.clock.now().instant);
    }

    fn closed(&self, lost: Option<&Interruption>) {
        self.attempts.closed(lost, self.clock.now().instant);
    }

    fn connect(&self, protocol: &P) -> BoxFuture<'static, Result<WebSocket, ConnectError>> {
        let (address, limit) = (protocol.address().clone(), protocol.spec().message_limit);
        let strikes = self.attempts.strikes();
        let resolving = self.resolve.as_ref();
        let resolving = resolving.map(|resolve| resolve(protocol, strikes));
        let (clock, headers) = (self.clock.clone(), self.headers.clone());
        let (dial, tls, within) = (
            Arc::clone(&self.dial),
            self.tls.clone(),
            self.connect_timeout,
        );
        let attempts = Arc::clone(&self.attempts);
        Box::pin(async move {
            let mut attempt = attempts.admitted().await;
            let address = match resolving {
                Some(resolving) => resolving.await,
                None => Ok(address),
            };
            let opened = match address {
                Ok(address) => {
                    let address = address.with_headers(&headers);
                    attempt = loop {
                        match attempts.placed(attempt).await {
                            Some(placed) => break placed,
                            None => attempt = attempts.admitted().await,
                        }
                    };
                    WebSocket::open_within(within, &address, &*dial, &tls, limit).await
                }
                Err(error) => Err(error),
            };
            match opened {
                Ok(socket) => {
                    attempts.opened(attempt, socket.peer());
                    Ok(socket)
                }
                Err(error) => {
                    attempts.failed(attempt, &error, clock.now().instant);
                    Err(error)
                }
            }
        })
    }

    fn held(&self) -> Option<(Interruption, Duration)> {
        self.attempts.held(self.clock.now())
    }

    fn run(&self, effect: P::Effect) -> BoxFuture<'static, P::Reply> {
        (self.effects)(effect)
    }
}

impl<P: Protocol> fmt::Debug for Sockets<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sockets")
            .field("dial", &self.dial)
            .finish_non_exhaustive()
    }
}

/// For protocols without effects: there is nothing to run.
pub(crate) fn no_effects<R>(effect: Infallible) -> BoxFuture<'static, R> {
    match effect {}
}
