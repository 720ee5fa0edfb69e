//! Points in time: when a commit was made, as instances, archives and registries write it.

use std::fmt;

const DAY: i64 = 86_400;

/// A point in time, in seconds since the Unix epoch (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// That of so many seconds since the epoch.
    pub fn of_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// As ISO 8601 writes it: a date, with or without a time. A zone's distance is not counted: a day more or less
    /// decides nothing here.
    pub fn read(text: &str) -> Option<Self> {
        let mut numbers = text
            .split(|letter: char| !letter.is_ascii_digit())
            .map(str::parse::<i64>);
        let mut next = || numbers.next()?.ok();
        let (year, month, day) = (next()?, next()?, next()?);
        let time = (next().unwrap_or(0), next().unwrap_or(0), next().unwrap_or(0));
        let of_day = (0..=24).contains(&time.0) && (0..60).contains(&time.1) && (0..=60).contains(&time.2);
        let of_year = (1..=12).contains(&month) && (1..=31).contains(&day);
        ((1970..10_000).contains(&year) && of_year && of_day)
            .then(|| Self(days(year, month, day) * DAY + time.0 * 3_600 + time.1 * 60 + time.2))
    }

    /// So many days later.
    #[must_use]
    pub fn days_later(self, days: i64) -> Self {
        Self(self.0 + days * DAY)
    }

    /// Seconds since the epoch.
    pub fn seconds(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.0.div_euclid(DAY));
        let rest = self.0.rem_euclid(DAY);
        let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
        write!(
            formatter,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

/// Days from the epoch to a date. A year begins with March here, so that leap days come last (the proleptic Gregorian
/// calendar of ISO 8601).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month = (month + 9) % 12;
    let of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

/// The date so many days after the epoch.
fn date(since: i64) -> (i64, i64, i64) {
    // Never too late by more than a year.
    let mut year = 1970 + since.div_euclid(366);
    while days(year + 1, 1, 1) <= since {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days(year, month + 1, 1) <= since {
        month += 1;
    }
    (year, month, since - days(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_and_written_as_it_was() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2000-02-29T23:59:59Z",
            "2024-12-31T06:07:08Z",
            "2100-03-01T00:00:00Z",
        ] {
            assert_eq!(Moment::read(text).unwrap().to_string(), text);
        }
        assert_eq!(Moment::read("2024-03-01").unwrap().seconds(), 1_709_251_200);
        let first = Moment::read("2024-01-01").unwrap();
        assert_eq!(first.days_later(60).to_string(), "2024-03-01T00:00:00Z");
        assert_eq!(
            ["", "soon", "2024-13-01", "2024-01", "2024-01-01T9000000000000000000:00"].map(Moment::read),
            [None; 5]
        );
    }
}
