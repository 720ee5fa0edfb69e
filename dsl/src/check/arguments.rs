//! `with`: the arguments of a tool.

use super::names::{Found, Scope};
use super::{fit, tool_name};
use crate::code;
use crate::document::Spanned;
use crate::expression::Tree;
use crate::report::Report;
use crate::tool_types;
use troupe_core::diagnostic::Diagnostic;
use troupe_core::ir::Tool;

pub(super) fn check(
    report: &mut Report,
    scope: &Scope<'_>,
    found: &mut Found,
    name: &Spanned<String>,
    tree: &Tree,
    callee: Option<&Tool>,
) {
    let (Tree::Object(fields, _), Some(tool)) = (tree, callee) else {
        // An unknown tool was reported; its arguments still refer to things.
        fit::visit(report, scope, found, tree);
        return;
    };
    let arguments = tool_types::arguments(tool_name(tool));
    for (field, span, value) in fields {
        if let Some(argument) = arguments.iter().find(|argument| argument.name == field) {
            fit::expect(report, scope, found, value, &argument.kind, &format!("`{field}`"));
            continue;
        }
        fit::visit(report, scope, found, value);
        let known: Vec<&str> = arguments.iter().map(|argument| argument.name).collect();
        let mut problem = Diagnostic::error(
            code::ARGUMENTS,
            *span,
            format!("`{}` takes no argument `{field}`", name.value),
        );
        problem.hints = report.hints(field, "its arguments", &known);
        report.add(problem);
    }
    for argument in arguments.iter().filter(|argument| argument.required) {
        if !fields.iter().any(|(field, _, _)| field == argument.name) {
            let message = format!(
                "`{}` needs the argument `{}`: {}",
                name.value, argument.name, argument.kind
            );
            report.add(Diagnostic::error(code::ARGUMENTS, name.span, message).hint("arguments stand under `with`"));
        }
    }
}
