//! Whether a value in YAML, expressions included, can be what is wanted.

use super::infer::infer;
use super::names::{Found, Scope};
use crate::code;
use crate::expression::{Piece, Tree};
use crate::report::Report;
use troupe_core::Value;
use troupe_core::diagnostic::Diagnostic;
use troupe_core::types::{Type, describe};

/// Checks every expression of a value, whatever it becomes.
pub(super) fn visit(report: &mut Report, scope: &Scope<'_>, found: &mut Found, tree: &Tree) {
    tree.each(&mut |written| {
        infer(report, scope, found, written);
    });
}

/// Checks every expression of a value, and that it can be of the type `wanted`, which `what` asks for.
pub(super) fn expect(
    report: &mut Report,
    scope: &Scope<'_>,
    found: &mut Found,
    tree: &Tree,
    wanted: &Type,
    what: &str,
) {
    let kind = match (tree, wanted) {
        (Tree::List(items, _), Type::List(item)) => {
            let what = format!("an item of {}", what.trim_start_matches("an item of "));
            for tree in items {
                expect(report, scope, found, tree, item, &what);
            }
            return;
        }
        (Tree::Literal(value, span), _) => {
            if wanted.check(value).is_err() {
                let message = format!("{what} takes {wanted}, and this is {}", describe(value));
                let problem = Diagnostic::error(code::WRONG_TYPE, *span, message);
                report.add(match (value, wanted) {
                    (Value::String(_), Type::List(_)) => problem.hint("a list of one is written `[…]`"),
                    (Value::Bool(_) | Value::Number(_), Type::String) => {
                        problem.hint("text that looks like a number or a boolean stands in quotes")
                    }
                    _ => problem,
                });
            }
            return;
        }
        (Tree::Expression(written), _) => infer(report, scope, found, written),
        (Tree::Text(pieces, _), _) => {
            for piece in pieces {
                if let Piece::Expression(written) = piece {
                    infer(report, scope, found, written);
                }
            }
            Type::String
        }
        (Tree::List(..), _) => {
            visit(report, scope, found, tree);
            Type::List(Box::new(Type::Any))
        }
        (Tree::Object(fields, _), _) => {
            visit(report, scope, found, tree);
            Type::Object(fields.iter().map(|(name, _, _)| (name.clone(), Type::Any)).collect())
        }
    };
    if !may_fit(&kind, wanted) {
        let message = format!("{what} takes {wanted}, and this is {kind}");
        report.error(code::WRONG_TYPE, tree.span(), message);
    }
}

/// Whether some value of `kind` is also one of `wanted`: a part that may be null may also have been
/// asked about in `when`.
pub(super) fn may_fit(kind: &Type, wanted: &Type) -> bool {
    match (kind, wanted) {
        (Type::Any, _) | (_, Type::Any) => true,
        (Type::Union(parts), _) => parts.iter().any(|part| may_fit(part, wanted)),
        (_, Type::Union(parts)) => parts.iter().any(|part| may_fit(kind, part)),
        (Type::Number, Type::Integer) | (Type::String, Type::Enum(_)) => true,
        (Type::Enum(words), Type::Enum(others)) => words.iter().any(|word| others.contains(word)),
        (Type::List(item), Type::List(other)) => may_fit(item, other),
        (Type::Object(fields), Type::Object(others)) => others.iter().all(|(name, wanted)| {
            fields
                .get(name)
                .map_or(wanted.allows_null(), |kind| may_fit(kind, wanted))
        }),
        _ => kind.fits(wanted),
    }
}
