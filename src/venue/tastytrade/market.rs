//! Market data: DXLink, where the venue says it is, with the token that it gives.

use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;

use super::rest_error::RestError;
use super::session::Session;
use crate::feed::{Changes, Resolve, Spec, fetched};
use crate::transport::Address;
use crate::venue::dxlink::{DxLinkProtocol, FetchToken};

/// How many connections at a time the venue lets a user have.
const CONNECTIONS: usize = 5;
/// How many subscriptions one may hold.
const TOPICS: usize = 25_000;
/// How many of these types.
const CHANNELS: &[(&str, usize)] = &[("Candle", 100), ("Order", 100), ("Series", 100)];
/// How many may be added and removed in any minute.
const CHANGES: Changes = Changes {
    count: 10_000,
    per: Duration::from_secs(60),
};

/// The protocol. Its own address only stands for the venue: the real one is asked for.
pub(super) fn protocol(
    address: Address,
    aggregation: Option<Duration>,
    connections: Option<usize>,
) -> DxLinkProtocol {
    DxLinkProtocol::new(address, true)
        .aggregation(aggregation)
        .with_spec(|spec| limit(spec, connections))
}

/// Source: tastytrade's developer documentation, Streaming Market Data.
fn limit(spec: &mut Spec, connections: Option<usize>) {
    spec.venue = super::VENUE;
    spec.connections = connections.unwrap_or(CONNECTIONS);
    spec.topics_per_connection = TOPICS;
    spec.channel_limits = CHANNELS;
    spec.changes = Some(CHANGES);
}

/// Where to connect: a token that the venue has refused brings no better address, and an address that
/// does not answer may have been given up.
pub(super) fn resolve(session: Arc<Session>) -> Arc<Resolve<DxLinkProtocol>> {
    Arc::new(move |protocol, strikes| {
        let (session, refused) = (Arc::clone(&session), protocol.token_refused());
        Box::pin(async move {
            let address = session.quotes.address(&session, refused, strikes).await;
            address.map_err(RestError::into_connect_error)
        })
    })
}

/// The token that came with the address, or a new one.
pub(super) fn effects(
    session: Arc<Session>,
) -> impl Fn(FetchToken) -> BoxFuture<'static, <DxLinkProtocol as crate::feed::Protocol>::Reply> {
    move |FetchToken { refused }| {
        let session = Arc::clone(&session);
        Box::pin(async move {
            let token = session.quotes.token(&session, refused);
            fetched(async { token.await.map_err(RestError::into_credential_error) }).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Protocol;

    #[test]
    fn the_venues_limits_are_declared() {
        let address = Address::parse("wss://api.example/").unwrap();
        let protocol = protocol(address, None, None);
        let spec = protocol.spec();
        assert_eq!((spec.connections, spec.topics_per_connection), (5, 25_000));
        assert_eq!(spec.changes, Some(CHANGES));
        assert!(spec.channel_limits.contains(&("Candle", 100)));
        assert_eq!(spec.venue, "tastytrade");
    }
}
