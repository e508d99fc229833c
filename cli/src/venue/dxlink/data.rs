//! DXLink's events as JSON and as lines for people.

use feedline::market::Record;
use feedline::venue::dxlink::{
    AnalyticOrder, BookUpdate, Candle, Configuration, Greeks, Indexed, LastSale, Message,
    OptionSale, Order, Profile, Quote, RawRow, SaleKind, Series, SpreadOrder, Stage, Summary,
    TheoPrice, TimeAndSale, Underlying,
};
use serde::Serialize;

use crate::event::{Data, Kinded};
use crate::text::{self, DIM, RED, YELLOW, paint};

/// An event type: what its `kind` is, in the words of
/// [`DxEvent`](feedline::venue::dxlink::DxEvent), and how people see it.
pub(crate) trait Typed: Record + Serialize + Send + 'static {
    const KIND: &'static str;

    fn line(&self) -> String;
}

macro_rules! typed {
    ($($event:ty => $kind:literal, $line:path;)*) => {$(
        impl Typed for $event {
            const KIND: &'static str = $kind;

            fn line(&self) -> String {
                $line(self)
            }
        }

        impl Data for $event {
            type Json = Kinded<Self>;

            fn json(self) -> Kinded<Self> {
                Kinded::new(Self::KIND, self)
            }

            fn text(&self) -> String {
                self.line()
            }
        }
    )*};
}

typed! {
    Quote => "quote", text::quote;
    TimeAndSale => "time_and_sale", time_and_sale;
    LastSale => "last_sale", text::figures;
    Summary => "summary", text::figures;
    Profile => "profile", text::figures;
    Greeks => "greeks", text::figures;
    Candle => "candle", text::candle;
    TheoPrice => "theo_price", text::figures;
    Underlying => "underlying", text::figures;
    OptionSale => "option_sale", text::figures;
    Series => "series", text::figures;
    Order => "order", text::figures;
    SpreadOrder => "spread_order", text::figures;
    AnalyticOrder => "analytic_order", text::figures;
    Configuration => "configuration", text::figures;
    Message => "message", text::figures;
    BookUpdate => "book", text::book;
    RawRow => "raw", text::figures;
}

/// Its `kind` is that of the event, which is in `event`; where that is absent it is removed.
impl<T: Typed> Data for Indexed<T> {
    type Json = Kinded<Self>;

    fn json(self) -> Kinded<Self> {
        Kinded::new(T::KIND, self)
    }

    fn text(&self) -> String {
        let mut line = match &self.event {
            Some(event) => event.line(),
            None => {
                let index = self.index;
                let what = T::KIND.replace('_', " ");
                let removed = paint(RED, format_args!("{what} {index} is removed"));
                format!("{}  {removed}", text::head(None, &self.symbol))
            }
        };
        if self.stage == Stage::Snapshot {
            line.push_str("  ");
            line.push_str(&paint(DIM, "snapshot"));
        }
        line
    }
}

/// An execution; what corrects or cancels one must not look like one.
fn time_and_sale(sale: &TimeAndSale) -> String {
    let mut line = text::trade(sale);
    let other = match sale.detail.kind {
        Some(SaleKind::Correction) => "corrects one before",
        Some(SaleKind::Cancel) => "cancels one before",
        _ => return line,
    };
    line.push_str("  ");
    line.push_str(&paint(YELLOW, other));
    line
}
