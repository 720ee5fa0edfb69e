//! Models that are paid for, with nothing written that bounds their work.

use super::Seen;
use crate::code;
use crate::document::Verb;
use crate::report::Report;
use troupe_core::diagnostic::Diagnostic;
use troupe_core::limits::RunLimits;

pub(super) fn check(report: &mut Report, seen: &Seen<'_>) {
    let document = seen.document;
    if document.limits.bounds_work() || document.defaults.limits.bounds_work() {
        return;
    }
    for (step, kind) in document.steps.iter().zip(seen.kinds) {
        let (Some(Verb::Agent { agent, .. }), Some(at)) = (&step.verb, kind.callee) else {
            continue;
        };
        let declared = &document.shared.agents[at];
        let is_paid_for = seen
            .models
            .get(seen.agents[at].model)
            .is_some_and(|model| !matches!(model.provider.as_str(), "builtin" | "local"));
        if is_paid_for && !declared.limits.bounds_work() && !step.limits.bounds_work() {
            let message = format!("nothing written here bounds what `{}` may spend", agent.value);
            let tokens = RunLimits::DEFAULT.tokens;
            report.add(
                Diagnostic::warning(code::NO_LIMITS, agent.span, message)
                    .related(declared.name.span, "the agent has no `limits`")
                    .hint(format!(
                        "the defaults hold: {} tokens for the agent, {tokens} for the run",
                        kind.limits.tokens
                    ))
                    .hint("write `limits: { tokens: … }` for the agent, the step, or the workflow"),
            );
        }
    }
}
