//! Conditions that say the same whatever happens, and steps that can never run.

use super::Seen;
use crate::code;
use crate::expression::Written;
use crate::report::Report;
use cel::common::ast::{Expr, IdedExpr};
use troupe_core::Value;
use troupe_core::diagnostic::Diagnostic;
use troupe_core::expression::Scope;

/// No variables: what can be evaluated without any is a constant.
struct Nothing;

impl Scope for Nothing {
    fn root(&self, _: &str, _: Option<&[String]>) -> Option<Value> {
        None
    }

    fn path<'a>(&'a self, _: &[String]) -> Option<std::borrow::Cow<'a, Value>> {
        None
    }
}

pub(super) fn check(report: &mut Report, seen: &Seen<'_>) {
    for step in &seen.document.steps {
        if let Some(when) = &step.when {
            match constant(when) {
                Some(false) => {
                    let message = format!("the step `{}` never runs: its `when` is always false", step.name.value);
                    report.add(
                        Diagnostic::warning(code::NEVER_RUNS, when.span(), message)
                            .hint("remove the step, or the condition"),
                    );
                }
                Some(true) => always(report, when, "`when` is always true"),
                None => {}
            }
        }
        if let Some(until) = step.repeat.as_ref().and_then(|repeat| repeat.until.as_ref()) {
            match constant(until) {
                Some(true) => always(report, until, "`until` is always true: there is one round"),
                Some(false) => always(
                    report,
                    until,
                    "`until` is never true: the step fails after its last round",
                ),
                None => {}
            }
        }
    }
}

fn always(report: &mut Report, written: &Written, message: &str) {
    report.add(
        Diagnostic::warning(code::CONSTANT, written.span(), message)
            .hint("remove it, or compare something that changes"),
    );
}

fn constant(written: &Written) -> Option<bool> {
    if !is_literal(written.expression.root()) {
        return None;
    }
    match written.expression.evaluate(&Nothing) {
        Ok(Value::Bool(value)) => Some(value),
        _ => None,
    }
}

/// Whether a part is made of literals and operators alone: what loops could go on for ever.
fn is_literal(expr: &IdedExpr) -> bool {
    match &expr.expr {
        Expr::Literal(_) => true,
        Expr::Call(call) => {
            let is_operator = call.func_name.contains(['_', '@']);
            is_operator && call.target.is_none() && call.args.iter().all(is_literal)
        }
        _ => false,
    }
}
