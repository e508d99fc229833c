//! The symbols of candles: `AAPL{=5m,price=bid}`.

use std::fmt;

use crate::Symbol;

/// What ends a candle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Tick,
    Millis(i64),
    /// Weeks begin on Mondays.
    Week,
    Month,
    Expiry,
    Year,
    Volume,
    Price,
    Momentum,
    Renko,
}

/// Names and their units, the shortest name first, which is the normal one.
const UNITS: [(&str, &str, Unit); 13] = [
    ("t", "tick", Unit::Tick),
    ("s", "second", Unit::Millis(1_000)),
    ("m", "minute", Unit::Millis(60_000)),
    ("h", "hour", Unit::Millis(3_600_000)),
    ("d", "day", Unit::Millis(86_400_000)),
    ("w", "week", Unit::Week),
    ("mo", "month", Unit::Month),
    ("o", "optexp", Unit::Expiry),
    ("y", "year", Unit::Year),
    ("v", "volume", Unit::Volume),
    ("p", "price", Unit::Price),
    ("pm", "price_momentum", Unit::Momentum),
    ("pr", "price_renko", Unit::Renko),
];

/// Which price a candle is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PriceType {
    Last,
    Bid,
    Ask,
    Mark,
}

/// A candle's symbol, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CandleSymbol {
    /// With the exchange, such as `AAPL&Q`.
    pub(super) base: String,
    pub(super) count: f64,
    pub(super) unit: Unit,
    pub(super) price: PriceType,
    /// Attributes in their normal order, but for the period.
    attributes: Vec<(String, String)>,
}

impl CandleSymbol {
    /// Reads a symbol in any spelling: the attributes in any order, names written out, defaults.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (base, attributes) = match text.split_once('{') {
            None => (text, ""),
            Some((base, rest)) => (base, rest.strip_suffix('}')?),
        };
        let mut symbol = Self {
            base: base.to_owned(),
            count: 1.0,
            unit: Unit::Tick,
            price: PriceType::Last,
            attributes: Vec::new(),
        };
        for attribute in attributes.split(',').filter(|text| !text.is_empty()) {
            let (key, value) = attribute.split_once('=')?;
            let value = value.to_lowercase();
            match key {
                "" => (symbol.count, symbol.unit) = period(&value)?,
                "price" => symbol.price = price(&value)?,
                _ => {}
            }
            let default = match key {
                "" => true,
                "price" => value == "last",
                "tho" => value == "false",
                "a" => value == "m" || value == "midnight",
                _ => false,
            };
            if !default {
                symbol.attributes.push((key.to_owned(), value));
            }
        }
        symbol.attributes.sort();
        Some(symbol)
    }

    /// The symbol whose trades it is made of.
    pub(super) fn traded(&self) -> &str {
        self.base.split('&').next().unwrap_or(&self.base)
    }

    /// The start of the candle that holds this moment, where candles end by the clock.
    pub(super) fn start(&self, millis: i64) -> Option<i64> {
        const DAY: i64 = 86_400_000;
        #[allow(clippy::cast_possible_truncation, reason = "periods are short")]
        let of = |unit: i64| ((self.count * unit as f64) as i64).max(1);
        Some(match self.unit {
            Unit::Millis(unit) => {
                let length = of(unit);
                millis.div_euclid(length) * length
            }
            // 1970-01-05 was a Monday.
            Unit::Week => {
                let length = of(7 * DAY);
                (millis - 4 * DAY).div_euclid(length) * length + 4 * DAY
            }
            Unit::Month | Unit::Expiry => months(millis, of(1)),
            Unit::Year => months(millis, of(12)),
            Unit::Tick | Unit::Volume | Unit::Price | Unit::Momentum | Unit::Renko => return None,
        })
    }
}

impl fmt::Display for CandleSymbol {
    /// The normal form, with which events come back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = UNITS.iter().find(|(.., unit)| *unit == self.unit);
        let name = name.map_or("t", |(name, ..)| name);
        f.write_str(&self.base)?;
        let ticks = self.unit == Unit::Tick && (self.count - 1.0).abs() < f64::EPSILON;
        if ticks && self.attributes.is_empty() {
            return Ok(());
        }
        f.write_str("{=")?;
        if (self.count - 1.0).abs() > f64::EPSILON {
            write!(f, "{}", self.count)?;
        }
        f.write_str(name)?;
        for (key, value) in &self.attributes {
            write!(f, ",{key}={value}")?;
        }
        f.write_str("}")
    }
}

/// The normal form of a candle's symbol; what cannot be read stays as it is.
pub(super) fn normal(symbol: &Symbol) -> Symbol {
    CandleSymbol::parse(symbol).map_or_else(|| symbol.clone(), |parsed| parsed.to_string().into())
}

fn period(value: &str) -> Option<(f64, Unit)> {
    let digits = value
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(value.len());
    let (count, name) = value.split_at(digits);
    let count: f64 = if count.is_empty() {
        1.0
    } else {
        count.parse().ok()?
    };
    let singular = name
        .strip_suffix('s')
        .filter(|name| !name.is_empty())
        .unwrap_or(name);
    let exact = UNITS
        .iter()
        .find(|(short, ..)| *short == name || *short == singular);
    let prefix = || UNITS.iter().find(|(_, long, _)| long.starts_with(singular));
    let (.., unit) = exact.or_else(prefix)?;
    (count > 0.0 && !name.is_empty()).then_some((count, *unit))
}

fn price(value: &str) -> Option<PriceType> {
    Some(match value {
        "last" | "s" => PriceType::Last,
        "bid" => PriceType::Bid,
        "ask" => PriceType::Ask,
        "mark" => PriceType::Mark,
        _ => return None,
    })
}

/// The first moment of the span of `count` months, counted from 1970, that holds this one.
fn months(millis: i64, count: i64) -> i64 {
    let (year, month) = crate::sim::dxlink::days::month_of(millis.div_euclid(86_400_000));
    let number = ((year - 1970) * 12 + month - 1).div_euclid(count) * count;
    let (year, month) = (1970 + number.div_euclid(12), number.rem_euclid(12) + 1);
    crate::sim::dxlink::days::day_of(year, month, 1) * 86_400_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_have_one_normal_form() {
        for (spelling, expected) in [
            ("AAPL{=1m}", "AAPL{=m}"),
            ("AAPL{=1d}", "AAPL{=d}"),
            ("AAPL{=5m,tho=false}", "AAPL{=5m}"),
            ("AAPL{tho=true,=h,a=s}", "AAPL{=h,a=s,tho=true}"),
            ("AAPL{=5minutes}", "AAPL{=5m}"),
            ("AAPL{=1mo}", "AAPL{=mo}"),
            ("EUR/USD{=H,price=Bid}", "EUR/USD{=h,price=bid}"),
            ("AAPL&Q{=d}", "AAPL&Q{=d}"),
            ("AAPL{=1000t}", "AAPL{=1000t}"),
            ("/ESZ26:XCME{=15m}", "/ESZ26:XCME{=15m}"),
            ("AAPL", "AAPL"),
        ] {
            assert_eq!(normal(&spelling.into()), *expected);
        }
        assert_eq!(CandleSymbol::parse("AAPL{=5x}"), None);
    }

    #[test]
    fn candles_begin_where_the_calendar_says() {
        let start = |text: &str| CandleSymbol::parse(text).unwrap().start(1_727_888_462_123);
        assert_eq!(start("A{=m}"), Some(1_727_888_460_000));
        assert_eq!(start("A{=5m}"), Some(1_727_888_400_000));
        assert_eq!(start("A{=d}"), Some(1_727_827_200_000));
        // Monday 2024-09-30, October, the year.
        assert_eq!(start("A{=w}"), Some(1_727_654_400_000));
        assert_eq!(start("A{=mo}"), Some(1_727_740_800_000));
        assert_eq!(start("A{=y}"), Some(1_704_067_200_000));
        assert_eq!(start("A{=100t}"), None);
    }
}
