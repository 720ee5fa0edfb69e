//! Commands that a retry repeats although they may have done their work.

use super::Seen;
use crate::code;
use crate::document::Verb;
use crate::report::Report;
use troupe_core::diagnostic::Diagnostic;
use troupe_core::failure::FailureKind;

pub(super) fn check(report: &mut Report, seen: &Seen<'_>) {
    for (step, kind) in seen.document.steps.iter().zip(seen.kinds) {
        let Some(retry) = step.retry.as_ref().or(seen.document.defaults.retry.as_ref()) else {
            continue;
        };
        let doubtful = |kind: &FailureKind| matches!(kind, FailureKind::Timeout | FailureKind::InDoubt);
        let repeats =
            kind.retry.attempts > 1 && (kind.retry.errors.is_empty() || kind.retry.errors.iter().any(doubtful));
        let stops_early = step.timeout_ms.or(seen.document.defaults.timeout_ms).is_some();
        if matches!(step.verb, Some(Verb::Run(_))) && repeats && (stops_early || kind.retry.errors.iter().any(doubtful))
        {
            let message = format!("the command of `{}` may be done twice", step.name.value);
            report.add(
                Diagnostic::warning(code::ONCE_RETRIED, retry.span, message)
                    .related(step.name.span, "a command that is stopped may have done its work")
                    .hint("retry what leaves no doubt: `errors: [process]`")
                    .hint("where doing it twice is harmless, say so: `# allow: T0704`"),
            );
        }
    }
}
