//! What a trade means for every kind of event.

use super::board::{Board, kind};
use super::event::DxEvent;
use super::option::OptionSymbol;
use super::tape::Tick;
use super::value::DxValue;
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
}

pub(super) fn sale_fields(event: &mut DxEvent, trade: &MarketTrade, tick: &Tick) {
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
