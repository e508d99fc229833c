//! What a trade means for options and what they are options on.

use super::board::{Board, kind};
use super::derive::sale_fields;
use super::event::DxEvent;
use super::index;
use super::option::{INTEREST, Model, OptionSymbol, round};
use super::tape::Tick;
use super::value::double;
use crate::Symbol;
use crate::market::Side;
use crate::sim::market::MarketTrade;

impl Board {
    fn spot(&self, symbol: &str) -> Option<f64> {
        let pair = self.market.pair(symbol)?;
        let best = |side| {
            pair.book
                .best(side)
                .map(|rung| double(pair.price(rung.price)))
        };
        Some(f64::midpoint(best(Side::Buy)?, best(Side::Sell)?))
    }

    pub(super) fn option_events(
        &mut self,
        trade: &MarketTrade,
        tick: &Tick,
        option: &OptionSymbol,
        events: &mut Vec<DxEvent>,
    ) {
        let root = Symbol::new(&option.root);
        self.count_contracts(&root, trade, option.is_call);
        let spot = self.spot(&root).unwrap_or(option.strike);
        let model = Model::new(option, spot, index::day(trade.time));
        let mut greeks = DxEvent::of(kind("Greeks"), trade.symbol.clone());
        place_in_second(&mut greeks, tick);
        greeks.set("price", tick.price);
        for (field, number) in [
            ("volatility", model.volatility),
            ("delta", model.delta),
            ("gamma", model.gamma),
            ("theta", model.theta),
            ("rho", model.rho),
            ("vega", model.vega),
        ] {
            greeks.set(field, number);
        }
        let mut theo = DxEvent::of(kind("TheoPrice"), trade.symbol.clone());
        place_in_second(&mut theo, tick);
        for (field, number) in [
            ("price", model.price),
            ("underlyingPrice", round(spot)),
            ("delta", model.delta),
            ("gamma", model.gamma),
            ("dividend", 0.0),
            ("interest", INTEREST),
        ] {
            theo.set(field, number);
        }
        let mut sale = DxEvent::of(kind("OptionSale"), root.clone());
        sale_fields(&mut sale, trade, tick);
        sale.index = index::of(tick.millis, tick.sequence);
        sale.set("underlyingPrice", round(spot));
        sale.set("volatility", model.volatility);
        sale.set("delta", model.delta);
        sale.set("optionSymbol", trade.symbol.as_str());
        events.extend([
            greeks,
            theo,
            sale,
            self.expiries(&root, tick, option, &model, spot),
        ]);
    }

    /// One of an underlying's series of options: those of one expiration, which numbers them.
    fn expiries(
        &self,
        root: &Symbol,
        tick: &Tick,
        option: &OptionSymbol,
        model: &Model,
        spot: f64,
    ) -> DxEvent {
        let (calls, puts) = self.contracts.get(root).copied().unwrap_or_default();
        let mut event = DxEvent::of(kind("Series"), root.clone()).index(option.expiration);
        event.set("time", tick.millis);
        event.set("expiration", option.expiration);
        event.set("volatility", model.volatility);
        event.set("callVolume", whole(calls));
        event.set("putVolume", whole(puts));
        event.set("putCallRatio", ratio(calls, puts));
        event.set("forwardPrice", round(spot * (1.0 + INTEREST / 12.0)));
        event.set("dividend", 0.0);
        event.set("interest", INTEREST);
        event
    }

    pub(super) fn underlying(&self, symbol: &Symbol, tick: &Tick) -> DxEvent {
        let (calls, puts) = self.contracts.get(symbol).copied().unwrap_or_default();
        let mut event = DxEvent::of(kind("Underlying"), symbol.clone());
        place_in_second(&mut event, tick);
        #[allow(clippy::cast_precision_loss, reason = "an angle")]
        let swing = (tick.millis.div_euclid(1_000) as f64 / 600.0).sin();
        event.set("volatility", round(0.25 + 0.02 * swing));
        event.set("frontVolatility", round(0.27 + 0.03 * swing));
        event.set("backVolatility", round(0.24 + 0.01 * swing));
        event.set("callVolume", whole(calls));
        event.set("putVolume", whole(puts));
        event.set("optionVolume", whole(calls + puts));
        event.set("putCallRatio", ratio(calls, puts));
        event
    }

    /// Where no options trade, their volumes follow the underlying's own.
    pub(super) fn count_contracts(&mut self, symbol: &Symbol, trade: &MarketTrade, call: bool) {
        let size = trade.size.round();
        let size = size.to_string().parse::<i64>().unwrap_or(1).max(1);
        let (calls, puts) = self.contracts.entry(symbol.clone()).or_default();
        *(if call { calls } else { puts }) += size;
    }
}

/// Computed values change at most once a second: later ones replace it.
fn place_in_second(event: &mut DxEvent, tick: &Tick) {
    event.place(tick.millis.div_euclid(1_000) * 1_000, 0);
}

#[allow(clippy::cast_precision_loss, reason = "a count of contracts")]
fn whole(count: i64) -> f64 {
    count as f64
}

fn ratio(calls: i64, puts: i64) -> f64 {
    if calls == 0 {
        f64::NAN
    } else {
        round(whole(puts) / whole(calls))
    }
}
