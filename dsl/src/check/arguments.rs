//! `with`: the arguments of a tool, the inputs of a workflow.

use super::fit;
use super::names::{Found, Scope};
use crate::code;
use crate::document::Spanned;
use crate::expression::Tree;
use crate::nearest;
use crate::report::Report;
use crate::tool_types::Argument;
use troupe_core::diagnostic::{Diagnostic, Span};

/// What is called, and what it takes.
pub(super) struct Callee<'a> {
    pub(super) name: &'a Spanned<String>,
    pub(super) arguments: &'a [Argument],
    /// What `with` holds: arguments, inputs.
    pub(super) what: &'static str,
    /// Where they were declared, by their place in the list.
    pub(super) declared: &'a [Span],
}

pub(super) fn check(report: &mut Report, scope: &Scope<'_>, found: &mut Found, callee: &Callee<'_>, tree: &Tree) {
    let Tree::Object(fields, _) = tree else {
        fit::kind(report, scope, found, tree);
        return;
    };
    let (name, what) = (&callee.name.value, callee.what);
    for (field, span, value) in fields {
        if let Some(argument) = callee.arguments.iter().find(|argument| argument.name == *field) {
            fit::expect(report, scope, found, value, &argument.kind, &format!("`{field}`"));
            continue;
        }
        fit::kind(report, scope, found, value);
        let known: Vec<&str> = callee.arguments.iter().map(|argument| argument.name.as_str()).collect();
        let message = format!("`{name}` has no {what} `{field}`");
        let mut problem = Diagnostic::error(code::UNKNOWN_ARGUMENT, *span, message);
        problem.hints = report.hints(field, &format!("its {what}s"), &known);
        report.add(problem);
    }
    for (at, argument) in callee.arguments.iter().enumerate() {
        // A slip in the name was told, and meant this one.
        let meant = || fields.iter().map(|(field, _, _)| field.as_str());
        let given = meant().any(|field| field == argument.name)
            || meant().any(|field| {
                callee.arguments.iter().all(|known| known.name != field)
                    && nearest::nearest(field, [argument.name.as_str()]).is_some()
            });
        if argument.required && !given {
            let message = format!("`{name}` needs the {what} `{}`: {}", argument.name, argument.kind);
            let mut problem = Diagnostic::error(code::MISSING_ARGUMENT, callee.name.span, message);
            if let Some(declared) = callee.declared.get(at) {
                problem = problem.related(*declared, "declared here");
            }
            report.add(problem.hint(format!("{what}s stand under `with`")));
        }
    }
}
