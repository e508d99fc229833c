//! A simulator at work.

use feedline::sim::dxlink::DxLinkSim;
use feedline::sim::gate::GateSim;
use feedline::sim::tastytrade::TastytradeSim;

pub(super) trait Running {
    /// Where clients connect, the market data's WebSocket first.
    fn addresses(&self) -> Vec<String>;

    /// How many WebSockets were asked for.
    fn connects(&self) -> usize;

    /// How often a client broke the venue's rules.
    fn breaches(&self) -> usize;

    /// Ends every connection and waits until all is gone.
    async fn shutdown(&self);
}

macro_rules! running {
    ($($sim:ty => $($address:ident)*;)*) => {$(
        impl Running for $sim {
            fn addresses(&self) -> Vec<String> {
                vec![$(self.$address()),*]
            }

            fn connects(&self) -> usize {
                self.attempts().len()
            }

            fn breaches(&self) -> usize {
                <$sim>::breaches(self).len()
            }

            async fn shutdown(&self) {
                <$sim>::shutdown(self).await;
            }
        }
    )*};
}

running! {
    GateSim => url rest_url;
    DxLinkSim => url;
    TastytradeSim => dxlink_url account_url rest_url;
}
