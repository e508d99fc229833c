//! The event types of the `FEED` service and their fields, in the order servers use.

use super::schema::Kind::{self, Bool, Char, Double, Enum, Flags, Index, Long, Null, Text};
use super::schema::{EventType, Family};

macro_rules! fields {
    ($($name:literal $kind:expr),* $(,)?) => {
        &[
            ("eventType", Kind::Type),
            ("eventSymbol", Kind::Symbol),
            ("eventTime", Kind::Long),
            $(($name, $kind)),*
        ]
    };
}

const UNDEFINED: Kind = Enum("UNDEFINED");
const REGULAR: Kind = Enum("REGULAR");

const TRADE: &[(&str, Kind)] = fields![
    "time" Long, "timeNanoPart" Long, "sequence" Long, "exchangeCode" Char, "price" Double,
    "change" Double, "size" Double, "dayId" Long, "dayVolume" Double, "dayTurnover" Double,
    "tickDirection" UNDEFINED, "extendedTradingHours" Bool,
];

/// Every type, sorted by nothing in particular.
pub(super) static TYPES: [EventType; 17] = [
    EventType {
        name: "Quote",
        family: Family::Lasting,
        fields: fields![
            "sequence" Long, "timeNanoPart" Long, "bidTime" Long, "bidExchangeCode" Char,
            "bidPrice" Double, "bidSize" Double, "askTime" Long, "askExchangeCode" Char,
            "askPrice" Double, "askSize" Double,
        ],
    },
    EventType {
        name: "Trade",
        family: Family::Lasting,
        fields: TRADE,
    },
    EventType {
        name: "TradeETH",
        family: Family::Lasting,
        fields: TRADE,
    },
    EventType {
        name: "Summary",
        family: Family::Lasting,
        fields: fields![
            "dayId" Long, "dayOpenPrice" Double, "dayHighPrice" Double, "dayLowPrice" Double,
            "dayClosePrice" Double, "dayClosePriceType" REGULAR, "prevDayId" Long,
            "prevDayClosePrice" Double, "prevDayClosePriceType" REGULAR, "prevDayVolume" Double,
            "openInterest" Long,
        ],
    },
    EventType {
        name: "Profile",
        family: Family::Lasting,
        fields: fields![
            "description" Text, "shortSaleRestriction" UNDEFINED, "tradingStatus" UNDEFINED,
            "statusReason" Null, "haltStartTime" Long, "haltEndTime" Long,
            "highLimitPrice" Double, "lowLimitPrice" Double, "high52WeekPrice" Double,
            "low52WeekPrice" Double, "beta" Double, "earningsPerShare" Double,
            "dividendFrequency" Double, "exDividendAmount" Double, "exDividendDayId" Long,
            "shares" Double, "freeFloat" Double,
        ],
    },
    EventType {
        name: "Greeks",
        family: Family::TimeSeries,
        fields: fields![
            "eventFlags" Flags, "index" Index, "time" Long, "sequence" Long, "price" Double,
            "volatility" Double, "delta" Double, "gamma" Double, "theta" Double, "rho" Double,
            "vega" Double,
        ],
    },
    EventType {
        name: "Candle",
        family: Family::TimeSeries,
        fields: fields![
            "eventFlags" Flags, "index" Index, "time" Long, "sequence" Long, "count" Long,
            "open" Double, "high" Double, "low" Double, "close" Double, "volume" Double,
            "VWAP" Double, "bidVolume" Double, "askVolume" Double, "impVolatility" Double,
            "openInterest" Double,
        ],
    },
    EventType {
        name: "TheoPrice",
        family: Family::TimeSeries,
        fields: fields![
            "eventFlags" Flags, "index" Index, "time" Long, "sequence" Long, "price" Double,
            "underlyingPrice" Double, "delta" Double, "gamma" Double, "dividend" Double,
            "interest" Double,
        ],
    },
    EventType {
        name: "Underlying",
        family: Family::TimeSeries,
        fields: fields![
            "eventFlags" Flags, "index" Index, "time" Long, "sequence" Long,
            "volatility" Double, "frontVolatility" Double, "backVolatility" Double,
            "callVolume" Double, "putVolume" Double, "putCallRatio" Double,
            "optionVolume" Double,
        ],
    },
    EventType {
        name: "TimeAndSale",
        family: Family::TimeSeries,
        fields: fields![
            "eventFlags" Flags, "index" Index, "time" Long, "timeNanoPart" Long,
            "sequence" Long, "exchangeCode" Char, "price" Double, "size" Double,
            "bidPrice" Double, "askPrice" Double, "exchangeSaleConditions" Null,
            "tradeThroughExempt" Char, "aggressorSide" UNDEFINED, "spreadLeg" Bool,
            "extendedTradingHours" Bool, "validTick" Bool, "type" Enum("NEW"), "buyer" Null,
            "seller" Null,
        ],
    },
    EventType {
        name: "OptionSale",
        family: Family::Indexed,
        fields: fields![
            "eventFlags" Flags, "index" Index, "time" Long, "timeNanoPart" Long,
            "sequence" Long, "exchangeCode" Char, "price" Double, "size" Double,
            "bidPrice" Double, "askPrice" Double, "exchangeSaleConditions" Null,
            "tradeThroughExempt" Char, "aggressorSide" UNDEFINED, "spreadLeg" Bool,
            "extendedTradingHours" Bool, "validTick" Bool, "type" Enum("NEW"),
            "underlyingPrice" Double, "volatility" Double, "delta" Double, "optionSymbol" Text,
        ],
    },
    EventType {
        name: "Series",
        family: Family::Indexed,
        fields: fields![
            "eventFlags" Flags, "index" Index, "time" Long, "sequence" Long,
            "expiration" Long, "volatility" Double, "callVolume" Double, "putVolume" Double,
            "putCallRatio" Double, "forwardPrice" Double, "dividend" Double, "interest" Double,
        ],
    },
    EventType {
        name: "Order",
        family: Family::Sourced,
        fields: fields![
            "eventFlags" Flags, "index" Index, "time" Long, "timeNanoPart" Long,
            "sequence" Long, "source" Text, "action" UNDEFINED, "actionTime" Long,
            "orderId" Long, "auxOrderId" Long, "price" Double, "size" Double,
            "executedSize" Double, "count" Long, "exchangeCode" Char, "orderSide" UNDEFINED,
            "scope" Enum("COMPOSITE"), "tradeId" Long, "tradePrice" Double,
            "tradeSize" Double, "marketMaker" Text,
        ],
    },
    EventType {
        name: "SpreadOrder",
        family: Family::Sourced,
        fields: fields![
            "eventFlags" Flags, "index" Index, "time" Long, "timeNanoPart" Long,
            "sequence" Long, "source" Text, "action" UNDEFINED, "actionTime" Long,
            "orderId" Long, "auxOrderId" Long, "price" Double, "size" Double,
            "executedSize" Double, "count" Long, "exchangeCode" Char, "orderSide" UNDEFINED,
            "scope" Enum("COMPOSITE"), "tradeId" Long, "tradePrice" Double,
            "tradeSize" Double, "spreadSymbol" Text,
        ],
    },
    EventType {
        name: "AnalyticOrder",
        family: Family::Sourced,
        fields: fields![
            "eventFlags" Flags, "index" Index, "time" Long, "timeNanoPart" Long,
            "sequence" Long, "source" Text, "action" UNDEFINED, "actionTime" Long,
            "orderId" Long, "auxOrderId" Long, "price" Double, "size" Double,
            "executedSize" Double, "count" Long, "exchangeCode" Char, "orderSide" UNDEFINED,
            "scope" Enum("COMPOSITE"), "tradeId" Long, "tradePrice" Double,
            "tradeSize" Double, "marketMaker" Text, "icebergPeakSize" Double,
            "icebergHiddenSize" Double, "icebergExecutedSize" Double,
            "icebergType" UNDEFINED,
        ],
    },
    EventType {
        name: "Configuration",
        family: Family::Lasting,
        fields: fields!["version" Long, "attachment" Kind::Json],
    },
    EventType {
        name: "Message",
        family: Family::Passing,
        fields: fields!["attachment" Kind::Json],
    },
];
