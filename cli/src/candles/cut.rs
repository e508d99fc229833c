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
    /// takes: 100t (trades), 2.5v (volume), 50000q (turnover) [default: 1m].
    #[arg(long, global = true)]
    interval: Option<Interval>,
    /// In which time zone days begin and times are shown, such as America/New_York; UTC unless
    /// told.
    #[arg(long, global = true, value_parser = Calendar::named)]
    zone: Option<Calendar>,
    /// When the market is open, by the time zone's clock: "Mon-Fri 09:30-16:00".
    #[arg(long, global = true, value_name = "DAYS HOURS")]
    session: Option<Session>,
    /// For how long after its end a candle may be revised by trades that come late; not at all
    /// unless told.
    #[arg(long, global = true, value_name = "DURATION", value_parser = humantime::parse_duration)]
    grace: Option<Duration>,
    /// How long after its end the candle of a quiet symbol is final [default: 1s].
    #[arg(long, global = true, value_name = "DURATION", value_parser = humantime::parse_duration)]
    delay: Option<Duration>,
    /// Make candles of intervals without trades too, at the last close.
    #[arg(long, global = true)]
    repeat_empty: bool,
}

impl Cut {
    fn interval(&self) -> Interval {
        self.interval.unwrap_or(Interval::minutes(1))
    }

    /// Candles of trading know no time: what tells of time is a mistake with them.
    pub(crate) fn check(&self) -> Outcome {
        let interval = self.interval();
        let given = self.of_time().into_iter().find(|(_, given)| *given);
        match given {
            Some((name, _)) if !interval.unit().is_time() => Err(Failure::usage(format!(
                "candles of {interval} have no {name}: only those of time do, such as 1m"
            ))),
            _ => Ok(()),
        }
    }

    /// Fails if anything is said of how to cut candles that are not made here, which is `why`.
    pub(crate) fn refuse(&self, why: &str) -> Outcome {
        let interval = [("--interval", self.interval.is_some())];
        let given = interval.into_iter().chain(self.of_time());
        match given.into_iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((name, _)) => Err(Failure::usage(format!(
                "{name} is for candles that are made of trades: {why}"
            ))),
        }
    }

    fn of_time(&self) -> [(&'static str, bool); 4] {
        [
            ("--session", self.session.is_some()),
            ("--grace", self.grace.is_some()),
            ("--delay", self.delay.is_some()),
            ("--repeat-empty", self.repeat_empty),
        ]
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
        let mut candles = trades.candles(self.interval()).calendar(self.calendar());
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
