use serde::{Deserialize, Serialize};

/// What a full queue does, per subscription. Markers are never dropped by any policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Overflow {
    /// Drops the oldest event and puts a [`Gap`](crate::Gap) with the exact count in its place.
    /// The default for market data.
    DropOldest,
    /// Loses nothing: the connection is not read until there is room again, which the other
    /// handles of that connection feel too.
    ///
    /// The queue never holds more than its capacity. What one batch of messages (at most 256) brought
    /// beyond that waits behind it, in order; nothing more is read until all of it has moved up.
    ///
    /// Only a subscription that is still being awaited does not keep its connection from being read:
    /// nobody can take from its queue yet, and the venue's acceptance would not be seen. Until the await
    /// resolves, what does not fit is dropped as by `DropOldest`, into a gap with the exact count.
    /// [`lazy`](crate::feed::Subscribe::lazy) subscriptions can be read, and lose nothing, from the start.
    Wait,
    /// Replaces the queued event that a newer one makes worthless; only for data of which the
    /// latest value is all that counts (quotes, tickers, candles, whole books). When there is
    /// nothing to replace, the oldest is dropped as by `DropOldest`.
    Conflate,
    /// Ends the stream with an error once what is queued has been taken.
    Fail,
}
