//! The symbols of candles: `AAPL&Q{=5m,a=s,price=bid,tho=true}`.
//!
//! Source: dxFeed API, `CandleSymbol`.

mod attribute;
mod period;

use std::fmt;
use std::str::FromStr;

pub use attribute::{CandleAlignment, CandlePrice};
pub use period::{CandlePeriod, ParsePeriodError, PeriodUnit};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::decimal::{self, Decimal};
use crate::market::Interval;
use crate::{Error, Symbol};

/// What candles to have: of which instrument, how long, and made of what.
///
/// Shown in the venue's normal form, in which its events come back: attributes in order, defaults
/// left out. Parsing takes any order, any case of the values, and the long names.
///
/// ```
/// use feedline::venue::dxlink::{CandlePeriod, CandleSymbol};
///
/// let hours = CandleSymbol::new("AAPL", CandlePeriod::hours(1)).regular_hours().from_session();
/// assert_eq!(hours.to_string(), "AAPL{=h,a=s,tho=true}");
/// assert_eq!("AAPL{tho=true,=1h,a=session}".parse::<CandleSymbol>()?, hours);
/// # Ok::<(), feedline::venue::dxlink::ParseCandleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CandleSymbol {
    base: Symbol,
    exchange: Option<char>,
    period: CandlePeriod,
    price: CandlePrice,
    regular_hours: bool,
    alignment: CandleAlignment,
    price_level: Option<Decimal>,
}

impl CandleSymbol {
    /// Candles of the instrument of this length, of last prices of the whole day on all exchanges.
    ///
    /// `base` is the instrument alone: what follows a `&` at its end or stands in braces is not
    /// looked at here.
    pub fn new(base: impl Into<Symbol>, period: CandlePeriod) -> Self {
        Self {
            base: base.into(),
            exchange: None,
            period,
            price: CandlePrice::Last,
            regular_hours: false,
            alignment: CandleAlignment::Midnight,
            price_level: None,
        }
    }

    /// Of one exchange, by its letter.
    #[must_use]
    pub fn exchange(mut self, exchange: char) -> Self {
        self.exchange = Some(exchange);
        self
    }

    /// Of these prices. Currencies have no last price: they need one of the others.
    #[must_use]
    pub fn price(mut self, price: CandlePrice) -> Self {
        self.price = price;
        self
    }

    /// Of regular trading hours only.
    #[must_use]
    pub fn regular_hours(mut self) -> Self {
        self.regular_hours = true;
        self
    }

    /// Counted from the beginning of the trading session rather than from midnight.
    #[must_use]
    pub fn from_session(mut self) -> Self {
        self.alignment = CandleAlignment::Session;
        self
    }

    /// With this price level, which must not be negative; prices are then rounded to its multiples.
    ///
    /// # Errors
    ///
    /// If it is negative.
    pub fn price_level(mut self, level: Decimal) -> Result<Self, Error> {
        if level.is_sign_negative() && !level.is_zero() {
            let text = format!("a candle's price level must not be negative, unlike {level}");
            return Err(Error::invalid(text));
        }
        self.price_level = Some(level.normalize());
        Ok(self)
    }

    /// The instrument.
    pub fn base(&self) -> &Symbol {
        &self.base
    }

    /// How long the candles are.
    pub const fn period(&self) -> CandlePeriod {
        self.period
    }

    /// The length as an [`Interval`], where there is one.
    pub fn interval(&self) -> Option<Interval> {
        self.period.interval()
    }
}

impl fmt::Display for CandleSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)?;
        if let Some(exchange) = self.exchange {
            write!(f, "&{exchange}")?;
        }
        // The order of the keys, of which the period's is empty.
        let mut separator = '{';
        let mut attribute = |f: &mut fmt::Formatter<'_>, key: &str, value: &dyn fmt::Display| {
            write!(f, "{separator}{key}={value}")?;
            separator = ',';
            Ok(())
        };
        if self.period != CandlePeriod::default() {
            attribute(f, "", &self.period)?;
        }
        if self.alignment != CandleAlignment::default() {
            attribute(f, "a", &self.alignment.letter())?;
        }
        if let Some(level) = self.price_level {
            attribute(f, "pl", &level)?;
        }
        if self.price != CandlePrice::default() {
            attribute(f, "price", &self.price.text())?;
        }
        if self.regular_hours {
            attribute(f, "tho", &true)?;
        }
        if separator == ',' {
            f.write_str("}")?;
        }
        Ok(())
    }
}

/// What is no candle symbol, with what would be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{symbol:?} is not a candle symbol: {problem}")]
pub struct ParseCandleError {
    symbol: String,
    problem: String,
}

impl FromStr for CandleSymbol {
    type Err = ParseCandleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map_err(|problem| ParseCandleError {
            symbol: text.to_owned(),
            problem,
        })
    }
}

fn parse(text: &str) -> Result<CandleSymbol, String> {
    let (name, attributes) = split(text).ok_or("its braces do not match")?;
    let mut symbol = CandleSymbol::new(name, CandlePeriod::default());
    if let Some((base, exchange)) = name.rsplit_once('&') {
        let mut letters = exchange.chars();
        let (Some(letter), None) = (letters.next(), letters.next()) else {
            return Err("after & stands one letter, that of an exchange".to_owned());
        };
        symbol.base = Symbol::new(base);
        symbol.exchange = Some(letter);
    }
    if symbol.base.is_empty() {
        return Err("the instrument is missing".to_owned());
    }
    let mut seen = Vec::new();
    for attribute in attributes.into_iter().flat_map(|list| list.split(',')) {
        let Some((key, value)) = attribute.split_once('=') else {
            return Err(format!(
                "{attribute:?} is not a key and a value, such as tho=true"
            ));
        };
        if seen.contains(&key) {
            return Err(format!("{key:?} stands there twice"));
        }
        seen.push(key);
        match key {
            "" => symbol.period = value.parse().map_err(|e: ParsePeriodError| e.to_string())?,
            "price" => symbol.price = CandlePrice::from_text(value)?,
            "a" => symbol.alignment = CandleAlignment::from_text(value)?,
            "tho" => symbol.regular_hours = attribute::truth(value)?,
            "pl" => {
                let level = decimal::parse(value).ok();
                let level = level.filter(|level| !level.is_sign_negative());
                let level = level.ok_or_else(|| {
                    format!("the price level pl is a number of at least 0, unlike {value:?}")
                })?;
                symbol.price_level = Some(level.normalize());
            }
            _ => {
                return Err(format!(
                    "{key:?} is not one of the keys, which are a (alignment), pl (price level), \
                     price, tho (regular hours) and, for the period, none, as in {{=5m}}"
                ));
            }
        }
    }
    Ok(symbol)
}

/// The instrument, and what stands between the braces at the end, if they are there.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    let Some(rest) = text.strip_suffix('}') else {
        return (!text.contains(['{', '}'])).then_some((text, None));
    };
    let (name, attributes) = rest.split_once('{')?;
    (!attributes.contains(['{', '}'])).then_some((name, Some(attributes)))
}

/// The symbol in the venue's normal form, if it is a candle's: what two spellings of one are equal in.
pub(super) fn normal(symbol: &str) -> Option<Symbol> {
    let symbol: CandleSymbol = symbol.parse().ok()?;
    Some(Symbol::from(&symbol))
}

/// The length of the candles of a symbol; `None` if there is no such [`Interval`].
pub(super) fn interval_of(symbol: &str) -> Option<Interval> {
    let (_, attributes) = split(symbol)?;
    let mut all = attributes.into_iter().flat_map(|list| list.split(','));
    match all.find_map(|attribute| attribute.strip_prefix('=')) {
        Some(period) => period.parse::<CandlePeriod>().ok()?.interval(),
        None => CandlePeriod::default().interval(),
    }
}

impl Serialize for CandleSymbol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CandleSymbol {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl From<&CandleSymbol> for Symbol {
    fn from(symbol: &CandleSymbol) -> Self {
        symbol.to_string().into()
    }
}

#[cfg(test)]
mod tests;
