use std::hash::{Hash, Hasher};

use hashbrown::Equivalent;
use smol_str::SmolStr;

use super::request::{Contract, Item};
use super::{CandleSymbol, EventKind, candle_symbol};
use crate::feed::{self, ChannelSpec, Join};
use crate::{Symbol, Timestamp};

/// What can be subscribed to at a DXLink endpoint: an event type of a symbol, or a book of the DOM
/// service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Topic {
    pub(super) service: Service,
    pub(super) symbol: Symbol,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Service {
    Feed {
        name: EventName,
        contract: Contract,
        /// Of the order family: which book.
        source: Option<SmolStr>,
        /// Of a snapshot: where it begins.
        from: Option<Timestamp>,
    },
    Dom {
        source: Option<SmolStr>,
        /// Most levels a side; zero for as many as there are.
        depth: u32,
    },
}

/// An event type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum EventName {
    /// Wanted as typed events.
    Known(EventKind),
    /// Wanted as it comes, known or not.
    Other(SmolStr),
}

impl EventName {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Known(kind) => kind.name(),
            Self::Other(name) => name,
        }
    }

    fn is_candle(&self) -> bool {
        self.as_str() == EventKind::Candle.name()
    }
}

impl Topic {
    pub(super) fn feed(name: EventName, contract: Contract, symbol: &Symbol) -> Self {
        Self {
            service: Service::Feed {
                name,
                contract,
                source: None,
                from: None,
            },
            symbol: symbol.clone(),
        }
    }

    /// Candles of a symbol, which the venue tells in its shortest form.
    pub(super) fn candles(symbol: &Symbol, from: Timestamp) -> Self {
        let symbol = candle_symbol::normal(symbol).unwrap_or_else(|| symbol.clone());
        let name = EventName::Known(EventKind::Candle);
        Self::feed(name, Contract::History, &symbol).from(from)
    }

    /// With the history from here on.
    pub(super) fn from(mut self, start: Timestamp) -> Self {
        if let Service::Feed { from, .. } = &mut self.service {
            *from = Some(start);
        }
        self
    }

    /// Of this book.
    pub(super) fn source(mut self, name: SmolStr) -> Self {
        if let Service::Feed { source, .. } = &mut self.service {
            *source = Some(name);
        }
        self
    }

    /// The item of FEED_SUBSCRIPTION, asking for what came since `from`.
    pub(super) fn item(&self, from: Option<Timestamp>) -> Option<Item<'_>> {
        let Service::Feed { name, source, .. } = &self.service else {
            return None;
        };
        Some(Item {
            kind: name.as_str(),
            symbol: &self.symbol,
            source: source.as_deref(),
            from_time: from.map(Timestamp::as_millis),
        })
    }

    /// What rows of the topic are known by on its channel: of candles, the normal form of the symbol,
    /// whatever the spelling that was asked for.
    pub(super) fn key(&self) -> Option<RowKey> {
        let Service::Feed { name, source, .. } = &self.service else {
            return None;
        };
        let normal = name
            .is_candle()
            .then(|| candle_symbol::normal(&self.symbol));
        Some(RowKey {
            name: name.clone(),
            symbol: normal.flatten().unwrap_or_else(|| self.symbol.clone()),
            source: source.clone(),
        })
    }

    /// Whether its events are candles.
    pub(super) fn is_of_candles(&self) -> bool {
        matches!(&self.service, Service::Feed { name, .. } if name.is_candle())
    }

    /// Whether its rows come as snapshots and updates with flags.
    pub(super) fn is_indexed(&self) -> bool {
        let Service::Feed { name, contract, .. } = &self.service else {
            return false;
        };
        let indexed = matches!(name, EventName::Known(kind) if kind.is_indexed());
        indexed && *contract == Contract::History
    }
}

/// Event type, symbol and source: what a channel tells its rows apart by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RowKey {
    pub(super) name: EventName,
    pub(super) symbol: Symbol,
    pub(super) source: Option<SmolStr>,
}

impl RowKey {
    /// The item that removes it.
    pub(super) fn item(&self) -> Item<'_> {
        Item {
            kind: self.name.as_str(),
            symbol: &self.symbol,
            source: self.source.as_deref(),
            from_time: None,
        }
    }
}

/// The same, borrowed from a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowRef<'a> {
    pub(super) kind: Option<EventKind>,
    pub(super) name: &'a str,
    pub(super) symbol: &'a str,
    pub(super) source: Option<&'a str>,
}

impl RowRef<'_> {
    /// Whether it is a row of this topic, if it does not matter that it tells no source.
    pub(super) fn is_sourceless_row_of(&self, key: &RowKey) -> bool {
        let row = RowRef {
            source: key.source.as_deref(),
            ..*self
        };
        self.source.is_none() && row.equivalent(key)
    }

    pub(super) fn is_candle(&self) -> bool {
        self.name == EventKind::Candle.name()
    }
}

// Source and type are left out: few topics share a symbol.
impl Hash for RowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.symbol.as_str().hash(state);
    }
}

impl Hash for RowRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.symbol.hash(state);
    }
}

impl Equivalent<RowKey> for RowRef<'_> {
    fn equivalent(&self, key: &RowKey) -> bool {
        let same_type = match (&key.name, self.kind) {
            (EventName::Known(known), Some(kind)) => *known == kind,
            (EventName::Other(name), _) => name == self.name,
            (EventName::Known(_), None) => false,
        };
        same_type && key.symbol.as_str() == self.symbol && key.source.as_deref() == self.source
    }
}

/// Channels by what a joiner gets: the latest, nothing, or a snapshot of its own. An item that is added
/// again replaces itself, but a history restarts for certain only if it was taken out.
macro_rules! specs {
    ($($kind:ident)*) => {
        fn spec(kind: EventKind, contract: Contract) -> &'static ChannelSpec {
            match (kind, contract) {
                $((EventKind::$kind, Contract::History) => {
                    static SPEC: ChannelSpec =
                        ChannelSpec::new(EventKind::$kind.name()).join(Join::Resubscribe).backfills();
                    &SPEC
                }
                (EventKind::$kind, Contract::Ticker) => {
                    static SPEC: ChannelSpec =
                        ChannelSpec::new(EventKind::$kind.name())
                            .join(Join::ReplayLast)
                            .latest_replaces()
                            .replaces();
                    &SPEC
                }
                (EventKind::$kind, Contract::Stream | Contract::Auto) => {
                    static SPEC: ChannelSpec =
                        ChannelSpec::new(EventKind::$kind.name()).replaces();
                    &SPEC
                })*
            }
        }
    };
}

specs! {
    Quote Trade TradeEth Summary Profile Greeks Candle TheoPrice Underlying TimeAndSale OptionSale
    Series Order SpreadOrder AnalyticOrder Configuration Message
}

static OTHER: ChannelSpec = ChannelSpec::new("other").replaces();
static DOM: ChannelSpec = ChannelSpec::new("DOM")
    .join(Join::ReplayLast)
    .latest_replaces();

impl feed::Topic for Topic {
    fn since(&self) -> Option<Timestamp> {
        match &self.service {
            Service::Feed { from, .. } => *from,
            Service::Dom { .. } => None,
        }
    }

    fn channel(&self) -> &'static ChannelSpec {
        match &self.service {
            Service::Feed {
                name: EventName::Known(kind),
                contract,
                ..
            } => spec(*kind, *contract),
            Service::Feed { .. } => &OTHER,
            Service::Dom { .. } => &DOM,
        }
    }

    fn symbol(&self) -> Option<&Symbol> {
        Some(&self.symbol)
    }

    fn batch(&self) -> Option<u32> {
        match &self.service {
            Service::Feed { contract, .. } => Some(*contract as u32),
            // One symbol a channel.
            Service::Dom { .. } => None,
        }
    }

    fn bytes(&self) -> usize {
        let Service::Feed { name, source, .. } = &self.service else {
            return 0;
        };
        // `{"type":"","symbol":"","source":"","fromTime":-1234567890123},`
        let source = source.as_ref().map_or(0, |source| 12 + source.len());
        64 + name.as_str().len() + self.symbol.len() + source
    }

    fn objection(&self) -> Option<String> {
        let Service::Feed {
            name: EventName::Known(EventKind::Candle),
            ..
        } = &self.service
        else {
            return None;
        };
        match self.symbol.parse::<CandleSymbol>() {
            Err(error) => Some(error.to_string()),
            Ok(symbol) if symbol.interval().is_none() => Some(format!(
                "{symbol} has no interval: candles of whole seconds, minutes, hours, days, weeks, \
                 months, years or trades, or of a volume, are typed; take others by \
                 raw(\"Candle\", …)"
            )),
            Ok(_) => None,
        }
    }

    fn label(&self) -> String {
        match &self.service {
            Service::Feed { name, source, .. } => {
                let source = source.iter().map(|source| format!(" {source}"));
                let source: String = source.collect();
                format!("{} {}{source}", name.as_str(), self.symbol)
            }
            Service::Dom { .. } => format!("DOM {}", self.symbol),
        }
    }
}
