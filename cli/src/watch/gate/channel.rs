//! What can be watched, and with which parameters.

use clap::{Args, ValueEnum};
use feedline::venue::gate::{
    BookSpeed, DeltaSpeed, Depth, Interval, ObuLevel, ParseParameterError,
};

use crate::outcome::{Failure, Outcome};
use crate::watch::parameters::only;

/// A channel's name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Channel {
    /// Every trade.
    Trades,
    /// Best bid and ask.
    #[value(alias = "book_ticker", alias = "book-ticker")]
    Quotes,
    /// 24-hour summaries.
    Tickers,
    /// The venue's own candles; see --interval.
    #[value(alias = "candles")]
    Candlesticks,
    /// The top of the book, whole every time; see --depth and --speed.
    #[value(alias = "order-book")]
    OrderBook,
    /// Changes of the book; see --speed.
    #[value(alias = "order-book-update")]
    OrderBookUpdate,
    /// A snapshot of the book and then its changes; see --level.
    Obu,
}

/// Options of single channels, as given.
#[derive(Debug, Args)]
pub(crate) struct Parameters {
    /// Length of candlesticks: 10s, 30s, 1m (default), 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h,
    /// 1d, 7d, 30d.
    #[arg(long)]
    interval: Option<Interval>,
    /// Levels a side of order_book: 5, 10, 20 (default), 30, 50, 100.
    #[arg(long)]
    depth: Option<Depth>,
    /// How often order_book comes, 100ms (default) or 1000ms, or order_book_update, 100ms (default)
    /// or 20ms.
    #[arg(long)]
    speed: Option<String>,
    /// Levels a side of obu: 50 (default), 400.
    #[arg(long)]
    level: Option<ObuLevel>,
}

/// A channel with all of its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selected {
    Trades,
    Quotes,
    Tickers,
    Candlesticks(Interval),
    OrderBook(Depth, BookSpeed),
    OrderBookUpdate(DeltaSpeed),
    Obu(ObuLevel),
}

impl Parameters {
    /// The channel with its parameters; one that it does not have is an error.
    pub(crate) fn select(&self, channel: Channel) -> Outcome<Selected> {
        let given = [
            ("--interval", self.interval.is_some()),
            ("--depth", self.depth.is_some()),
            ("--speed", self.speed.is_some()),
            ("--level", self.level.is_some()),
        ];
        let (selected, valid): (_, &[&str]) = match channel {
            Channel::Trades => (Selected::Trades, &[]),
            Channel::Quotes => (Selected::Quotes, &[]),
            Channel::Tickers => (Selected::Tickers, &[]),
            Channel::Candlesticks => {
                let interval = self.interval.unwrap_or(Interval::Minutes1);
                (Selected::Candlesticks(interval), &["--interval"])
            }
            Channel::OrderBook => {
                let depth = self.depth.unwrap_or(Depth::Levels20);
                let speed = self.speed_or(BookSpeed::Millis100)?;
                (Selected::OrderBook(depth, speed), &["--depth", "--speed"])
            }
            Channel::OrderBookUpdate => {
                let speed = self.speed_or(DeltaSpeed::Millis100)?;
                (Selected::OrderBookUpdate(speed), &["--speed"])
            }
            Channel::Obu => {
                let level = self.level.unwrap_or(ObuLevel::Levels50);
                (Selected::Obu(level), &["--level"])
            }
        };
        only(&channel, &given, valid)?;
        Ok(selected)
    }

    fn speed_or<S>(&self, default: S) -> Outcome<S>
    where
        S: std::str::FromStr<Err = ParseParameterError>,
    {
        self.speed.as_deref().map_or(Ok(default), |text| {
            text.parse()
                .map_err(|error| Failure::usage(format!("--speed: {error}")))
        })
    }
}
