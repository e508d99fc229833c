//! Days since 1970 and the civil calendar.

/// The year and month that hold a day.
pub(super) fn month_of(day: i64) -> (i64, i64) {
    let (year, month, _) = civil(day);
    (year, month)
}

/// Year, month and day of a day since 1970-01-01, by Hinnant's method for the Gregorian calendar.
pub(in crate::sim) fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted_month + 2) / 5 + 1)
}

/// The day since 1970-01-01 of a date.
pub(in crate::sim) fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_days_agree() {
        assert_eq!(day_of(1970, 1, 1), 0);
        assert_eq!(day_of(2026, 7, 31), 20_665);
        assert_eq!(civil(20_665), (2026, 7, 31));
        for day in (-1_000..40_000).step_by(17) {
            let (year, month, date) = civil(day);
            assert_eq!(day_of(year, month, date), day);
        }
    }
}
