//! Options: what their symbols say, and numbers that could be theirs.

use std::f64::consts::{PI, SQRT_2};

use super::days::day_of;

/// The interest rate everything is computed with.
pub(super) const INTEREST: f64 = 0.04;

/// An option, as its symbol describes it: `.AAPL230818C197.5`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OptionSymbol {
    pub(super) root: String,
    /// The day, counted from 1970-01-01.
    pub(super) expiration: i64,
    pub(super) is_call: bool,
    pub(super) strike: f64,
}

impl OptionSymbol {
    pub(super) fn parse(symbol: &str) -> Option<Self> {
        let text = symbol.strip_prefix('.').filter(|text| text.is_ascii())?;
        let right = text.rfind(['C', 'P'])?;
        let date = text.get(right.checked_sub(6)?..right)?;
        let part = |at: usize| date.get(at..at + 2)?.parse::<i64>().ok();
        let (year, month, day) = (part(0)?, part(2)?, part(4)?);
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        Some(Self {
            root: text[..right - 6].to_owned(),
            expiration: day_of(2_000 + year, month, day),
            is_call: text.as_bytes()[right] == b'C',
            strike: text[right + 1..].parse().ok()?,
        })
    }
}

/// What a model says of an option.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    pub(super) price: f64,
    pub(super) volatility: f64,
    pub(super) delta: f64,
    pub(super) gamma: f64,
    pub(super) theta: f64,
    pub(super) rho: f64,
    pub(super) vega: f64,
}

impl Model {
    /// Black and Scholes, with a volatility that smiles; `days` to expiration, at least one.
    pub(super) fn new(option: &OptionSymbol, spot: f64, today: i64) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "a count of days")]
        let years = (option.expiration - today).max(1) as f64 / 365.0;
        let distance = (spot / option.strike).ln();
        let volatility = 0.22 + 0.3 * distance * distance;
        let root = volatility * years.sqrt();
        let d1 = (distance + (INTEREST + volatility * volatility / 2.0) * years) / root;
        let d2 = d1 - root;
        let discount = (-INTEREST * years).exp();
        let sign = if option.is_call { 1.0 } else { -1.0 };
        let density = (-d1 * d1 / 2.0).exp() / (2.0 * PI).sqrt();
        let held = option.strike * discount * normal(sign * d2);
        let decay = -spot * density * volatility / (2.0 * years.sqrt());
        Self {
            price: round(sign * spot * normal(sign * d1) - sign * held),
            volatility: round(volatility),
            delta: round(sign * normal(sign * d1)),
            gamma: round(density / (spot * root)),
            theta: round((decay - sign * INTEREST * held) / 365.0),
            rho: round(sign * held * years / 100.0),
            vega: round(spot * density * years.sqrt() / 100.0),
        }
    }
}

/// Digits beyond the sixth say nothing here.
pub(super) fn round(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

/// The normal distribution, by Abramowitz and Stegun 7.1.26.
fn normal(x: f64) -> f64 {
    let z = x.abs() / SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series = t
        * (0.254_829_592
            + t * (-0.284_496_736
                + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let tail = series * (-z * z).exp() / 2.0;
    if x < 0.0 { tail } else { 1.0 - tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_taken_apart() {
        let option = OptionSymbol::parse(".AAPL230818C197.5").unwrap();
        assert_eq!((option.root.as_str(), option.strike), ("AAPL", 197.5));
        assert_eq!(option.expiration, day_of(2023, 8, 18));
        assert!(option.is_call);
        assert!(!OptionSymbol::parse(".SPXW231113P3550").unwrap().is_call);
        assert_eq!(OptionSymbol::parse("AAPL"), None);
        assert_eq!(OptionSymbol::parse("./OGN25P2095:XCEC"), None);
        assert_eq!(OptionSymbol::parse(".C"), None);
    }

    #[test]
    fn models_are_plausible() {
        let call = OptionSymbol::parse(".AAPL270115C230").unwrap();
        let put = OptionSymbol {
            is_call: false,
            ..call.clone()
        };
        let today = call.expiration - 365;
        let (call, put) = (
            Model::new(&call, 230.0, today),
            Model::new(&put, 230.0, today),
        );
        // Put and call parity.
        let forward = 230.0 - 230.0 * (-INTEREST).exp();
        assert!((call.price - put.price - forward).abs() < 1e-3);
        assert!(call.delta > 0.5 && put.delta < 0.0 && call.theta < 0.0 && call.vega > 0.0);
    }
}
