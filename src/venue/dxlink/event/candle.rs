use serde::{Deserialize, Serialize};

use super::super::candle_symbol;
use super::super::field::Field;
use super::super::float;
use super::super::row::{Build, Reader, Source, Unfit};
use crate::Timestamp;
use crate::decimal::{self, Decimal};
use crate::market::{self, Detail};

/// A candle. `symbol` is the whole [`CandleSymbol`](super::super::CandleSymbol), such as
/// `AAPL{=5m}`, and `interval` its period.
///
/// The venue does not say whether a candle is final; `state` is filled in by
/// [`CandleStates`](super::super::CandleStates).
pub type Candle = market::Candle<CandleDetail>;

/// DXLink's own fields of a candle.
///
/// Source: dxFeed API, `Candle`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CandleDetail {
    /// What the candle is known by within its symbol; made of its start and sequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// Tells candles of one start apart, 0 to 2^22 - 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
    /// Amount traded at the bid.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub bid_volume: Option<Decimal>,
    /// Amount traded at the ask.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub ask_volume: Option<Decimal>,
    /// Implied volatility as a fraction.
    #[serde(default, with = "float", skip_serializing_if = "Option::is_none")]
    pub implied_volatility: Option<f64>,
    /// Contracts open.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub open_interest: Option<Decimal>,
    /// When the event was made (`eventTime`), which few servers tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Timestamp>,
}

impl Detail for CandleDetail {}

impl Build for Candle {
    fn build<'a, S: Source<'a>>(row: &mut Reader<S>) -> Result<Self, Unfit> {
        let open = row.need(Field::Open)?;
        let high = row.need(Field::High)?;
        let low = row.need(Field::Low)?;
        let close = row.need(Field::Close)?;
        let start = row.time_or_index().ok_or(Unfit::Missing(Field::Time))?;
        let interval = candle_symbol::interval_of(row.symbol()).ok_or(Unfit::Length)?;
        Ok(Self {
            interval,
            start,
            open,
            high,
            low,
            close,
            volume: row.size(Field::Volume)?,
            turnover: None,
            trades: row.count(Field::Count),
            vwap: row.decimal(Field::Vwap),
            state: None,
            tainted: false,
            truncated: false,
            first_time: None,
            last_time: None,
            received: row.received(),
            detail: CandleDetail {
                index: row.index_or_time(),
                sequence: row.count(Field::Sequence),
                bid_volume: row.amount(Field::BidVolume),
                ask_volume: row.amount(Field::AskVolume),
                implied_volatility: row.float(Field::ImpVolatility),
                open_interest: row.amount(Field::OpenInterest),
                event_time: row.millis(Field::EventTime),
            },
            symbol: row.take_symbol(),
        })
    }
}
