use std::fmt::Debug;
use std::io;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A byte stream to a venue: TCP, or a pipe to a simulator in the same process.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// How byte streams to a host are opened. Implement it to go through a proxy, or use a simulator's.
pub trait Dial: Debug + Send + Sync {
    /// Opens a byte stream to `host`. TLS is added on top where the address asks for it.
    fn dial(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<Box<dyn Io>>>;
}

/// Plain TCP with `TCP_NODELAY`: a subscribe frame must not wait for the next one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Dial for Tcp {
    fn dial(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<Box<dyn Io>>> {
        let address = (host.to_owned(), port);
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Io>)
        })
    }
}
