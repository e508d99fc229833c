use super::parameter::text_enum;
use crate::market;

text_enum! {
    /// The length of a candle of `spot.candlesticks`.
    ///
    /// Source: Gate Spot WebSocket v4, Candlesticks channel.
    ///
    /// ```
    /// use feedline::venue::gate::Interval;
    ///
    /// assert_eq!("5m".parse(), Ok(Interval::Minutes5));
    /// assert!("2m".parse::<Interval>().unwrap_err().to_string().contains("1m, 3m, 5m"));
    /// ```
    pub enum Interval: "a candle interval" {
        /// 10 seconds.
        Seconds10 = "10s",
        /// 30 seconds.
        Seconds30 = "30s",
        /// 1 minute.
        Minutes1 = "1m",
        /// 3 minutes.
        Minutes3 = "3m",
        /// 5 minutes.
        Minutes5 = "5m",
        /// 15 minutes.
        Minutes15 = "15m",
        /// 30 minutes.
        Minutes30 = "30m",
        /// 1 hour.
        Hours1 = "1h",
        /// 2 hours.
        Hours2 = "2h",
        /// 4 hours.
        Hours4 = "4h",
        /// 6 hours.
        Hours6 = "6h",
        /// 8 hours.
        Hours8 = "8h",
        /// 12 hours.
        Hours12 = "12h",
        /// 1 day.
        Days1 = "1d",
        /// 7 days.
        Days7 = "7d",
        /// 30 days.
        Days30 = "30d",
    }
}

impl From<Interval> for market::Interval {
    fn from(interval: Interval) -> Self {
        match interval {
            Interval::Seconds10 => Self::seconds(10),
            Interval::Seconds30 => Self::seconds(30),
            Interval::Minutes1 => Self::minutes(1),
            Interval::Minutes3 => Self::minutes(3),
            Interval::Minutes5 => Self::minutes(5),
            Interval::Minutes15 => Self::minutes(15),
            Interval::Minutes30 => Self::minutes(30),
            Interval::Hours1 => Self::hours(1),
            Interval::Hours2 => Self::hours(2),
            Interval::Hours4 => Self::hours(4),
            Interval::Hours6 => Self::hours(6),
            Interval::Hours8 => Self::hours(8),
            Interval::Hours12 => Self::hours(12),
            Interval::Days1 => Self::days(1),
            Interval::Days7 => Self::days(7),
            Interval::Days30 => Self::days(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_intervals_read_the_same() {
        assert_eq!(Interval::ALL.len(), 16);
        for &interval in Interval::ALL {
            let text = interval.to_string();
            assert_eq!(text.parse(), Ok(interval));
            assert_eq!(market::Interval::from(interval).to_string(), text);
            let json = serde_json::to_string(&interval).unwrap();
            assert_eq!(json, format!("{text:?}"));
            assert_eq!(serde_json::from_str::<Interval>(&json).ok(), Some(interval));
        }
    }

    #[test]
    fn errors_list_what_is_valid() {
        let error = "2m".parse::<Interval>().unwrap_err();
        assert_eq!(error.valid().len(), 16);
        assert!(error.to_string().ends_with("12h, 1d, 7d, 30d"), "{error}");
    }
}
