//! What can be watched, and with which parameters.

use clap::{Args, ValueEnum};
use feedline::Timestamp;

use crate::outcome::{Failure, Outcome};
use crate::venue::dxlink::Since;
use crate::watch::parameters::{name, only};

/// A channel's name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Channel {
    /// Best bid and ask.
    Quotes,
    /// Every execution, and its corrections and cancels.
    #[value(alias = "trades", alias = "time_and_sales")]
    TimeAndSales,
    /// The last sale of regular hours.
    #[value(alias = "last_sales")]
    LastSales,
    /// The last sale of extended hours.
    #[value(alias = "last_sales_eth")]
    LastSalesEth,
    /// The day's prices and open interest.
    Summaries,
    /// Description, trading status and key figures.
    Profiles,
    /// Sensitivities of options.
    Greeks,
    /// The venue's own candles, of symbols such as 'AAPL{=5m}': history, then live; see --from.
    #[value(alias = "candlesticks")]
    Candles,
    /// Volatility and volumes of all options on a symbol.
    Underlyings,
    /// Theoretical prices of options.
    #[value(alias = "theo_prices")]
    TheoPrices,
    /// Executions of the options on a symbol.
    #[value(alias = "option_sales")]
    OptionSales,
    /// Expirations of the options on a symbol.
    Series,
    /// Orders or levels of a book; see --source.
    Orders,
    /// Orders of spreads; see --source.
    #[value(alias = "spread_orders")]
    SpreadOrders,
    /// Orders and what is known of their hidden part; see --source.
    #[value(alias = "analytic_orders")]
    AnalyticOrders,
    /// What a service publishes of its settings.
    Configurations,
    /// What a service publishes.
    Messages,
    /// The aggregated book, whole every time; see --depth and --source.
    Dom,
    /// Events of any type as they come, those of which feedline knows nothing too; see --type.
    Raw,
}

/// Options of single channels, as given.
#[derive(Debug, Args)]
pub(crate) struct Parameters {
    /// Where the history of candles begins: a time such as 2026-01-02T09:30:00Z, or how far back
    /// from now, such as 6h [default: 1d].
    #[arg(long, value_name = "TIME")]
    from: Option<Since>,
    /// Which book: orders, spread-orders and analytic-orders need it, such as NTV; for dom it is
    /// the venue's own choice unless told.
    #[arg(long)]
    source: Option<String>,
    /// Levels a side of dom; all there are unless told.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    depth: Option<u32>,
    /// The venue's name of the event type of raw, such as DailyCandle.
    #[arg(long = "type", value_name = "NAME")]
    event_type: Option<String>,
}

impl Parameters {
    /// One that the channel does not have is an error.
    pub(crate) fn check(&self, channel: Channel) -> Outcome {
        let given = [
            ("--from", self.from.is_some()),
            ("--source", self.source.is_some()),
            ("--depth", self.depth.is_some()),
            ("--type", self.event_type.is_some()),
        ];
        let valid: &[&str] = match channel {
            Channel::Candles => &["--from"],
            Channel::Orders | Channel::SpreadOrders | Channel::AnalyticOrders => &["--source"],
            Channel::Dom => &["--depth", "--source"],
            Channel::Raw => &["--type"],
            _ => &[],
        };
        only(&channel, &given, valid)
    }

    /// Where history begins.
    pub(crate) fn from(&self) -> Timestamp {
        self.from.unwrap_or(Since::DAY).time()
    }

    /// The book of a channel that has none of its own choice.
    pub(crate) fn needed_source(&self, channel: Channel) -> Outcome<&str> {
        // Of an unknown source the venue says nothing, so that a guess might wait for ever.
        self.source().ok_or_else(|| {
            let name = name(&channel);
            Failure::usage(format!("{name} needs --source, such as --source NTV"))
        })
    }

    /// The book, if one is named.
    pub(crate) fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// The most levels a side; zero is the venue's word for all.
    pub(crate) fn depth(&self) -> u32 {
        self.depth.unwrap_or(0)
    }

    /// The event type of a channel that is of none by itself.
    pub(crate) fn event_type(&self) -> Outcome<&str> {
        let needs = "raw needs --type, the venue's name of an event type, such as DailyCandle";
        self.event_type
            .as_deref()
            .ok_or_else(|| Failure::usage(needs))
    }
}
