//! Gate, spot market.

use feedline::venue::gate::{BookUpdate, Candle, Decoded, Quote, SPOT_URL, Spot, Ticker, Trade};

use crate::event::Data;
use crate::live::Options;
use crate::outcome::Outcome;
use crate::text;

/// A client of the venue.
pub(crate) fn client(options: &Options) -> Outcome<Spot> {
    Ok(Spot::builder()
        .url(options.url.as_deref().unwrap_or(SPOT_URL))
        .build()?)
}

macro_rules! data {
    ($($event:ty => $kind:ident, $text:path;)*) => {$(
        impl Data for $event {
            type Json = Decoded;

            fn json(self) -> Decoded {
                Decoded::$kind(self)
            }

            fn text(&self) -> String {
                $text(self)
            }
        }
    )*};
}

data! {
    Trade => Trade, text::trade;
    Quote => Quote, text::quote;
    Ticker => Ticker, text::ticker;
    Candle => Candle, text::candle;
    BookUpdate => Book, text::book;
}
