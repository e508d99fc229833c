//! How long a server wants to be left alone.

use std::time::{Duration, SystemTime};

use tokio_tungstenite::tungstenite::http::HeaderMap;
use tokio_tungstenite::tungstenite::http::header::{DATE, HeaderName, RETRY_AFTER};

/// Nobody is left alone for longer.
const LONGEST: Duration = Duration::from_secs(3_600);

/// What `Retry-After` says, in seconds or as a date; at most an hour. A date is compared with the
/// server's own, if it tells that.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let value = text(RETRY_AFTER)?;
    let after = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        // More than can be counted is longer than the longest, too.
        Err(_) if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => LONGEST,
        Err(_) => {
            let until = date(value)?;
            let now = text(DATE).and_then(date).unwrap_or_else(SystemTime::now);
            until.duration_since(now).unwrap_or_default()
        }
    };
    Some(after.min(LONGEST))
}

/// A date in one of the three forms of HTTP.
fn date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(headers: &[(&'static str, &str)]) -> Option<u64> {
        let headers = headers.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, value.parse().unwrap())
        });
        retry_after(&headers.collect()).map(|after| after.as_secs())
    }

    #[test]
    fn seconds_and_dates_are_understood_and_bounded() {
        assert_eq!(after(&[]), None);
        assert_eq!(after(&[("retry-after", "20")]), Some(20));
        assert_eq!(after(&[("retry-after", " 0 ")]), Some(0));
        assert_eq!(after(&[("retry-after", "86400")]), Some(3_600));
        assert_eq!(after(&[("retry-after", &"9".repeat(40))]), Some(3_600));
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let later = |text| after(&[("retry-after", text), date]);
        assert_eq!(later("Sun, 06 Nov 1994 08:50:07 GMT"), Some(30));
        assert_eq!(later("Sun, 06 Nov 1994 08:49:07 GMT"), Some(0));
        assert_eq!(later("Mon, 07 Nov 1994 08:49:37 GMT"), Some(3_600));
        assert_eq!(later("Sunday, 06-Nov-94 08:50:07 GMT"), Some(30));
        assert_eq!(later("Sun Nov  6 08:50:07 1994"), Some(30));
        assert_eq!(later("Fri, 31 Dec 9999 23:59:59 GMT"), Some(3_600));
        for nonsense in ["", "-5", "soon", "1.5", "Sun, 06 Nov"] {
            assert_eq!(later(nonsense), None, "{nonsense}");
        }
        // Long past, by whatever clock.
        let past = after(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]);
        assert_eq!(past, Some(0));
    }
}
