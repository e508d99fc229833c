//! The market behind the service, told in events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::archive::Archive;
use super::candle_symbol::{self, CandleSymbol};
use super::event::{DxEvent, Key};
use super::orders::OrderView;
use super::schema::{EventType, Family};
use super::series::Series;
use super::tape::Tape;
use crate::sim::market::{Market, MarketTrade};
use crate::{Symbol, Timestamp};

/// Trades before the start, at most: enough for candles of an hour to have a past.
const PAST: u32 = 2_000;

/// Everything that the venue knows about its symbols.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) market: Market,
    pub(super) tapes: BTreeMap<Symbol, Tape>,
    pub(super) archive: Archive,
    series: BTreeMap<Symbol, Series>,
    views: BTreeMap<Key, OrderView>,
    /// Call and put contracts traded on each underlying.
    pub(super) contracts: BTreeMap<Symbol, (i64, i64)>,
    /// Symbols that only events made by hand have named.
    foreign: BTreeSet<Symbol>,
    pub(super) quote_times: bool,
}

impl Board {
    pub(super) fn new(market: Market, quote_times: bool, now: Timestamp) -> Self {
        let tapes = market.pairs().iter().map(|pair| {
            let price = pair.book.best(crate::market::Side::Buy);
            let price = pair.price(price.map_or(1, |rung| rung.price));
            (pair.symbol.clone(), Tape::new(price, now))
        });
        let mut board = Self {
            tapes: tapes.collect(),
            market,
            archive: Archive::default(),
            series: BTreeMap::new(),
            views: BTreeMap::new(),
            contracts: BTreeMap::new(),
            foreign: BTreeSet::new(),
            quote_times,
        };
        for event in board.first_events(now) {
            board.archive.put(&Arc::new(event));
        }
        board
    }

    /// Lives through what happened before the start, unseen.
    pub(super) fn live_through(&mut self, past: Duration, rate: f64, now: Timestamp) {
        if !past.is_zero() {
            self.market.set_rate(f64::from(PAST) / past.as_secs_f64());
            self.market.skip_to(now.saturating_sub(past));
            while let Some(next) = self.market.next_trade().filter(|next| *next < now) {
                for trade in self.market.step(next) {
                    for event in self.trade(&trade).into_iter().flatten() {
                        self.archive.put(&Arc::new(event));
                    }
                }
            }
        }
        self.market.set_rate(rate);
        self.market.skip_to(now);
    }

    /// Takes a trade; gives the transactions that tell of it.
    pub(super) fn trade(&mut self, trade: &MarketTrade) -> Vec<Vec<DxEvent>> {
        let (Some(pair), Some(tape)) = (
            self.market.pair(&trade.symbol),
            self.tapes.get_mut(&trade.symbol),
        ) else {
            return Vec::new();
        };
        let tick = tape.record(pair, trade);
        let events = self.trade_events(trade, &tick);
        let mut transactions: Vec<Vec<DxEvent>> = events.into_iter().map(|e| vec![e]).collect();
        for series in self.series.values_mut() {
            if series.traded() == trade.symbol.as_str() {
                transactions.extend(series.add(&tick).map(|event| vec![event]));
            }
        }
        if let Some(pair) = self.market.pair(&trade.symbol) {
            for (key, view) in &mut self.views {
                if key.symbol == trade.symbol {
                    transactions.push(view.update(pair, trade.time));
                }
            }
        }
        transactions.retain(|events| !events.is_empty());
        transactions
    }

    /// Puts an event made by hand where the others are; gives it back with its normal symbol.
    pub(super) fn adopt(&mut self, mut event: DxEvent) -> DxEvent {
        if event.kind.name == "Candle" {
            event.symbol = candle_symbol::normal(&event.symbol);
        }
        self.foreign.insert(event.symbol.clone());
        event
    }

    /// Sees to it that a series is being made, where the market makes it.
    pub(super) fn open(&mut self, key: &Key, now: Timestamp) {
        if key.kind.name == "Candle" && !self.series.contains_key(&key.symbol) {
            let Some(parsed) = CandleSymbol::parse(&key.symbol) else {
                return;
            };
            let Some(tape) = self.tapes.get(parsed.traded()) else {
                return;
            };
            let mut series = Series::new(key.kind, key.symbol.clone(), parsed);
            for event in series.fill(tape) {
                self.archive.put(&Arc::new(event));
            }
            self.series.insert(key.symbol.clone(), series);
        } else if key.kind.family == Family::Sourced && !self.views.contains_key(key) {
            let Some(pair) = self.market.pair(&key.symbol) else {
                return;
            };
            let mut view = OrderView::new(key.clone());
            for event in view.update(pair, now) {
                self.archive.put(&Arc::new(event));
            }
            self.views.insert(key.clone(), view);
        }
    }

    /// Stops keeping orders that nobody follows any more.
    pub(super) fn close(&mut self, key: &Key) {
        if self.views.remove(key).is_some() {
            self.archive.forget(key);
        }
    }

    /// Whether there is anything to say of this item. Where there is not, the venue is silent.
    pub(super) fn knows(&self, key: &Key) -> bool {
        let traded = match key.kind.name {
            "Candle" => CandleSymbol::parse(&key.symbol).map(|parsed| Symbol::new(parsed.traded())),
            _ => Some(key.symbol.clone()),
        };
        let is_traded = traded.is_some_and(|symbol| self.market.pair(&symbol).is_some());
        is_traded || self.foreign.contains(&key.symbol) || self.archive.has(key)
    }
}

/// The type of this name, which is one of dxLink's.
pub(super) fn kind(name: &'static str) -> &'static EventType {
    EventType::named(name).unwrap_or(&super::types::TYPES[0])
}
