use std::any::Any;
use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A byte stream to a venue: TCP, or a pipe to a simulator in the same process.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin + Any {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + Any> Io for T {}

/// The address at the other end, where the stream is a socket as it came.
pub(super) fn peer(io: &dyn Io) -> Option<SocketAddr> {
    let socket = (io as &dyn Any).downcast_ref::<TcpStream>()?;
    socket.peer_addr().ok()
}

/// How byte streams to a host are opened. Implement it to go through a proxy, or use a simulator's.
pub trait Dial: Debug + Send + Sync {
    /// Opens a byte stream to `host`. TLS is added on top where the address asks for it.
    fn dial(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<Box<dyn Io>>>;

    /// Opens a byte stream to `host`, or fails within `limit`, saying what was tried.
    ///
    /// By default it is [`dial`](Self::dial), given up after `limit`.
    fn dial_within(
        &self,
        host: &str,
        port: u16,
        limit: Duration,
    ) -> BoxFuture<'static, io::Result<Box<dyn Io>>> {
        let dialling = self.dial(host, port);
        Box::pin(async move {
            match tokio::time::timeout(limit, dialling).await {
                Ok(dialled) => dialled,
                Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer")),
            }
        })
    }
}
