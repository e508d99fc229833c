//! What a trade means for every kind of event.

use super::board::{Board, kind};
use super::event::DxEvent;
use super::index;
use super::option::{INTEREST, Model, OptionSymbol, round};
use super::tape::Tick;
use super::value::{DxValue, double};
use crate::market::Side;
use crate::sim::market::{MarketTrade, Pair};
use crate::{Symbol, Timestamp};

impl Board {
    /// What is known of each symbol before anything happens.
    pub(super) fn first_events(&self, now: Timestamp) -> Vec<DxEvent> {
        let mut events = Vec::new();
        for pair in self.market.pairs() {
            let mut profile = DxEvent::of(kind("Profile"), pair.symbol.clone());
            profile.set("description", format!("{} (simulated)", pair.symbol));
            profile.set("shortSaleRestriction", "INACTIVE");
            profile.set("tradingStatus", "ACTIVE");
            events.push(profile);
            events.push(self.quote(pair, now));
            events.extend(self.summary(&pair.symbol));
        }
        events
    }

    /// Everything but candles and orders.
    pub(super) fn trade_events(&mut self, trade: &MarketTrade, tick: &Tick) -> Vec<DxEvent> {
        let mut events = vec![self.sale(trade, tick)];
        events.extend(self.last_sale("Trade", trade, tick));
        events.extend(self.last_sale("TradeETH", trade, tick));
        events.extend(
            self.market
                .pair(&trade.symbol)
                .map(|pair| self.quote(pair, trade.time)),
        );
        events.extend(self.summary(&trade.symbol));
        match OptionSymbol::parse(&trade.symbol) {
            Some(option) => self.option_events(trade, tick, &option, &mut events),
            None => self.count_contracts(&trade.symbol, trade, trade.side == Side::Buy),
        }
        let underlying = OptionSymbol::parse(&trade.symbol).map(|option| option.root.into());
        let underlying = underlying.unwrap_or_else(|| trade.symbol.clone());
        events.push(self.underlying(&underlying, tick));
        events
    }

    fn sale(&self, trade: &MarketTrade, tick: &Tick) -> DxEvent {
        let mut event = DxEvent::of(kind("TimeAndSale"), trade.symbol.clone());
        sale_fields(&mut event, trade, tick);
        event
    }

    /// A record of the last trade and the day so far.
    fn last_sale(&self, name: &'static str, trade: &MarketTrade, tick: &Tick) -> Option<DxEvent> {
        let tape = self.tapes.get(&trade.symbol)?;
        let mut event = DxEvent::of(kind(name), trade.symbol.clone());
        event.place(tick.millis, tick.sequence);
        event.set("exchangeCode", "Q");
        event.set("price", tick.price);
        event.set("change", (tick.price - tape.before.close).normalize());
        event.set("size", tick.size);
        event.set("dayId", tape.day.number);
        event.set("dayVolume", tape.day.volume.normalize());
        event.set("dayTurnover", tape.day.turnover.normalize());
        event.set("tickDirection", tick.direction);
        event.set("extendedTradingHours", name == "TradeETH");
        Some(event)
    }

    /// tastytrade's quotes carry no times.
    fn quote(&self, pair: &Pair, now: Timestamp) -> DxEvent {
        let mut event = DxEvent::of(kind("Quote"), pair.symbol.clone());
        for (side, names) in [
            (
                Side::Buy,
                ["bidPrice", "bidSize", "bidExchangeCode", "bidTime"],
            ),
            (
                Side::Sell,
                ["askPrice", "askSize", "askExchangeCode", "askTime"],
            ),
        ] {
            if let Some(rung) = pair.book.best(side) {
                event.set(names[0], pair.price(rung.price));
                event.set(names[1], pair.size(rung.size));
            }
            event.set(names[2], "Q");
            if self.quote_times {
                event.set(names[3], now.as_secs() * 1_000);
            }
        }
        event
    }

    fn summary(&self, symbol: &Symbol) -> Option<DxEvent> {
        let tape = self.tapes.get(symbol)?;
        let mut event = DxEvent::of(kind("Summary"), symbol.clone());
        event.set("dayId", tape.day.number);
        if let Some(open) = tape.day.open {
            event.set("dayOpenPrice", open);
            event.set("dayHighPrice", tape.day.high);
            event.set("dayLowPrice", tape.day.low);
        }
        event.set("prevDayId", tape.before.number);
        event.set("prevDayClosePrice", tape.before.close);
        event.set("prevDayVolume", tape.before.volume.normalize());
        if symbol.starts_with('.') {
            event.set("openInterest", 1_200);
        }
        Some(event)
    }

    fn spot(&self, symbol: &str) -> Option<f64> {
        let pair = self.market.pair(symbol)?;
        let best = |side| {
            pair.book
                .best(side)
                .map(|rung| double(pair.price(rung.price)))
        };
        Some(f64::midpoint(best(Side::Buy)?, best(Side::Sell)?))
    }

    fn option_events(
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

    fn underlying(&self, symbol: &Symbol, tick: &Tick) -> DxEvent {
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
    fn count_contracts(&mut self, symbol: &Symbol, trade: &MarketTrade, call: bool) {
        let size = trade.size.round();
        let size = size.to_string().parse::<i64>().unwrap_or(1).max(1);
        let (calls, puts) = self.contracts.entry(symbol.clone()).or_default();
        *(if call { calls } else { puts }) += size;
    }
}

fn sale_fields(event: &mut DxEvent, trade: &MarketTrade, tick: &Tick) {
    event.place(tick.millis, tick.sequence);
    event.set("exchangeCode", "Q");
    event.set("price", tick.price);
    event.set("size", tick.size);
    for (field, price) in [("bidPrice", tick.bid), ("askPrice", tick.ask)] {
        event.set(field, price.map_or(DxValue::NAN, DxValue::from));
    }
    let side = match trade.side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    };
    event.set("aggressorSide", side);
    event.set("validTick", true);
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
