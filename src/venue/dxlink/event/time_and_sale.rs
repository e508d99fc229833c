use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::super::field::Field;
use super::super::row::{Build, Reader, Source, Unfit};
use super::super::{OrderSide, SaleKind};
use crate::Timestamp;
use crate::decimal::{self, Decimal};
use crate::market::{self, Detail, Id};

/// One execution, or the correction or cancel of one.
///
/// `detail.kind` tells which. All that concern one execution have the same `id`: a correction carries
/// the price and size that count instead of those sent before, a cancel those that no longer count.
/// Candles are made of new executions alone, and of those only that are valid ticks; `common()`
/// forgets the difference. `size` is zero where the venue sends none, as for indices.
pub type TimeAndSale = market::Trade<TimeAndSaleDetail>;

/// DXLink's own fields of an execution.
///
/// Source: dxFeed API, `TimeAndSale`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TimeAndSaleDetail {
    /// Whether it is new, a correction or a cancel; absent where the type was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<SaleKind>,
    /// Tells executions of one millisecond apart, 0 to 2^22 - 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
    /// The exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<char>,
    /// Best bid at that moment.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub bid: Option<Decimal>,
    /// Best ask at that moment.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub ask: Option<Decimal>,
    /// The exchange's sale conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<SmolStr>,
    /// The trade-through-exempt flag, a character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_through_exempt: Option<char>,
    /// Whether it is a part of a spread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread_leg: Option<bool>,
    /// Whether it happened outside regular hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_hours: Option<bool>,
    /// Whether it counts for the day's prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_tick: Option<bool>,
    /// The venue sent no size: the zero stands for none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sizeless: bool,
    /// What is told of few executions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<Box<SaleExtra>>,
    /// When the event was made (`eventTime`), which few servers tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Timestamp>,
}

/// What is told of few executions: boxed, so that the others do not pay for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SaleExtra {
    /// Who bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer: Option<SmolStr>,
    /// Who sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<SmolStr>,
    /// The taker's side, where it is one that is not documented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<OrderSide>,
}

impl Detail for TimeAndSaleDetail {
    fn is_tick(&self) -> bool {
        matches!(self.kind, None | Some(SaleKind::New)) && self.valid_tick != Some(false)
    }
}

impl Build for TimeAndSale {
    #[inline]
    fn build<'a, S: Source<'a>>(row: &mut Reader<S>) -> Result<Self, Unfit> {
        let time = row.time_or_index().ok_or(Unfit::Missing(Field::Time))?;
        let price = row.need(Field::Price)?;
        let size = row.known_size(Field::Size)?;
        let taker = row.one_of(Field::AggressorSide, OrderSide::from_wire);
        let side = taker.as_ref().and_then(OrderSide::side);
        let extra = SaleExtra {
            buyer: row.name(Field::Buyer),
            seller: row.name(Field::Seller),
            side: taker.filter(|taker| taker.side().is_none()),
        };
        let rare = extra.buyer.is_some() || extra.seller.is_some() || extra.side.is_some();
        // Executions of one millisecond are told apart by their sequence alone.
        let index = match row.has(Field::Index) || row.has(Field::Sequence) {
            true => row.index_or_time(),
            false => None,
        };
        Ok(Self {
            price,
            size: size.unwrap_or_default(),
            side,
            id: index
                .and_then(|index| u64::try_from(index).ok())
                .map(Id::Number),
            time,
            received: row.received(),
            detail: TimeAndSaleDetail {
                kind: row.one_of(Field::Type, SaleKind::from_wire),
                sequence: row.count(Field::Sequence),
                exchange: row.character(Field::ExchangeCode),
                bid: row.decimal(Field::BidPrice),
                ask: row.decimal(Field::AskPrice),
                conditions: row.name(Field::ExchangeSaleConditions),
                trade_through_exempt: row.character(Field::TradeThroughExempt),
                spread_leg: row.boolean(Field::SpreadLeg),
                extended_hours: row.boolean(Field::ExtendedTradingHours),
                valid_tick: row.boolean(Field::ValidTick),
                sizeless: size.is_none(),
                extra: rare.then(|| Box::new(extra)),
                event_time: row.millis(Field::EventTime),
            },
            symbol: row.take_symbol(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Symbol;
    use crate::market::Tick;

    fn sale(price: u32, kind: SaleKind) -> TimeAndSale {
        TimeAndSale {
            symbol: Symbol::new("AAPL"),
            price: price.into(),
            size: Decimal::ONE,
            side: None,
            id: None,
            time: Timestamp::EPOCH,
            received: None,
            detail: TimeAndSaleDetail {
                kind: Some(kind),
                ..TimeAndSaleDetail::default()
            },
        }
    }

    #[test]
    fn only_new_executions_are_ticks() {
        let price = |kind| sale(5, kind).price();
        assert_eq!(price(SaleKind::New), Some(5.into()));
        assert_eq!(price(SaleKind::Correction), None);
        assert_eq!(price(SaleKind::Cancel), None);
        let mut invalid = sale(5, SaleKind::New);
        invalid.detail.valid_tick = Some(false);
        assert_eq!(invalid.price(), None);
    }
}
