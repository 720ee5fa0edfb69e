//! Fan-outs of agents over lists that a model or a tool makes as long as it likes.

use super::Seen;
use crate::check::facts::path;
use crate::code;
use crate::document::Verb;
use crate::report::Report;
use cel::common::ast::{Expr, IdedExpr};
use troupe_core::diagnostic::Diagnostic;
use troupe_core::limits::RunLimits;

pub(super) fn check(report: &mut Report, seen: &Seen<'_>) {
    if seen.document.limits.fan_out.is_some() {
        return;
    }
    for step in &seen.document.steps {
        let Some(items) = step.fan_out.as_ref().and_then(|fan_out| fan_out.items.as_ref()) else {
            continue;
        };
        let costs = matches!(
            step.verb,
            Some(Verb::Agent { .. } | Verb::Workflow { .. } | Verb::Discuss(_))
        );
        if costs && reads_output(items.expression.root()) {
            let most = RunLimits::DEFAULT.fan_out;
            let message = "nothing written here bounds how many items this list has";
            report.add(
                Diagnostic::warning(code::OPEN_FAN_OUT, items.span(), message)
                    .hint(format!("a step makes the list; the default allows {most} items"))
                    .hint("write `limits: { fan_out: … }` for the workflow: more items then fail the step"),
            );
        }
    }
}

fn reads_output(expr: &IdedExpr) -> bool {
    if let Some(path) = path(expr) {
        return path.first().is_some_and(|root| root == "steps")
            && !matches!(path.get(2).map(String::as_str), Some("outputs" | "errors"));
    }
    match &expr.expr {
        Expr::Select(select) => reads_output(&select.operand),
        Expr::Call(call) => call.target.iter().any(|target| reads_output(target)) || call.args.iter().any(reads_output),
        Expr::Comprehension(loops) => reads_output(&loops.iter_range),
        _ => false,
    }
}
