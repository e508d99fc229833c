//! How one server of dxLink differs from another.

use std::collections::BTreeSet;
use std::time::Duration;

/// The order in which the venue serves the fields of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldOrder {
    /// As asked for.
    #[default]
    Asked,
    /// The other way round.
    Reversed,
}

/// What the venue says to a bad token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// `AUTH_STATE` with `UNAUTHORIZED`; the connection stays open.
    #[default]
    State,
    /// `ERROR` with `UNAUTHORIZED`, and it closes.
    Error,
}

/// Limits on what clients may ask for; `None` for none.
///
/// What the venue does when one is exceeded is not documented. The simulator records a
/// [`Breach`](crate::sim::Breach), answers with `ERROR` and ignores the items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Connections at a time. More are only recorded.
    pub sessions: Option<usize>,
    /// Items a session may have.
    pub subscriptions: Option<usize>,
    /// Items of each of `Candle`, `Order` and `Series` a session may have.
    pub heavy_subscriptions: Option<usize>,
    /// Items added and removed within any minute.
    pub changes_per_minute: Option<usize>,
    /// Bytes of a message. A longer one ends the connection with the close code 1009.
    pub message_bytes: Option<usize>,
}

impl Limits {
    /// What holds unless told: messages of 64 KiB and 10 000 changes a minute.
    pub fn new() -> Self {
        Self {
            sessions: None,
            subscriptions: None,
            heavy_subscriptions: None,
            changes_per_minute: Some(10_000),
            message_bytes: Some(65_536),
        }
    }

    /// No limits at all.
    pub fn none() -> Self {
        Self {
            sessions: None,
            subscriptions: None,
            heavy_subscriptions: None,
            changes_per_minute: None,
            message_bytes: None,
        }
    }

    /// What tastytrade's guide to streaming market data names.
    pub fn tastytrade() -> Self {
        Self {
            sessions: Some(5),
            subscriptions: Some(25_000),
            heavy_subscriptions: Some(100),
            ..Self::new()
        }
    }

    /// Changes the limit on the length of messages.
    #[must_use]
    pub fn message_bytes(mut self, bytes: usize) -> Self {
        self.message_bytes = Some(bytes);
        self
    }

    /// Changes the limit on changes of subscriptions.
    #[must_use]
    pub fn changes_per_minute(mut self, changes: usize) -> Self {
        self.changes_per_minute = Some(changes);
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

/// The settings of a dxLink server that frames depend on.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Switches {
    /// Tokens that are accepted; `None` where nobody needs one.
    pub(in crate::sim) tokens: Option<BTreeSet<String>>,
    pub(in crate::sim) user: String,
    /// How long the handshake's answers take in strict order; `None` where it is not strict.
    pub(in crate::sim) strict: Option<Duration>,
    pub(in crate::sim) refusal: Refusal,
    pub(in crate::sim) keepalive: Duration,
    pub(in crate::sim) period: f64,
    pub(in crate::sim) lacking: BTreeSet<(String, String)>,
    pub(in crate::sim) field_order: FieldOrder,
    pub(in crate::sim) config_delay: Duration,
    pub(in crate::sim) mixed: bool,
    pub(in crate::sim) auto_candles: bool,
    pub(in crate::sim) quote_times: bool,
    pub(in crate::sim) rows: usize,
    pub(in crate::sim) snapshot: usize,
    /// The time between the frames of one turn.
    pub(in crate::sim) pace: Option<Duration>,
    /// Whether snapshots are as disorderly as they may be.
    pub(in crate::sim) untidy: bool,
    pub(in crate::sim) limits: Limits,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            tokens: None,
            user: "20011".into(),
            strict: None,
            refusal: Refusal::State,
            keepalive: Duration::from_secs(60),
            period: 0.1,
            lacking: BTreeSet::new(),
            field_order: FieldOrder::Asked,
            config_delay: Duration::ZERO,
            mixed: false,
            auto_candles: true,
            quote_times: false,
            rows: 50,
            snapshot: 8_000,
            pace: None,
            untidy: false,
            limits: Limits::new(),
        }
    }
}

impl Switches {
    pub(super) fn lacks(&self, kind: &str, field: &str) -> bool {
        let mut lacking = self.lacking.iter();
        lacking.any(|(of, lacking)| of == kind && lacking == field)
    }
}
