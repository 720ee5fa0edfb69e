//! Times for people and programs, in UTC.

/// `2026-11-22T13:17:57Z` for milliseconds since the Unix epoch.
///
/// Days are turned into a date by Howard Hinnant's `civil_from_days`.
pub fn rfc3339(ms: u64) -> String {
    let seconds = ms / 1000;
    let (day, second) = (i64::try_from(seconds / 86_400).unwrap_or(0), seconds % 86_400);
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day_of_month:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn known_moments() {
        assert_eq!(super::rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(super::rfc3339(951_827_696_000), "2000-02-29T12:34:56Z");
        assert_eq!(super::rfc3339(1_795_353_477_000), "2026-11-22T13:17:57Z");
    }
}
