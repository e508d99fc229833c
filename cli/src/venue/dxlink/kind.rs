//! The word that the JSON form of an event has as `kind`.

use feedline::venue::dxlink::DxEvent;

/// Of any event.
pub(crate) fn kind(event: &DxEvent) -> &'static str {
    match event {
        DxEvent::Quote(_) => "quote",
        DxEvent::TimeAndSale(_) => "time_and_sale",
        DxEvent::LastSale(_) => "last_sale",
        DxEvent::Summary(_) => "summary",
        DxEvent::Profile(_) => "profile",
        DxEvent::Greeks(_) => "greeks",
        DxEvent::Candle(_) => "candle",
        DxEvent::TheoPrice(_) => "theo_price",
        DxEvent::Underlying(_) => "underlying",
        DxEvent::OptionSale(_) => "option_sale",
        DxEvent::Series(_) => "series",
        DxEvent::Order(_) => "order",
        DxEvent::SpreadOrder(_) => "spread_order",
        DxEvent::AnalyticOrder(_) => "analytic_order",
        DxEvent::Configuration(_) => "configuration",
        DxEvent::Message(_) => "message",
        DxEvent::Book(_) => "book",
        DxEvent::Raw(_) => "raw",
        _ => "other",
    }
}
