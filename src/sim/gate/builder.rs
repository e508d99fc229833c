//! How a Gate simulator is set up.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::GateSim;
use super::numbers;
use super::playback::Playback;
use super::venue::GateVenue;
use crate::sim::core::dial::{Listener, Memory};
use crate::sim::core::running::Running;
use crate::sim::core::{Core, Setup};
use crate::sim::market::default_symbols;
use crate::sim::{Market, Recording, Script, SimError};
use crate::transport::{Dial, Tcp};
use crate::{Clock, Symbol};

/// How `spot.order_book_update` begins. The venue has done all three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BookStart {
    /// With the first change.
    #[default]
    Delta,
    /// With the whole window, which nothing marks as such.
    Window,
    /// With the whole window, marked `full`.
    Full,
}

/// Settings of a [`GateSim`] that is not started yet.
#[derive(Clone, Debug)]
#[must_use = "a builder starts nothing until `listen` or `in_memory`"]
pub struct GateSimBuilder {
    symbols: Vec<Symbol>,
    seed: u64,
    rate: f64,
    recording: Option<(Recording, bool)>,
    faults: Script,
    clock: Clock,
    journal: bool,
    queue: usize,
    book_start: BookStart,
}

impl Default for GateSimBuilder {
    fn default() -> Self {
        Self {
            symbols: default_symbols().collect(),
            seed: 0,
            rate: 50.0,
            recording: None,
            faults: Script::new(),
            // Not one that follows corrections of the system's clock: a client that shares it
            // must not move it when it connects.
            clock: Clock::starting_at(Clock::system().now().wall),
            journal: true,
            queue: 100_000,
            book_start: BookStart::Delta,
        }
    }
}

impl GateSimBuilder {
    /// The pairs it knows; eight well-known ones unless told.
    pub fn symbols(mut self, symbols: impl IntoIterator<Item = impl Into<Symbol>>) -> Self {
        self.symbols = symbols.into_iter().map(Into::into).collect();
        self
    }

    /// The seed of the market and of every id; 0 unless told.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Trades a second, all pairs together, or frames a second of a recording; 50 unless told, 0
    /// for none.
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = rate;
        self
    }

    /// Plays a recording instead of a market, over and over if `looped`. Its symbols are known in
    /// addition.
    pub fn recording(mut self, recording: Recording, looped: bool) -> Self {
        self.recording = Some((recording, looped));
        self
    }

    /// What goes wrong, and when.
    pub fn faults(mut self, script: Script) -> Self {
        self.faults = script;
        self
    }

    /// The clock to run by: in tests the same as the client's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Whether to keep what is published; yes unless told.
    pub fn journal(mut self, keep: bool) -> Self {
        self.journal = keep;
        self
    }

    /// How many frames may wait for a session before the venue drops it; 100 000 unless told.
    pub fn queue(mut self, frames: usize) -> Self {
        self.queue = frames;
        self
    }

    /// How `spot.order_book_update` begins; with the first change unless told.
    pub fn book_start(mut self, start: BookStart) -> Self {
        self.book_start = start;
        self
    }

    /// Starts it on a socket, such as `127.0.0.1:0`, where the system chooses a free port.
    pub async fn listen(self, address: &str) -> Result<GateSim, SimError> {
        tokio::runtime::Handle::try_current().map_err(|_| SimError::NoRuntime)?;
        let failed = |source| SimError::Listen {
            address: address.to_owned(),
            source,
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let bound: SocketAddr = listener.local_addr().map_err(failed)?;
        self.start(bound.to_string(), Arc::new(Tcp), Listener::Tcp(listener))
    }

    /// Starts it without a socket, reached only through [`GateSim::dialer`].
    pub fn in_memory(self) -> Result<GateSim, SimError> {
        let (memory, listener) = Memory::pair();
        self.start(memory.host().to_owned(), Arc::new(memory), listener)
    }

    fn start(
        self,
        host: String,
        dialer: Arc<dyn Dial>,
        listener: Listener,
    ) -> Result<GateSim, SimError> {
        if !(0.0..=1e6).contains(&self.rate) {
            return Err(SimError::Rate { rate: self.rate });
        }
        if self.queue == 0 {
            return Err(SimError::Queue);
        }
        let playback = self
            .recording
            .map(|(recording, looped)| Playback::new(&recording, looped, self.rate));
        let mut symbols = self.symbols;
        symbols.extend(playback.iter().flat_map(Playback::symbols));
        if let Some(wrong) = symbols.iter().find(|symbol| !is_pair(symbol)) {
            return Err(SimError::Symbol {
                symbol: wrong.to_string(),
                expected: "a currency pair, BASE_QUOTE, such as BTC_USDT",
            });
        }
        let now = self.clock.now().wall;
        let market = Market::new(self.seed, symbols, self.rate, now);
        let core = Core::new(Setup {
            clock: self.clock.clone(),
            seed: self.seed,
            script: self.faults,
            journal: self.journal,
            queue: self.queue,
            alter: numbers::alter,
        });
        let venue = GateVenue::new(market, playback, self.book_start);
        Ok(GateSim {
            running: Running::start(core, venue, listener)?,
            clock: self.clock,
            host,
            dialer,
        })
    }
}

/// Names go into frames as they are, so that nothing in them may need escaping.
fn is_pair(symbol: &str) -> bool {
    let plain = |character: char| character.is_ascii_alphanumeric() || character == '_';
    symbol.chars().all(plain)
        && symbol
            .split_once('_')
            .is_some_and(|(base, quote)| !base.is_empty() && !quote.is_empty())
}
