use serde::{Deserialize, Serialize};

use super::{Detail, Interval, Record};
use crate::decimal::{self, Decimal};
use crate::{Symbol, Timestamp};

/// Open, high, low and close of an interval, from a venue or built by an operator.
///
/// The interval begins at `start` and ends before `start` plus the interval's length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "D: Detail", deserialize = "D: Detail"))]
pub struct Candle<D = ()> {
    /// The instrument.
    pub symbol: Symbol,
    /// Length of the candle.
    pub interval: Interval,
    /// Beginning of the interval, included in it.
    pub start: Timestamp,
    /// First price.
    #[serde(with = "decimal::text")]
    pub open: Decimal,
    /// Highest price.
    #[serde(with = "decimal::text")]
    pub high: Decimal,
    /// Lowest price.
    #[serde(with = "decimal::text")]
    pub low: Decimal,
    /// Last price.
    #[serde(with = "decimal::text")]
    pub close: Decimal,
    /// Amount traded, in the base asset.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub volume: Option<Decimal>,
    /// Amount traded, in the quote asset.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub turnover: Option<Decimal>,
    /// Number of trades.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trades: Option<u64>,
    /// Volume-weighted average price.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub vwap: Option<Decimal>,
    /// Whether more is to come; absent where the venue does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<CandleState>,
    /// A gap lies inside the interval: trades may be missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tainted: bool,
    /// The feed was first seen after its interval had begun: the beginning may be missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// Time of the first trade in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_time: Option<Timestamp>,
    /// Time of the last trade in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_time: Option<Timestamp>,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
    /// What else the venue sent.
    #[serde(default, skip_serializing_if = "Detail::is_empty")]
    pub detail: D,
}

impl<D> Candle<D> {
    /// The same candle without the venue's own fields.
    pub fn common(self) -> Candle {
        self.to_common()
    }

    pub(super) fn to_common(&self) -> Candle {
        Candle {
            symbol: self.symbol.clone(),
            interval: self.interval,
            start: self.start,
            open: self.open,
            high: self.high,
            low: self.low,
            close: self.close,
            volume: self.volume,
            turnover: self.turnover,
            trades: self.trades,
            vwap: self.vwap,
            state: self.state,
            tainted: self.tainted,
            truncated: self.truncated,
            first_time: self.first_time,
            last_time: self.last_time,
            received: self.received,
            detail: (),
        }
    }
}

impl<D> Record for Candle<D> {
    const LATEST_REPLACES: bool = true;

    fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    fn time(&self) -> Option<Timestamp> {
        Some(self.last_time.unwrap_or(self.start))
    }

    fn received(&self) -> Option<Timestamp> {
        self.received
    }

    fn slot(&self) -> Option<i64> {
        // Candles of several lengths may begin at once.
        let interval = self.interval.code().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Some(self.start.as_nanos().wrapping_add(interval.cast_signed()))
    }
}

/// Whether a candle may still change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CandleState {
    /// The interval goes on, or trades of it may still come.
    Partial,
    /// The interval is over.
    Final,
    /// The interval was over before, and a late trade or gap changed what is known of it.
    Revised,
}

/// What becomes of an interval in which nothing was traded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum EmptyIntervals {
    /// It has no candle.
    #[default]
    Skip,
    /// It has a candle at the last close, with nothing traded.
    Repeat,
}
