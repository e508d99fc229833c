//! TCP to a host that may have several addresses, some of which may be dead.

use std::fmt::Write;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures_core::future::BoxFuture;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpStream, lookup_host};

use super::{Dial, Io, suspects};

/// How much ahead of the next address one is, unless it fails sooner.
const HEAD_START: Duration = Duration::from_millis(300);
/// Most addresses of a host that are tried.
const ADDRESSES: usize = 16;
/// Most addresses that an error names.
const NAMED: usize = 4;

/// Plain TCP with `TCP_NODELAY`: a subscribe frame must not wait for the next one.
///
/// The host is looked up at every call. Its addresses are tried by turns of IPv6 and IPv4, each 300 ms
/// after the one before or as soon as that one fails, and the first that answers is taken
/// ("happy eyeballs", RFC 8305). Addresses that have failed in this process are tried last.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Dial for Tcp {
    fn dial(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<Box<dyn Io>>> {
        self.dial_within(host, port, Duration::MAX)
    }

    fn dial_within(
        &self,
        host: &str,
        port: u16,
        limit: Duration,
    ) -> BoxFuture<'static, io::Result<Box<dyn Io>>> {
        let host = host.to_owned();
        Box::pin(async move {
            let mut race = Race::default();
            let dialling = async {
                race.addresses = in_order(lookup_host((host, port)).await?);
                race.run(TcpStream::connect).await
            };
            let stream = match tokio::time::timeout(limit, dialling).await {
                Ok(connected) => connected?,
                Err(_) => return Err(race.give_up()),
            };
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Io>)
        })
    }
}

/// A host's addresses by turns of their families, beginning with the resolver's choice; those that
/// have failed last.
fn in_order(found: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let found: Vec<_> = found.take(ADDRESSES).collect();
    let first = found.first().is_some_and(SocketAddr::is_ipv6);
    let (one, other): (Vec<SocketAddr>, Vec<SocketAddr>) = found
        .into_iter()
        .partition(|address| address.is_ipv6() == first);
    let mut addresses = Vec::new();
    for at in 0..one.len().max(other.len()) {
        addresses.extend(one.get(at).into_iter().chain(other.get(at)).copied());
    }
    suspects::sort(&mut addresses);
    addresses
}

/// Attempts at the addresses of one host.
#[derive(Debug, Default)]
struct Race {
    addresses: Vec<SocketAddr>,
    /// How many of them have been begun.
    begun: usize,
    failed: Vec<(SocketAddr, io::Error)>,
}

impl Race {
    /// The first connection that is made.
    async fn run<F, T>(&mut self, connect: impl Fn(SocketAddr) -> F) -> io::Result<T>
    where
        F: Future<Output = io::Result<T>>,
    {
        let mut attempts = FuturesUnordered::new();
        loop {
            if let Some(address) = self.addresses.get(self.begun).copied() {
                self.begun += 1;
                let attempt = connect(address);
                attempts.push(async move { (address, attempt.await) });
            } else if attempts.is_empty() {
                return Err(self.lost());
            }
            let is_last = self.begun == self.addresses.len();
            let ahead = pin!(async {
                if is_last {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep(HEAD_START).await;
            });
            let (address, outcome) = match select(attempts.next(), ahead).await {
                Either::Left((Some(done), _)) => done,
                Either::Left((None, _)) | Either::Right(_) => continue,
            };
            match outcome {
                Ok(connection) => {
                    self.won(address);
                    return Ok(connection);
                }
                Err(error) => {
                    suspects::failed(address);
                    self.failed.push((address, error));
                }
            }
        }
    }

    /// Whoever began earlier than the winner had a head start, and did not use it.
    fn won(&self, winner: SocketAddr) {
        for address in self.unanswered().take_while(|address| *address != winner) {
            suspects::failed(address);
        }
    }

    /// Those that were begun and have neither connected nor failed.
    fn unanswered(&self) -> impl Iterator<Item = SocketAddr> {
        let begun = self.addresses[..self.begun].iter().copied();
        begun.filter(|address| self.failed.iter().all(|(failed, _)| failed != address))
    }

    /// Time is up.
    fn give_up(&self) -> io::Error {
        self.unanswered().for_each(suspects::failed);
        io::Error::new(io::ErrorKind::TimedOut, self.told())
    }

    fn lost(&mut self) -> io::Error {
        let kind = self.failed.last().map(|(_, error)| error.kind());
        let kind = kind.unwrap_or(io::ErrorKind::NotFound);
        io::Error::new(kind, self.told())
    }

    /// What became of each address.
    fn told(&self) -> String {
        if self.addresses.is_empty() {
            return "its name has not been resolved".to_owned();
        }
        let mut told = String::new();
        let failed = self.failed.iter();
        let failed = failed.map(|(address, error)| (*address, error.to_string()));
        let silent = self
            .unanswered()
            .map(|address| (address, "no answer".into()));
        for (at, (address, what)) in failed.chain(silent).enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            if at == NAMED {
                let more = self.begun - NAMED;
                let _ = write!(told, "{comma}and {more} more");
                break;
            }
            let _ = write!(told, "{comma}{}: {what}", address.ip());
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    fn v4(last: u8) -> SocketAddr {
        SocketAddr::from(([198, 51, 100, last], 443))
    }

    fn v6(last: u16) -> SocketAddr {
        SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, last], 443))
    }

    /// What becomes of a connect to an address: nothing, or an answer after so many milliseconds.
    type World = fn(SocketAddr) -> Option<(u64, io::Result<()>)>;

    async fn race(addresses: &[SocketAddr], world: World) -> (Race, io::Result<SocketAddr>) {
        let mut race = Race {
            addresses: addresses.to_vec(),
            ..Race::default()
        };
        let connect = |address| async move {
            match world(address) {
                None => std::future::pending().await,
                Some((after, outcome)) => {
                    tokio::time::sleep(Duration::from_millis(after)).await;
                    outcome.map(|()| address)
                }
            }
        };
        let limit = Duration::from_secs(10);
        let run = tokio::time::timeout(limit, race.run(connect)).await;
        let outcome = run.unwrap_or_else(|_| Err(race.give_up()));
        (race, outcome)
    }

    fn refused() -> io::Result<()> {
        Err(io::ErrorKind::ConnectionRefused.into())
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_swallows_everything_costs_a_head_start_and_is_tried_last_next_time() {
        let start = Instant::now();
        let world: World = |address| address.is_ipv4().then_some((20, Ok(())));
        let (_, won) = race(&[v6(1), v4(1)], world).await;
        assert_eq!(won.unwrap(), v4(1));
        assert_eq!(start.elapsed(), HEAD_START + Duration::from_millis(20));
        assert_eq!(in_order([v6(1), v4(1)].into_iter()), [v4(1), v6(1)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_brings_the_next_at_once() {
        let start = Instant::now();
        let world: World = |address| match address.is_ipv6() {
            true => Some((5, refused())),
            false => Some((20, Ok(()))),
        };
        let (_, won) = race(&[v6(2), v4(2)], world).await;
        assert_eq!(won.unwrap(), v4(2));
        assert_eq!(start.elapsed(), Duration::from_millis(25));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_first_address_may_still_win() {
        let world: World = |address| match address.is_ipv6() {
            true => Some((350, Ok(()))),
            false => None,
        };
        let (_, won) = race(&[v6(3), v4(3)], world).await;
        assert_eq!(won.unwrap(), v6(3));
        // It was the first: nobody before it failed, and it has not either.
        assert_eq!(in_order([v6(3), v4(3)].into_iter()), [v6(3), v4(3)]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_names_what_was_tried() {
        let world: World = |address| match address.is_ipv6() {
            true => Some((5, refused())),
            false => None,
        };
        let (_, lost) = race(&[v6(4), v4(4)], world).await;
        let error = lost.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let told = "2001:db8::4: connection refused, 198.51.100.4: no answer";
        assert_eq!(error.to_string(), told);

        let many: Vec<_> = (10..20).map(v4).collect();
        let (_, lost) = race(&many, |_| Some((1, refused()))).await;
        let told = lost.unwrap_err().to_string();
        assert!(
            told.ends_with("198.51.100.13: connection refused, and 6 more"),
            "{told}"
        );
    }

    #[test]
    fn families_take_turns() {
        let found = [v6(30), v6(31), v6(32), v4(30), v4(31)];
        let order = in_order(found.into_iter());
        assert_eq!(order, [v6(30), v4(30), v6(31), v4(31), v6(32)]);
    }
}
