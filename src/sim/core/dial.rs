//! Connections to a simulator without a socket.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::DuplexStream;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::transport::{Dial, Io};

/// What a pipe holds before its writer waits.
const PIPE: usize = 64 * 1024;

/// Where a server's connections come from.
#[derive(Debug)]
pub(in crate::sim) enum Listener {
    Tcp(TcpListener),
    Memory(mpsc::Receiver<DuplexStream>),
}

impl Listener {
    /// The next connection; `None` once there can be none.
    pub(in crate::sim) async fn accept(&mut self) -> Option<io::Result<Box<dyn Io>>> {
        match self {
            Self::Tcp(listener) => Some(match listener.accept().await {
                Ok((stream, _)) => nodelay(stream),
                Err(error) => Err(error),
            }),
            Self::Memory(pipes) => Some(Ok(Box::new(pipes.recv().await?))),
        }
    }
}

fn nodelay(stream: TcpStream) -> io::Result<Box<dyn Io>> {
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}

/// Opens pipes to the simulator of one host name.
#[derive(Clone)]
pub(in crate::sim) struct Memory {
    host: String,
    pipes: mpsc::Sender<DuplexStream>,
}

impl Memory {
    /// A dialer and the listener it reaches. No two in a process share a host name.
    pub(in crate::sim) fn pair() -> (Self, Listener) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let (pipes, incoming) = mpsc::channel(64);
        let memory = Self {
            host: format!("sim-{number}.invalid"),
            pipes,
        };
        (memory, Listener::Memory(incoming))
    }

    pub(in crate::sim) fn host(&self) -> &str {
        &self.host
    }
}

impl Dial for Memory {
    fn dial(
        &self,
        host: &str,
        _port: u16,
    ) -> Pin<Box<dyn Future<Output = io::Result<Box<dyn Io>>> + Send>> {
        if host != self.host {
            let problem = format!("this dialer reaches {}, not {host}", self.host);
            let error = io::Error::new(io::ErrorKind::NotFound, problem);
            return Box::pin(std::future::ready(Err(error)));
        }
        let pipes = self.pipes.clone();
        Box::pin(async move {
            let (near, far) = tokio::io::duplex(PIPE);
            pipes.send(far).await.map_err(|_| {
                io::Error::new(
                    io::ErrorKind::ConnectionRefused,
                    "the simulator has shut down",
                )
            })?;
            Ok(Box::new(near) as Box<dyn Io>)
        })
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("host", &self.host).finish()
    }
}
