//! How a tastytrade simulator is set up.

use std::sync::Arc;

use super::TastytradeSim;
use super::account::Account;
use super::flow::Flow;
use super::times::iso;
use super::tokens::Tokens;
use super::venue::TastytradeVenue;
use crate::sim::core::dial::{Listener, Memory};
use crate::sim::core::running::Running;
use crate::sim::dxlink::{DxLinkSim, DxLinkSimBuilder, Limits, listen};
use crate::sim::{Script, SimError};
use crate::transport::{Dial, Tcp};
use crate::{Clock, Symbol};

/// Settings of a [`TastytradeSim`] that is not started yet.
#[derive(Clone, Debug)]
#[must_use = "a builder starts nothing until `listen` or `in_memory`"]
pub struct TastytradeSimBuilder {
    dxlink: DxLinkSimBuilder,
    seed: u64,
    clock: Clock,
    secret: String,
    refresh: String,
    accounts: Vec<String>,
    dxlink_url: Option<String>,
    sandbox: bool,
    customer: bool,
    pings_count: bool,
    bundled: bool,
    sequences: bool,
    account_rate: f64,
}

impl Default for TastytradeSimBuilder {
    fn default() -> Self {
        // Both halves run by one clock, which does not follow corrections of the system's.
        let clock = Clock::starting_at(Clock::system().now().wall);
        Self {
            dxlink: DxLinkSim::builder()
                .token_mode()
                .limits(Limits::tastytrade())
                .clock(clock.clone()),
            seed: 0,
            clock,
            secret: "test-secret".into(),
            refresh: "test-refresh".into(),
            accounts: vec!["5WT00001".into(), "5WT00002".into()],
            dxlink_url: None,
            sandbox: false,
            customer: true,
            pings_count: true,
            bundled: false,
            sequences: false,
            account_rate: 0.0,
        }
    }
}

impl TastytradeSimBuilder {
    /// The symbols it trades; a few well-known ones unless told.
    pub fn symbols(mut self, symbols: impl IntoIterator<Item = impl Into<Symbol>>) -> Self {
        self.dxlink = self.dxlink.symbols(symbols);
        self
    }

    /// The seed of the market, of the accounts and of every token; 0 unless told.
    pub fn seed(mut self, seed: u64) -> Self {
        self.dxlink = self.dxlink.seed(seed);
        self.seed = seed;
        self
    }

    /// Trades a second of the market, all symbols together; 50 unless told, 0 for none.
    pub fn rate(mut self, rate: f64) -> Self {
        self.dxlink = self.dxlink.rate(rate);
        self
    }

    /// Steps a second in the lives of orders that come by themselves in the first account; 0,
    /// which is none, unless told.
    pub fn account_rate(mut self, rate: f64) -> Self {
        self.account_rate = rate;
        self
    }

    /// What goes wrong, and when.
    pub fn faults(mut self, script: Script) -> Self {
        self.dxlink = self.dxlink.faults(script);
        self
    }

    /// The clock to run by: in tests the same as the client's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.dxlink = self.dxlink.clock(clock.clone());
        self.clock = clock;
        self
    }

    /// Whether to keep what is published; yes unless told.
    pub fn journal(mut self, keep: bool) -> Self {
        self.dxlink = self.dxlink.journal(keep);
        self
    }

    /// How many frames may wait for a session before the venue drops it; 100 000 unless told.
    pub fn queue(mut self, frames: usize) -> Self {
        self.dxlink = self.dxlink.queue(frames);
        self
    }

    /// Changes the settings of the market data but for their clock, for which there is
    /// [`clock`](Self::clock). They want a token and have tastytrade's limits unless told. In 2026
    /// tastytrade began to refuse, now and then, clients that do not wait for the handshake's
    /// answers, and its own do not: they are refused always with `strict_order`, else never.
    ///
    /// ```
    /// use feedline::sim::tastytrade::TastytradeSim;
    ///
    /// let builder = TastytradeSim::builder().dxlink(|dxlink| dxlink.strict_order(true));
    /// ```
    pub fn dxlink(mut self, change: impl FnOnce(DxLinkSimBuilder) -> DxLinkSimBuilder) -> Self {
        self.dxlink = change(self.dxlink).clock(self.clock.clone());
        self
    }

    /// The client secret and the refresh token; `test-secret` and `test-refresh` unless told.
    pub fn credentials(mut self, secret: impl Into<String>, refresh: impl Into<String>) -> Self {
        self.secret = secret.into();
        self.refresh = refresh.into();
        self
    }

    /// The numbers of the accounts; `5WT00001` and `5WT00002` unless told.
    pub fn accounts(mut self, numbers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.accounts = numbers.into_iter().map(Into::into).collect();
        self
    }

    /// Where `GET /api-quote-tokens` sends clients for market data; to this simulator unless told.
    pub fn dxlink_url(mut self, url: impl Into<String>) -> Self {
        self.dxlink_url = Some(url.into());
        self
    }

    /// Whether quotes are said to be delayed, as in the sandbox; no unless told.
    pub fn sandbox(mut self, sandbox: bool) -> Self {
        self.sandbox = sandbox;
        self
    }

    /// Whether the user has an account that is open, without which there are no quotes; yes unless
    /// told.
    pub fn customer(mut self, customer: bool) -> Self {
        self.customer = customer;
        self
    }

    /// Whether the WebSocket's own pings keep the account streamer from closing; yes unless told.
    pub fn pings_count(mut self, count: bool) -> Self {
        self.pings_count = count;
        self
    }

    /// Whether notifications come in bundles of those that happened together; no unless told.
    pub fn bundled(mut self, bundled: bool) -> Self {
        self.bundled = bundled;
        self
    }

    /// Whether notifications are numbered as `ws-sequence`; no unless told.
    pub fn sequences(mut self, numbered: bool) -> Self {
        self.sequences = numbered;
        self
    }

    /// Starts it on a socket, such as `127.0.0.1:0`, where the system chooses a free port.
    pub async fn listen(self, address: &str) -> Result<TastytradeSim, SimError> {
        let (host, listener) = listen(address).await?;
        self.start(host, Arc::new(Tcp), listener)
    }

    /// Starts it without a socket, reached only through [`TastytradeSim::dialer`].
    pub fn in_memory(self) -> Result<TastytradeSim, SimError> {
        let (memory, listener) = Memory::pair();
        self.start(memory.host().to_owned(), Arc::new(memory), listener)
    }

    fn start(
        self,
        host: String,
        dialer: Arc<dyn Dial>,
        listener: Listener,
    ) -> Result<TastytradeSim, SimError> {
        if !(0.0..=1e6).contains(&self.account_rate) {
            return Err(SimError::Rate {
                rate: self.account_rate,
            });
        }
        let now = self.clock.now();
        let (core, dxlink) = self.dxlink.make()?;
        let traded = dxlink.equities();
        let first = self.accounts.first().cloned().unwrap_or_default();
        let flow = Flow::new(first, traded, self.seed, self.account_rate, now.instant);
        let tokens = Tokens::new(self.secret, self.refresh);
        let mut venue = TastytradeVenue::new(dxlink, tokens, flow);
        venue.dxlink_url = self
            .dxlink_url
            .unwrap_or_else(|| format!("ws://{host}/realtime"));
        venue.level = if self.sandbox { "demo" } else { "api" };
        venue.customer = self.customer;
        venue.pings_count = self.pings_count;
        venue.bundled = self.bundled;
        venue.sequences = self.sequences;
        let opened = iso(now.wall);
        let accounts = self.accounts.into_iter();
        venue.accounts = accounts
            .map(|number| (number.clone(), Account::new(number, &opened)))
            .collect();
        Ok(TastytradeSim {
            running: Running::start(core, venue, listener)?,
            clock: self.clock,
            host,
            dialer,
        })
    }
}
