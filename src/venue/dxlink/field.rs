//! The names of the fields, of all event types together: one name means one thing wherever it is
//! used.

macro_rules! fields {
    ($($field:ident = $name:literal $(or $other:literal)?,)*) => {
        /// A field of any event type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Field {
            $($field,)*
        }

        impl Field {
            /// How many there are.
            pub(super) const COUNT: usize = [$($name,)*].len();

            /// The field that the venue calls `name`.
            pub(super) fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name $(| $other)? => Some(Self::$field),)*
                    _ => None,
                }
            }

            /// The venue's name.
            pub(super) const fn name(self) -> &'static str {
                match self {
                    $(Self::$field => $name,)*
                }
            }
        }
    };
}

fields! {
    EventType = "eventType",
    EventSymbol = "eventSymbol",
    EventTime = "eventTime",
    EventFlags = "eventFlags",
    Index = "index",
    Time = "time",
    TimeNanoPart = "timeNanoPart",
    Sequence = "sequence",
    Source = "source",
    BidTime = "bidTime",
    BidExchangeCode = "bidExchangeCode",
    BidPrice = "bidPrice",
    BidSize = "bidSize",
    AskTime = "askTime",
    AskExchangeCode = "askExchangeCode",
    AskPrice = "askPrice",
    AskSize = "askSize",
    ExchangeCode = "exchangeCode",
    Price = "price",
    Change = "change",
    Size = "size",
    DayId = "dayId",
    DayVolume = "dayVolume",
    DayTurnover = "dayTurnover",
    TickDirection = "tickDirection",
    ExtendedTradingHours = "extendedTradingHours",
    DayOpenPrice = "dayOpenPrice",
    DayHighPrice = "dayHighPrice",
    DayLowPrice = "dayLowPrice",
    DayClosePrice = "dayClosePrice",
    DayClosePriceType = "dayClosePriceType",
    PrevDayId = "prevDayId",
    PrevDayClosePrice = "prevDayClosePrice",
    PrevDayClosePriceType = "prevDayClosePriceType",
    PrevDayVolume = "prevDayVolume",
    OpenInterest = "openInterest",
    Description = "description",
    ShortSaleRestriction = "shortSaleRestriction",
    TradingStatus = "tradingStatus",
    StatusReason = "statusReason",
    HaltStartTime = "haltStartTime",
    HaltEndTime = "haltEndTime",
    HighLimitPrice = "highLimitPrice",
    LowLimitPrice = "lowLimitPrice",
    High52WeekPrice = "high52WeekPrice",
    Low52WeekPrice = "low52WeekPrice",
    Beta = "beta",
    EarningsPerShare = "earningsPerShare",
    DividendFrequency = "dividendFrequency",
    ExDividendAmount = "exDividendAmount",
    ExDividendDayId = "exDividendDayId",
    Shares = "shares",
    FreeFloat = "freeFloat",
    Volatility = "volatility",
    Delta = "delta",
    Gamma = "gamma",
    Theta = "theta",
    Rho = "rho",
    Vega = "vega",
    Count = "count",
    Open = "open",
    High = "high",
    Low = "low",
    Close = "close",
    Volume = "volume",
    // The Java bean's name is in lower case, the AsyncAPI's in capitals; servers take both.
    Vwap = "VWAP" or "vwap",
    BidVolume = "bidVolume",
    AskVolume = "askVolume",
    ImpVolatility = "impVolatility",
    UnderlyingPrice = "underlyingPrice",
    Dividend = "dividend",
    Interest = "interest",
    FrontVolatility = "frontVolatility",
    BackVolatility = "backVolatility",
    CallVolume = "callVolume",
    PutVolume = "putVolume",
    OptionVolume = "optionVolume",
    PutCallRatio = "putCallRatio",
    ExchangeSaleConditions = "exchangeSaleConditions",
    TradeThroughExempt = "tradeThroughExempt",
    AggressorSide = "aggressorSide",
    SpreadLeg = "spreadLeg",
    ValidTick = "validTick",
    Type = "type",
    Buyer = "buyer",
    Seller = "seller",
    OptionSymbol = "optionSymbol",
    Expiration = "expiration",
    ForwardPrice = "forwardPrice",
    Action = "action",
    ActionTime = "actionTime",
    OrderId = "orderId",
    AuxOrderId = "auxOrderId",
    ExecutedSize = "executedSize",
    OrderSide = "orderSide",
    Scope = "scope",
    TradeId = "tradeId",
    TradePrice = "tradePrice",
    TradeSize = "tradeSize",
    MarketMaker = "marketMaker",
    SpreadSymbol = "spreadSymbol",
    IcebergPeakSize = "icebergPeakSize",
    IcebergHiddenSize = "icebergHiddenSize",
    IcebergExecutedSize = "icebergExecutedSize",
    IcebergType = "icebergType",
    Version = "version",
    Attachment = "attachment",
}
