use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal [$($field:literal)*],)*) => {
        /// The event types of the FEED service that feedline has types for.
        ///
        /// Source: dxLink AsyncAPI, FEED service, event types; dxFeed API, `com.dxfeed.event`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum EventKind {
            $($(#[$doc])* #[serde(rename = $name)] $kind,)*
        }

        impl EventKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The venue's name of the type.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// The type that the venue calls `name`.
            #[inline]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$kind),)*
                    _ => None,
                }
            }

            /// Every documented field, in the order in which servers list them by default.
            pub const fn fields(self) -> &'static [&'static str] {
                match self {
                    $(Self::$kind => &["eventType", "eventSymbol", "eventTime", $($field,)*],)*
                }
            }
        }
    };
}

kinds! {
    /// Best bid and ask.
    Quote = "Quote" [
        "sequence" "timeNanoPart" "bidTime" "bidExchangeCode" "bidPrice" "bidSize" "askTime"
        "askExchangeCode" "askPrice" "askSize"
    ],
    /// The last sale of regular hours.
    Trade = "Trade" [
        "time" "timeNanoPart" "sequence" "exchangeCode" "price" "change" "size" "dayId"
        "dayVolume" "dayTurnover" "tickDirection" "extendedTradingHours"
    ],
    /// The last sale of extended hours.
    TradeEth = "TradeETH" [
        "time" "timeNanoPart" "sequence" "exchangeCode" "price" "change" "size" "dayId"
        "dayVolume" "dayTurnover" "tickDirection" "extendedTradingHours"
    ],
    /// The day's prices and open interest.
    Summary = "Summary" [
        "dayId" "dayOpenPrice" "dayHighPrice" "dayLowPrice" "dayClosePrice" "dayClosePriceType"
        "prevDayId" "prevDayClosePrice" "prevDayClosePriceType" "prevDayVolume" "openInterest"
    ],
    /// Description, trading status and key figures.
    Profile = "Profile" [
        "description" "shortSaleRestriction" "tradingStatus" "statusReason" "haltStartTime"
        "haltEndTime" "highLimitPrice" "lowLimitPrice" "high52WeekPrice" "low52WeekPrice" "beta"
        "earningsPerShare" "dividendFrequency" "exDividendAmount" "exDividendDayId" "shares"
        "freeFloat"
    ],
    /// An option's sensitivities.
    Greeks = "Greeks" [
        "eventFlags" "index" "time" "sequence" "price" "volatility" "delta" "gamma" "theta" "rho"
        "vega"
    ],
    /// A candle.
    Candle = "Candle" [
        "eventFlags" "index" "time" "sequence" "count" "open" "high" "low" "close" "volume" "VWAP"
        "bidVolume" "askVolume" "impVolatility" "openInterest"
    ],
    /// An option's theoretical price.
    TheoPrice = "TheoPrice" [
        "eventFlags" "index" "time" "sequence" "price" "underlyingPrice" "delta" "gamma" "dividend"
        "interest"
    ],
    /// Volatility and volumes of all options on an underlying.
    Underlying = "Underlying" [
        "eventFlags" "index" "time" "sequence" "volatility" "frontVolatility" "backVolatility"
        "callVolume" "putVolume" "putCallRatio"
    ],
    /// One execution.
    TimeAndSale = "TimeAndSale" [
        "eventFlags" "index" "time" "timeNanoPart" "sequence" "exchangeCode" "price" "size"
        "bidPrice" "askPrice" "exchangeSaleConditions" "tradeThroughExempt" "aggressorSide"
        "spreadLeg" "extendedTradingHours" "validTick" "type" "buyer" "seller"
    ],
    /// One execution of an option, under its underlying's symbol.
    OptionSale = "OptionSale" [
        "eventFlags" "index" "time" "timeNanoPart" "sequence" "exchangeCode" "price" "size"
        "bidPrice" "askPrice" "exchangeSaleConditions" "tradeThroughExempt" "aggressorSide"
        "spreadLeg" "extendedTradingHours" "validTick" "type" "underlyingPrice" "volatility"
        "delta" "optionSymbol"
    ],
    /// Volatility and volumes of one expiration of options.
    Series = "Series" [
        "eventFlags" "index" "time" "sequence" "expiration" "volatility" "callVolume" "putVolume"
        "putCallRatio" "forwardPrice" "dividend" "interest"
    ],
    /// One order, or one level of a book.
    Order = "Order" [
        "eventFlags" "index" "time" "timeNanoPart" "sequence" "source" "action" "actionTime"
        "orderId" "auxOrderId" "price" "size" "executedSize" "count" "exchangeCode" "orderSide"
        "scope" "tradeId" "tradePrice" "tradeSize" "marketMaker"
    ],
    /// One order of a spread.
    SpreadOrder = "SpreadOrder" [
        "eventFlags" "index" "time" "timeNanoPart" "sequence" "source" "action" "actionTime"
        "orderId" "auxOrderId" "price" "size" "executedSize" "count" "exchangeCode" "orderSide"
        "scope" "tradeId" "tradePrice" "tradeSize" "spreadSymbol"
    ],
    /// One order with what is known of its hidden part.
    AnalyticOrder = "AnalyticOrder" [
        "eventFlags" "index" "time" "timeNanoPart" "sequence" "source" "action" "actionTime"
        "orderId" "auxOrderId" "price" "size" "executedSize" "count" "exchangeCode" "orderSide"
        "scope" "tradeId" "tradePrice" "tradeSize" "marketMaker" "icebergPeakSize"
        "icebergHiddenSize" "icebergExecutedSize" "icebergType"
    ],
    /// Settings that a service publishes.
    Configuration = "Configuration" ["version" "attachment"],
    /// A message that a service publishes.
    Message = "Message" ["attachment"],
}

impl EventKind {
    /// What is asked of a server: all fields but the type, which the rows of COMPACT stand under.
    pub(crate) fn wanted_fields(self) -> &'static [&'static str] {
        &self.fields()[1..]
    }

    /// Whether its `index` counts time, so that it can be made of `time` and `sequence`.
    pub const fn is_time_series(self) -> bool {
        matches!(
            self,
            Self::Greeks | Self::Candle | Self::TheoPrice | Self::Underlying | Self::TimeAndSale
        )
    }

    /// Whether a size of zero or none removes the event: the order family.
    pub const fn is_order(self) -> bool {
        matches!(self, Self::Order | Self::SpreadOrder | Self::AnalyticOrder)
    }

    /// Whether its events have flags and an index, and so may come as a snapshot.
    pub const fn is_indexed(self) -> bool {
        self.is_time_series() || self.is_order() || matches!(self, Self::OptionSale | Self::Series)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::dxlink::field::Field;

    #[test]
    fn every_field_of_every_kind_is_known() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_name(kind.name()), Some(*kind));
            for field in kind.fields() {
                assert!(Field::from_name(field).is_some(), "{kind} {field}");
            }
            let flags = kind.fields().contains(&"eventFlags");
            assert_eq!(flags, kind.is_indexed(), "{kind}");
        }
        assert_eq!(EventKind::from_name("quote"), None);
    }
}
