use serde::{Deserialize, Serialize};

use super::super::EventKind;
use super::super::row::{Build, Reader, Source, Unfit};
use super::{
    AnalyticOrder, BookUpdate, Candle, Configuration, Greeks, LastSale, Message, OptionSale, Order,
    Profile, Quote, RawRow, SaleSession, Series, SpreadOrder, Summary, TheoPrice, TimeAndSale,
    Underlying,
};
use crate::market::{Id, Record};
use crate::{Symbol, Timestamp};

/// An event of any type. Serialised flat, with the variant's name in snake case as `kind`.
///
/// What is rare or large is boxed, so that quotes and executions do not pay for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DxEvent {
    /// Best bid and ask.
    Quote(Quote),
    /// An execution, its correction or its cancel.
    TimeAndSale(TimeAndSale),
    /// The last sale, of regular or extended hours.
    LastSale(Box<LastSale>),
    /// The day's prices.
    Summary(Box<Summary>),
    /// What an instrument is.
    Profile(Box<Profile>),
    /// An option's sensitivities.
    Greeks(Box<Greeks>),
    /// A candle.
    Candle(Box<Candle>),
    /// An option's theoretical price.
    TheoPrice(Box<TheoPrice>),
    /// All options on an underlying.
    Underlying(Box<Underlying>),
    /// An execution of an option, under its underlying.
    OptionSale(Box<OptionSale>),
    /// One expiration of options.
    Series(Box<Series>),
    /// An order or a level.
    Order(Box<Order>),
    /// An order of a spread.
    SpreadOrder(Box<SpreadOrder>),
    /// An order and its hidden part.
    AnalyticOrder(Box<AnalyticOrder>),
    /// A service's settings.
    Configuration(Box<Configuration>),
    /// A service's message.
    Message(Box<Message>),
    /// Aggregated depth, of the DOM service.
    Book(BookUpdate),
    /// A type that feedline has no type for.
    Raw(Box<RawRow>),
}

/// Reads a row of the kind.
#[inline]
pub(in crate::venue::dxlink) fn build<'a, S: Source<'a>>(
    kind: EventKind,
    row: &mut Reader<S>,
) -> Result<DxEvent, Unfit> {
    fn boxed<'a, T: Build, S: Source<'a>>(row: &mut Reader<S>) -> Result<Box<T>, Unfit> {
        T::build(row).map(Box::new)
    }
    Ok(match kind {
        EventKind::Quote => DxEvent::Quote(Quote::build(row)?),
        EventKind::TimeAndSale => DxEvent::TimeAndSale(TimeAndSale::build(row)?),
        EventKind::Trade => DxEvent::LastSale(boxed(row)?),
        EventKind::TradeEth => {
            let mut sale: Box<LastSale> = boxed(row)?;
            sale.session = SaleSession::Extended;
            DxEvent::LastSale(sale)
        }
        EventKind::Summary => DxEvent::Summary(boxed(row)?),
        EventKind::Profile => DxEvent::Profile(boxed(row)?),
        EventKind::Greeks => DxEvent::Greeks(boxed(row)?),
        EventKind::Candle => DxEvent::Candle(boxed(row)?),
        EventKind::TheoPrice => DxEvent::TheoPrice(boxed(row)?),
        EventKind::Underlying => DxEvent::Underlying(boxed(row)?),
        EventKind::OptionSale => DxEvent::OptionSale(boxed(row)?),
        EventKind::Series => DxEvent::Series(boxed(row)?),
        EventKind::Order => DxEvent::Order(boxed(row)?),
        EventKind::SpreadOrder => DxEvent::SpreadOrder(boxed(row)?),
        EventKind::AnalyticOrder => DxEvent::AnalyticOrder(boxed(row)?),
        EventKind::Configuration => DxEvent::Configuration(boxed(row)?),
        EventKind::Message => DxEvent::Message(boxed(row)?),
    })
}

/// What holds for every variant, with the event as a [`Record`].
macro_rules! each {
    ($event:expr, $record:ident => $result:expr) => {
        match $event {
            DxEvent::Quote($record) => $result,
            DxEvent::TimeAndSale($record) => $result,
            DxEvent::LastSale($record) => $result,
            DxEvent::Summary($record) => $result,
            DxEvent::Profile($record) => $result,
            DxEvent::Greeks($record) => $result,
            DxEvent::Candle($record) => $result,
            DxEvent::TheoPrice($record) => $result,
            DxEvent::Underlying($record) => $result,
            DxEvent::OptionSale($record) => $result,
            DxEvent::Series($record) => $result,
            DxEvent::Order($record) => $result,
            DxEvent::SpreadOrder($record) => $result,
            DxEvent::AnalyticOrder($record) => $result,
            DxEvent::Configuration($record) => $result,
            DxEvent::Message($record) => $result,
            DxEvent::Book($record) => $result,
            DxEvent::Raw($record) => $result,
        }
    };
}

impl DxEvent {
    /// The instrument.
    pub fn symbol(&self) -> &Symbol {
        each!(self, record => record.symbol())
    }

    /// The venue's event time, if it sent one.
    pub fn time(&self) -> Option<Timestamp> {
        each!(self, record => record.time())
    }

    /// The venue's name of the event's type.
    pub fn event_type(&self) -> &str {
        let kind = match self {
            Self::Quote(_) => EventKind::Quote,
            Self::TimeAndSale(_) => EventKind::TimeAndSale,
            Self::LastSale(sale) if sale.session == SaleSession::Regular => EventKind::Trade,
            Self::LastSale(_) => EventKind::TradeEth,
            Self::Summary(_) => EventKind::Summary,
            Self::Profile(_) => EventKind::Profile,
            Self::Greeks(_) => EventKind::Greeks,
            Self::Candle(_) => EventKind::Candle,
            Self::TheoPrice(_) => EventKind::TheoPrice,
            Self::Underlying(_) => EventKind::Underlying,
            Self::OptionSale(_) => EventKind::OptionSale,
            Self::Series(_) => EventKind::Series,
            Self::Order(_) => EventKind::Order,
            Self::SpreadOrder(_) => EventKind::SpreadOrder,
            Self::AnalyticOrder(_) => EventKind::AnalyticOrder,
            Self::Configuration(_) => EventKind::Configuration,
            Self::Message(_) => EventKind::Message,
            Self::Book(_) => return "DOM_SNAPSHOT",
            Self::Raw(row) => return &row.event_type,
        };
        kind.name()
    }

    /// What an indexed event is known by within its type, symbol and source.
    pub fn index(&self) -> Option<i64> {
        match self {
            Self::TimeAndSale(sale) => match sale.id {
                Some(Id::Number(index)) => i64::try_from(index).ok(),
                _ => None,
            },
            Self::Greeks(greeks) => greeks.index,
            Self::Candle(candle) => candle.detail.index,
            Self::TheoPrice(price) => price.index,
            Self::Underlying(underlying) => underlying.index,
            Self::OptionSale(sale) => sale.index,
            Self::Series(series) => series.index,
            Self::Order(order) => order.index,
            Self::SpreadOrder(spread) => spread.order.index,
            Self::AnalyticOrder(analytic) => analytic.order.index,
            _ => None,
        }
    }

    /// Which book an event of the order family is of.
    pub fn source(&self) -> Option<&str> {
        match self {
            Self::Order(order) => order.source.as_deref(),
            Self::SpreadOrder(spread) => spread.order.source.as_deref(),
            Self::AnalyticOrder(analytic) => analytic.order.source.as_deref(),
            _ => None,
        }
    }

    /// When the event's bytes were read from a socket; `None` for recorded ones.
    pub fn received(&self) -> Option<Timestamp> {
        each!(self, record => record.received())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    #[test]
    fn events_stay_small() {
        let sizes = [
            size_of::<DxEvent>(),
            size_of::<Event<Quote>>(),
            size_of::<Event<TimeAndSale>>(),
            size_of::<Event<LastSale>>(),
            size_of::<Event<Candle>>(),
            size_of::<Event<BookUpdate>>(),
        ];
        for (size, limit) in sizes.into_iter().zip([248, 216, 248, 232, 352, 152]) {
            assert!(size <= limit, "{sizes:?}");
        }
    }
}
