//! What the commands need of each venue.

pub(crate) mod dxlink;
pub(crate) mod gate;
pub(crate) mod tastytrade;

use std::time::Duration;

use feedline::feed::Health;

/// How long the connection may take to close.
pub(crate) const GOODBYE: Duration = Duration::from_millis(500);

/// A venue's client, as far as a command that shows its feed has to do with it.
pub(crate) trait Client {
    /// Whether all is well, and what stands in the way.
    fn health(&self) -> Health;

    /// Ends every feed: what has come is still to be had.
    fn unsubscribe_all(&self);

    /// Closes the connection; what does not close in time is ended with the process.
    async fn say_goodbye(&self);
}

macro_rules! client {
    ($client:ty) => {
        impl Client for $client {
            fn health(&self) -> Health {
                <$client>::health(self)
            }

            fn unsubscribe_all(&self) {
                <$client>::unsubscribe_all(self);
            }

            async fn say_goodbye(&self) {
                let _ = self.shutdown(GOODBYE).await;
            }
        }
    };
}

client!(feedline::venue::gate::Spot);
client!(feedline::venue::dxlink::DxLink);
