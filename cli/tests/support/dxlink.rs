//! DXLink, simulated in this process on a port, with trades of which every one is known.

use feedline::market::Side;
use feedline::sim::dxlink::{DxLinkSim, DxLinkSimBuilder};
use tokio::runtime::Runtime;

/// A venue at work, with a runtime of its own. It ends when dropped.
pub(crate) struct Venue {
    pub(crate) sim: DxLinkSim,
    pub(crate) url: String,
    runtime: Runtime,
}

impl Venue {
    /// Of AAPL, SPY and an option, with a market that trades only when told, after an hour of
    /// history.
    pub(crate) fn quiet() -> Self {
        Self::with(|sim| sim.rate(0.0))
    }

    /// With a market that goes on by itself.
    pub(crate) fn busy() -> Self {
        Self::with(|sim| sim.rate(200.0))
    }

    pub(crate) fn with(settings: impl FnOnce(DxLinkSimBuilder) -> DxLinkSimBuilder) -> Self {
        let runtime = Runtime::new().unwrap();
        let builder = DxLinkSim::builder()
            .symbols(["AAPL", "SPY", ".AAPL270115C230"])
            .seed(7);
        let sim = runtime.block_on(settings(builder).listen("127.0.0.1:0"));
        let sim = sim.unwrap();
        let url = sim.url();
        Self { sim, url, runtime }
    }

    /// Waits until so many topics are subscribed.
    pub(crate) fn wait_for_topics(&self, count: usize) {
        for _ in 0..600 {
            if self.sim.active_topics().len() == count {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("subscribed are {:?}", self.sim.active_topics());
    }

    /// Waits for a subscription to whatever; the number of its channel.
    pub(crate) fn wait_for_subscription(&self) -> u64 {
        for _ in 0..600 {
            if let Some(request) = self.sim.subscribe_requests().first() {
                return request.payload["channel"].as_u64().unwrap();
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("nothing is subscribed");
    }

    /// One trade of AAPL.
    pub(crate) fn trade(&self, price: &str, size: &str) {
        let decimal = |text| feedline::decimal::parse(text).unwrap();
        let (price, size) = (decimal(price), decimal(size));
        let traded = self.sim.publish_trade("AAPL", price, size, Side::Buy);
        assert!(traded.is_some());
    }

    /// Nobody has broken the venue's rules.
    pub(crate) fn assert_no_breaches(&self) {
        assert_eq!(self.sim.breaches(), []);
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        self.runtime.block_on(self.sim.shutdown());
    }
}
