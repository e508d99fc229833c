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
        "index" => "7421224169653665792",
        "time" => "1727888400123",
        "source" => r#""NTV""#,
        "bidExchangeCode" | "askExchangeCode" | "exchangeCode" => r#""Q""#,
        "tradeThroughExempt" => r#""\u0000""#,
        "eventTime" | "bidTime" | "askTime" | "sequence" | "timeNanoPart" | "eventFlags" => "0",
        "haltStartTime" | "haltEndTime" | "actionTime" => "1727888400000",
        "dayId" | "prevDayId" | "exDividendDayId" | "expiration" => "20665",
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
        "exchangeSaleConditions" => r#"" @ I""#,
        "attachment" => r#""hello""#,
        _ => "226.51",
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
