use serde::{Deserialize, Serialize};

use super::{Detail, Record};
use crate::decimal::{self, Decimal};
use crate::{Symbol, Timestamp};

/// A rolling summary of an instrument, over 24 hours on most venues.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "D: Detail", deserialize = "D: Detail"))]
pub struct Ticker<D = ()> {
    /// The instrument.
    pub symbol: Symbol,
    /// Price of the last trade.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub last: Option<Decimal>,
    /// Best bid.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub bid: Option<Decimal>,
    /// Best ask.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub ask: Option<Decimal>,
    /// Highest price in the window.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub high: Option<Decimal>,
    /// Lowest price in the window.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub low: Option<Decimal>,
    /// First price in the window.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub open: Option<Decimal>,
    /// Amount traded in the window, in the base asset.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub volume: Option<Decimal>,
    /// Amount traded in the window, in the quote asset.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub turnover: Option<Decimal>,
    /// Change over the window, in percent.
    #[serde(
        default,
        with = "decimal::text_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub change: Option<Decimal>,
    /// When the venue made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// When the bytes were read from the socket, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Timestamp>,
    /// What else the venue sent.
    #[serde(default, skip_serializing_if = "Detail::is_empty")]
    pub detail: D,
}

impl<D> Ticker<D> {
    /// The same ticker without the venue's own fields.
    pub fn common(self) -> Ticker {
        Ticker {
            symbol: self.symbol,
            last: self.last,
            bid: self.bid,
            ask: self.ask,
            high: self.high,
            low: self.low,
            open: self.open,
            volume: self.volume,
            turnover: self.turnover,
            change: self.change,
            time: self.time,
            received: self.received,
            detail: (),
        }
    }
}

impl<D> Record for Ticker<D> {
    const LATEST_REPLACES: bool = true;

    fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    fn time(&self) -> Option<Timestamp> {
        self.time
    }

    fn received(&self) -> Option<Timestamp> {
        self.received
    }
}
