//! Candles of any period, made of a symbol's tape.

use super::candle_symbol::{CandleSymbol, PriceType, Unit};
use super::event::DxEvent;
use super::schema::EventType;
use super::tape::{Tape, Tick};
use super::value::DxValue;
use crate::market::Side;
use crate::{Decimal, Symbol};

/// One candle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) millis: i64,
    pub(super) sequence: i64,
    open: Decimal,
    high: Decimal,
    low: Decimal,
    close: Decimal,
    volume: Decimal,
    turnover: Decimal,
    /// What sellers and what buyers took.
    at_bid: Decimal,
    at_ask: Decimal,
    count: i64,
}

impl Bar {
    /// A bar that begins with a trade, counted at this price.
    pub(super) fn new(millis: i64, sequence: i64, tick: &Tick, price: Decimal) -> Self {
        let mut bar = Self {
            millis,
            sequence,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Decimal::ZERO,
            turnover: Decimal::ZERO,
            at_bid: Decimal::ZERO,
            at_ask: Decimal::ZERO,
            count: 0,
        };
        bar.add(tick, price);
        bar
    }

    pub(super) fn add(&mut self, tick: &Tick, price: Decimal) {
        self.high = self.high.max(price);
        self.low = self.low.min(price);
        self.close = price;
        self.volume += tick.size;
        self.turnover += tick.size * price;
        match tick.side {
            Side::Buy => self.at_ask += tick.size,
            Side::Sell => self.at_bid += tick.size,
        }
        self.count += 1;
    }

    fn extend(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume += later.volume;
        self.turnover += later.turnover;
        self.at_bid += later.at_bid;
        self.at_ask += later.at_ask;
        self.count += later.count;
    }

    fn event(&self, kind: &'static EventType, symbol: &Symbol) -> DxEvent {
        let mut event = DxEvent::of(kind, symbol.clone());
        event.place(self.millis, self.sequence);
        event.set("count", self.count);
        let vwap = self.turnover.checked_div(self.volume);
        // A quotient has more digits than a double.
        let vwap = vwap.map_or(DxValue::NAN, |vwap| vwap.round_dp(6).normalize().into());
        for (field, number) in [
            ("open", self.open),
            ("high", self.high),
            ("low", self.low),
            ("close", self.close),
            ("volume", self.volume),
            ("bidVolume", self.at_bid),
            ("askVolume", self.at_ask),
        ] {
            event.set(field, number.normalize());
        }
        event.set("VWAP", vwap);
        event
    }
}

/// The candles of one symbol that somebody asked for.
#[derive(Clone, Debug)]
pub(super) struct Series {
    kind: &'static EventType,
    symbol: Symbol,
    parsed: CandleSymbol,
    current: Option<Bar>,
}

impl Series {
    pub(super) fn new(kind: &'static EventType, symbol: Symbol, parsed: CandleSymbol) -> Self {
        Self {
            kind,
            symbol,
            parsed,
            current: None,
        }
    }

    pub(super) fn traded(&self) -> &str {
        self.parsed.traded()
    }

    /// Every candle of the tape, oldest first.
    pub(super) fn fill(&mut self, tape: &Tape) -> Vec<DxEvent> {
        let mut done = Vec::new();
        // Sums of minutes reach further back than trades.
        let whole_minutes = matches!(self.parsed.unit, Unit::Millis(60_000..))
            && self.parsed.count.fract() == 0.0
            || matches!(
                self.parsed.unit,
                Unit::Week | Unit::Month | Unit::Expiry | Unit::Year
            );
        if whole_minutes && self.parsed.price == PriceType::Last {
            for minute in &tape.minutes {
                let start = self.parsed.start(minute.millis).unwrap_or(minute.millis);
                match &mut self.current {
                    Some(bar) if bar.millis == start => bar.extend(minute),
                    current => {
                        let next = Bar {
                            millis: start,
                            ..minute.clone()
                        };
                        done.extend(current.replace(next));
                    }
                }
            }
        } else {
            for tick in &tape.ticks {
                let before = self.current.clone();
                self.add(tick);
                let begun = |bar: &Bar| (bar.millis, bar.sequence);
                if before.as_ref().map(begun) != self.current.as_ref().map(begun) {
                    done.extend(before);
                }
            }
        }
        done.extend(self.current.clone());
        let event = |bar: &Bar| bar.event(self.kind, &self.symbol);
        done.iter().map(event).collect()
    }

    /// Takes a trade; gives the candle it is in.
    pub(super) fn add(&mut self, tick: &Tick) -> Option<DxEvent> {
        let half = Decimal::new(5, 1);
        let price = match self.parsed.price {
            PriceType::Last => tick.price,
            PriceType::Bid => tick.bid?,
            PriceType::Ask => tick.ask?,
            PriceType::Mark => ((tick.bid? + tick.ask?) * half).normalize(),
        };
        match self.parsed.start(tick.millis) {
            Some(start) => match &mut self.current {
                Some(bar) if bar.millis == start => bar.add(tick, price),
                current => *current = Some(Bar::new(start, 0, tick, price)),
            },
            None => match &mut self.current {
                Some(bar) if !is_full(&self.parsed, bar) => bar.add(tick, price),
                current => *current = Some(Bar::new(tick.millis, tick.sequence, tick, price)),
            },
        }
        let bar = self.current.as_ref()?;
        Some(bar.event(self.kind, &self.symbol))
    }
}

/// Whether a candle that does not end by the clock has what it takes.
fn is_full(symbol: &CandleSymbol, bar: &Bar) -> bool {
    let reached = match symbol.unit {
        Unit::Tick => Decimal::from(bar.count),
        Unit::Volume => bar.volume,
        _ => bar.high - bar.low,
    };
    Decimal::try_from(symbol.count).is_ok_and(|wanted| reached >= wanted)
}
