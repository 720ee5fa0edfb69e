//! When a request is repeated, and how long to wait before that.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Pauses between attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Before the second attempt, on average; doubled before each further one.
    pub first: Duration,
    /// Longest pause.
    pub longest: Duration,
}

impl Backoff {
    /// 500 ms to 30 s: what OpenAI's and Anthropic's own clients wait, give or take.
    pub const STANDARD: Backoff = Backoff {
        first: Duration::from_millis(500),
        longest: Duration::from_secs(30),
    };

    /// The pause after `failed` attempts. `share`, in `0.0..1.0`, spreads it over the upper half of
    /// the range, so that a hundred agents which were refused together do not return together.
    pub fn pause(&self, failed: u32, share: f64) -> Duration {
        let doublings = failed.saturating_sub(1).min(20);
        let whole = self.first.saturating_mul(1 << doublings).min(self.longest);
        whole.mul_f64(0.5 + share.clamp(0.0, 1.0) / 2.0)
    }
}

/// A share in `0.0..1.0`, different at every call: the standard library's hash seed is the randomness.
pub fn share() -> f64 {
    let bits = RandomState::new().hash_one(0_u8) >> 11;
    // 53 bits fill the mantissa exactly.
    bits as f64 / (1_u64 << 53) as f64
}

/// Whether a status means that the same request may go through later (RFC 9110 §15, RFC 6585 §4).
pub fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// Reads `Retry-After`: seconds, or an HTTP date from which `now` is subtracted (RFC 9110 §10.2.3).
/// A date that is over means no wait.
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = UNIX_EPOCH + Duration::from_secs(http_date(value)?);
    Some(at.duration_since(now).unwrap_or_default())
}

/// Seconds since the Unix epoch of a date such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
/// The two obsolete forms are not read: no server that we know sends them here.
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut parts = text.split_once(", ")?.1.split(' ');
    let day: u64 = parts.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let name = parts.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as u64 + 1;
    let year: u64 = parts
        .next()?
        .parse()
        .ok()
        .filter(|year| (1970..10_000).contains(year))?;
    let mut clock = parts.next()?.splitn(3, ':').map(str::parse::<u64>);
    let (hours, minutes, seconds) = (clock.next()?.ok()?, clock.next()?.ok()?, clock.next()?.ok()?);
    if parts.next()? != "GMT" || hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    Some(days_since_epoch(year, month, day) * 86_400 + hours * 3_600 + minutes * 60 + seconds)
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant, `days_from_civil`).
fn days_since_epoch(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year / 400;
    let year_of_era = year % 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests;
