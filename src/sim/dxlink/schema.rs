//! The event types of the `FEED` service and their fields, in the order servers use.

use std::fmt;

use super::value::DxValue;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Type,
    Symbol,
    Flags,
    Index,
    Double,
    Long,
    /// One character.
    Char,
    Text,
    /// A name, with the one that means nothing.
    Enum(&'static str),
    Bool,
    /// Null unless the event says otherwise.
    Null,
    Json,
}

impl Kind {
    /// What stands for a value that nobody gave.
    pub(super) fn absent(self) -> DxValue {
        match self {
            Self::Double => DxValue::NAN,
            Self::Long | Self::Flags | Self::Index => DxValue::Long(0),
            Self::Char => DxValue::word("\u{0}"),
            Self::Type | Self::Symbol | Self::Text => DxValue::word(""),
            Self::Enum(nothing) => DxValue::word(nothing),
            Self::Bool => DxValue::Bool(false),
            Self::Null | Self::Json => DxValue::Null,
        }
    }
}

/// How events of a type belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// The last one counts.
    Lasting,
    /// A series in time.
    TimeSeries,
    /// Events by number.
    Indexed,
    /// Events by number, for each source.
    Sourced,
    /// Events that pass by.
    Passing,
}

/// One event type.
pub(super) struct EventType {
    pub(super) name: &'static str,
    pub(super) family: Family,
    pub(super) fields: &'static [(&'static str, Kind)],
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for EventType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for EventType {}

impl PartialOrd for EventType {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EventType {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name.cmp(other.name)
    }
}

impl EventType {
    /// The type of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        TYPES.iter().find(|known| known.name == name)
    }

    /// Where a field is; tastytrade's clients write `vwap` for what the venue calls `VWAP`.
    pub(super) fn field(&self, name: &str) -> Option<usize> {
        let name = if name == "vwap" { "VWAP" } else { name };
        self.fields.iter().position(|(known, _)| *known == name)
    }

    pub(super) fn is_indexed(&self) -> bool {
        !matches!(self.family, Family::Lasting | Family::Passing)
    }
}

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

use Kind::{Bool, Char, Double, Enum, Flags, Index, Long, Null, Text};

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
