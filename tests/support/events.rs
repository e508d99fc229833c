//! Short ways to write events.
#![allow(dead_code, reason = "each test file uses some of it")]
#![allow(clippy::unwrap_used, reason = "a failed test is the aim")]

use feedline::market::{Quote, Trade};
use feedline::{
    Cause, Decimal, Error, Event, Gap, GapId, Interruption, Scope, Status, StatusKind, Symbol,
    Timestamp,
};

pub(crate) type Item<T> = Result<Event<T>, Error>;

pub(crate) fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs).unwrap()
}

pub(crate) fn decimal(text: &str) -> Decimal {
    feedline::decimal::parse(text).unwrap()
}

pub(crate) fn trade(symbol: &str, secs: i64, price: &str, size: &str) -> Trade {
    Trade {
        symbol: symbol.into(),
        price: decimal(price),
        size: decimal(size),
        side: None,
        id: None,
        time: at(secs),
        received: None,
        detail: (),
    }
}

pub(crate) fn quote(symbol: &str, secs: i64, bid: &str, ask: Option<&str>) -> Quote {
    Quote {
        symbol: symbol.into(),
        bid: Some(decimal(bid)),
        bid_size: None,
        ask: ask.map(decimal),
        ask_size: None,
        time: Some(at(secs)),
        sequence: None,
        received: None,
        detail: (),
    }
}

pub(crate) fn data<T>(data: T) -> Item<T> {
    Ok(Event::Data(data))
}

pub(crate) fn outage(id: u64, from: i64, to: i64) -> Gap {
    let (from, to) = (at(from), at(to));
    Gap::new(GapId::new(id), Cause::Outage { from, to }, Scope::All)
}

pub(crate) fn interrupted() -> Status {
    let cause = Interruption::NotUtf8;
    Status::new(StatusKind::Interrupted { cause }, Scope::All)
}

pub(crate) fn of(symbols: &[&str]) -> Scope {
    Scope::of(symbols.iter().map(Symbol::new))
}
