//! `on_crash` where nothing can ever be in doubt.

use super::Seen;
use crate::code;
use crate::report::Report;
use troupe_core::diagnostic::Diagnostic;
use troupe_core::ir::EffectClass;

pub(super) fn check(report: &mut Report, seen: &Seen<'_>) {
    for (step, kind) in seen.document.steps.iter().zip(seen.kinds) {
        let Some(on_crash) = step.on_crash.as_ref().filter(|_| kind.effect != EffectClass::Once) else {
            continue;
        };
        let class = kind.effect.word();
        let message = format!(
            "`on_crash` says nothing here: the effect of `{}` is {class}, so it is simply repeated",
            step.name.value
        );
        report.add(
            Diagnostic::warning(code::NEVER_IN_DOUBT, on_crash.span, message)
                .related(step.name.span, format!("its effect is {class}"))
                .hint("remove it, or say `effect: once`"),
        );
    }
}
