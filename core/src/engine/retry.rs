//! Retries: which failures a repetition can mend, and how long to wait before it.

use crate::failure::FailureKind;
use crate::ir::Retry;

/// The longest pause, whatever the doubling says: an hour.
pub(crate) const PAUSE_MS_MAX: u64 = 3_600_000;

/// Milliseconds before the next attempt; none when there is none.
pub(super) fn after_ms(retry: &Retry, kind: FailureKind, attempt: u32) -> Option<u64> {
    let wanted = if retry.errors.is_empty() {
        mendable(kind)
    } else {
        retry.errors.contains(&kind)
    };
    (wanted && attempt < retry.attempts).then(|| {
        let doubled = 1_u64.checked_shl(attempt.saturating_sub(1)).unwrap_or(u64::MAX);
        retry.backoff_ms.saturating_mul(doubled).min(PAUSE_MS_MAX)
    })
}

/// A repetition cannot mend a file, a limit or our defects, and must not repeat what is in doubt.
fn mendable(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Model | FailureKind::Tool | FailureKind::Process | FailureKind::Output | FailureKind::Timeout => {
            true
        }
        FailureKind::Expression
        | FailureKind::Limit
        | FailureKind::InDoubt
        | FailureKind::Stopped
        | FailureKind::Internal => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_end() {
        let retry = Retry {
            attempts: 4,
            backoff_ms: 500,
            errors: vec![],
        };
        let pauses: Vec<_> = (1..=4)
            .map(|attempt| after_ms(&retry, FailureKind::Model, attempt))
            .collect();
        assert_eq!(pauses, [Some(500), Some(1_000), Some(2_000), None]);
        assert_eq!(after_ms(&retry, FailureKind::InDoubt, 1), None);
        let daring = Retry {
            errors: vec![FailureKind::InDoubt],
            ..retry
        };
        assert_eq!(after_ms(&daring, FailureKind::InDoubt, 1), Some(500));
        assert_eq!(after_ms(&daring, FailureKind::Model, 1), None);
        assert_eq!(
            after_ms(&Retry { attempts: 99, ..daring }, FailureKind::InDoubt, 70),
            Some(PAUSE_MS_MAX)
        );
    }
}
