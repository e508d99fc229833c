use std::fmt;
use std::str::FromStr;

use super::attribute::named;
use crate::decimal::{self, Decimal};
use crate::market::Interval;

/// How long a candle is: an amount and what it counts. Shown in the venue's normal form: `5m`, `d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CandlePeriod {
    /// Positive, without trailing zeros.
    amount: Decimal,
    unit: PeriodUnit,
}

/// What a [`CandlePeriod`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PeriodUnit {
    /// Trades or changes of the price.
    Tick,
    /// Seconds.
    Second,
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days.
    Day,
    /// Weeks.
    Week,
    /// Months.
    Month,
    /// Months that end with the third Friday, on which options expire.
    OptionMonth,
    /// Years.
    Year,
    /// Amount traded.
    Volume,
    /// Price range.
    Price,
    /// Price momentum.
    PriceMomentum,
    /// Renko bricks.
    PriceRenko,
}

impl PeriodUnit {
    /// The long names, in the order in which a beginning of one is looked for.
    const NAMES: [(&'static str, Self); 13] = [
        ("tick", Self::Tick),
        ("second", Self::Second),
        ("minute", Self::Minute),
        ("hour", Self::Hour),
        ("day", Self::Day),
        ("week", Self::Week),
        ("month", Self::Month),
        ("optexp", Self::OptionMonth),
        ("year", Self::Year),
        ("volume", Self::Volume),
        ("price", Self::Price),
        ("price_momentum", Self::PriceMomentum),
        ("price_renko", Self::PriceRenko),
    ];

    /// The venue's short form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tick => "t",
            Self::Second => "s",
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
            Self::Week => "w",
            Self::Month => "mo",
            Self::OptionMonth => "o",
            Self::Year => "y",
            Self::Volume => "v",
            Self::Price => "p",
            Self::PriceMomentum => "pm",
            Self::PriceRenko => "pr",
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut units = Self::NAMES.iter().map(|(_, unit)| *unit);
        let short = units.find(|unit| unit.as_str().eq_ignore_ascii_case(text));
        short.or_else(|| named(text, &Self::NAMES))
    }
}

macro_rules! constructors {
    ($($name:ident => $unit:ident),*) => {$(
        #[doc = concat!("`count` ", stringify!($name), ".")]
        ///
        /// # Panics
        ///
        /// If `count` is zero.
        pub fn $name(count: u32) -> Self {
            assert!(count > 0, "a candle is at least one unit long");
            Self { amount: count.into(), unit: PeriodUnit::$unit }
        }
    )*};
}

impl CandlePeriod {
    constructors!(
        ticks => Tick, seconds => Second, minutes => Minute, hours => Hour, days => Day,
        weeks => Week, months => Month, years => Year
    );

    /// This much of the unit.
    ///
    /// # Errors
    ///
    /// If `amount` is not positive.
    pub fn new(amount: Decimal, unit: PeriodUnit) -> Result<Self, ParsePeriodError> {
        let amount = amount.normalize();
        if amount.is_sign_negative() || amount.is_zero() {
            let text = format!("{amount}{}", unit.as_str());
            return Err(ParsePeriodError { text });
        }
        Ok(Self { amount, unit })
    }

    /// How much of the unit.
    pub const fn amount(self) -> Decimal {
        self.amount
    }

    /// What it counts.
    pub const fn unit(self) -> PeriodUnit {
        self.unit
    }

    /// The same length as an [`Interval`].
    ///
    /// `None` where there is none: for months of options and for lengths in prices, and for
    /// fractions that are no whole seconds. A year is twelve months.
    pub fn interval(self) -> Option<Interval> {
        let whole = |units: u32| {
            let count = self.amount.checked_mul(units.into())?;
            let count = count.is_integer().then(|| u32::try_from(count).ok())?;
            count.filter(|count| *count > 0)
        };
        match self.unit {
            PeriodUnit::Tick => whole(1).map(Interval::trades),
            PeriodUnit::Second => whole(1).map(Interval::seconds),
            PeriodUnit::Minute => whole(1)
                .map(Interval::minutes)
                .or_else(|| whole(60).map(Interval::seconds)),
            PeriodUnit::Hour => whole(1)
                .map(Interval::hours)
                .or_else(|| whole(60).map(Interval::minutes))
                .or_else(|| whole(3_600).map(Interval::seconds)),
            PeriodUnit::Day => whole(1).map(Interval::days),
            PeriodUnit::Week => whole(1).map(Interval::weeks),
            PeriodUnit::Month => whole(1).map(Interval::months),
            PeriodUnit::Year => whole(12).map(Interval::months),
            PeriodUnit::Volume => Interval::volume(self.amount).ok(),
            PeriodUnit::OptionMonth
            | PeriodUnit::Price
            | PeriodUnit::PriceMomentum
            | PeriodUnit::PriceRenko => None,
        }
    }
}

impl Default for CandlePeriod {
    /// One tick.
    fn default() -> Self {
        Self {
            amount: Decimal::ONE,
            unit: PeriodUnit::Tick,
        }
    }
}

impl fmt::Display for CandlePeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.amount != Decimal::ONE {
            fmt::Display::fmt(&self.amount, f)?;
        }
        f.write_str(self.unit.as_str())
    }
}

/// What is no [`CandlePeriod`], with what would be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a period: expected a positive amount, or none for one, and one of t (ticks), s, \
     m (minutes), h, d, w, mo (months), o (option expirations), y, v (volume), p (price), pm (price \
     momentum), pr (price renko), such as 5m, d or 1000t"
)]
pub struct ParsePeriodError {
    text: String,
}

impl FromStr for CandlePeriod {
    type Err = ParsePeriodError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParsePeriodError {
            text: text.to_owned(),
        };
        let digits = |c: char| c.is_ascii_digit() || c == '.';
        let at = text.find(|c| !digits(c)).ok_or_else(error)?;
        let (amount, unit) = text.split_at(at);
        let unit = PeriodUnit::from_text(unit).ok_or_else(error)?;
        let amount = match amount {
            "" => Decimal::ONE,
            digits => decimal::parse(digits).map_err(|_| error())?,
        };
        Self::new(amount, unit).map_err(|_| error())
    }
}
