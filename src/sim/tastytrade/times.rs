//! Times as tastytrade writes them.

use crate::Timestamp;
use crate::sim::dxlink::days::civil;

/// With milliseconds and an offset: `2026-08-03T14:30:00.000+00:00`.
pub(super) fn iso(time: Timestamp) -> String {
    let millis = time.as_millis();
    let (day, rest) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let (year, month, date) = civil(day);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, milli) = (rest / 1_000 % 60, rest % 1_000);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}+00:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_and_an_offset() {
        let time = Timestamp::from_millis(1_790_859_180_007).unwrap();
        assert_eq!(iso(time), "2026-10-01T12:53:00.007+00:00");
    }
}
