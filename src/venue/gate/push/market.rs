//! Elements of the channels that are not books.

use super::{Malformed, PushKey, Reader, value, wire};
use crate::Symbol;
use crate::market::{self, CandleState};
use crate::venue::gate::channel::Channel;
use crate::venue::gate::family::candle_name;
use crate::venue::gate::moment::Unit;
use crate::venue::gate::{
    Candle, CandleDetail, Interval, Quote, QuoteDetail, Ticker, TickerDetail, Trade, TradeDetail,
};

impl Reader {
    pub(super) fn trade(&mut self, wire: &wire::Trade<'_>) -> Result<Trade, Malformed> {
        let symbol = self.named("currency_pair", wire.currency_pair)?;
        let create_time = value::moment(wire.create_time, Unit::Seconds);
        let time = match value::moment(wire.create_time_ms, Unit::Millis) {
            Ok(None) => self.need("create_time", create_time)?,
            time => self.need("create_time_ms", time)?,
        };
        Ok(Trade {
            symbol,
            price: self.need("price", value::decimal(wire.price))?,
            size: self.need_size("amount", wire.amount)?,
            side: self.want(value::side(wire.side)),
            id: self.want(value::id(wire.id)),
            time,
            received: self.context.received,
            detail: TradeDetail {
                sent: self.context.sent,
                create_time: self.want(create_time),
                id_market: self.want(value::unsigned(wire.id_market)),
                range: self.want(value::range(wire.range)),
                trade_mode: self.want(value::unsigned(wire.trade_mode)),
            },
        })
    }

    pub(super) fn quote(&mut self, wire: &wire::Quote<'_>) -> Result<Quote, Malformed> {
        Ok(Quote {
            symbol: self.named("s", wire.s)?,
            bid: self.want(value::decimal(wire.b)),
            bid_size: self.want_size("B", wire.b_size)?,
            ask: self.want(value::decimal(wire.a)),
            ask_size: self.want_size("A", wire.a_size)?,
            time: self.want(value::moment(wire.t, Unit::Millis)),
            sequence: self.want(value::unsigned(wire.u)),
            received: self.context.received,
            detail: QuoteDetail {
                sent: self.context.sent,
            },
        })
    }

    pub(super) fn ticker(&mut self, wire: &wire::Ticker<'_>) -> Result<Ticker, Malformed> {
        Ok(Ticker {
            symbol: self.named("currency_pair", wire.currency_pair)?,
            last: self.want(value::decimal(wire.last)),
            bid: self.want(value::decimal(wire.highest_bid)),
            ask: self.want(value::decimal(wire.lowest_ask)),
            high: self.want(value::decimal(wire.high_24h)),
            low: self.want(value::decimal(wire.low_24h)),
            open: None,
            volume: self.want_size("base_volume", wire.base_volume)?,
            turnover: self.want_size("quote_volume", wire.quote_volume)?,
            change: self.want(value::decimal(wire.change_percentage)),
            time: self.context.sent,
            received: self.context.received,
            detail: TickerDetail {
                sent: self.context.sent,
            },
        })
    }

    pub(super) fn candle(&mut self, wire: &wire::Candle<'_>) -> Result<Candle, Malformed> {
        let name = self.need("n", value::text(wire.n))?;
        let Some((interval, symbol)) = candle_name(&name) else {
            return Err(self.malformed("n is not <interval>_<symbol>"));
        };
        let symbol = Symbol::new(symbol);
        self.symbol = Some(symbol.clone());
        let interval = if let Some(known) = Interval::from_text(interval) {
            self.key = Some(PushKey::Exact(Channel::Candlesticks(known)));
            known.into()
        } else {
            let Ok(other) = interval.parse::<market::Interval>() else {
                return Err(self.malformed("n has no interval"));
            };
            other
        };
        let state = |closed| {
            if closed {
                CandleState::Final
            } else {
                CandleState::Partial
            }
        };
        Ok(Candle {
            symbol,
            interval,
            start: self.need("t", value::moment(wire.t, Unit::Seconds))?,
            open: self.need("o", value::decimal(wire.o))?,
            high: self.need("h", value::decimal(wire.h))?,
            low: self.need("l", value::decimal(wire.l))?,
            close: self.need("c", value::decimal(wire.c))?,
            volume: self.want_size("a", wire.a)?,
            turnover: self.want_size("v", wire.v)?,
            trades: None,
            vwap: None,
            state: self.want(value::boolean(wire.w)).map(state),
            tainted: false,
            truncated: false,
            first_time: None,
            last_time: None,
            received: self.context.received,
            detail: CandleDetail {
                sent: self.context.sent,
            },
        })
    }
}
