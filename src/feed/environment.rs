use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio_rustls::TlsConnector;

use super::Protocol;
use super::limiter::Limiter;
use crate::transport::{Address, ConnectError, Dial, Transport, WebSocket};
use crate::{Clock, Now};

/// The only place where a connection meets the world: the clock, the network and effects.
pub trait Environment<P: Protocol>: Send + Unpin + 'static {
    /// What connections are made of.
    type Transport: Transport + 'static;

    /// The time.
    fn now(&self) -> Now;

    /// A connection has been opened: a good moment to follow corrections of the system's clock.
    fn opened(&self) {}

    /// Opens a connection to the protocol's address. Dropping the future gives the attempt up.
    fn connect(&self, protocol: &P) -> BoxFuture<'static, Result<Self::Transport, ConnectError>>;

    /// Runs an effect. Dropping the future gives it up.
    fn run(&self, effect: P::Effect) -> BoxFuture<'static, P::Reply>;
}

type Effects<P> =
    dyn Fn(<P as Protocol>::Effect) -> BoxFuture<'static, <P as Protocol>::Reply> + Send + Sync;

/// Finds out where to connect, each time anew. The error may be one that
/// [ends the feed](ConnectError::fatal_error).
pub(crate) type Resolve<P> =
    dyn Fn(&P) -> BoxFuture<'static, Result<Address, ConnectError>> + Send + Sync;

/// The environment of real connections: WebSockets by a [`Dial`], limited per endpoint.
pub(crate) struct Sockets<P: Protocol> {
    pub(crate) clock: Clock,
    pub(crate) dial: Arc<dyn Dial>,
    pub(crate) tls: TlsConnector,
    /// For the byte stream, TLS and the upgrade together.
    pub(crate) connect_timeout: Duration,
    pub(crate) limiter: Arc<Limiter>,
    /// Where the venue names its address at every connect; the protocol's own without it.
    pub(crate) resolve: Option<Arc<Resolve<P>>>,
    pub(crate) effects: Arc<Effects<P>>,
}

impl<P: Protocol> Clone for Sockets<P> {
    fn clone(&self) -> Self {
        Self {
            clock: self.clock.clone(),
            dial: Arc::clone(&self.dial),
            tls: self.tls.clone(),
            connect_timeout: self.connect_timeout,
            limiter: Arc::clone(&self.limiter),
            resolve: self.resolve.clone(),
            effects: Arc::clone(&self.effects),
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

    fn connect(&self, protocol: &P) -> BoxFuture<'static, Result<WebSocket, ConnectError>> {
        let (address, limit) = (protocol.address().clone(), protocol.spec().message_limit);
        let resolving = self.resolve.as_ref().map(|resolve| resolve(protocol));
        let environment = self.clone();
        Box::pin(async move {
            let at = environment.limiter.reserve(environment.now().instant);
            tokio::time::sleep_until(at.into()).await;
            let address = match resolving {
                Some(resolving) => resolving.await?,
                None => address,
            };
            let open = WebSocket::open(&address, &*environment.dial, &environment.tls, limit);
            match tokio::time::timeout(environment.connect_timeout, open).await {
                Ok(opened) => opened,
                Err(_) => Err(ConnectError::retryable(format!(
                    "no connection within {:?}",
                    environment.connect_timeout
                ))),
            }
        })
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
