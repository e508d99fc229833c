use super::{
    AnalyticOrder, BookUpdate, Candle, Configuration, DxEvent, Greeks, LastSale, Message,
    OptionSale, Order, Profile, Quote, RawRow, Series, SpreadOrder, Summary, TheoPrice,
    TimeAndSale, Underlying,
};
use crate::feed::Carries;

/// The ways from the enum to one type of event, out of its box if it has one.
macro_rules! carries {
    ($($variant:ident($pattern:ident) => $event:ty, $own:expr, $lent:expr;)*) => {$(
        impl Carries<$event> for DxEvent {
            #[inline]
            fn into_event(self) -> Option<$event> {
                match self {
                    Self::$variant($pattern) => Some($own),
                    _ => None,
                }
            }

            fn to_event(&self) -> Option<$event> {
                match self {
                    Self::$variant($pattern) => Some($lent),
                    _ => None,
                }
            }
        }
    )*};
}

carries! {
    Quote(event) => Quote, event, event.clone();
    TimeAndSale(event) => TimeAndSale, event, event.clone();
    LastSale(event) => LastSale, *event, LastSale::clone(event);
    Summary(event) => Summary, *event, Summary::clone(event);
    Profile(event) => Profile, *event, Profile::clone(event);
    Greeks(event) => Greeks, *event, Greeks::clone(event);
    Candle(event) => Candle, *event, Candle::clone(event);
    TheoPrice(event) => TheoPrice, *event, TheoPrice::clone(event);
    Underlying(event) => Underlying, *event, Underlying::clone(event);
    OptionSale(event) => OptionSale, *event, OptionSale::clone(event);
    Series(event) => Series, *event, Series::clone(event);
    Order(event) => Order, *event, Order::clone(event);
    SpreadOrder(event) => SpreadOrder, *event, SpreadOrder::clone(event);
    AnalyticOrder(event) => AnalyticOrder, *event, AnalyticOrder::clone(event);
    Configuration(event) => Configuration, *event, Configuration::clone(event);
    Message(event) => Message, *event, Message::clone(event);
    Book(event) => BookUpdate, event, event.clone();
    Raw(event) => RawRow, *event, RawRow::clone(event);
}
