//! Values in YAML, expressions included: what type they have, and whether it is what is wanted.

use super::facts::instead;
use super::infer::infer;
use super::names::{Found, Scope};
use crate::code;
use crate::expression::{Piece, Tree, Written};
use crate::nearest;
use crate::report::Report;
use troupe_core::Value;
use troupe_core::diagnostic::Diagnostic;
use troupe_core::types::{Type, describe};

/// The type of a value; every expression inside is checked.
pub(super) fn kind(report: &mut Report, scope: &Scope<'_>, found: &mut Found, tree: &Tree) -> Type {
    match tree {
        Tree::Literal(value, _) => of_literal(value),
        Tree::Expression(written) => infer(report, scope, found, written),
        Tree::Text(pieces, _) => {
            text(report, scope, found, pieces);
            Type::String
        }
        Tree::List(items, _) => {
            let kinds: Vec<Type> = items.iter().map(|item| kind(report, scope, found, item)).collect();
            let item = kinds.into_iter().reduce(Type::or).unwrap_or(Type::Any);
            Type::List(Box::new(item))
        }
        Tree::Object(fields, _) => {
            let fields = fields
                .iter()
                .map(|(name, _, tree)| (name.clone(), kind(report, scope, found, tree)));
            Type::Object(fields.collect())
        }
    }
}

/// The type of data.
fn of_literal(value: &Value) -> Type {
    match value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Boolean,
        Value::Number(number) if number.is_f64() => Type::Number,
        Value::Number(_) => Type::Integer,
        Value::String(_) => Type::String,
        Value::Array(items) => {
            let item = items.iter().map(of_literal).reduce(Type::or).unwrap_or(Type::Any);
            Type::List(Box::new(item))
        }
        Value::Object(fields) => Type::Object(fields.iter().map(|(name, v)| (name.clone(), of_literal(v))).collect()),
    }
}

/// Text around expressions: whatever they give becomes text, and null becomes nothing, which is said.
fn text(report: &mut Report, scope: &Scope<'_>, found: &mut Found, pieces: &[Piece]) {
    for piece in pieces {
        if let Piece::Expression(written) = piece {
            let kind = infer(report, scope, found, written);
            may_be_nothing(report, &kind, written);
        }
    }
}

fn may_be_nothing(report: &mut Report, kind: &Type, written: &Written) {
    let has_null = match kind {
        Type::Union(parts) => parts.iter().any(|part| matches!(part, Type::Null | Type::Absent)),
        Type::Null => true,
        _ => false,
    };
    if has_null {
        let source = written.expression.source();
        let message = format!("`{source}` may be null, and then nothing stands here");
        report.add(
            Diagnostic::warning(code::NULL_IN_TEXT, written.span(), message).hint(format!(
                "say what stands there instead: {}",
                instead(written.expression.root(), source, "\"…\"")
            )),
        );
    }
}

/// A text that goes to a model, a person or a command.
pub(super) fn words(report: &mut Report, scope: &Scope<'_>, found: &mut Found, tree: &Tree) {
    match tree {
        Tree::Expression(written) => {
            let kind = infer(report, scope, found, written);
            may_be_nothing(report, &kind, written);
        }
        tree => {
            kind(report, scope, found, tree);
        }
    }
}

/// Checks every expression of a value, and that it is of the type `wanted`, which `what` asks for.
pub(super) fn expect(
    report: &mut Report,
    scope: &Scope<'_>,
    found: &mut Found,
    tree: &Tree,
    wanted: &Type,
    what: &str,
) {
    let given = match (tree, wanted) {
        (Tree::List(items, _), Type::List(item)) => {
            let what = format!("an item of {}", what.trim_start_matches("an item of "));
            for tree in items {
                expect(report, scope, found, tree, item, &what);
            }
            return;
        }
        (Tree::Object(fields, span), Type::Object(wanted)) => {
            for (name, key_span, tree) in fields {
                match wanted.get(name) {
                    Some(kind) => expect(report, scope, found, tree, kind, &format!("`{name}`")),
                    None => {
                        kind(report, scope, found, tree);
                        let known: Vec<&str> = wanted.keys().map(String::as_str).collect();
                        let message = format!("{what} has no field `{name}`");
                        let mut problem = Diagnostic::error(code::UNKNOWN_FIELD, *key_span, message);
                        problem.hints = nearest::hints(name, "fields", &known);
                        report.add(problem);
                    }
                }
            }
            let missing = wanted.iter().filter(|(name, kind)| {
                !kind.allows_null() && !kind.allows_absence() && fields.iter().all(|(given, _, _)| given != *name)
            });
            for (name, kind) in missing {
                let message = format!("{what} needs the field `{name}`: {kind}");
                report.error(code::WRONG_TYPE, *span, message);
            }
            return;
        }
        (Tree::Literal(value, span), _) => {
            if let Err(mismatch) = wanted.check(value) {
                let message = format!("{what} takes {wanted}, and this is {}", describe(value));
                let problem = Diagnostic::error(code::WRONG_TYPE, *span, message);
                report.add(match (value, wanted) {
                    (Value::String(_), Type::List(_)) => problem.hint("a list of one is written `[…]`"),
                    (Value::String(text), Type::Enum(words)) => {
                        let words: Vec<&str> = words.iter().map(String::as_str).collect();
                        nearest::hints(text, "words", &words)
                            .into_iter()
                            .fold(problem, Diagnostic::hint)
                    }
                    (Value::Bool(_) | Value::Number(_), Type::String) => {
                        problem.hint("text that looks like a number or a boolean stands in quotes")
                    }
                    (_, Type::Schema(_)) => problem.hint(mismatch.to_string()),
                    _ => problem,
                });
            }
            return;
        }
        _ => kind(report, scope, found, tree),
    };
    if given == Type::Any && *wanted != Type::Any {
        if let Tree::Expression(written) = tree {
            found
                .weak
                .push((written.span(), written.expression.source().to_owned()));
        }
    } else if !(given.fits(wanted) || scope.is_unsure && is_there(&given).fits(wanted)) {
        does_not_fit(report, tree, &given, wanted, what);
    }
}

/// The type of a value that is there and not null.
fn is_there(kind: &Type) -> Type {
    kind.without(&[Type::Null, Type::Absent]).unwrap_or(Type::Any)
}

fn does_not_fit(report: &mut Report, tree: &Tree, given: &Type, wanted: &Type, what: &str) {
    let source = match tree {
        Tree::Expression(written) => written.expression.source(),
        _ => "value",
    };
    let null = [Type::Null, Type::Absent];
    if given.without(&null).is_some_and(|rest| rest.fits(wanted)) {
        let message = format!("{what} takes {wanted}, and this may be null");
        let mut problem = Diagnostic::error(code::MAY_BE_NULL, tree.span(), message);
        if let Tree::Expression(written) = tree {
            let instead = instead(written.expression.root(), source, "…");
            problem = problem.hint(format!(
                "write {instead}, or run the step only when it is there: `when: {source} != null`"
            ));
        }
        report.add(problem);
        return;
    }
    let message = format!("{what} takes {wanted}, and this is {given}");
    let problem = Diagnostic::error(code::WRONG_TYPE, tree.span(), message);
    report.add(match (given, wanted) {
        (Type::Number, Type::Integer) => problem.hint(format!("`int({source})` cuts the fraction off")),
        (Type::Integer | Type::Number | Type::Boolean, Type::String) => {
            problem.hint(format!("`string({source})` makes text of it"))
        }
        (Type::String, Type::Enum(_)) => problem.hint("declare the value with the same words where it comes from"),
        _ => problem,
    });
}
