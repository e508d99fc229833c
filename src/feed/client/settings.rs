//! Which settings of a client can be used. They are checked when it is built.

use std::time::Duration;

use crate::Error;
use crate::feed::{Backoff, Changes, HubConfig};

/// Longer than anything that is waited for.
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// Between connects to a venue that fails at once.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

fn invalid<T>(text: String) -> Result<T, Error> {
    Err(Error::invalid(text))
}

/// A time in which something must happen.
pub(crate) fn within(name: &str, time: Duration) -> Result<(), Error> {
    if time.is_zero() || time > DAY {
        return invalid(format!(
            "{name} must be more than nothing and at most a day, not {time:?}"
        ));
    }
    Ok(())
}

/// A time over which something is gathered; nothing is allowed.
#[cfg(any(feature = "dxlink", test))]
pub(crate) fn at_most_a_day(name: &str, time: Duration) -> Result<(), Error> {
    if time > DAY {
        return invalid(format!("{name} must be at most a day, not {time:?}"));
    }
    Ok(())
}

/// A number of what there must be some of.
pub(crate) fn at_least_one(name: &str, count: usize) -> Result<(), Error> {
    if count == 0 {
        return invalid(format!("{name} must be at least 1"));
    }
    Ok(())
}

impl HubConfig {
    /// Whether it can be used. Any linger can: beyond all time, connections are kept for ever.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.backoff.check()?;
        at_least_one("max_topics", self.max_topics)?;
        at_least_one(
            "topics_per_connection",
            self.topics_per_connection.unwrap_or(usize::MAX),
        )
    }
}

impl Backoff {
    fn check(&self) -> Result<(), Error> {
        let Self {
            first,
            cap,
            live_cap,
            half_life,
        } = self;
        if *first < SHORTEST_WAIT || first > cap || *cap > DAY {
            return invalid(format!(
                "a backoff's first wait must be at least {SHORTEST_WAIT:?} and no longer than its cap, \
                 which must be at most a day; not {first:?} and {cap:?}"
            ));
        }
        if *live_cap < SHORTEST_WAIT {
            return invalid(format!(
                "a backoff's live_cap must be at least {SHORTEST_WAIT:?}, not {live_cap:?}"
            ));
        }
        if half_life.is_zero() {
            return invalid("a backoff's half_life must be more than nothing".to_owned());
        }
        Ok(())
    }
}

impl Changes {
    /// Whether it can be kept to.
    #[cfg(feature = "dxlink")]
    pub(crate) fn check(&self) -> Result<(), Error> {
        at_least_one("the count of changes", self.count)?;
        within("the span of changes", self.per)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff(first: Duration, cap: Duration) -> Result<(), Error> {
        let config = HubConfig {
            backoff: Backoff {
                first,
                cap,
                ..Backoff::default()
            },
            ..HubConfig::default()
        };
        config.check()
    }

    fn live(live_cap: Duration, half_life: Duration) -> Result<(), Error> {
        let config = HubConfig {
            backoff: Backoff {
                live_cap,
                half_life,
                ..Backoff::default()
            },
            ..HubConfig::default()
        };
        config.check()
    }

    #[test]
    fn what_can_be_used_can_be_used() {
        assert!(HubConfig::default().check().is_ok());
        assert!(backoff(SHORTEST_WAIT, SHORTEST_WAIT).is_ok());
        assert!(backoff(DAY, DAY).is_ok());
        assert!(live(Duration::MAX, Duration::MAX).is_ok());
        let forever = HubConfig {
            linger: Duration::MAX,
            max_topics: usize::MAX,
            topics_per_connection: Some(1),
            ..HubConfig::default()
        };
        assert!(forever.check().is_ok());
        assert!(within("x", DAY).is_ok() && at_most_a_day("x", Duration::ZERO).is_ok());
    }

    #[test]
    fn what_cannot_be_used_is_named_with_what_can() {
        let second = Duration::from_secs(1);
        let none = |max_topics, topics_per_connection| HubConfig {
            max_topics,
            topics_per_connection,
            ..HubConfig::default()
        };
        for (refused, named) in [
            (backoff(Duration::MAX, Duration::MAX), "first wait"),
            (backoff(Duration::MAX, second), "first wait"),
            (backoff(second, Duration::MAX), "cap"),
            (backoff(2 * second, second), "cap"),
            (backoff(Duration::ZERO, second), "1ms"),
            (live(Duration::ZERO, second), "live_cap"),
            (live(second, Duration::ZERO), "half_life"),
            (none(0, None).check(), "max_topics must be at least 1"),
            (none(1, Some(0)).check(), "topics_per_connection"),
            (within("x", Duration::ZERO), "x must be more than nothing"),
            (within("x", Duration::MAX), "at most a day"),
            (at_most_a_day("x", Duration::MAX), "x must be"),
        ] {
            let error = refused.unwrap_err();
            assert!(matches!(error.kind(), crate::ErrorKind::Invalid(_)));
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}
