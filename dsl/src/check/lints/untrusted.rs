//! Text from outside that stands in the middle of an instruction, where a model takes it for one.
//!
//! A value on lines of its own between marks (`<page>` … `</page>`, or a fence of backticks) is told
//! apart from the instruction around it; a value inside a sentence is not.

use super::Seen;
use crate::check::facts::path;
use crate::code;
use crate::document::Verb;
use crate::expression::{Piece, Tree, Written};
use crate::report::Report;
use cel::common::ast::{Expr, IdedExpr};
use troupe_core::diagnostic::Diagnostic;
use troupe_core::types::Type;

pub(super) fn check(report: &mut Report, seen: &Seen<'_>) {
    for step in &seen.document.steps {
        let prompt = match &step.verb {
            Some(Verb::Agent { prompt, .. }) => prompt,
            Some(Verb::Discuss(discuss)) => &discuss.prompt,
            Some(Verb::Plan { vibe, .. }) => vibe,
            _ => continue,
        };
        if let Some(Tree::Text(pieces, _)) = prompt {
            prompt_pieces(report, seen, pieces);
        }
    }
}

fn prompt_pieces(report: &mut Report, seen: &Seen<'_>, pieces: &[Piece]) {
    for (at, piece) in pieces.iter().enumerate() {
        let Piece::Expression(written) = piece else { continue };
        let Some(source) = untrusted(seen, written) else {
            continue;
        };
        let text = |at: Option<usize>| match at.and_then(|at| pieces.get(at)) {
            Some(Piece::Text(text)) => text.as_str(),
            _ => "",
        };
        let (before, after) = (text(at.checked_sub(1)), text(Some(at + 1)));
        if !is_marked(before, after) {
            let message = format!(
                "`{}` is text from outside, in the middle of an instruction",
                written.expression.source()
            );
            let step = &seen.names.steps[source.as_str()];
            report.add(
                Diagnostic::warning(code::UNTRUSTED_TEXT, written.span(), message)
                    .related(step.span, "it comes from this step")
                    .hint("a model may take what stands there for an instruction")
                    .hint("put it on lines of its own between marks, such as `<page>` and `</page>`, and say that it is data"),
            );
        }
    }
}

/// The step from outside whose free text an expression gives.
fn untrusted(seen: &Seen<'_>, written: &Written) -> Option<String> {
    let mut found = None;
    steps_read(written.expression.root(), &mut |name, fields| {
        let step = seen.names.steps.get(name).filter(|step| step.untrusted);
        if step.is_some_and(|step| holds_text(&step.output, fields)) {
            found = Some(name.to_owned());
        }
    });
    found
}

/// Whether what stands at a path of a type can be free text: numbers and words of a type are none.
fn holds_text(kind: &Type, path: &[String]) -> bool {
    let inner = match (kind.shape(), path.split_first()) {
        (Type::Boolean | Type::Integer | Type::Number | Type::Enum(_) | Type::Null, _) => return false,
        (Type::List(item), Some((_, rest))) => return holds_text(item, rest),
        (Type::List(item), None) => return holds_text(item, &[]),
        (Type::Object(fields), Some((name, rest))) => fields.get(name).map(|field| (field, rest)),
        (Type::Object(fields), None) => return fields.values().any(|field| holds_text(field, &[])),
        (Type::Union(parts), _) => return parts.iter().any(|part| holds_text(part, path)),
        _ => None,
    };
    inner.is_none_or(|(field, rest)| holds_text(field, rest))
}

/// Steps whose output an expression reads, with the fields; asking for their size or status hands on
/// no text.
fn steps_read(expr: &IdedExpr, visit: &mut dyn FnMut(&str, &[String])) {
    if let Some([steps, name, field, rest @ ..]) = path(expr).as_deref() {
        if steps == "steps" && matches!(field.as_str(), "output" | "outputs") {
            visit(name, rest);
        }
        return;
    }
    match &expr.expr {
        Expr::Select(select) => steps_read(&select.operand, visit),
        Expr::Call(call) if matches!(call.func_name.as_str(), "size" | "contains" | "matches" | "startsWith") => {}
        Expr::Call(call) => {
            call.target.iter().for_each(|target| steps_read(target, visit));
            call.args.iter().for_each(|arg| steps_read(arg, visit));
        }
        Expr::List(list) => list.elements.iter().for_each(|item| steps_read(item, visit)),
        Expr::Comprehension(loops) => steps_read(&loops.iter_range, visit),
        _ => {}
    }
}

/// Whether a value stands on lines of its own between two marks.
fn is_marked(before: &str, after: &str) -> bool {
    let (Some((_, line_before)), Some((line_after, _))) = (before.rsplit_once('\n'), split_line(after)) else {
        return false;
    };
    if !line_before.trim().is_empty() || !line_after.trim().is_empty() {
        return false;
    }
    let above = before.trim_end().lines().next_back().unwrap_or("").trim();
    let below = after.trim_start().lines().next().unwrap_or("").trim();
    let tags = above.starts_with('<') && above.ends_with('>') && below.starts_with("</");
    let fences = above.starts_with("```") && below.starts_with("```");
    tags || fences
}

fn split_line(text: &str) -> Option<(&str, &str)> {
    text.split_once('\n')
}
