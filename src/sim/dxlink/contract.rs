//! How a channel delivers events.

use super::schema::{EventType, Family};

/// The contract of a `FEED` channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contract {
    Auto,
    Ticker,
    Stream,
    History,
}

/// How the events of one item are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// The last one counts.
    Ticker,
    /// Every one.
    Stream,
    /// A snapshot, then what changes.
    History,
}

impl Contract {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "AUTO" => Self::Auto,
            "TICKER" => Self::Ticker,
            "STREAM" => Self::Stream,
            "HISTORY" => Self::History,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Auto => "AUTO",
            Self::Ticker => "TICKER",
            Self::Stream => "STREAM",
            Self::History => "HISTORY",
        }
    }

    /// How this contract delivers a type; `None` if it cannot. What `AUTO` makes of each type is
    /// told by dxFeed's knowledge base for a few, and taken from their nature for the others.
    pub(super) fn mode(self, kind: &EventType, everything: bool, timed: bool) -> Option<Mode> {
        Some(match self {
            Self::Stream => Mode::Stream,
            Self::Auto if everything => Mode::Stream,
            _ if everything => return None,
            Self::Ticker if kind.family == Family::Passing => return None,
            Self::Ticker => Mode::Ticker,
            Self::History if kind.is_indexed() => Mode::History,
            Self::History => return None,
            Self::Auto => match kind.family {
                Family::Sourced | Family::Indexed => Mode::History,
                Family::TimeSeries if timed || kind.name == "Candle" => Mode::History,
                Family::TimeSeries if kind.name != "TimeAndSale" => Mode::Ticker,
                Family::TimeSeries | Family::Passing => Mode::Stream,
                Family::Lasting => Mode::Ticker,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(name: &str, timed: bool) -> Option<Mode> {
        Contract::Auto.mode(EventType::named(name).unwrap(), false, timed)
    }

    #[test]
    fn auto_goes_by_the_type() {
        assert_eq!(auto("Quote", false), Some(Mode::Ticker));
        assert_eq!(auto("Candle", false), Some(Mode::History));
        assert_eq!(auto("Order", false), Some(Mode::History));
        assert_eq!(auto("Greeks", false), Some(Mode::Ticker));
        assert_eq!(auto("Greeks", true), Some(Mode::History));
        assert_eq!(auto("TimeAndSale", false), Some(Mode::Stream));
        assert_eq!(auto("TimeAndSale", true), Some(Mode::History));
    }

    #[test]
    fn what_has_no_index_has_no_history() {
        let quote = EventType::named("Quote").unwrap();
        assert_eq!(Contract::History.mode(quote, false, true), None);
        assert_eq!(Contract::Ticker.mode(quote, true, false), None);
        assert_eq!(
            Contract::Stream.mode(quote, true, false),
            Some(Mode::Stream)
        );
    }
}
