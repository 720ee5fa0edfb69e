//! Short words for times and counts.

/// A duration that stays readable at a glance: `850 ms`, `3.2 s`, `1 m 05 s`, `2 h 03 m`, `3 d 04 h`.
/// Rounded down, so that a clock never shows a time that has not come.
pub(crate) fn duration(ms: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let seconds = ms / 1_000;
    match seconds {
        0 => format!("{ms} ms"),
        1..MINUTE => format!("{}.{} s", seconds, ms % 1_000 / 100),
        MINUTE..HOUR => format!("{} m {:02} s", seconds / MINUTE, seconds % MINUTE),
        HOUR..DAY => format!("{} h {:02} m", seconds / HOUR, seconds % HOUR / MINUTE),
        _ => format!("{} d {:02} h", seconds / DAY, seconds % DAY / HOUR),
    }
}

/// A count in at most five columns, rounded down: `999`, `12.3k`, `123k`, `1.2M`, `4.5G`.
pub(crate) fn count(n: u64) -> String {
    let (unit, letter) = match n {
        0..1_000 => return n.to_string(),
        1_000..1_000_000 => (1_000, 'k'),
        1_000_000..1_000_000_000 => (1_000_000, 'M'),
        _ => (1_000_000_000, 'G'),
    };
    if n / unit < 100 {
        format!("{}.{}{letter}", n / unit, n % unit / (unit / 10))
    } else {
        format!("{}{letter}", n / unit)
    }
}

/// `1 agent`, `2 agents`, `12.3k agents`.
pub(crate) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::{count, counted, duration};

    #[test]
    fn durations() {
        let shown = [0, 850, 999, 1_000, 3_299, 59_999, 60_000, 65_000, 3_599_999].map(duration);
        let expected = [
            "0 ms",
            "850 ms",
            "999 ms",
            "1.0 s",
            "3.2 s",
            "59.9 s",
            "1 m 00 s",
            "1 m 05 s",
            "59 m 59 s",
        ];
        assert_eq!(shown, expected);
        assert_eq!(duration(7_380_000), "2 h 03 m");
        assert_eq!(duration(1_000 * 60 * 60 * 76), "3 d 04 h");
        assert!(!duration(u64::MAX).is_empty());
    }

    #[test]
    fn counts() {
        let shown = [
            0,
            999,
            1_000,
            12_345,
            99_999,
            100_000,
            999_999,
            1_000_000,
            4_560_000_000,
        ]
        .map(count);
        assert_eq!(
            shown,
            ["0", "999", "1.0k", "12.3k", "99.9k", "100k", "999k", "1.0M", "4.5G"]
        );
        assert_eq!(counted(1, "agent", "agents"), "1 agent");
        assert_eq!(counted(0, "agent", "agents"), "0 agents");
    }
}
