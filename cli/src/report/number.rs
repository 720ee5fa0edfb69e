//! Numbers for people.

/// `20,000,000`; the largest number there is means that there is no bound.
pub fn grouped(n: u64) -> String {
    if n == u64::MAX {
        return "any number".into();
    }
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 agent`, `2,000 agents`.
pub fn plural(n: u64, word: &str) -> String {
    let count = if n == u64::MAX {
        "any number of".into()
    } else {
        grouped(n)
    };
    format!("{count} {word}{}", if n == 1 { "" } else { "s" })
}

/// `$0`, `$0.0042`, `$1,234.50`: never less than it is.
pub fn dollars(amount: f64) -> String {
    if amount <= 0.0 {
        return "$0".into();
    }
    let (places, unit) = if amount < 1.0 { (4, 10_000.0) } else { (2, 100.0) };
    // What a float adds in its last digits is no tenth of a cent.
    let smallest = (amount * unit - 1e-6).ceil().max(1.0);
    if smallest >= u64::MAX as f64 {
        return "any number of dollars".into();
    }
    let (smallest, unit) = (smallest as u64, unit as u64);
    format!("${}.{:0places$}", grouped(smallest / unit), smallest % unit)
}

/// `300ms`, `1.5s`, `2h 5m`, `3d`.
pub fn duration(ms: u64) -> String {
    if ms < 1_000 {
        return format!("{ms}ms");
    }
    if ms < 60_000 && !ms.is_multiple_of(1_000) {
        return format!("{}s", ms as f64 / 1_000.0);
    }
    let seconds = ms.div_ceil(1_000);
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let parts = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, unit)| format!("{}{unit}", grouped(*n)));
    parts.collect::<Vec<_>>().join(" ")
}

/// `0 B`, `999 B`, `4.1 kB`, `12.0 MB`.
pub fn bytes(n: u64) -> String {
    let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let amount = n as f64;
    match units.iter().find(|(size, _)| amount >= *size) {
        Some((size, unit)) => format!("{:.1} {unit}", amount / size),
        None => format!("{n} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_short() {
        let texts = [0, 999, 4_096, 12_000_000, 3_450_000_000].map(bytes);
        assert_eq!(texts, ["0 B", "999 B", "4.1 kB", "12.0 MB", "3.5 GB"]);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(20_000_000), "20,000,000");
        assert_eq!(plural(1, "agent"), "1 agent");
        assert_eq!(plural(u64::MAX, "token"), "any number of tokens");
    }

    #[test]
    fn dollars_are_never_less_than_they_are() {
        assert_eq!(dollars(0.0), "$0");
        assert_eq!(dollars(0.000_001), "$0.0001");
        assert_eq!(dollars(0.012), "$0.0120");
        assert_eq!(dollars(0.999_999), "$1.0000");
        assert_eq!(dollars(1_234.5), "$1,234.50");
        assert_eq!(dollars(3.001), "$3.01");
        assert_eq!(dollars(f64::MAX), "any number of dollars");
    }

    #[test]
    fn durations_are_short() {
        assert_eq!(duration(0), "0ms");
        assert_eq!(duration(300), "300ms");
        assert_eq!(duration(1_500), "1.5s");
        assert_eq!(duration(3_600_000), "1h");
        assert_eq!(duration(7_503_000), "2h 5m 3s");
        assert_eq!(duration(259_200_000), "3d");
    }
}
