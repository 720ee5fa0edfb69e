//! Values of type `any`, where they keep something from being checked.

use super::Seen;
use crate::code;
use crate::report::Report;
use std::collections::HashSet;
use troupe_core::diagnostic::Diagnostic;

pub(super) fn check(report: &mut Report, seen: &Seen<'_>) {
    let mut told = HashSet::new();
    for (span, text) in &seen.found.weak {
        if told.insert(span) {
            let message = format!("`{text}` is `any`, so what is done with it is not checked");
            report.add(
                Diagnostic::warning(code::WEAK, *span, message)
                    .hint("declare its type where it comes from; a run fails here if the value is another"),
            );
        }
    }
}
