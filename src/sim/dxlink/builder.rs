//! How a dxLink simulator is set up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use super::DxLinkSim;
use super::board::Board;
use super::listing::{default_symbols, listing};
use super::switches::{FieldOrder, Limits, Refusal, Switches};
use super::venue::DxLinkVenue;
use crate::sim::core::dial::{Listener, Memory};
use crate::sim::core::running::Running;
use crate::sim::core::{Core, Setup};
use crate::sim::{Market, Script, SimError};
use crate::transport::{Dial, Tcp};
use crate::{Clock, Symbol};

/// What a client that runs ahead of the handshake is caught by.
const STRICT: Duration = Duration::from_millis(20);

/// Settings of a [`DxLinkSim`] that is not started yet.
#[derive(Clone, Debug)]
#[must_use = "a builder starts nothing until `listen` or `in_memory`"]
pub struct DxLinkSimBuilder {
    symbols: Vec<Symbol>,
    seed: u64,
    rate: f64,
    history: Duration,
    faults: Script,
    clock: Clock,
    journal: bool,
    queue: usize,
    pub(in crate::sim) switches: Switches,
}

impl Default for DxLinkSimBuilder {
    fn default() -> Self {
        Self {
            symbols: default_symbols().collect(),
            seed: 0,
            rate: 50.0,
            history: Duration::from_secs(3_600),
            faults: Script::new(),
            // Not one that follows corrections of the system's clock: a client that shares it
            // must not move it when it connects.
            clock: Clock::starting_at(Clock::system().now().wall),
            journal: true,
            queue: 100_000,
            switches: Switches::default(),
        }
    }
}

impl DxLinkSimBuilder {
    /// The symbols it trades; a few well-known ones unless told. One that begins with `.` is an
    /// option, such as `.AAPL270115C230`.
    pub fn symbols(mut self, symbols: impl IntoIterator<Item = impl Into<Symbol>>) -> Self {
        self.symbols = symbols.into_iter().map(Into::into).collect();
        self
    }

    /// The seed of the market; 0 unless told.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Trades a second, all symbols together; 50 unless told, 0 for none.
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = rate;
        self
    }

    /// How long the market has been trading when the simulator starts: what snapshots show. An
    /// hour unless told; at most 2 000 trades lie in it, however long it is.
    pub fn history(mut self, history: Duration) -> Self {
        self.history = history;
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

    /// Everybody is authorized right after `SETUP`, as at dxFeed's demo. So it is unless told.
    pub fn demo(mut self) -> Self {
        self.switches.tokens = None;
        self
    }

    /// Clients must send one of these tokens: `test-token` is the usual one.
    pub fn tokens(mut self, tokens: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.switches.tokens = Some(tokens.into_iter().map(Into::into).collect());
        self
    }

    /// Clients must send the token `test-token`.
    pub fn token_mode(self) -> Self {
        self.tokens(["test-token"])
    }

    /// The user that an accepted token belongs to; `20011` unless told.
    pub fn user(mut self, id: impl Into<String>) -> Self {
        self.switches.user = id.into();
        self
    }

    /// Whether a client must wait for each answer of the handshake, as tastytrade asks since 2026:
    /// the answers then take 20 ms, and who does not wait for them is refused. No unless told.
    pub fn strict_order(mut self, strict: bool) -> Self {
        self.switches.strict = strict.then_some(STRICT);
        self
    }

    /// What is said to a bad token; `AUTH_STATE` unless told.
    pub fn refusal(mut self, refusal: Refusal) -> Self {
        self.switches.refusal = refusal;
        self
    }

    /// The timeout the venue announces: it says something at least every half of it; 60 s unless
    /// told.
    pub fn keepalive(mut self, timeout: Duration) -> Self {
        self.switches.keepalive = timeout;
        self
    }

    /// The aggregation period of clients that ask for none; 0.1 s unless told.
    pub fn period(mut self, period: Duration) -> Self {
        self.switches.period = period.as_secs_f64();
        self
    }

    /// Leaves a field out of what clients asked for, as the demo does with `VWAP`.
    pub fn without_field(mut self, event: &str, field: &str) -> Self {
        let lacking = (event.to_owned(), field.to_owned());
        self.switches.lacking.insert(lacking);
        self
    }

    /// The order of fields; as asked for unless told.
    pub fn field_order(mut self, order: FieldOrder) -> Self {
        self.switches.field_order = order;
        self
    }

    /// How long the fields of a type, and its data with them, keep a subscriber waiting; not at
    /// all unless told.
    pub fn config_delay(mut self, delay: Duration) -> Self {
        self.switches.config_delay = delay;
        self
    }

    /// Whether one frame may hold events of several types; no unless told, since many clients read
    /// only the first type of a frame.
    pub fn mixed_frames(mut self, mixed: bool) -> Self {
        self.switches.mixed = mixed;
        self
    }

    /// Whether candles on an `AUTO` channel have a past and a future; yes unless told. Otherwise
    /// they get an empty snapshot and nothing else, as was seen at tastytrade in 2026.
    pub fn auto_candles(mut self, filled: bool) -> Self {
        self.switches.auto_candles = filled;
        self
    }

    /// Whether quotes carry times; no unless told.
    pub fn quote_times(mut self, times: bool) -> Self {
        self.switches.quote_times = times;
        self
    }

    /// The most events in one frame; 50 unless told.
    pub fn rows_per_frame(mut self, rows: usize) -> Self {
        self.switches.rows = rows.max(1);
        self
    }

    /// The most events in a snapshot, beyond which it is cut; 8 000 unless told.
    pub fn snapshot_limit(mut self, events: usize) -> Self {
        self.switches.snapshot = events.max(1);
        self
    }

    /// The time between the frames of a snapshot, or of whatever else waits and does not fit in
    /// one: something can happen in the middle. None unless told.
    pub fn frame_pace(mut self, pause: Duration) -> Self {
        self.switches.pace = Some(pause).filter(|pause| !pause.is_zero());
        self
    }

    /// Whether snapshots are as disorderly as dxFeed's may be: an update comes before the first
    /// event, the newest event comes again before the end, and events within are marked
    /// `TX_PENDING`. No unless told.
    pub fn untidy_snapshots(mut self, untidy: bool) -> Self {
        self.switches.untidy = untidy;
        self
    }

    /// What clients may ask for; [`Limits::new`] unless told.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.switches.limits = limits;
        self
    }

    /// Starts it on a socket, such as `127.0.0.1:0`, where the system chooses a free port.
    pub async fn listen(self, address: &str) -> Result<DxLinkSim, SimError> {
        let (host, listener) = listen(address).await?;
        self.start(host, Arc::new(Tcp), listener)
    }

    /// Starts it without a socket, reached only through [`DxLinkSim::dialer`].
    pub fn in_memory(self) -> Result<DxLinkSim, SimError> {
        let (memory, listener) = Memory::pair();
        self.start(memory.host().to_owned(), Arc::new(memory), listener)
    }

    fn start(
        self,
        host: String,
        dialer: Arc<dyn Dial>,
        listener: Listener,
    ) -> Result<DxLinkSim, SimError> {
        let clock = self.clock.clone();
        let (core, venue) = self.make()?;
        Ok(DxLinkSim {
            running: Running::start(core, venue, listener)?,
            clock,
            host,
            dialer,
        })
    }

    /// The state machine and what it runs on.
    pub(in crate::sim) fn make(self) -> Result<(Core, DxLinkVenue), SimError> {
        if !(0.0..=1e6).contains(&self.rate) {
            return Err(SimError::Rate { rate: self.rate });
        }
        if self.queue == 0 {
            return Err(SimError::Queue);
        }
        if let Some(wrong) = self.symbols.iter().find(|symbol| !is_symbol(symbol)) {
            return Err(SimError::Symbol {
                symbol: wrong.to_string(),
                expected: "a symbol of dxFeed's that is no candle's, such as AAPL or .AAPL270115C230",
            });
        }
        let now = self.clock.now().wall;
        let symbols = self.symbols.into_iter().map(|symbol| {
            let listing = listing(&symbol);
            (symbol, Some(listing))
        });
        let begun = now.saturating_sub(self.history);
        let market = Market::listing(self.seed, symbols, 0.0, begun);
        let mut board = Board::new(market, self.switches.quote_times, begun);
        board.live_through(self.history, self.rate, now);
        let core = Core::new(Setup {
            clock: self.clock,
            seed: self.seed,
            script: self.faults,
            journal: self.journal,
            queue: self.queue,
            // Rows are written wrong in the first place: what a frame holds depends on its format.
            alter: |_, _, _| None,
        });
        Ok((core, DxLinkVenue::new(board, self.switches)))
    }
}

/// Binds a socket; gives its address.
pub(in crate::sim) async fn listen(address: &str) -> Result<(String, Listener), SimError> {
    tokio::runtime::Handle::try_current().map_err(|_| SimError::NoRuntime)?;
    let failed = |source| SimError::Listen {
        address: address.to_owned(),
        source,
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound: SocketAddr = listener.local_addr().map_err(failed)?;
    Ok((bound.to_string(), Listener::Tcp(listener)))
}

/// Candles are made of what trades.
fn is_symbol(symbol: &str) -> bool {
    let usable = |character: char| character.is_ascii_graphic() && !matches!(character, '"' | '\\');
    !symbol.is_empty() && symbol != "*" && !symbol.contains('{') && symbol.chars().all(usable)
}
