//! Made-up rows for tests.

use super::EventKind;
use super::schema::Schema;

/// Every type with every field.
pub(super) fn full() -> Schema {
    let mut schema = Schema::default();
    for kind in EventKind::ALL {
        schema.announce(kind.name(), kind.fields());
    }
    schema.announce("News", &["eventSymbol", "body"]);
    schema
}

/// A value that the field often has.
pub(super) fn usual(field: &str) -> &'static str {
    match field {
        "eventSymbol" => r#""AAPL{=5m}""#,
        "eventType" => r#""X""#,
        "index" => "7301444403715899392",
        "time" => "1700000000123",
        "source" => r#""NTV""#,
        "bidExchangeCode" | "askExchangeCode" | "exchangeCode" => r#""Q""#,
        "tradeThroughExempt" => r#""\u0000""#,
        "eventTime" | "bidTime" | "askTime" | "sequence" | "timeNanoPart" | "eventFlags" => "0",
        "haltStartTime" | "haltEndTime" | "actionTime" => "1700000040000",
        "dayId" | "prevDayId" | "exDividendDayId" | "expiration" => "20500",
        "count" | "openInterest" | "orderId" | "auxOrderId" | "tradeId" | "version" => "41",
        "tickDirection" => r#""ZERO_UP""#,
        "dayClosePriceType" | "prevDayClosePriceType" => r#""FINAL""#,
        "shortSaleRestriction" | "tradingStatus" => r#""ACTIVE""#,
        "action" => r#""NEW""#,
        "scope" => r#""ORDER""#,
        "icebergType" => r#""NATIVE""#,
        "optionSymbol" | "spreadSymbol" => r#""=A-2*B""#,
        "validTick" => "true",
        "spreadLeg" | "extendedTradingHours" => "false",
        "type" => r#""NEW""#,
        "aggressorSide" | "orderSide" => r#""SELL""#,
        "description" | "buyer" | "seller" | "marketMaker" | "statusReason" => r#""text""#,
        "exchangeSaleConditions" => r#""@ T""#,
        "attachment" => r#""hello""#,
        _ => "81.37",
    }
}

/// A row of a type with every field.
pub(super) fn row(kind: EventKind) -> Vec<&'static str> {
    kind.fields().iter().map(|field| usual(field)).collect()
}

/// A COMPACT message as servers write it.
pub(super) fn frame(pairs: &[(&str, Vec<&str>)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, values)| format!(r#""{name}",[{}]"#, values.join(",")))
        .collect();
    let pairs = pairs.join(",");
    format!(r#"{{"type":"FEED_DATA","channel":5,"data":[{pairs}]}}"#)
}
