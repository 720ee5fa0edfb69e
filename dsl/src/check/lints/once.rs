//! Commands and calls that a retry repeats although they may have done their work.

use super::Seen;
use crate::code;
use crate::report::Report;
use troupe_core::diagnostic::Diagnostic;
use troupe_core::failure::FailureKind;
use troupe_core::ir::EffectClass;

pub(super) fn check(report: &mut Report, seen: &Seen<'_>) {
    let defaults = &seen.document.defaults;
    for (step, kind) in seen.document.steps.iter().zip(seen.kinds) {
        let Some(retry) = step.retry.as_ref().or(defaults.retry.as_ref()) else {
            continue;
        };
        let errors = &kind.retry.errors;
        let names_doubt = errors.contains(&FailureKind::InDoubt);
        let is_stopped = step.timeout_ms.or(defaults.timeout_ms).is_some()
            && (errors.is_empty() || errors.contains(&FailureKind::Timeout));
        if kind.effect == EffectClass::Once && kind.retry.attempts > 1 && (is_stopped || names_doubt) {
            let what = step.verb.as_ref().map_or("effect", |verb| match verb.word() {
                "tool" => "call",
                _ => "command",
            });
            let message = format!("the {what} of `{}` may be done twice", step.name.value);
            let certain = if what == "call" { "tool" } else { "process" };
            report.add(
                Diagnostic::warning(code::ONCE_RETRIED, retry.span, message)
                    .related(
                        step.name.span,
                        format!("a {what} that is stopped may have done its work"),
                    )
                    .hint(format!("retry what leaves no doubt: `errors: [{certain}]`"))
                    .hint("where doing it twice is harmless, say so: `effect: idempotent`, or `pure`"),
            );
        }
    }
}
