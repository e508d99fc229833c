//! Where history begins.

use std::str::FromStr;
use std::time::Duration;

use feedline::{Clock, Timestamp};

/// A point in time, as such or counted back from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    At(Timestamp),
    Ago(Duration),
}

impl Since {
    pub(crate) const DAY: Self = Self::Ago(Duration::from_secs(86_400));

    /// The point in time.
    pub(crate) fn time(self) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(duration) => Clock::system().now().wall.saturating_sub(duration),
        }
    }
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(duration) = humantime::parse_duration(text) {
            return Ok(Self::Ago(duration));
        }
        text.parse().map(Self::At).map_err(|_| {
            "expected a time such as 2026-01-02T09:30:00Z, or how far back from now, such as 1d or 6h"
                .to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_or_a_duration_back_from_now() {
        let time = "2026-01-02T09:30:00Z";
        assert_eq!(time.parse(), Ok(Since::At(time.parse().unwrap())));
        let offset = "2026-01-02T09:30:00-05:00".parse::<Since>().unwrap();
        assert_eq!(offset.time().to_string(), "2026-01-02T14:30:00Z");
        assert_eq!("1d".parse(), Ok(Since::DAY));
        let back = Clock::system().now().wall.duration_since(Since::DAY.time());
        assert!(back.as_secs().abs_diff(86_400) < 60, "{back:?}");
        assert!("yesterday".parse::<Since>().unwrap_err().contains("6h"));
        assert!("2026-01-02".parse::<Since>().is_err());
    }
}
