//! How time or trading is cut into candles, as the command line says.

use std::time::Duration;

use clap::Args;
use feedline::adapters::Candles;
use feedline::market::{Calendar, EmptyIntervals, Interval, Session, Tick};
use feedline::{Feed, FeedExt};

use crate::outcome::{Failure, Outcome};

#[derive(Debug, Args)]
pub(crate) struct Cut {
    /// Length of a candle: 10s, 5m, 4h, 1d, 1w, 1M (months), or of trading, however long that
    /// takes: 100t (trades), 2.5v (volume), 50000q (turnover).
    #[arg(long, default_value = "1m")]
    interval: Interval,
    /// In which time zone days begin and times are shown, such as America/New_York; UTC unless
    /// told.
    #[arg(long, value_parser = Calendar::named)]
    zone: Option<Calendar>,
    /// When the market is open, by the time zone's clock: "Mon-Fri 09:30-16:00".
    #[arg(long, value_name = "DAYS HOURS")]
    session: Option<Session>,
    /// For how long after its end a candle may be revised by trades that come late; not at all
    /// unless told.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    grace: Option<Duration>,
    /// How long after its end the candle of a quiet symbol is final [default: 1s].
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    delay: Option<Duration>,
    /// Make candles of intervals without trades too, at the last close.
    #[arg(long)]
    repeat_empty: bool,
}

impl Cut {
    /// Candles of trading know no time: what tells of time is a mistake with them.
    pub(crate) fn check(&self) -> Outcome {
        let of_time = [
            ("--session", self.session.is_some()),
            ("--grace", self.grace.is_some()),
            ("--delay", self.delay.is_some()),
            ("--repeat-empty", self.repeat_empty),
        ];
        let given = of_time.iter().find(|(_, given)| *given);
        match given {
            Some((name, _)) if !self.interval.unit().is_time() => Err(Failure::usage(format!(
                "candles of {} have no {name}: only those of time do, such as 1m",
                self.interval
            ))),
            _ => Ok(()),
        }
    }

    /// The calendar, by which times are shown too.
    pub(crate) fn calendar(&self) -> Calendar {
        let calendar = self.zone.clone().unwrap_or_default();
        match self.session {
            Some(session) => calendar.session(session),
            None => calendar,
        }
    }

    /// Candles of these trades, partial ones included.
    pub(crate) fn candles<S>(&self, trades: S) -> Candles<S>
    where
        S: Feed,
        S::Data: Tick,
    {
        let mut candles = trades.candles(self.interval).calendar(self.calendar());
        if let Some(grace) = self.grace {
            candles = candles.grace(grace);
        }
        if let Some(delay) = self.delay {
            candles = candles.delay(delay);
        }
        if self.repeat_empty {
            candles = candles.empty(EmptyIntervals::Repeat);
        }
        candles
    }
}
